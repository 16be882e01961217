/* Signals as events: blocked, and read from a descriptor. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include <stdbool.h>

/* Blocks SIGINT, SIGTERM, SIGXCPU, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, and SIGHUP, SIGALRM (a
 * timer survives execve(2)) and SIGTSTP unless they came ignored (nohup). The descriptor
 * (signalfd(2), non-blocking), or -errno. */
int signals_open(void);

/* Whether a run ends in order by it. */
bool signals_is_interrupt(int number);

/* The next signal that has come, or 0. The same interrupt again is left out. */
int signals_next(int fd);

#endif
