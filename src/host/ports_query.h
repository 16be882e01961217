/* A look at the source ports beside other work: a child counts them, since a million connections
 * towards the targets take the kernel a second to list. */
#ifndef HOST_PORTS_QUERY_H
#define HOST_PORTS_QUERY_H

#include <sys/types.h>

#include "host/ephemeral_ports.h"

/* Over all pairs together; -1: the sockets, or all of these, could not be read. */
struct ports_seen {
    int64_t range, reserved;      /* ports of the range; of these reserved */
    int64_t in_use, time_wait;    /* held by listeners or towards the targets; and in TIME_WAIT */
    uint32_t sources_absent;      /* sources that are no address of this host */
    struct address source_absent; /* the first of them */
};

/* Zero-filled: none has begun. */
struct ports_query {
    bool begun, over;
    int fd;
    pid_t child;
};

/* Begins to count as ephemeral_ports_read() does. 0 or -errno; ended with ports_query_end() in any
 * case.
 */
int ports_query_begin(struct ports_query *look, const char *root, const struct host_pairs *pairs);

/* Never waits: 0 and *out when the count is there, -EAGAIN when it is not yet, else -errno. */
int ports_query_take(struct ports_query *look, struct ports_seen *out);

/* Gives it up, if it is still at work. */
void ports_query_end(struct ports_query *look);

#endif
