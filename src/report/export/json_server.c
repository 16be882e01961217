/* The JSON report's server: the whole, and each source of it. */
#include <math.h>

#include "report/export/json_sections.h"

static void begin_source(struct json_writer *json, uint64_t requests, uint64_t client_sent,
                         bool over_hold, double per_second_mean) {
    json_write_object(json);
    json_write_uint_member(json, "requests", requests);
    json_write_uint_member(json, "client_sent", client_sent);
    json_write_number_member(json, "ratio", server_ratio(requests, client_sent));
    json_write_number_member(json, "per_second_mean", over_hold ? per_second_mean : (double)NAN);
}

static void write_status(struct json_writer *json, const struct server_view *server) {
    json_write_name(json, "stub_status");
    if (!server->asked || !server->measured) {
        json_write_null(json);
        return;
    }
    begin_source(json, server->requests, server->client_sent, server->hold_measured,
                 server->per_second_mean);
    json_write_uint_member(json, "active", server->active);
    json_write_uint_member(json, "active_peak", server->active_peak);
    json_write_uint_member(json, "reading", server->reading);
    json_write_uint_member(json, "reading_peak", server->reading_peak);
    json_write_uint_member(json, "writing", server->writing);
    json_write_uint_member(json, "writing_peak", server->writing_peak);
    json_write_uint_member(json, "waiting", server->waiting);
    json_write_uint_member(json, "waiting_peak", server->waiting_peak);
    json_write_uint_member(json, "accepted", server->accepted);
    json_write_uint_member(json, "handled", server->handled);
    json_write_uint_member(json, "dropped",
                           server->accepted > server->handled ? server->accepted - server->handled
                                                              : 0);
    json_write_uint_member(json, "polls", server->polls_answered);
    json_write_uint_member(json, "polls_failed", server->polls_failed);
    json_write_uint_member(json, "restarts", server->restarts);
    json_write_uint_member(json, "requests_unsure", server->requests_unsure);
    json_write_uint_member(json, "connections_unsure", server->connections_unsure);
    json_write_bool_member(json, "final_poll", server->final_poll);
    json_write_number_member(json, "per_second_mean_min",
                             server->hold_measured ? server->per_second_mean_min : (double)NAN);
    json_write_object_end(json);
}

static void write_log(struct json_writer *json, const struct server_log_view *log) {
    json_write_name(json, "access_log");
    if (!log->asked) {
        json_write_null(json);
        return;
    }
    begin_source(json, log->requests, log->client_sent, log->hold_measured, log->per_second_mean);
    json_write_uint_member(json, "lines", log->lines);
    json_write_uint_member(json, "own_lines", log->own);
    json_write_uint_member(json, "matching_lines", log->matching);
    json_write_uint_member(json, "bytes", log->bytes);
    json_write_uint_member(json, "rotations", log->rotations);
    json_write_uint_member(json, "truncations", log->truncations);
    json_write_int_member(json, "behind_bytes", log->behind_bytes);
    json_write_int_member(json, "behind_bytes_max", log->behind_bytes_max);
    json_member_known_text(json, "trouble", log->trouble);
    json_write_object_end(json);
}

/* No limit is not a number. */
static int64_t known_limit(int64_t limit) {
    return limit == INT64_MAX ? -1 : limit;
}

static void write_process(struct json_writer *json, const struct server_process_view *process) {
    json_write_name(json, "process");
    if (!process->asked || process->samples == 0) {
        json_write_null(json);
        return;
    }
    bool held = process->memory_hold_bytes >= 0;
    json_write_object(json);
    json_write_int_member(json, "pid", process->pid);
    json_write_bool_member(json, "ended", process->ended);
    json_write_number_member(json, "ended_seconds", process->ended ? process->ended_seconds : NAN);
    json_write_uint_member(json, "samples", process->samples);
    json_write_uint_member(json, "processes", process->processes);
    json_write_uint_member(json, "processes_peak", process->processes_peak);
    json_write_string_member(json, "memory_kind", process->pss ? "pss" : "rss");
    json_member_known_int(json, "memory_bytes_before", process->memory_before_bytes);
    json_member_known_int(json, "memory_bytes", process->memory_hold_bytes);
    json_member_known_int(json, "memory_bytes_max", process->memory_peak_bytes);
    json_member_known_int(json, "connections", held ? (int64_t)process->connections : -1);
    json_write_number_member(json, "memory_bytes_per_connection",
                             server_process_bytes_each(process));
    json_write_number_member(json, "cpu_seconds", process->cpu_seconds);
    json_write_number_member(json, "cpu_percent_mean", process->cpu_percent);
    json_member_known_int(json, "files_max", process->files_peak);
    json_member_known_int(json, "files_process_max", process->files_process_peak);
    json_member_known_int(json, "nofile_soft", known_limit(process->nofile_soft));
    json_member_known_int(json, "oom_kills", process->oom_kills);
    json_member_known_int(json, "memory_limit_reached", process->at_memory_limit);
    json_member_known_int(json, "group_memory_bytes", process->group_memory_bytes);
    json_member_known_int(json, "group_memory_bytes_max", known_limit(process->group_memory_max));
    json_write_object_end(json);
}

/* Members that only stub_status has. */
static void write_connections(struct json_writer *json, const struct server_view *server) {
    bool known = server->asked && server->measured;
    json_member_known_int(json, "active_peak", known ? (int64_t)server->active_peak : -1);
    json_member_known_int(json, "accepted", known ? (int64_t)server->accepted : -1);
    json_member_known_int(json, "handled", known ? (int64_t)server->handled : -1);
    json_member_known_int(json, "polls", known ? (int64_t)server->polls_answered : -1);
    json_member_known_int(json, "polls_failed", known ? (int64_t)server->polls_failed : -1);
    json_member_known_int(json, "restarts", known ? (int64_t)server->restarts : -1);
}

void json_section_server(struct json_writer *json, const struct record *record) {
    const struct server_whole whole =
        server_whole(&record->server, &record->server_log, &record->server_process);
    json_write_name(json, "server");
    if (whole.source == SERVER_NONE) {
        json_write_null(json);
        return;
    }
    json_write_object(json);
    json_write_string_member(json, "source", server_source_name(whole.source));
    json_member_known_int(json, "requests", whole.counted ? (int64_t)whole.requests : -1);
    json_member_known_int(json, "requests_min", whole.counted ? (int64_t)whole.band.low : -1);
    json_member_known_int(json, "requests_max",
                          whole.counted && whole.band.high < UINT64_MAX ? (int64_t)whole.band.high
                                                                        : -1);
    json_member_known_int(json, "client_sent", whole.counted ? (int64_t)whole.client_sent : -1);
    json_write_number_member(json, "ratio", whole.ratio);
    json_write_number_member(json, "per_second_mean", whole.per_second_mean);
    write_connections(json, &record->server);
    write_status(json, &record->server);
    write_log(json, &record->server_log);
    write_process(json, &record->server_process);
    json_write_object_end(json);
}
