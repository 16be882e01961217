/* A look at the source ports beside other work: a child counts them, since the kernel's table of a
 * million connections takes seconds to read. */
#ifndef HOST_PORTS_LOOK_H
#define HOST_PORTS_LOOK_H

#include <sys/types.h>

#include "host/host.h"

/* Zero-filled: none has begun. */
struct ports_look {
    bool begun, over;
    int fd;
    pid_t child;
};

/* Begins to count as host_ports_read() does. 0 or -errno; ended with ports_look_end() in any case.
 */
int ports_look_begin(struct ports_look *look, const char *root, const struct address *target);

/* Never waits: 0 and *out when the count is there, -EAGAIN when it is not yet, else -errno. */
int ports_look_take(struct ports_look *look, struct host_ports *out);

/* Gives it up, if it is still at work. */
void ports_look_end(struct ports_look *look);

#endif
