/* holdfast part: one host's share of a run with --hosts, as its leader asks for it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/memory_stream.h"
#include "base/monotonic.h"
#include "command/command.h"
#include "command/soak.h"
#include "hosts/message.h"
#include "judge/fit/headroom.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/export/writers.h"
#include "report/format/line_writer.h"
#include "report/format/log.h"
#include "run/orders.h"
#include "run/preflight.h"
#include "run/session.h"
#include "run/signals.h"

/* The plan that is being carried out, and whether it is to be replaced by another. */
static struct {
    struct message plan;
    bool again;
} part;

/* --- lines from the leader --- */

/* Whether one that ends a run came; others say nothing before it. */
static bool is_interrupted(int signals_fd) {
    for (int number; signals_fd >= 0 && (number = signals_next(signals_fd)) != 0;)
        if (signals_is_interrupt(number))
            return true;
    return false;
}

/* A byte, once it is there; false: the leader is gone, or an interrupt came. */
static bool read_byte(int signals_fd, char *byte) {
    struct pollfd waits[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = signals_fd, .events = POLLIN}};
    while (poll(waits, 2, -1) >= 0 || errno == EINTR) {
        if (waits[1].revents != 0 && is_interrupted(signals_fd))
            return false;
        ssize_t got = waits[0].revents != 0 ? read(STDIN_FILENO, byte, 1) : -1;
        if (got >= 0 || (waits[0].revents != 0 && errno != EAGAIN && errno != EINTR))
            return got == 1;
        waits[0].revents = waits[1].revents = 0;
    }
    return false;
}

/* Byte by byte: what stands behind a line may be an order to the run, which reads for itself. NULL:
 * there is no more. signals_fd: -1 while none is blocked. */
static char *read_line(int signals_fd) {
    struct memory_stream line;
    char byte = '\0';
    size_t length = 0;
    if (!memory_stream_open(&line))
        return NULL;
    bool more = read_byte(signals_fd, &byte);
    for (; more && byte != '\n' && length < MESSAGE_LINE_MAX; length++) {
        putc(byte, line.out);
        more = read_byte(signals_fd, &byte);
    }
    if (!memory_stream_close(&line))
        return NULL;
    if (more)
        return line.text;
    free(line.text);
    return NULL;
}

/* The next that is one; false: there is no more. */
static bool next_message(struct message *message, int signals_fd) {
    char error[160] = "";
    for (char *line; (line = read_line(signals_fd)) != NULL;) {
        bool read =
            message_read(message, line, strlen(line), (struct refuse_buffer){error, sizeof error});
        free(line);
        if (read && message->kind != MESSAGE_OTHER)
            return true;
        message_free(message);
        fprintf(log_stream(), "holdfast: part: %s\n",
                error[0] != '\0' ? error : "a line is none of a leader's");
    }
    return false;
}

static void answer_clock(const struct message *message) {
    message_write_clock(stdout, message->number, monotonic_now().ns);
    fflush(stdout);
}

/* --- what this host can hold --- */

/* Workers are as many as their descriptors ask for, unless their number was given. */
static struct headroom_limit room_of(const struct soak *soak) {
    struct headroom headroom = headroom_of(&soak->plan, &soak->setup);
    for (size_t i = 0; i < headroom.count; i++)
        if (headroom.limits[i].kind != HEADROOM_DESCRIPTORS || soak->options.given.workers)
            return headroom.limits[i];
    return (struct headroom_limit){HEADROOM_KINDS, -1};
}

static void tell_fit(const struct soak *soak, bool fits) {
    struct headroom_limit room = room_of(soak);
    message_write_fit(stdout, fits, room.connections,
                      room.connections >= 0 ? headroom_name(room.kind) : "", &soak->judgement);
    fflush(stdout);
}

/* --- without a leader --- */

static bool write_into(const char *folder, const char *name, const struct memory_stream *report) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool written = write(fd, report->text, report->length) == (ssize_t)report->length;
    written &= close(fd) == 0;
    if (written)
        fprintf(log_stream(),
                "holdfast: the leader did not hear the end: the report of this part is %s\n", path);
    else
        unlink(path);
    return written;
}

/* For report --merge: in the folder that it was started in, else in $TMPDIR or /tmp. */
static void leave_report(const struct soak *soak, const struct record *record) {
    char name[128];
    const char *const folders[] = {".", getenv("TMPDIR"), "/tmp"};
    struct memory_stream report;
    if (record->total.counts.attempted == 0 || !memory_stream_open(&report))
        return;
    int error = report_json(report.out, &soak->plan, record, &soak->judgement);
    snprintf(name, sizeof name, "holdfast-part-%" PRIu32 "-of-%" PRIu32 "-%" PRIu64 "-%d.json",
             soak->plan.part + 1, soak->plan.parts, soak->plan.seed, (int)getpid());
    if (memory_stream_close(&report) && error == 0)
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
            if (folders[i] != NULL && write_into(folders[i], name, &report))
                break;
    free(report.text);
}

