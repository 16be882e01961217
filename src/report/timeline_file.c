/* The timeline file: one line a second, whole or left out. */
#include "report/timeline_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/sections.h"

/* How long the end waits for a reader that takes nothing. */
static const duration PATIENCE = 5 * SECOND;

/* One line being made in memory, so that it leaves in one piece. */
struct line {
    char *text;
    size_t length;
    FILE *stream;
    struct json json;
};

static int open_path(const char *path) {
    struct stat found;
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
        return outlet_open_path(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    return fd >= 0 ? fd : -errno;
}

int timeline_file_open(struct timeline_file *file, const char *path) {
    *file = (struct timeline_file){.path = path};
    int fd = strcmp(path, "-") == 0 ? outlet_copy(STDOUT_FILENO) : open_path(path);
    outlet_open(&file->out, fd);
    return fd >= 0 ? 0 : fd;
}

void timeline_file_close(struct timeline_file *file) {
    outlet_close(&file->out);
}

/* False when there is nothing to write to, or no memory to write with. */
static bool line_begin(struct line *line, struct timeline_file *file) {
    *line = (struct line){0};
    if (file->out.fd < 0 || file->error != 0)
        return false;
    line->stream = open_memstream(&line->text, &line->length);
    if (line->stream == NULL)
        return false;
    json_begin(&line->json, line->stream, false);
    json_object(&line->json);
    return true;
}

/* What a line said may be said again by the next one: all is told anew. */
static int leave_out(struct timeline_file *file, uint64_t lines) {
    bool first = file->left_out == 0;
    file->left_out += lines;
    file->told.count = SIZE_MAX;
    file->marks_told = 0;
    return first ? -EAGAIN : 0;
}

static int line_end(struct line *line, struct timeline_file *file) {
    json_object_end(&line->json);
    json_end(&line->json);
    int error = fclose(line->stream) == 0 ? 0 : -ENOMEM;
    if (error == 0)
        error = outlet_write(&file->out, line->text, line->length);
    free(line->text);
    if (error == -EAGAIN)
        return leave_out(file, 1);
    file->error = error;
    return error;
}

static void begin_run(struct json *json, const struct plan *plan, const struct record *record) {
    json_name(json, "run");
    json_object(json);
    member_id(json, plan, record);
    json_string_member(json, "label", plan->options->label);
    member_time(json, "started_at", &record->started_at, 9); /* the id comes from all of it */
    json_uint_member(json, "seed", plan->seed);
    json_object_end(json);
}

int timeline_file_header(struct timeline_file *file, const struct plan *plan) {
    static const struct target_facts unknown;
    struct line line;
    struct json *json = &line.json;
    if (!line_begin(&line, file))
        return 0;
    json_string_member(json, "schema", "holdfast-timeline/1");
    section_tool(json);
    json_name(json, "run");
    json_object(json);
    json_string_member(json, "label", plan->options->label);
    json_uint_member(json, "seed", plan->seed);
    json_object_end(json);
    section_plan(json, plan);
    section_target(json, plan, &unknown);
    section_environment(json, &plan->host);
    return line_end(&line, file);
}

int timeline_file_begin(struct timeline_file *file, const struct plan *plan,
                        const struct record *record, const struct judgement *judgement) {
    struct line line;
    struct json *json = &line.json;
    if (file->begun || !line_begin(&line, file))
        return 0;
    file->begun = true;
    json_bool_member(json, "begin", true);
    begin_run(json, plan, record);
    member_sources(json, plan);
    section_target(json, plan, &judgement->target);
    section_findings(json, &judgement->findings);
    section_workers(json, record);
    return line_end(&line, file);
}

static void line_run(struct json *json, const struct record *record, enum section_form form) {
    const struct counts *counts = &record->total.counts;
    json_name(json, "run");
    json_object(json);
    member_time(json, "ended_at", &record->ended_at, 3);
    json_number_member(json, "ramp_seconds", record->ramp_seconds);
    json_number_member(json, "ramp_lateness_seconds_max",
                       counts->attempted > 0 ? (double)counts->ramp_late_ns / 1e9 : NAN);
    json_number_member(json, "hold_seconds", record->hold_seconds);
    if (form == FORM_REPORT)
        json_number_member(json, "drain_seconds", record->drain_seconds);
    json_bool_member(json, "interrupted", record->interrupted);
    member_ended_by(json, record);
    json_bool_member(json, "ramp_cut", record->ramp_cut);
    json_bool_member(json, "cut", record->cut);
    if (record->ring_error != 0)
        json_int_member(json, "ring_error", -record->ring_error);
    if (record->bug_exit != 0)
        json_int_member(json, "bug_exit", record->bug_exit);
    json_object_end(json);
}

/* What the poller says of itself, measured or not. */
static void line_polls(struct json *json, const struct server_view *server) {
    if (!server->asked)
        return;
    json_name(json, "polls");
    json_object(json);
    json_uint_member(json, "sent", server->polls_sent);
    json_uint_member(json, "failed", server->polls_failed);
    member_known_text(json, "last_failure", server->last_failure);
    json_object_end(json);
}

static void line_first_seen(struct json *json, const struct record *record) {
    json_name(json, "first_seen_seconds");
    json_object(json);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (record->first_seen_seconds[i] > 0)
            json_number_member(json, outcome_name((enum outcome)i), record->first_seen_seconds[i]);
    json_object_end(json);
}

static void line_workers_lost(struct json *json, const struct record *record) {
    bool any = false;
    for (size_t i = 0; i < record->worker_count; i++) {
        if (!record->workers[i].lost)
            continue;
        if (!any) {
            json_name(json, "workers_lost");
            json_array(json);
        }
        any = true;
        json_object(json);
        json_uint_member(json, "worker", i);
        json_int_member(json, "status", record->workers[i].status);
        json_object_end(json);
    }
    if (any)
        json_array_end(json);
    if (record->workers_lost_early > 0)
        json_uint_member(json, "workers_lost_early", record->workers_lost_early);
}

/* What the judge wants to know of log and process beside their figures. */
static void line_watched(struct json *json, const struct record *record) {
    if (record->server_log.given_up > 0)
        json_uint_member(json, "log_given_up", record->server_log.given_up);
    if (record->server_log.missing)
        json_bool_member(json, "log_missing", true);
    if (record->server_process.cut)
        json_bool_member(json, "process_cut", true);
}

/* All that is known so far, under the names of the JSON report where it has them. */
static void line_body(struct json *json, const struct plan *plan, const struct record *record,
                      enum section_form form) {
    const struct counts *counts = &record->total.counts;
    line_run(json, record, form);
    section_connections(json, plan, record, form);
    section_requests(json, plan, record, form);
    json_uint_member(json, "outstanding", counts->outstanding);
    json_uint_member(json, "keep_alive_seconds_min", (uint64_t)counts->keep_alive_timeout_s);
    section_figures(json, "latency_seconds", record, DISTRIBUTION_LATENCY, form);
    section_figures(json, "service_seconds", record, DISTRIBUTION_SERVICE, form);
    section_figures(json, "connect_seconds", record, DISTRIBUTION_CONNECT, form);
    section_server(json, record);
    line_polls(json, &record->server);
    line_watched(json, record);
    section_generator(json, record, form);
    member_known_int(json, "files_used", record->headroom_files_used);
    member_known_int(json, "files_limit", record->headroom_files_limit);
    line_first_seen(json, record);
    line_workers_lost(json, record);
}

/* What only the moment knows; the levels stand in the ledger. */
static void line_sample(struct json *json, const struct timeline_moment *moment) {
    const struct sample *sample = &moment->sample;
    json_number_member(json, "t", sample->t);
    json_string_member(json, "phase", moment->phase);
    json_number_member(json, "client_per_second", sample->client_per_second);
    json_number_member(json, "server_per_second", sample->server_per_second);
    json_number_member(json, "p50_seconds", sample->p50_seconds);
    json_number_member(json, "p99_seconds", sample->p99_seconds);
    json_number_member(json, "max_seconds", sample->max_seconds);
    json_number_member(json, "cpu_percent", sample->cpu_percent);
    json_number_member(json, "descriptors", sample->descriptors);
    json_number_member(json, "loop_lag_seconds", sample->loop_lag_seconds);
}

/* Only where they changed: that is seldom, and they are long. */
static void line_closings(struct json *json, struct timeline_file *file,
                          const struct closings *closings) {
    if (closings == NULL || closings_same(closings, &file->told))
        return;
    file->told = *closings;
    section_lifetimes(json, closings, NULL);
}

/* Only where they changed, and first: such a line is not skimmed when it is read back. */
static void line_marks(struct json *json, struct timeline_file *file, const struct marks *marks) {
    if (marks->changes == file->marks_told)
        return;
    file->marks_told = marks->changes;
    section_marks(json, marks);
}

int timeline_file_sample(struct timeline_file *file, const struct plan *plan,
                         const struct record *record, const struct timeline_moment *moment) {
    struct line line;
    if (!line_begin(&line, file))
        return 0;
    line_marks(&line.json, file, &record->marks);
    line_sample(&line.json, moment);
    line_body(&line.json, plan, record, FORM_LINE);
    line_closings(&line.json, file, moment->closings);
    return line_end(&line, file);
}

/* Waits for a slow reader; what it does not take for long is lines left out, the first in part. */
static int finish(struct timeline_file *file) {
    int error = outlet_finish(&file->out, PATIENCE);
    uint64_t lines = 0;
    if (error != -ETIMEDOUT && error != -EINTR)
        return error;
    for (size_t i = 0; i < file->out.length; i++)
        lines += file->out.held[i] == '\n';
    file->out.length = 0;
    leave_out(file, lines);
    return -EAGAIN;
}

static int write_end(struct timeline_file *file, const struct plan *plan,
                     const struct record *record, const struct judgement *judgement) {
    struct line line;
    if (!line_begin(&line, file))
        return 0;
    json_bool_member(&line.json, "end", true);
    section_verdict(&line.json, judgement);
    section_requirements(&line.json, judgement);
    section_findings(&line.json, &judgement->findings);
    if (record != NULL) {
        line_body(&line.json, plan, record, FORM_REPORT);
        section_lifetimes(&line.json, &judgement->closings, &judgement->survival);
        if (record->marks.count > 0)
            section_marks(&line.json, &record->marks);
    }
    return line_end(&line, file);
}

int timeline_file_end(struct timeline_file *file, const struct plan *plan,
                      const struct record *record, const struct judgement *judgement) {
    static const struct record nothing;
    int error = timeline_file_begin(file, plan, record != NULL ? record : &nothing, judgement);
    if (file->out.fd < 0 || file->error != 0)
        return error;
    error = finish(file);
    if (error == 0)
        error = write_end(file, plan, record, judgement);
    else if (error == -EAGAIN)
        leave_out(file, 1);
    if (error == 0)
        error = finish(file);
    if (error != -EAGAIN)
        file->error = error;
    return error == 0 && file->left_out > 0 ? -EAGAIN : error;
}
