/* The server's several sources as one: which is believed, and what follows from it. */
#include "stats/server.h"

#include <math.h>
#include <stddef.h>

double server_ratio(uint64_t requests, uint64_t client_sent) {
    return client_sent > 0 ? (double)requests / (double)client_sent : (double)NAN;
}

static struct server_band band_of(uint64_t count, uint64_t unsure, bool open) {
    return (struct server_band){.low = count > unsure ? count - unsure : 0,
                                .high = open ? UINT64_MAX : count};
}

struct server_band server_requests_band(const struct server_view *view) {
    return band_of(view->requests, view->requests_unsure, view->restarts > 0 || !view->final_poll);
}

struct server_band server_accepted_band(const struct server_view *view) {
    return band_of(view->accepted, view->connections_unsure,
                   view->restarts > 0 || !view->final_poll);
}

int64_t server_band_gap(struct server_band band, uint64_t count) {
    if (count < band.low)
        return (int64_t)(band.low - count);
    return count > band.high ? -(int64_t)(count - band.high) : 0;
}

double server_process_bytes_each(const struct server_process_view *view) {
    if (view->memory_before_bytes < 0 || view->memory_hold_bytes < view->memory_before_bytes ||
        view->connections == 0)
        return NAN;
    return (double)(view->memory_hold_bytes - view->memory_before_bytes) /
           (double)view->connections;
}

const char *server_source_name(enum server_source source) {
    static const char *const names[] = {NULL, "stub_status", "access_log", "process", "several"};
    return names[source];
}

/* A log that never grew while we asked says nothing of this server. */
static bool log_counted(const struct server_log_view *log) {
    return log->asked && (log->lines > 0 || log->client_sent == 0);
}

static enum server_source pick_source(bool status, bool log, bool process) {
    if (status + log + process > 1)
        return SERVER_SEVERAL;
    if (status)
        return SERVER_STUB_STATUS;
    if (log)
        return SERVER_ACCESS_LOG;
    return process ? SERVER_PROCESS : SERVER_NONE;
}

struct server_whole server_whole(const struct server_view *status,
                                 const struct server_log_view *log,
                                 const struct server_process_view *process) {
    bool by_status = status->asked && status->measured, by_log = log_counted(log);
    struct server_whole whole = {
        .source = pick_source(by_status, log->asked, process->asked && process->samples > 0),
        .counted = by_status || by_log,
        .ratio = NAN,
        .per_second_mean = NAN,
        .per_second_mean_min = NAN,
    };
    if (!whole.counted)
        return whole;
    whole.by = by_status ? SERVER_STUB_STATUS : SERVER_ACCESS_LOG;
    whole.requests = by_status ? status->requests : log->requests;
    whole.client_sent = by_status ? status->client_sent : log->client_sent;
    whole.ratio = server_ratio(whole.requests, whole.client_sent);
    whole.band = by_status ? server_requests_band(status)
                           : (struct server_band){log->requests, log->requests};
    bool over_hold = by_status ? status->hold_measured : log->hold_measured;
    if (!over_hold)
        return whole;
    whole.per_second_mean = by_status ? status->per_second_mean : log->per_second_mean;
    whole.per_second_mean_min = by_status ? status->per_second_mean_min : log->per_second_mean;
    return whole;
}
