/* The timeline file: one line a second, whole or left out. */
#include "report/export/timeline_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "options/options.h"
#include "report/export/json_sections.h"
#include "report/format/file_write.h"
#include "report/format/requirement_text.h"

/* How long the end waits for a reader that takes nothing. */
static const duration TIMEOUT = 5 * SECOND;

/* One line being made in memory, so that it leaves in one piece. */
struct timeline_line {
    struct memory_stream text;
    struct json_writer json;
};

static int open_path(const char *path) {
    struct stat found;
    int shared = file_descriptor_of(path);
    if (shared >= 0)
        return line_writer_copy(shared);
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
        return line_writer_open_path(path);
    return file_open(path, O_TRUNC | O_APPEND);
}

int timeline_file_open(struct timeline_file *file, const char *path) {
    *file = (struct timeline_file){.path = path};
    int fd = open_path(path);
    line_writer_open(&file->out, fd);
    return fd >= 0 ? 0 : fd;
}

void timeline_file_close(struct timeline_file *file) {
    line_writer_close(&file->out);
}

/* False when there is nothing to write to, or no memory to write with. */
static bool line_begin(struct timeline_line *line, struct timeline_file *file) {
    *line = (struct timeline_line){0};
    if (file->out.fd < 0 || file->error != 0)
        return false;
    if (!memory_stream_open(&line->text))
        return false;
    json_write_begin(&line->json, line->text.out, false);
    json_write_object(&line->json);
    return true;
}

/* What one line holds the next may hold too: all is written anew. */
static int leave_out(struct timeline_file *file, uint64_t lines) {
    bool first = file->left_out == 0;
    file->left_out += lines;
    file->closings_written.count = SIZE_MAX;
    file->marks_written = 0;
    return first ? -EAGAIN : 0;
}

static int line_end(struct timeline_line *line, struct timeline_file *file) {
    json_write_object_end(&line->json);
    json_write_end(&line->json);
    int error = memory_stream_close(&line->text) ? 0 : -ENOMEM;
    if (error == 0)
        error = line_writer_write(&file->out, line->text.text, line->text.length);
    free(line->text.text);
    if (error == -EAGAIN)
        return leave_out(file, 1);
    file->error = error;
    return error;
}

static void begin_run(struct json_writer *json, const struct plan *plan,
                      const struct record *record) {
    json_write_name(json, "run");
    json_write_object(json);
    json_member_id(json, plan, record);
    json_write_string_member(json, "label", plan->options->label);
    json_member_time(json, "started_at", &record->started_at, 9); /* the id comes from all of it */
    json_write_uint_member(json, "seed", plan->seed);
    json_write_object_end(json);
}

int timeline_file_header(struct timeline_file *file, const struct plan *plan,
                         const struct setup *setup) {
    static const struct record_target unknown;
    struct timeline_line line;
    struct json_writer *json = &line.json;
    if (!line_begin(&line, file))
        return 0;
    json_write_string_member(json, "schema", "holdfast-timeline/1");
    json_section_tool(json);
    json_write_name(json, "run");
    json_write_object(json);
    json_write_string_member(json, "label", plan->options->label);
    json_write_uint_member(json, "seed", plan->seed);
    json_write_object_end(json);
    json_section_plan(json, plan, setup);
    json_section_target(json, plan, setup, &unknown);
    json_section_environment(json, &plan->host);
    return line_end(&line, file);
}

int timeline_file_ready(struct timeline_file *file) {
    struct timeline_line line;
    if (!line_begin(&line, file))
        return 0;
    json_write_bool_member(&line.json, "ready", true);
    return line_end(&line, file);
}

int timeline_file_phase(struct timeline_file *file, const char *phase) {
    struct timeline_line line;
    if (!line_begin(&line, file))
        return 0;
    json_write_string_member(&line.json, "phase", phase);
    return line_end(&line, file);
}

int timeline_file_begin(struct timeline_file *file, const struct plan *plan,
                        const struct record *record, const struct judgement *judgement) {
    struct timeline_line line;
    struct json_writer *json = &line.json;
    if (file->begun || !line_begin(&line, file))
        return 0;
    file->begun = true;
    json_write_bool_member(json, "begin", true);
    if (file->to_leader)
        json_write_int_member(json, "started_ns", file->started_ns);
    begin_run(json, plan, record);
    json_member_sources(json, judgement->setup);
    json_section_target(json, plan, judgement->setup, &judgement->target);
    json_section_findings(json, &judgement->findings);
    json_section_workers(json, record);
    return line_end(&line, file);
}

