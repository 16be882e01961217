/* A child process of ours that runs our own code: a worker, a look at something slow, a target. */
#ifndef BASE_FORK_H
#define BASE_FORK_H

#include <sys/types.h>

/* As fork(2). The child is killed when its parent dies, is in a process group of its own, and is
 * scheduled as we were when we were started, whatever its parent asked for since. What is sent to
 * all of us (by a terminal, a service manager, pkill(1)) is the parent's to handle: the child
 * ignores every signal but those of a fault of its own; SIGKILL ends it, and SIGSTOP stops it.
 * name: at most 15 characters; NULL: the parent's. */
pid_t fork_child(const char *name);

/* In such a child: when memory runs out the kernel takes it before its parent, which can report. */
void fork_offer_to_oom_killer(void);

#endif
