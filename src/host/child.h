/* A child process that does one piece of slow reading and writes what it found to a pipe, so that
 * nobody has to wait for it. */
#ifndef HOST_CHILD_H
#define HOST_CHILD_H

#include <sys/types.h>

/* Does the work and writes the answer to fd, in one piece of at most PIPE_BUF bytes; 0, or not. */
typedef int (*child_work)(int fd, const void *with);

/* Forks one, which leaves when the work is done and is killed when we die. Its id, or -1 with
 * errno. The caller ends it with child_reap(). */
pid_t child_fork(child_work work, int fd, const void *with);

/* Ends it, at any time: killed if it is still at work, and waited for. */
void child_reap(pid_t child);

/* A pipe whose reading end does not wait: 0 or -errno. */
int child_pipe(int ends[2]);

#endif
