/* The kernel's counters of one network namespace: drops and retransmits; and its tables' fill.
 */
#ifndef HOST_NET_COUNTERS_H
#define HOST_NET_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

/* Counters of TcpExt in /proc/net/netstat (Documentation/networking/snmp_counter.rst), since the
 * namespace was made; -1: this kernel has none of that name. */
struct net_counters {
    int64_t listen_overflows, listen_drops, request_queue_drops;
    int64_t syn_retransmits, timeouts, memory_aborts;
};

/* root stands before /proc. pid: whose network namespace; 0: our own. false when it cannot be read.
 */
bool net_counters_read(struct net_counters *out, const char *root, int pid);

/* Pages of TCP's socket memory in this namespace's view, and how many there may be
 * (/proc/net/sockstat, net.ipv4.tcp_mem); -1 when not known. */
int64_t net_tcp_pages(const char *root);
int64_t net_tcp_pages_max(const char *root);

/* Entries of the connection tracking table, and how many there may be; -1 where it is not loaded.
 */
int64_t net_conntrack_count(const char *root);
int64_t net_conntrack_max(const char *root);

#endif
