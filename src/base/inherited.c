/* Inherited signals, scheduling and limits: noted, set as needed, and restored for commands. */
#include "base/inherited.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { TIMER_SLACK_NS = 50000 }; /* the kernel's default (prctl(2)) */

static struct {
    sigset_t ignored, blocked;
    struct scheduling scheduling;
    unsigned long timer_slack_ns;
    struct rlimit files, cores;
} inherited;

static void note_signals(void) {
    struct sigaction action;
    sigemptyset(&inherited.ignored);
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigaddset(&inherited.ignored, number);
    sigprocmask(SIG_SETMASK, NULL, &inherited.blocked);
}

static void set_all(const int *numbers, size_t count, void (*disposition)(int)) {
    for (size_t i = 0; i < count; i++)
        signal(numbers[i], disposition);
}

void inherited_take(void) {
    static const int handled[] = {SIGCHLD, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};
    static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGTTIN, SIGTTOU};
    sigset_t none;
    note_signals();
    inherited.scheduling = scheduling_read();
    int slack = prctl(PR_GET_TIMERSLACK);
    inherited.timer_slack_ns = slack > 0 ? (unsigned long)slack : TIMER_SLACK_NS;
    if (inherited.timer_slack_ns > TIMER_SLACK_NS)
        prctl(PR_SET_TIMERSLACK, (unsigned long)TIMER_SLACK_NS);
    (void)getrlimit(RLIMIT_NOFILE, &inherited.files);
    (void)getrlimit(RLIMIT_CORE, &inherited.cores);
    set_all(handled, sizeof handled / sizeof handled[0], SIG_DFL);
    set_all(ignored, sizeof ignored / sizeof ignored[0], SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

const struct scheduling *inherited_scheduling(void) {
    return &inherited.scheduling;
}

/* Of one byte: no file is begun that is so short, and the kernel starts no program of core_pattern,
 * which 0 would not keep it from. Who was given a hard limit of 0 may raise it as root alone. */
void inherited_leave_no_core(void) {
    const struct rlimit one = {1, inherited.cores.rlim_max > 0 ? inherited.cores.rlim_max : 1};
    (void)setrlimit(RLIMIT_CORE, &one);
}

void inherited_give_back(void) {
    for (int number = 1; number < NSIG; number++) /* without harm for those that cannot be set */
        signal(number, sigismember(&inherited.ignored, number) == 1 ? SIG_IGN : SIG_DFL);
    scheduling_apply(&inherited.scheduling);
    prctl(PR_SET_TIMERSLACK, inherited.timer_slack_ns);
    (void)setrlimit(RLIMIT_NOFILE, &inherited.files);
    (void)setrlimit(RLIMIT_CORE, &inherited.cores);
    sigprocmask(SIG_SETMASK, &inherited.blocked, NULL);
}
