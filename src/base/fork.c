/* Forked children: their signals, and the parent they end with. */
#include "base/fork.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/inherited.h"

/* OOM_STEP: thousandths of the memory there is, more than a parent ever has of it (proc(5)). */
enum { OOM_STEP = 300, OOM_MAX = 1000 };

static bool is_a_fault(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE ||
           number == SIGABRT || number == SIGTRAP || number == SIGSYS;
}

/* SIGCHLD: who ignores it has no children to wait for. SIGXCPU: a limit is a limit. */
static void ignore_signals(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++) /* without harm for those that cannot be set */
        signal(number,
               is_a_fault(number) || number == SIGCHLD || number == SIGXCPU ? SIG_DFL : SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void begin(pid_t parent, const char *name) {
    ignore_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before prctl() */
        _exit(EXIT_FAILURE);
    if (name != NULL)
        prctl(PR_SET_NAME, name);
    setpgid(0, 0);
    scheduling_apply(inherited_scheduling());
}

/* With all signals blocked, so that no disposition of the parent's ever acts in the child. */
pid_t fork_child(const char *name) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        begin(parent, name);
        return 0;
    }
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return child;
}

/* Raised only: to lower what we were given is not ours to do. */
void fork_offer_to_oom_killer(void) {
    char text[16] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text - 1) > 0) {
        long raised = strtol(text, NULL, 10) + OOM_STEP;
        int length = snprintf(text, sizeof text, "%ld", raised < OOM_MAX ? raised : OOM_MAX);
        (void)!pwrite(fd, text, (size_t)length, 0);
    }
    close(fd);
}
