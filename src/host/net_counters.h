/* What the kernel counts and queues for one network namespace: drops, retransmits, accept queues.
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

/* Connections that wait for accept() at all listeners of that port, over IPv4 and IPv6; -1 when
 * there is no such listener or the table cannot be read. Listeners come first in the table: what
 * follows, however much, is not read. */
int64_t net_accept_queue(const char *root, int pid, uint16_t port);

/* Pages of TCP's socket memory in this namespace's view, and how many there may be
 * (/proc/net/sockstat, net.ipv4.tcp_mem); -1 when not known. */
int64_t net_tcp_pages(const char *root);
int64_t net_tcp_pages_max(const char *root);

/* Entries of the connection tracking table, and how many there may be; -1 where it is not loaded.
 */
int64_t net_conntrack_count(const char *root);
int64_t net_conntrack_max(const char *root);

#endif
