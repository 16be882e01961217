/* The target: listeners, forked workers, and the parent that waits for the end. */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include "target/settings.h"

/* One listener a worker, all on one address. */
struct target_listeners {
    uint32_t count;
    int fds[TARGET_WORKERS_MAX];
};

/* Listens; settings->listen gets the port the kernel chose where it was 0. 0 or -errno: -EADDRINUSE
 * also when another target of several workers is there, which the kernel alone would let us join.
 * The caller closes them with target_unlisten(). */
int target_listen(struct target_listeners *listeners, struct target_settings *settings);
void target_unlisten(struct target_listeners *listeners);

/* Descriptors of a worker that are no connections. */
enum { TARGET_OTHER_FILES = 8 };

/* Serves until SIGINT, SIGTERM, SIGHUP or SIGALRM, or until a worker is lost; with an end_fd (else
 * -1) not until a signal but until the other end of that pipe is closed. Prints a line when it is
 * ready and the counters at the end, both on standard output, unless settings->quiet. Takes the
 * listeners over. The exit code: 0; 3 when no worker could be started; 4 when one was lost; 70 when
 * a worker met a bug of ours; 130 after a second signal. */
int target_serve(const struct target_settings *settings, struct target_listeners *listeners,
                 int end_fd);

#endif
