/* Runs in memory and in their folders: started, followed, ended, found again. */
#include "serve/runs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/exit_code.h"
#include "base/memory_stream.h"
#include "base/text.h"
#include "report/export/writers.h"
#include "report/html/html.h"
#include "report/junit/junit.h"
#include "report/saved/saved.h"
#include "report/saved/saved_value.h"
#include "serve/events.h"

enum { FACTS_MAX = 64 * 1024, READ_BYTES = 64 * 1024, READS_MAX = 16 };

static void keep_text(char **to, const char *text) {
    free(*to);
    *to = text != NULL ? strdup(text) : NULL;
}

static struct run *run_new(const struct run_id *id) {
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return NULL;
    run->id = *id;
    run->exit_code = run->folder_fd = run->timeline_fd = -1;
    run->child = (struct serve_child){0, -1, -1, -1, -1};
    return run;
}

static void run_free(struct run *run) {
    serve_child_end(&run->child);
    descriptor_close(&run->folder_fd);
    descriptor_close(&run->timeline_fd);
    free(run->url);
    free(run->label);
    free(run->hosts);
    free(run->last);
    free(run->torn);
    free(run);
}

/* At the front; the oldest goes where there is no room. */
static void add_first(struct runs *runs, struct run *run) {
    if (runs->count == RUNS_MAX) {
        struct run *oldest = runs->items[--runs->count];
        folder_remove_run(runs->folder, &oldest->id);
        run_free(oldest);
    }
    for (size_t i = runs->count; i > 0; i--)
        runs->items[i] = runs->items[i - 1];
    runs->items[0] = run;
    runs->count++;
}

struct run *runs_find(const struct runs *runs, const char *id) {
    for (size_t i = 0; i < runs->count; i++)
        if (strcmp(runs->items[i]->id.text, id) == 0)
            return runs->items[i];
    return NULL;
}

/* --- what is known of a run, in its folder --- */

static void write_facts(const struct run *run) {
    int fd = folder_write(run->folder_fd, FOLDER_RUN);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    struct json_writer json;
    if (out == NULL) {
        descriptor_close(&fd);
        return;
    }
    json_write_begin(&json, out, false);
    json_write_object(&json);
    json_write_string_member(&json, "url", run->url);
    json_write_string_member(&json, "label", run->label);
    json_write_string_member(&json, "hosts", run->hosts);
    json_write_uint_member(&json, "connections", run->connections);
    json_write_number_member(&json, "hold_seconds", run->hold_seconds);
    json_write_bool_member(&json, "statistics", run->of_statistics);
    json_write_int_member(&json, "started_at", run->began.tv_sec);
    json_write_object_end(&json);
    json_write_end(&json);
    fclose(out);
}

/* A JSON file of a run's folder, at most so long; NULL: there is none. The caller frees. */
static struct json_t *read_document(int run_fd, const char *name, size_t most) {
    size_t length = 0;
    char *text = folder_text(run_fd, name, most, &length);
    struct saved_value_fault fault;
    struct json_t *document = text != NULL ? saved_value_parse(text, length, &fault) : NULL;
    free(text);
    return document;
}

/* The file was ours; whoever changed it gets no further than a wrong line in a list. */
static void read_facts(struct run *run, int run_fd) {
    char error[256] = "";
    struct json_t *facts = read_document(run_fd, FOLDER_RUN, FACTS_MAX);
    struct saved_place place = {.to = {error, sizeof error}};
    if (saved_value_is_object(facts)) {
        keep_text(&run->url, saved_value_text_if(&place, facts, "url"));
        keep_text(&run->label, saved_value_text_if(&place, facts, "label"));
        keep_text(&run->hosts, saved_value_text_if(&place, facts, "hosts"));
        run->connections = saved_value_count_if(&place, facts, "connections");
        run->hold_seconds = saved_value_seconds_if(&place, facts, "hold_seconds");
        run->of_statistics = saved_value_flag_if(&place, facts, "statistics");
        run->began.tv_sec = saved_value_integer_if(&place, facts, "started_at", 0);
    }
    if (facts != NULL)
        saved_value_free(facts);
}

/* --- its end --- */

