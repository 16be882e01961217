/* The commands of --exec-at as children: /bin/sh -c, a process group each. */
#include "run/execs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slots.h"
#include "base/text.h"

void execs_init(struct execs *execs, const struct plan *plan, struct marks *marks,
                struct notes *notes) {
    const struct text_list *asked = &plan->options->exec_at;
    *execs = (struct execs){.marks = marks, .notes = notes, .nice = getpriority(PRIO_PROCESS, 0)};
    for (size_t i = 0; i < asked->count && i < EXECS_MAX; i++) {
        struct exec *exec = &execs->items[execs->count];
        *exec = (struct exec){.pidfd = -1, .mark = MARKS_MAX};
        execs->count += exec_at_parse(&exec->what, asked->items[i]);
    }
}

void execs_watch(struct execs *execs, struct net *net, uint8_t operation) {
    execs->net = net;
    execs->operation = operation;
}

duration execs_due(const struct execs *execs) {
    duration due = INT64_MAX;
    for (size_t i = 0; i < execs->count; i++)
        if (!execs->items[i].started && execs->items[i].what.at < due)
            due = execs->items[i].what.at;
    return due;
}

/* --- one child --- */

/* What it prints goes to standard error: standard output may be a report. There may be a thread in
 * the parent (--metrics), so that nothing is called here that takes a lock. */
static _Noreturn void child_main(pid_t parent, int nice_value, const char *command) {
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpriority(PRIO_PROCESS, 0, nice_value);
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void start(struct execs *execs, struct exec *exec) {
    pid_t parent = getpid();
    char shown[MARK_TEXT_MAX];
    text_escape(shown, sizeof shown, exec->what.command);
    pid_t pid = fork();
    if (pid == 0)
        child_main(parent, execs->nice, exec->what.command);
    if (pid < 0) {
        notes_say(execs->notes, "mark: %s: no process could be had: %s", shown, strerror(errno));
        return;
    }
    setpgid(pid, pid); /* whoever comes first */
    exec->pid = pid;
    exec->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (exec->pidfd >= 0)
        net_arm(execs->net, exec->pidfd,
                slot_tag(execs->operation, 0, (uint32_t)(exec - execs->items)));
    notes_say(execs->notes, "mark: %s", shown);
}

void execs_turn(struct execs *execs, duration since_start, const struct mark_look *now) {
    for (size_t i = 0; i < execs->count; i++) {
        struct exec *exec = &execs->items[i];
        if (exec->started || exec->what.at > since_start)
            continue;
        exec->started = true;
        exec->mark = marks_add(execs->marks, MARK_EXEC, exec->what.command, now);
        start(execs, exec);
    }
}

static void over(struct exec *exec) {
    if (exec->pidfd >= 0)
        close(exec->pidfd);
    exec->pidfd = -1;
    exec->pid = 0;
}

void execs_event(struct execs *execs, uint32_t index) {
    struct exec *exec = &execs->items[index];
    int status;
    if (exec->pid == 0)
        return;
    if (waitpid(exec->pid, &status, WNOHANG) != exec->pid) {
        net_arm(execs->net, exec->pidfd, slot_tag(execs->operation, 0, index));
        return;
    }
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    char shown[MARK_TEXT_MAX];
    marks_exited(execs->marks, exec->mark, code);
    notes_say(execs->notes, "mark: %s: exit %d",
              text_escape(shown, sizeof shown, exec->what.command), code);
    over(exec);
}

static void tell_unstarted(struct execs *execs, struct exec *exec) {
    char shown[MARK_TEXT_MAX];
    exec->started = true;
    notes_say(execs->notes, "--exec-at: %s: the run was over before its time",
              text_escape(shown, sizeof shown, exec->what.command));
}

/* One that ended unnoticed has its exit code; the others are killed. */
void execs_end(struct execs *execs) {
    for (size_t i = 0; i < execs->count; i++) {
        struct exec *exec = &execs->items[i];
        siginfo_t info = {0};
        if (!exec->started)
            tell_unstarted(execs, exec);
        if (exec->pid == 0)
            continue;
        if (waitid(P_PID, (id_t)exec->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == exec->pid) {
            execs_event(execs, (uint32_t)i);
            continue;
        }
        kill(-exec->pid, SIGKILL);
        waitpid(exec->pid, NULL, 0);
        marks_killed(execs->marks, exec->mark);
        over(exec);
    }
}
