/* A saved run's server: its status page, its log and its processes, as far as the file holds them.
 */
#include <math.h>
#include <string.h>

#include "options/options.h"
#include "report/saved/saved_parts.h"

/* A count of this name in the file, and where it goes. */
struct wanted {
    const char *name;
    uint64_t *value;
};

static void read_counts(const struct wanted *wanted, size_t count, struct saved_place *place,
                        const struct json_t *from) {
    for (size_t i = 0; i < count; i++)
        *wanted[i].value = saved_value_count(place, from, wanted[i].name);
}

/* The state of the poller, measured or not, stands beside it in a line. */
static void read_polls(struct server_view *server, struct saved_place *place,
                       const struct json_t *document) {
    const struct json_t *polls = saved_value_object_if(place, document, "polls");
    if (polls == NULL)
        return;
    const char *failure = saved_value_text_if(place, polls, "last_failure");
    server->asked = true;
    server->polls_sent = saved_value_count(place, polls, "sent");
    server->polls_failed = saved_value_count(place, polls, "failed");
    snprintf(server->last_failure, sizeof server->last_failure, "%s",
             failure != NULL ? failure : "");
}

static void read_status(struct server_view *server, struct saved_place *place,
                        const struct json_t *whole) {
    const struct json_t *from = saved_value_object_if(place, whole, "stub_status");
    *server = (struct server_view){.asked = from != NULL, .measured = from != NULL};
    if (from == NULL)
        return;
    const struct wanted counts[] = {
        {"requests", &server->requests},    {"client_sent", &server->client_sent},
        {"active", &server->active},        {"active_peak", &server->active_peak},
        {"reading", &server->reading},      {"reading_peak", &server->reading_peak},
        {"writing", &server->writing},      {"writing_peak", &server->writing_peak},
        {"waiting", &server->waiting},      {"waiting_peak", &server->waiting_peak},
        {"accepted", &server->accepted},    {"handled", &server->handled},
        {"polls", &server->polls_answered}, {"polls_failed", &server->polls_failed},
        {"restarts", &server->restarts}};
    read_counts(counts, sizeof counts / sizeof counts[0], place, from);
    server->polls_sent = server->polls_answered + server->polls_failed;
    server->per_second_mean = saved_value_number_if(place, from, "per_second_mean");
    server->hold_measured = !isnan(server->per_second_mean);
    /* Reports of versions that counted such polls as the server's have none of these. */
    server->requests_unsure = saved_value_count_if(place, from, "requests_unsure");
    server->connections_unsure = saved_value_count_if(place, from, "connections_unsure");
    server->final_poll = saved_value_flag_if(place, from, "final_poll");
    double least = saved_value_number_if(place, from, "per_second_mean_min");
    server->per_second_mean_min = isnan(least) ? server->per_second_mean : least;
}

static void read_log(struct server_log_view *log, struct saved_place *place,
                     const struct json_t *document, const struct json_t *whole) {
    const struct json_t *from = saved_value_object_if(place, whole, "access_log");
    *log = (struct server_log_view){.asked = from != NULL};
    if (from == NULL)
        return;
    const struct wanted counts[] = {
        {"requests", &log->requests},   {"client_sent", &log->client_sent}, {"lines", &log->lines},
        {"own_lines", &log->own},       {"matching_lines", &log->matching}, {"bytes", &log->bytes},
        {"rotations", &log->rotations}, {"truncations", &log->truncations}};
    read_counts(counts, sizeof counts / sizeof counts[0], place, from);
    log->behind_bytes = saved_value_whole_if(place, from, "behind_bytes", INT64_MAX, 0);
    log->behind_bytes_max = saved_value_whole_if(place, from, "behind_bytes_max", INT64_MAX, 0);
    log->per_second_mean = saved_value_number_if(place, from, "per_second_mean");
    log->hold_measured = !isnan(log->per_second_mean);
    const char *trouble = saved_value_text_if(place, from, "trouble");
    snprintf(log->trouble, sizeof log->trouble, "%s", trouble != NULL ? trouble : "");
    log->given_up = saved_value_count_if(place, document, "log_given_up");
    log->missing = saved_value_flag_if(place, document, "log_missing");
}

static void read_process(struct server_process_view *process, struct saved_place *place,
                         const struct json_t *document, const struct json_t *whole) {
    const struct json_t *from = saved_value_object_if(place, whole, "process");
    const char *kind = saved_value_text_if(place, from, "memory_kind");
    process->pss = kind != NULL && strcmp(kind, "pss") == 0;
    process->ended = saved_value_flag_if(place, from, "ended");
    process->cut = saved_value_flag_if(place, document, "process_cut");
    process->ended_seconds = saved_value_seconds_if(place, from, "ended_seconds");
    process->cpu_seconds = saved_value_seconds_if(place, from, "cpu_seconds");
    process->cpu_percent = saved_value_number_if(place, from, "cpu_percent_mean");
    const struct {
        const char *name;
        int64_t *value;
    } known[] = {{"memory_bytes_before", &process->memory_before_bytes},
                 {"memory_bytes", &process->memory_hold_bytes},
                 {"memory_bytes_max", &process->memory_peak_bytes},
                 {"files_max", &process->files_peak},
                 {"files_process_max", &process->files_process_peak},
                 {"nofile_soft", &process->nofile_soft},
                 {"oom_kills", &process->oom_kills},
                 {"memory_limit_reached", &process->at_memory_limit},
                 {"group_memory_bytes", &process->group_memory_bytes},
                 {"group_memory_bytes_max", &process->group_memory_max}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        *known[i].value = saved_value_whole_if(place, from, known[i].name, INT64_MAX, -1);
    if (from == NULL)
        return;
    const struct wanted counts[] = {{"samples", &process->samples},
                                    {"processes", &process->processes},
                                    {"processes_peak", &process->processes_peak}};
    read_counts(counts, sizeof counts / sizeof counts[0], place, from);
    process->asked = true;
    process->pid = (int)saved_value_whole_if(place, from, "pid", INT32_MAX, 0);
    process->connections = saved_value_count_if(place, from, "connections");
}

void saved_server(struct saved *saved, struct saved_place *place, const struct json_t *document) {
    struct record *record = saved->record;
    struct server_process_view *process = &record->server_process;
    const struct options *options = &saved->options;
    const struct json_t *whole = saved_value_object_if(place, document, "server");
    read_status(&record->server, place, whole);
    read_polls(&record->server, place, document);
    read_log(&record->server_log, place, document, whole);
    *process = (struct server_process_view){.asked = options->given.server_pid,
                                            .pid = (int)options->server_pid};
    read_process(process, place, document, whole);
}
