/* Signals as events. */
#include "run/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/interrupt.h"

static bool was_ignored(int signal_number) {
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int signals_open(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGXCPU);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGCONT); /* which continues us all the same */
    static const int unless_ignored[] = {SIGHUP, SIGALRM, SIGTSTP};
    for (size_t i = 0; i < sizeof unless_ignored / sizeof unless_ignored[0]; i++)
        if (!was_ignored(unless_ignored[i]))
            sigaddset(&set, unless_ignored[i]);
    /* A shell without job control starts what stands before & with SIGINT ignored; the way to end a
     * soak in order must not be lost by that. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -errno;
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

bool signals_is_interrupt(int number) {
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGALRM ||
           number == SIGXCPU;
}

int signals_next(int fd) {
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        int number = (int)info.ssi_signo;
        if (!signals_is_interrupt(number) || !interrupt_is_repeated(number))
            return number;
    }
    return 0;
}
