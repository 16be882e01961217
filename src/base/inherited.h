/* Inherited from the process that started us, beside arguments and environment: which signals are
 * ignored or blocked, how we are scheduled, how many files we may open. execve(2) keeps all of it.
 */
#ifndef BASE_INHERITED_H
#define BASE_INHERITED_H

#include "base/scheduling.h"

/* Notes what was inherited and sets what every command depends on: SIGCHLD is not ignored (else
 * children leave nothing to wait for), no signal is blocked, a write that fails ends no process
 * (SIGPIPE, SIGXFSZ) and one to the terminal of another job stops none (SIGTTIN, SIGTTOU), and
 * timers are not late by a slack of seconds. Once, before anything else. */
void inherited_take(void);

/* As it was when inherited_take() was called. */
const struct scheduling *inherited_scheduling(void);

/* From now on neither this process nor its children are dumped: their memory holds secrets. */
void inherited_leave_no_core(void);

/* In a child before execve(2): signals, mask, scheduling, timer slack, the number of open files and
 * the size of cores as we were given them. Takes no lock. */
void inherited_give_back(void);

#endif