static bool read_verdict(struct run *run, int run_fd) {
    char error[256] = "";
    struct json_t *report = read_document(run_fd, FOLDER_JSON, SAVED_REPORT_MAX);
    struct saved_place place = {.to = {error, sizeof error}};
    const struct json_t *verdict = saved_value_object_if(&place, report, "verdict");
    const char *result = saved_value_text_if(&place, verdict, "result");
    if (result != NULL) {
        snprintf(run->verdict, sizeof run->verdict, "%s", result);
        run->exit_code = (int)saved_value_whole_if(&place, verdict, "exit_code", 255, -1);
    }
    if (report != NULL)
        saved_value_free(report);
    return result != NULL;
}

static void write_report(int run_fd, const char *name, report_writer *write,
                         const struct saved *saved) {
    int fd = folder_write(run_fd, name);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        descriptor_close(&fd);
        return;
    }
    (void)write(out, &saved->plan, saved->record, &saved->judgement);
    fclose(out);
}

/* The child was killed: what its timeline says, judged anew, is what there is. */
static void report_from_timeline(struct run *run, int run_fd) {
    char error[SAVED_ERROR_MAX] = "it has no timeline";
    FILE *in = folder_stream(run_fd, FOLDER_TIMELINE);
    struct saved *saved = in != NULL ? saved_read(in, "timeline", error) : NULL;
    if (in != NULL)
        fclose(in);
    if (saved == NULL) {
        if (run->message[0] == '\0')
            snprintf(run->message, sizeof run->message, "it ended without a report: %.500s", error);
        return;
    }
    write_report(run_fd, FOLDER_JSON, report_json, saved);
    write_report(run_fd, FOLDER_HTML, report_html, saved);
    write_report(run_fd, FOLDER_JUNIT, report_junit, saved);
    if (saved->record != NULL)
        write_report(run_fd, FOLDER_HGRM, report_hgrm, saved);
    saved_free(saved);
    (void)read_verdict(run, run_fd);
}

static void conclude(struct run *run, int run_fd) {
    if (!read_verdict(run, run_fd))
        report_from_timeline(run, run_fd);
    run->state = RUN_ENDED;
}

/* --- its timeline --- */

static void take_line(struct run *run, const char *line, size_t length) {
    struct event_line read = event_line_read(line, length);
    run->over |= read.kind == EVENT_LINE_END;
    if (read.kind != EVENT_LINE_SAMPLE)
        return;
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return;
    memcpy(copy, line, length);
    copy[length] = '\0';
    free(run->last);
    run->last = copy;
    run->last_length = length;
}

/* Whole lines go to the file in one write(2), so that a reader never meets half of one. */
static bool keep_lines(struct run *run) {
    size_t whole = run->torn_length;
    while (whole > 0 && run->torn[whole - 1] != '\n')
        whole--;
    if (whole == 0)
        return false;
    for (size_t at = 0; at < whole;) {
        const char *line = run->torn + at, *end = memchr(line, '\n', whole - at);
        take_line(run, line, (size_t)(end - line));
        at = (size_t)(end - run->torn) + 1;
    }
    if (run->timeline_fd >= 0 && write(run->timeline_fd, run->torn, whole) == (ssize_t)whole)
        run->size += whole;
    else
        descriptor_close(
            &run->timeline_fd); /* the disk is full: what is there stays whole lines but one */
    run->torn_length -= whole;
    memmove(run->torn, run->torn + whole, run->torn_length);
    return true;
}

static bool make_room(struct run *run) {
    if (run->torn_room - run->torn_length >= READ_BYTES)
        return true;
    if (run->torn_room > 2 * SAVED_LINE_MAX)
        run->torn_length = 0; /* no line of ours is so long */
    char *more = realloc(run->torn, run->torn_room + 2 * READ_BYTES);
    if (more == NULL)
        return false;
    run->torn = more;
    run->torn_room += 2 * READ_BYTES;
    return true;
}

