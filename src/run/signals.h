/* Signals as events: blocked, and read from a descriptor. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

/* Blocks SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, and SIGHUP and SIGTSTP unless they
 * came ignored (nohup), ignores SIGPIPE. The descriptor (signalfd(2), non-blocking), or -errno. */
int signals_open(void);

/* The next signal that has come, or 0. */
int signals_next(int fd);

#endif
