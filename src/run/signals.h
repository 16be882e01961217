/* Signals as events: blocked, and read from a descriptor. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

/* A reader that left (SIGPIPE) and a file that may not grow (SIGXFSZ, RLIMIT_FSIZE) make a write
 * fail; they end no process. Before anything is written; forked processes inherit it. */
void signals_ignore_of_writes(void);

/* Blocks SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, and SIGHUP and SIGTSTP unless they
 * came ignored (nohup). The descriptor (signalfd(2), non-blocking), or -errno. */
int signals_open(void);

/* The next signal that has come, or 0. */
int signals_next(int fd);

#endif