/* --- the run --- */

static int end_run(struct soak *soak, const struct record *record) {
    judge_run(&soak->judgement, &soak->plan, record);
    int exit_code = soak->judgement.exit_code;
    if (!orders_ended())
        exit_code = soak_report(soak, record, false);
    if (orders_ended() || soak->timeline.file.error != 0) /* nobody has its last line */
        leave_report(soak, record);
    return exit_code;
}

static int run_armed(struct soak *soak) {
    struct record *record = calloc(1, sizeof *record);
    int error = -ENOMEM, exit_code = EXIT_UNFIT;
    if (record != NULL)
        error = session_run(record, &soak->plan, &soak->setup, soak->signals_fd,
                            soak_timeline(soak), NULL);
    if (error < 0)
        fprintf(log_stream(), "holdfast: no worker could be started: %s\n", strerror(-error));
    else
        exit_code = end_run(soak, record);
    if (record != NULL)
        session_free_record(record);
    free(record);
    return exit_code;
}

/* A plan that is sent once more has another share. */
static int carry_out(struct soak *soak) {
    struct message message;
    enum preflight_scope scope = soak->options.no_check ? PREFLIGHT_NONE : PREFLIGHT_ALL;
    soak->timeline.file.to_leader = true;
    orders_take_from_leader(STDIN_FILENO);
    bool fits =
        preflight_make(&soak->judgement, &soak->plan, &soak->setup, scope, soak->signals_fd);
    tell_fit(soak, fits);
    while (next_message(&message, soak->signals_fd)) {
        if (message.kind == MESSAGE_CLOCK)
            answer_clock(&message);
        part.again = message.kind == MESSAGE_PLAN;
        bool armed = message.kind == MESSAGE_ARM && fits;
        if (part.again)
            part.plan = message; /* the one before is its own owner's to free */
        else
            message_free(&message);
        if (part.again || armed)
            return armed ? run_armed(soak) : EXIT_HELD;
    }
    return EXIT_INCONCLUSIVE;
}

/* Options as typed; the run's lines go to the leader, and nothing else is printed. */
static int carry_out_plan(void) {
    static char *words[MESSAGE_WORDS_MAX + 8];
    int count = 0, exit_code;
    do {
        struct message plan = part.plan;
        part.plan.document = NULL; /* it is freed here, also when another took its place */
        part.again = false;
        count = 0;
        words[count++] = (char[]){"run"};
        for (size_t i = 0; i < plan.word_count; i++)
            words[count++] = (char *)plan.words[i];
        words[count++] = (char[]){"--timeline=-"};
        words[count++] = (char[]){"--quiet"};
        words[count++] = (char[]){"--"};
        words[count++] = (char *)plan.url;
        words[count] = NULL;
        exit_code = soak_command(COMMAND_RUN, count, words, carry_out);
        message_free(&plan);
    } while (part.again);
    return exit_code;
}

/* Who took nothing of the run's lines does not take this one either: nobody waits for long. */
static void tell_exit(int exit_code) {
    static const duration timeout = SECOND;
    struct memory_stream line;
    if (!memory_stream_open(&line))
        return;
    message_write_exit(line.out, exit_code);
    if (memory_stream_close(&line))
        (void)line_writer_send(STDOUT_FILENO, line.text, line.length, timeout, NULL);
    free(line.text);
}

static int take_part(void) {
    struct message message;
    if (isatty(STDIN_FILENO) == 1)
        fprintf(stderr, "holdfast: part: it takes orders from a leader, holdfast run --hosts\n");
    message_write_hello(stdout);
    fflush(stdout);
    while (next_message(&message, -1)) {
        if (message.kind == MESSAGE_CLOCK)
            answer_clock(&message);
        if (message.kind == MESSAGE_PLAN) {
            part.plan = message;
            int exit_code = carry_out_plan();
            tell_exit(exit_code);
            return exit_code;
        }
        message_free(&message);
    }
    return EXIT_HELD;
}

int command_part(int argc, char **argv) {
    struct options options;
    char error[OPTIONS_ERROR_MAX];
    enum options_outcome outcome = options_parse(&options, COMMAND_PART, argc, argv, error);
    int exit_code = outcome == OPTIONS_OK ? take_part() : soak_answer(outcome, COMMAND_PART, error);
    options_free(&options);
    return exit_code;
}
