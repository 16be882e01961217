/* The watch over what the kernel counts of dropped connects: in our network namespace, and in the
 * server's where it can be seen. */
#ifndef OBSERVE_KERNEL_WATCH_H
#define OBSERVE_KERNEL_WATCH_H

#include "host/listen_queue.h"
#include "host/net_counters.h"
#include "stats/evidence.h"

/* Whose network namespace the server is in. */
enum { KERNEL_SERVER_UNSEEN = -1, KERNEL_SERVER_HERE = 0 }; /* above: that process's */

struct kernel_watch {
    const char *root;
    int server;
    uint64_t server_started; /* of that process; 0: not known */
    uint16_t port;           /* of its listener */
    int listeners;           /* of sock_diag_open(), in the server's namespace; below 0: none */
    struct net_counters ours_before, server_before;
    struct evidence_namespace ours_view, server_view;
    struct evidence_listener listener;
};

/* Reads all counters as they are before the load. root stands before /proc. The descriptor of the
 * listeners stays the caller's. */
void kernel_watch_init(struct kernel_watch *watch, const char *root, int server, uint16_t port,
                       int listeners);

/* Reads them again, once a second: what they grew by. What can no longer be read stays as it was.
 */
void kernel_watch_step(struct kernel_watch *watch);

/* Looks who waits for an accept(): cheap, and a queue may be full for a moment only. */
void kernel_watch_queue(struct kernel_watch *watch);

#endif