bool runs_read_lines(struct run *run) {
    bool news = false;
    for (int i = 0; i < READS_MAX && make_room(run); i++) {
        ssize_t got = read(run->child.out, run->torn + run->torn_length, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            descriptor_close(&run->child.out);
        if (got <= 0)
            break;
        run->torn_length += (size_t)got;
        news |= keep_lines(run);
    }
    return news;
}

/* The latest of what it says on standard error is kept, for where there is no report. */
void runs_read_words(struct run *run) {
    char bytes[RUN_MESSAGE_MAX / 2];
    ssize_t got = read(run->child.err, bytes, sizeof bytes - 1);
    if (got == 0)
        descriptor_close(&run->child.err);
    if (got <= 0)
        return;
    bytes[got] = '\0';
    size_t length = strlen(run->message), more = strlen(bytes);
    if (length + more >= sizeof run->message) {
        size_t drop = length + more + 1 - sizeof run->message;
        memmove(run->message, run->message + drop, length - drop + 1);
        length -= drop;
    }
    memcpy(run->message + length, bytes, more + 1);
}

/* --- start and orders --- */

static void add_outputs(struct words *words) {
    static const char *const outputs[][2] = {{"json", FOLDER_JSON},
                                             {"html", FOLDER_HTML},
                                             {"junit", FOLDER_JUNIT},
                                             {"hgrm", FOLDER_HGRM}};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        words_add(words, "--%s=/proc/self/fd/%d/%s", outputs[i][0], SERVE_CHILD_FOLDER_FD,
                  outputs[i][1]);
    words_add(words, "--timeline=-");
    words_add(words, "--ui=none");
    words_add(words, "--color=never");
}

static int launch(struct run *run, const struct words *pins, const struct words *options) {
    struct words words = {0};
    char **first = words_array(pins, NULL), **second = words_array(options, NULL);
    for (size_t i = 0; first != NULL && i < pins->count; i++)
        words_add(&words, "%s", first[i]);
    words_add(&words, "run");
    add_outputs(&words);
    for (size_t i = 0; second != NULL && i < options->count; i++)
        words_add(&words, "%s", second[i]);
    bool whole = first != NULL && second != NULL && !words.failed;
    int error = whole ? serve_child_start(&run->child, &words, run->folder_fd) : -ENOMEM;
    words_free(&words);
    free(first);
    free(second);
    return error;
}

static int begin(struct runs *runs, struct run *run, const struct run_facts *facts,
                 const struct words *pins, const struct words *options) {
    run->folder_fd = folder_make_run(runs->folder, &run->id);
    if (run->folder_fd < 0)
        return run->folder_fd;
    keep_text(&run->url, facts->url);
    keep_text(&run->label, facts->label);
    keep_text(&run->hosts, facts->hosts);
    run->connections = facts->connections;
    run->hold_seconds = facts->hold_seconds;
    run->of_statistics = facts->of_statistics;
    clock_gettime(CLOCK_REALTIME, &run->began);
    write_facts(run);
    run->timeline_fd = folder_append(run->folder_fd, FOLDER_TIMELINE);
    if (run->timeline_fd < 0)
        return run->timeline_fd;
    return launch(run, pins, options);
}

struct run *runs_start(struct runs *runs, const struct run_facts *facts, const struct words *pins,
                       const struct words *options, int *error) {
    struct run_id id = folder_new_id();
    struct run *run = run_new(&id);
    *error = run == NULL ? -ENOMEM : begin(runs, run, facts, pins, options);
    if (*error != 0) {
        if (run != NULL)
            run_free(run);
        folder_remove_run(runs->folder, &id);
        return NULL;
    }
    add_first(runs, run);
    runs->current = run;
    return run;
}

void runs_stop(struct run *run) {
    if (run->child.pid > 0 && !run->stop_ordered)
        kill(run->child.pid, SIGINT);
    run->stop_ordered = true;
}

bool runs_mark(struct run *run, const char *text) {
    char line[1024], shown[900];
    if (run->child.orders < 0)
        return false;
    int length = snprintf(line, sizeof line, "mark %s\n", text_escape(shown, sizeof shown, text));
    return write(run->child.orders, line, (size_t)length) == length;
}

void runs_finish(struct runs *runs) {
    struct run *run = runs->current;
    runs->current = NULL;
    while (run->child.out >= 0 && runs_read_lines(run))
        ;
    runs_read_words(run);
    int status = serve_child_reap(&run->child);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    bool said = code == EXIT_USAGE && run->message[0] != '\0';
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) /* it takes signals once it begins */
        snprintf(run->message, sizeof run->message, "it was stopped before it could begin");
    conclude(run, run->folder_fd);
    if (run->verdict[0] == '\0')
        run->exit_code = code;
    else if (!said)
        run->message[0] = '\0';
    serve_child_end(&run->child);
    descriptor_close(&run->timeline_fd);
    descriptor_close(&run->folder_fd); /* and with it the lock */
    free(run->torn);
    run->torn = NULL;
    run->torn_length = run->torn_room = 0;
}