static void line_run(struct json_writer *json, const struct record *record,
                     enum json_section_form form) {
    const struct tally_counts *counts = &record->total.counts;
    json_write_name(json, "run");
    json_write_object(json);
    json_member_time(json, "ended_at", &record->ended_at, 3);
    json_write_number_member(json, "ramp_seconds", record->ramp_seconds);
    json_write_number_member(json, "ramp_lateness_seconds_max",
                             counts->attempted > 0 ? (double)counts->ramp_late_ns / 1e9 : NAN);
    json_write_number_member(json, "hold_seconds", record->hold_seconds);
    if (form == FORM_REPORT)
        json_write_number_member(json, "drain_seconds", record->drain_seconds);
    json_write_bool_member(json, "interrupted", record->interrupted);
    json_member_ended_by(json, record);
    json_write_bool_member(json, "ramp_cut", record->ramp_cut);
    json_write_bool_member(json, "cut", record->cut);
    if (record->ring_error != 0)
        json_write_int_member(json, "ring_error", -record->ring_error);
    if (record->bug_exit != 0)
        json_write_int_member(json, "bug_exit", record->bug_exit);
    json_write_object_end(json);
}

/* The state of the poller, measured or not. */
static void line_polls(struct json_writer *json, const struct server_view *server) {
    if (!server->asked)
        return;
    json_write_name(json, "polls");
    json_write_object(json);
    json_write_uint_member(json, "sent", server->polls_sent);
    json_write_uint_member(json, "failed", server->polls_failed);
    json_member_known_text(json, "last_failure", server->last_failure);
    json_write_object_end(json);
}

static void line_first_seen(struct json_writer *json, const struct record *record) {
    json_write_name(json, "first_seen_seconds");
    json_write_object(json);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (record->first_seen_seconds[i] > 0)
            json_write_number_member(json, outcome_name((enum outcome)i),
                                     record->first_seen_seconds[i]);
    json_write_object_end(json);
}

static void line_workers_lost(struct json_writer *json, const struct record *record) {
    bool any = false;
    for (size_t i = 0; i < record->worker_count; i++) {
        if (!record->workers[i].lost)
            continue;
        if (!any) {
            json_write_name(json, "workers_lost");
            json_write_array(json);
        }
        any = true;
        json_write_object(json);
        json_write_uint_member(json, "worker", i);
        json_member_known_int(json, "status", record->workers[i].status);
        json_write_object_end(json);
    }
    if (any)
        json_write_array_end(json);
    if (record->workers_lost_early > 0)
        json_write_uint_member(json, "workers_lost_early", record->workers_lost_early);
}

/* Facts of log and process that the judge needs beside their figures. */
static void line_watched(struct json_writer *json, const struct record *record) {
    if (record->server_log.given_up > 0)
        json_write_uint_member(json, "log_given_up", record->server_log.given_up);
    if (record->server_log.missing)
        json_write_bool_member(json, "log_missing", true);
    if (record->server_process.cut)
        json_write_bool_member(json, "process_cut", true);
}

/* All that is known so far, under the names of the JSON report where it has them. */
static void line_body(struct json_writer *json, const struct plan *plan,
                      const struct record *record, enum json_section_form form) {
    const struct tally_counts *counts = &record->total.counts;
    line_run(json, record, form);
    json_section_connections(json, plan, record, form);
    json_section_requests(json, plan, record, form);
    json_write_uint_member(json, "outstanding", counts->outstanding);
    json_write_uint_member(json, "keep_alive_seconds_min", (uint64_t)counts->keep_alive_timeout_s);
    json_section_distributions(json, record, form);
    json_section_server(json, record);
    line_polls(json, &record->server);
    line_watched(json, record);
    json_section_generator(json, record, form);
    json_member_known_int(json, "files_used", record->headroom_files_used);
    json_member_known_int(json, "files_limit", record->headroom_files_limit);
    line_first_seen(json, record);
    line_workers_lost(json, record);
}

/* What only the moment knows; the levels stand in the ledger. */
static void line_sample(struct json_writer *json, const struct timeline_moment *moment) {
    const struct timeline_sample *sample = &moment->sample;
    json_write_number_member(json, "t", sample->t);
    json_write_string_member(json, "phase", moment->phase);
    json_write_number_member(json, "client_per_second", sample->client_per_second);
    json_write_number_member(json, "server_per_second", sample->server_per_second);
    json_write_number_member(json, "p50_seconds", sample->p50_seconds);
    json_write_number_member(json, "p99_seconds", sample->p99_seconds);
    json_write_number_member(json, "max_seconds", sample->max_seconds);
    json_write_number_member(json, "cpu_percent", sample->cpu_percent);
    json_write_number_member(json, "descriptors", sample->descriptors);
    json_write_number_member(json, "loop_lag_seconds", sample->loop_lag_seconds);
    json_write_uint_member(json, "live_min", sample->live_min);
    json_write_uint_member(json, "live_max", sample->live_max);
}

/* Only where they changed: that is seldom, and they are long. */
static void line_closings(struct json_writer *json, struct timeline_file *file,
                          const struct closings *closings) {
    if (closings == NULL || closings_same(closings, &file->closings_written))
        return;
    file->closings_written = *closings;
    json_section_lifetimes(json, closings, NULL);
}

