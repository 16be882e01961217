/* The commands of --exec-at: started by supervisors, their output passed on, their end awaited. */
#include "run/execs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/slots.h"
#include "base/text.h"
#include "options/options.h"
#include "run/supervisor.h"

/* OUTPUT_MAX: of all commands in a second. Who prints more waits, and not we. */
enum { OUTPUT_MAX = 256 << 10, END_MS = 3000 };

void execs_init(struct execs *execs, const struct plan *plan, struct marks *marks,
                struct notes *notes, struct screen *screen) {
    const struct option_text_list *asked = &plan->options->exec_at;
    *execs = (struct execs){.marks = marks, .notes = notes, .screen = screen};
    execs->output.read_fd = execs->output.write_fd = -1;
    for (size_t i = 0; i < asked->count && i < EXECS_MAX; i++) {
        struct exec *exec = &execs->items[execs->count];
        *exec = (struct exec){.control_fd = -1, .mark = MARKS_MAX};
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

static void arm(struct execs *execs, int fd, uint32_t slot) {
    net_arm(execs->net, fd, slot_tag(execs->operation, 0, slot));
}

/* --- what they print --- */

static int open_output(struct execs *execs) {
    int ends[2];
    if (execs->output.read_fd >= 0)
        return 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    execs->output.read_fd = ends[0];
    execs->output.write_fd = ends[1];
    arm(execs, ends[0], EXECS_MAX);
    return 0;
}

static void show_line(struct execs *execs) {
    struct exec_output *output = &execs->output;
    output->line[output->length] = '\0';
    screen_print(execs->screen, LOG_LEVEL_INFO, output->line);
    output->length = 0;
}

static void take_byte(struct execs *execs, char byte) {
    struct exec_output *output = &execs->output;
    if (byte == '\n') {
        show_line(execs);
        return;
    }
    if (byte == '\0' || byte == '\r')
        return;
    output->line[output->length++] = byte;
    if (output->length == sizeof output->line - 1)
        show_line(execs);
}

/* True when there may be more. */
static bool read_output(struct execs *execs) {
    char bytes[4096];
    ssize_t length = read(execs->output.read_fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < length; i++)
        take_byte(execs, bytes[i]);
    execs->output.taken += length > 0 ? (size_t)length : 0;
    return length > 0;
}

static void take_output(struct execs *execs) {
    struct exec_output *output = &execs->output;
    if (output->read_fd < 0)
        return;
    (void)read_output(execs);
    output->waits = output->taken >= OUTPUT_MAX;
    if (!output->waits)
        arm(execs, output->read_fd, EXECS_MAX);
}

void execs_tick(struct execs *execs) {
    execs->output.taken = 0;
    if (!execs->output.waits)
        return;
    execs->output.waits = false;
    arm(execs, execs->output.read_fd, EXECS_MAX);
}

/* All writers are gone, but for those that nobody may kill. */
static void close_output(struct execs *execs) {
    struct exec_output *output = &execs->output;
    if (output->read_fd < 0)
        return;
    output->taken = 0;
    while (output->taken < OUTPUT_MAX && read_output(execs))
        continue;
    if (output->length > 0)
        show_line(execs);
    close(output->read_fd);
    close(output->write_fd);
    output->read_fd = output->write_fd = -1;
}

/* --- one command --- */

/* A socket and no pipe: to shut it down works whoever else has a copy of our end. */
static int supervise(struct execs *execs, struct exec *exec) {
    int ends[2], error = open_output(execs);
    if (error != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return error != 0 ? error : -errno;
    /* Not of our name: what ends all of that name (pkill -9) must leave it to end the command. */
    pid_t pid = fork_child("exec-at");
    if (pid == 0)
        supervisor_process(ends[1], execs->output.write_fd, exec->what.command);
    error = pid < 0 ? -errno : 0;
    close(ends[1]);
    if (error == 0) {
        exec->pid = pid;
        exec->control_fd = ends[0];
        arm(execs, ends[0], (uint32_t)(exec - execs->items));
    } else {
        close(ends[0]);
    }
    return error;
}

static void note_not_started(struct execs *execs, const struct exec *exec, int error) {
    char shown[MARK_TEXT_MAX];
    notes_print(execs->notes, "mark: %s: no process could be had: %s",
                text_escape(shown, sizeof shown, exec->what.shown), strerror(error));
}

void execs_turn(struct execs *execs, duration since_start, const struct mark_look *now) {
    char shown[MARK_TEXT_MAX];
    for (size_t i = 0; i < execs->count; i++) {
        struct exec *exec = &execs->items[i];
        if (exec->started || exec->what.at > since_start)
            continue;
        exec->started = true;
        exec->mark = marks_add(execs->marks, MARK_EXEC, exec->what.shown, now);
        int error = supervise(execs, exec);
        if (error != 0)
            note_not_started(execs, exec, -error);
        else
            notes_print(execs->notes, "mark: %s",
                        text_escape(shown, sizeof shown, exec->what.shown));
    }
}

static void note_exit(struct execs *execs, struct exec *exec, int status) {
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    char shown[MARK_TEXT_MAX];
    marks_exited(execs->marks, exec->mark, code);
    notes_print(execs->notes, "mark: %s: exit %d",
                text_escape(shown, sizeof shown, exec->what.shown), code);
}

/* Takes a message of the supervisor, if there is one; true when more may come. */
static bool receive_message(struct execs *execs, struct exec *exec) {
    struct supervisor_message message;
    ssize_t length = recv(exec->control_fd, &message, sizeof message, MSG_DONTWAIT);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR;
    if (length != (ssize_t)sizeof message)
        return false;
    exec->ended = true;
    if (message.error != 0)
        note_not_started(execs, exec, message.error);
    else
        note_exit(execs, exec, message.status);
    return true;
}

void execs_event(struct execs *execs, uint32_t slot) {
    if (slot == EXECS_MAX) {
        take_output(execs);
        return;
    }
    struct exec *exec = &execs->items[slot];
    if (exec->control_fd >= 0 && receive_message(execs, exec))
        arm(execs, exec->control_fd, slot);
}

/* --- the end --- */

static void note_unstarted(struct execs *execs, struct exec *exec) {
    char shown[MARK_TEXT_MAX];
    exec->started = true;
    notes_print(execs->notes, "--exec-at: %s: the run was over before its time",
                text_escape(shown, sizeof shown, exec->what.shown));
}

/* A supervisor kills for 2 s at most; that somebody stopped it must not stop us. */
static void wait_for_exit(struct execs *execs, struct exec *exec) {
    struct pollfd look = {.fd = exec->control_fd, .events = POLLIN};
    while (poll(&look, 1, END_MS) > 0 && receive_message(execs, exec))
        continue;
    if (!exec->ended)
        marks_killed(execs->marks, exec->mark);
    exec->ended = true;
    kill(exec->pid, SIGKILL);
    while (waitpid(exec->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    close(exec->control_fd);
    exec->control_fd = -1;
    exec->pid = 0;
}

void execs_end(struct execs *execs) {
    for (size_t i = 0; i < execs->count; i++) {
        if (!execs->items[i].started)
            note_unstarted(execs, &execs->items[i]);
        if (execs->items[i].pid != 0)
            shutdown(execs->items[i].control_fd, SHUT_WR);
    }
    for (size_t i = 0; i < execs->count; i++)
        if (execs->items[i].pid != 0)
            wait_for_exit(execs, &execs->items[i]);
    close_output(execs);
}