/* --- runs of a server before us --- */

/* The latest sample, and how much of the file is whole lines. */
static void read_timeline(struct run *run, int run_fd) {
    FILE *in = folder_stream(run_fd, FOLDER_TIMELINE);
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    run->size = 0;
    while (in != NULL && (length = getline(&line, &room, in)) > 0 && line[length - 1] == '\n') {
        take_line(run, line, (size_t)length - 1);
        run->size += (uint64_t)length;
    }
    free(line);
    if (in != NULL)
        fclose(in);
}

static void load_one(struct runs *runs, const struct run_id *id) {
    struct run *run = run_new(id);
    int run_fd = folder_open_run(runs->folder, id);
    if (run == NULL || run_fd < 0) {
        free(run);
        return;
    }
    read_facts(run, run_fd);
    read_timeline(run, run_fd);
    run->state = RUN_ENDS;
    if (!folder_is_held(run_fd))
        conclude(run, run_fd);
    close(run_fd);
    runs->items[runs->count++] = run;
}

void runs_load(struct runs *runs, const struct folder *folder) {
    struct run_id *ids = calloc(RUNS_MAX, sizeof *ids);
    *runs = (struct runs){.folder = folder};
    size_t count = ids != NULL ? folder_list(folder, ids, RUNS_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        load_one(runs, &ids[i]);
    free(ids);
}

void runs_look(struct runs *runs) {
    for (size_t i = 0; i < runs->count; i++) {
        struct run *run = runs->items[i];
        int run_fd = run->state == RUN_ENDS ? folder_open_run(runs->folder, &run->id) : -1;
        if (run_fd < 0)
            continue;
        if (!folder_is_held(run_fd))
            conclude(run, run_fd);
        close(run_fd);
    }
}

void runs_free(struct runs *runs) {
    for (size_t i = 0; i < runs->count; i++)
        run_free(runs->items[i]);
    runs->count = 0;
}

/* --- as the API shows them --- */

static const char *state_name(const struct run *run) {
    switch (run->state) {
    case RUN_GOES_ON: return run->stop_ordered ? "stopping" : "running";
    case RUN_ENDS: return "stopping";
    case RUN_ENDED: break;
    }
    return "ended";
}

static void write_time(struct json_writer *json, const struct timespec *time) {
    char text[40];
    struct tm parts;
    gmtime_r(&time->tv_sec, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_write_string_member(json, "started_at", text);
}

/* The line is JSON already. */
static void write_last(struct json_writer *json, const struct run *run) {
    json_write_name(json, "last");
    if (run->last == NULL)
        json_write_null(json);
    else
        json_write_raw(json, run->last);
}

void run_write(struct json_writer *json, const struct run *run, bool with_last) {
    json_write_object(json);
    json_write_string_member(json, "id", run->id.text);
    json_write_string_member(json, "state", state_name(run));
    json_write_string_member(json, "verdict", run->verdict[0] != '\0' ? run->verdict : NULL);
    json_write_name(json, "exit_code");
    if (run->exit_code >= 0)
        json_write_int(json, run->exit_code);
    else
        json_write_null(json);
    json_write_string_member(json, "message", run->message[0] != '\0' ? run->message : NULL);
    json_write_string_member(json, "kind", run->of_statistics ? "statistics" : "run");
    json_write_string_member(json, "url", run->url);
    json_write_string_member(json, "label", run->label);
    json_write_string_member(json, "hosts", run->hosts);
    json_write_uint_member(json, "connections", run->connections);
    json_write_number_member(json, "hold_seconds", run->hold_seconds);
    write_time(json, &run->began);
    if (with_last)
        write_last(json, run);
    json_write_object_end(json);
}