/* Only where they changed, and first: such a line is not skimmed when it is read back. */
static void line_marks(struct json_writer *json, struct timeline_file *file,
                       const struct marks *marks) {
    if (marks->changes == file->marks_written)
        return;
    file->marks_written = marks->changes;
    json_section_marks(json, marks);
}

/* What cannot come right any more is broken, what may is not yet. */
static const char *state_so_far(const struct rule_requirement *requirement, const struct plan *plan,
                                const struct record *record) {
    if (requirement->result != RULE_BROKEN)
        return "holds";
    return rule_is_feasible(&requirement->rule, plan, record) ? "not_yet" : "broken";
}

static void line_rules(struct json_writer *json, const struct rules *rules, const struct plan *plan,
                       const struct record *record) {
    if (rules == NULL)
        return;
    json_write_name(json, "rules_so_far");
    json_write_array(json);
    for (size_t i = 0; i < rules->count; i++) {
        struct rule_requirement requirement;
        rule_requirement_judge(&requirement, &rules->items[i], plan, record);
        json_write_object(json);
        json_write_string_member(json, "expression", rules->items[i].expression);
        json_write_number_member(json, "actual", requirement.actual);
        json_write_string_member(json, "measured", requirement_text_measured(&requirement).text);
        json_write_string_member(json, "state", state_so_far(&requirement, plan, record));
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

int timeline_file_sample(struct timeline_file *file, const struct plan *plan,
                         const struct record *record, const struct timeline_moment *moment) {
    struct timeline_line line;
    if (!line_begin(&line, file))
        return 0;
    line_marks(&line.json, file, &record->marks);
    line_sample(&line.json, moment);
    line_body(&line.json, plan, record, file->to_leader ? FORM_REPORT : FORM_LINE);
    line_rules(&line.json, moment->rules, plan, record);
    line_closings(&line.json, file, moment->closings);
    return line_end(&line, file);
}

/* Waits for a slow reader; what it does not take for long is lines left out, the first in part. */
static int finish(struct timeline_file *file) {
    int error = line_writer_finish(&file->out, TIMEOUT);
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
    struct timeline_line line;
    if (!line_begin(&line, file))
        return 0;
    json_write_bool_member(&line.json, "end", true);
    json_section_verdict(&line.json, judgement);
    json_section_requirements(&line.json, judgement);
    json_section_findings(&line.json, &judgement->findings);
    if (record != NULL) {
        line_body(&line.json, plan, record, FORM_REPORT);
        json_section_lifetimes(&line.json, &judgement->closings, &judgement->survival);
        json_section_hosts(&line.json, record);
        if (record->marks.count > 0)
            json_section_marks(&line.json, &record->marks);
    }
    return line_end(&line, file);
}

/* To a leader, before the end: a line of its own, for it is long. */
static int write_endings(struct timeline_file *file, const struct record *record) {
    struct timeline_line line;
    if (!file->to_leader || record == NULL || !line_begin(&line, file))
        return 0;
    json_section_endings(&line.json, record, file->started_ns);
    int error = line_end(&line, file);
    return error == 0 ? finish(file) : error;
}

int timeline_file_end(struct timeline_file *file, const struct plan *plan,
                      const struct record *record, const struct judgement *judgement) {
    static const struct record nothing;
    int error = timeline_file_begin(file, plan, record != NULL ? record : &nothing, judgement);
    if (file->out.fd < 0 || file->error != 0)
        return error;
    error = finish(file);
    uint64_t before = file->left_out;
    if (error == 0)
        error = write_endings(file, record);
    if (error == 0)
        error = write_end(file, plan, record, judgement);
    else if (error == -EAGAIN)
        leave_out(file, 1);
    if (error == 0)
        error = finish(file);
    file->error = error == 0 && file->left_out > before ? -EAGAIN : error;
    return error == 0 && file->left_out > 0 ? -EAGAIN : error;
}

static bool is_lost(const struct timeline_file *file) {
    struct stat found;
    return file->out.fd >= 0 && file->out.blocking &&
           (file->error != 0 || (fstat(file->out.fd, &found) == 0 && found.st_nlink == 0));
}

static bool write_elsewhere(int fd, char where[static PATH_MAX]) {
    struct stat found;
    if (fstat(fd, &found) != 0)
        return false;
    void *bytes = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    bool written = file_write_elsewhere(-1, ".jsonl", bytes, (size_t)found.st_size, where);
    munmap(bytes, (size_t)found.st_size);
    return written;
}

bool timeline_file_keep(const struct timeline_file *file, const struct plan *plan,
                        const struct record *record, const struct judgement *judgement,
                        char where[static PATH_MAX]) {
    int fd = is_lost(file) ? memfd_create("timeline", MFD_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    struct timeline_file brief = {.path = file->path};
    line_writer_open(&brief.out, fd);
    bool kept = timeline_file_header(&brief, plan, judgement->setup) == 0 &&
                timeline_file_end(&brief, plan, record, judgement) == 0 &&
                write_elsewhere(fd, where);
    timeline_file_close(&brief);
    return kept;
}
