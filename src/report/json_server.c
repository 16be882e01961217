/* The JSON report's server: the whole, and each source of it. */
#include <math.h>

#include "report/sections.h"

static void begin_source(struct json *json, uint64_t requests, uint64_t client_sent, bool over_hold,
                         double per_second_mean) {
    json_object(json);
    json_uint_member(json, "requests", requests);
    json_uint_member(json, "client_sent", client_sent);
    json_number_member(json, "ratio", server_ratio(requests, client_sent));
    json_number_member(json, "per_second_mean", over_hold ? per_second_mean : (double)NAN);
}

static void write_status(struct json *json, const struct server_view *server) {
    json_name(json, "stub_status");
    if (!server->asked || !server->measured) {
        json_null(json);
        return;
    }
    begin_source(json, server->requests, server->client_sent, server->hold_measured,
                 server->per_second_mean);
    json_uint_member(json, "active", server->active);
    json_uint_member(json, "active_peak", server->active_peak);
    json_uint_member(json, "reading", server->reading);
    json_uint_member(json, "reading_peak", server->reading_peak);
    json_uint_member(json, "writing", server->writing);
    json_uint_member(json, "writing_peak", server->writing_peak);
    json_uint_member(json, "waiting", server->waiting);
    json_uint_member(json, "waiting_peak", server->waiting_peak);
    json_uint_member(json, "accepted", server->accepted);
    json_uint_member(json, "handled", server->handled);
    json_uint_member(json, "dropped",
                     server->accepted > server->handled ? server->accepted - server->handled : 0);
    json_uint_member(json, "polls", server->polls_answered);
    json_uint_member(json, "polls_failed", server->polls_failed);
    json_uint_member(json, "restarts", server->restarts);
    json_object_end(json);
}

static void write_log(struct json *json, const struct log_view *log) {
    json_name(json, "access_log");
    if (!log->asked) {
        json_null(json);
        return;
    }
    begin_source(json, log->requests, log->client_sent, log->hold_measured, log->per_second_mean);
    json_uint_member(json, "lines", log->lines);
    json_uint_member(json, "own_lines", log->own);
    json_uint_member(json, "matching_lines", log->matching);
    json_uint_member(json, "bytes", log->bytes);
    json_uint_member(json, "rotations", log->rotations);
    json_uint_member(json, "truncations", log->truncations);
    json_int_member(json, "behind_bytes", log->behind_bytes);
    json_int_member(json, "behind_bytes_max", log->behind_bytes_max);
    member_known_text(json, "trouble", log->trouble);
    json_object_end(json);
}

/* No limit is not a number. */
static int64_t known_limit(int64_t limit) {
    return limit == INT64_MAX ? -1 : limit;
}

static void write_process(struct json *json, const struct process_view *process) {
    json_name(json, "process");
    if (!process->asked || process->samples == 0) {
        json_null(json);
        return;
    }
    bool held = process->memory_hold_bytes >= 0;
    json_object(json);
    json_int_member(json, "pid", process->pid);
    json_bool_member(json, "ended", process->ended);
    json_number_member(json, "ended_seconds", process->ended ? process->ended_seconds : NAN);
    json_uint_member(json, "samples", process->samples);
    json_uint_member(json, "processes", process->processes);
    json_uint_member(json, "processes_peak", process->processes_peak);
    json_string_member(json, "memory_kind", process->pss ? "pss" : "rss");
    member_known_int(json, "memory_bytes_before", process->memory_before_bytes);
    member_known_int(json, "memory_bytes", process->memory_hold_bytes);
    member_known_int(json, "memory_bytes_max", process->memory_peak_bytes);
    member_known_int(json, "connections", held ? (int64_t)process->connections : -1);
    json_number_member(json, "memory_bytes_per_connection", process_view_bytes_each(process));
    json_number_member(json, "cpu_seconds", process->cpu_seconds);
    json_number_member(json, "cpu_percent_mean", process->cpu_percent);
    member_known_int(json, "files_max", process->files_peak);
    member_known_int(json, "files_process_max", process->files_process_peak);
    member_known_int(json, "nofile_soft", known_limit(process->nofile_soft));
    json_object_end(json);
}

/* What only stub_status knows. */
static void write_connections(struct json *json, const struct server_view *server) {
    bool known = server->asked && server->measured;
    member_known_int(json, "active_peak", known ? (int64_t)server->active_peak : -1);
    member_known_int(json, "accepted", known ? (int64_t)server->accepted : -1);
    member_known_int(json, "handled", known ? (int64_t)server->handled : -1);
    member_known_int(json, "polls", known ? (int64_t)server->polls_answered : -1);
    member_known_int(json, "polls_failed", known ? (int64_t)server->polls_failed : -1);
    member_known_int(json, "restarts", known ? (int64_t)server->restarts : -1);
}

void section_server(struct json *json, const struct record *record) {
    const struct server_whole whole =
        server_whole(&record->server, &record->server_log, &record->server_process);
    json_name(json, "server");
    if (whole.source == SERVER_NONE) {
        json_null(json);
        return;
    }
    json_object(json);
    json_string_member(json, "source", server_source_name(whole.source));
    member_known_int(json, "requests", whole.counted ? (int64_t)whole.requests : -1);
    member_known_int(json, "client_sent", whole.counted ? (int64_t)whole.client_sent : -1);
    json_number_member(json, "ratio", whole.ratio);
    json_number_member(json, "per_second_mean", whole.per_second_mean);
    write_connections(json, &record->server);
    write_status(json, &record->server);
    write_log(json, &record->server_log);
    write_process(json, &record->server_process);
    json_object_end(json);
}
