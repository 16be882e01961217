/* The server's own view of the run, as the reports need it: its stub_status page, its
 * access log, its processes. */
#ifndef STATS_SERVER_H
#define STATS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

/* Sums over the polls of one run; own polls and own connections are taken out. */
struct server_view {
    bool asked;    /* --server-status was given */
    bool measured; /* two polls or more were answered: the figures below hold */
    uint64_t polls_sent, polls_answered, polls_failed;
    uint64_t requests; /* begun at the server between first and last answered poll */
    /* Of these, how many may not be the client's over that window: polls that ended before a byte
     * of their answer, of which nobody knows whether the server counted them, and what was sent
     * before the first page came. Of the accepted, connections of such polls. */
    uint64_t requests_unsure, connections_unsure;
    bool final_poll;      /* a page was read after the last request had ended */
    uint64_t client_sent; /* the client's own count over the same window */
    uint64_t accepted, handled;
    uint64_t active_peak;
    uint64_t active, reading, writing,
        waiting; /* as the latest page says; the poll itself is out */
    uint64_t reading_peak, writing_peak, waiting_peak;
    uint64_t restarts; /* times its counters went backwards */
    /* Over the hold, between the poll next after its start and the last poll not after its end. */
    bool hold_measured;
    double per_second_mean, per_second_mean_min; /* the least: of requests less requests_unsure */
    char last_failure[160];                      /* "" = none: why the latest failed poll failed */
};

/* A count of which the ends are known; high UINT64_MAX: no end. */
struct server_band {
    uint64_t low, high;
};

/* Between what the server's requests, and its accepted connections, lie. There is no upper end
 * where counters started anew, which loses what came between two polls, or where requests were
 * still on their way at the last page. */
struct server_band server_requests_band(const struct server_view *view);
struct server_band server_accepted_band(const struct server_view *view);

/* How much more the server counted for certain than `count`; negative: fewer; 0: they may agree. */
int64_t server_band_gap(struct server_band band, uint64_t count);

/* Lines of the access log, complete ones, since before the preflight. */
struct server_log_view {
    bool asked;           /* --server-log was given, and there was a run */
    uint64_t lines;       /* all that were completed */
    uint64_t matching;    /* of these, that hold our request line */
    uint64_t own;         /* of lines, preflight and polls: taken out of requests */
    uint64_t requests;    /* lines less own */
    uint64_t client_sent; /* the client's own count over the same window */
    uint64_t bytes;
    uint64_t rotations;   /* times another file came to stand at the path */
    uint64_t truncations; /* times it was cut in place */
    uint64_t given_up;    /* rotated files let go while they were still written to */
    bool missing;         /* at the end nothing stands at the path */
    int64_t behind_bytes; /* not read at the end */
    int64_t behind_bytes_max;
    bool hold_measured;
    double per_second_mean;
    char trouble[160]; /* "" = none: why what stands at the path could not be read, last */
};

/* The server's process and all below it. -1: not measured. */
struct server_process_view {
    bool asked; /* --server-pid was given, and there was a run */
    int pid;
    uint64_t samples;
    bool ended;           /* it was gone before the run was over */
    double ended_seconds; /* since the run's start */
    /* Of its control group: what grew in the run, and its memory as last seen; INT64_MAX: no limit.
     */
    int64_t oom_kills, at_memory_limit;
    int64_t group_memory_bytes, group_memory_max;
    uint64_t processes, processes_peak;
    bool cut; /* there were more processes than are watched */
    bool pss; /* memory is proportional (shared pages are shared out), else resident */
    int64_t memory_before_bytes, memory_hold_bytes, memory_peak_bytes; /* hold: at its end */
    uint64_t connections;                                              /* live, at the hold's end */
    double cpu_seconds;                     /* of all of them, in the run */
    double cpu_percent;                     /* over the hold; NAN: not measured */
    int64_t files_peak, files_process_peak; /* of all; of the one that had most */
    int64_t nofile_soft;                    /* that one's limit; INT64_MAX: none */
};

/* Bytes of the server's memory for each connection held; NAN when not measured. */
double server_process_bytes_each(const struct server_process_view *view);

enum server_source {
    SERVER_NONE, /* nothing was measured */
    SERVER_STUB_STATUS,
    SERVER_ACCESS_LOG,
    SERVER_PROCESS,
    SERVER_SEVERAL
};

/* The server as a whole: the requests of the source most to be trusted. */
struct server_whole {
    enum server_source source;
    bool counted;          /* the following hold */
    enum server_source by; /* who counted: one of several */
    uint64_t requests, client_sent;
    double ratio, per_second_mean; /* NAN: not measured */
    struct server_band band;       /* what requests may be */
    double per_second_mean_min;    /* NAN: not measured */
};
struct server_whole server_whole(const struct server_view *status,
                                 const struct server_log_view *log,
                                 const struct server_process_view *process);
const char *server_source_name(enum server_source source); /* "stub_status", ...; NULL for none */

/* Requests by requests sent; NAN when there were none. */
double server_ratio(uint64_t requests, uint64_t client_sent);

#endif
