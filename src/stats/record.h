/* The record of a run: all that was measured, from which judgement and reports are made. */
#ifndef STATS_RECORD_H
#define STATS_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/tls_peer.h"
#include "stats/buckets.h"
#include "stats/evidence.h"
#include "stats/figures.h"
#include "stats/marks.h"
#include "stats/server.h"
#include "stats/tally.h"
#include "stats/timeline.h"

/* Bytes or an end behind a complete answer while its connection was kept. */
enum record_after_answer {
    AFTER_NOTHING,
    AFTER_BYTES, /* that no request asked for */
    AFTER_END,   /* FIN, or a 408 that announces it */
    AFTER_RESET,
};

/* The facts of the preflight's one request; asked false with --no-check or when not reached. */
struct record_target {
    bool asked, answered;
    uint16_t status;
    uint8_t minor;
    bool announced_end;
    int32_t keep_alive_timeout_s; /* -1: not said */
    char server[128];
    char keep_alive[128];
    char via[128];
    char process[64]; /* that listens there, its comm(5); "": not visible */
    duration took;    /* request to answer */
    enum record_after_answer after;
    duration after_answer; /* how long after the answer that came */
    struct tls_peer tls;
};

struct record_worker {
    pid_t pid;
    uint32_t share;
    bool lost;
    int status; /* wait status when lost; -1: not known */
};

/* One host of a run on many. NAN: not measured. */
struct record_host {
    char name[256];
    uint32_t share;
    bool lost;
    char why[300];              /* it was lost; "" */
    double lost_seconds;        /* since the run's start, when that was known */
    double started_seconds;     /* its load began so long after that of the first host */
    double clock_error_seconds; /* at most so far is that wrong */
    uint64_t live;              /* at the end of the hold; of a lost one none */
    uint64_t lost_connections;  /* worker_lost with it */
    uint64_t answered, errored;
    double p99_seconds; /* of latency */
    char verdict[16];   /* by its own figures, "held", ...; "": it came to no end */
};

#define RECORD_ENDED_EMPTY "nothing was live any more, and nothing reconnects"

struct record {
    struct timespec started_at, ended_at; /* wall clock */
    bool interrupted;                     /* by a signal that was not the planned end */
    bool stopped;                         /* a signal asked for the end, in whatever phase */
    bool ramp_cut;                        /* the interruption came before the ramp was complete */
    bool cut;                             /* a second signal: the freeze or drain was cut short */
    char ended_by[128];   /* the rule that --abort-on-fail ended the run by; "": none */
    double ended_seconds; /* since the start, when it did */
    bool ended_empty;     /* the hold ended early: see RECORD_ENDED_EMPTY */
    int bug_exit;         /* a worker left with EXIT_BUG */
    int ring_error;       /* -errno when a worker's ring could not be made or broke; 0 */
    double ramp_seconds;  /* NAN: not measured */
    double hold_seconds;
    double drain_seconds;
    bool drain_by_reset;
    bool balanced;                /* the identities held at every sample and after the drain */
    const char *imbalance;        /* the first that did not; NULL */
    uint64_t samples;             /* at which they were checked */
    uint64_t live_min, live_peak; /* over the hold's samples; over all samples */
    bool live_min_measured;
    uint64_t answered_in_hold;
    double per_second_mean, per_second_peak;  /* answers of the hold (rates.h); NAN: not measured */
    double first_seen_seconds[OUTCOME_COUNT]; /* since the start, of the first of it; 0: none */
    double certificate_changed_seconds; /* since the start; 0: it did not, or that is not known */
    uint64_t unfinished;       /* requests outstanding when a second signal cut the freeze */
    struct server_view server; /* stub_status */
    struct server_log_view server_log;
    struct server_process_view server_process;
    struct evidence_limit_snapshot
        snapshots[OUTCOME_COUNT]; /* of outcomes of our own side, at first sight */
    struct evidence evidence;
    struct marks marks;
    char engine[64];
    char engine_reason[240]; /* why that one; "": nothing to be said */
    double cpu_user_seconds, cpu_system_seconds;
    int64_t pss_bytes_max, rss_bytes_max; /* -1: not measured */
    double tick_seconds_max;              /* the longest tick of the parent's loop; NAN */
    int64_t headroom_files_used, headroom_files_limit;
    size_t workers_lost_early; /* before their figures were frozen */
    size_t worker_count;
    struct record_worker *workers;
    size_t host_count; /* 0: a run of one host */
    struct record_host *hosts;
    /* Of a saved run, read back. */
    uint64_t id;       /* as in its report; 0: it follows from seed and start */
    bool saved;        /* these are the figures, whether or not there are histograms too */
    bool endings_kept; /* the sample of endings is there too: of a part, sent to its leader */
    struct figures figures[DISTRIBUTION_COUNT];
    struct figures without_lateness[DISTRIBUTION_LAG];
    struct buckets buckets[DISTRIBUTION_LAG]; /* of a line of a timeline, which has no histograms */
    bool cut_off; /* the file ends in mid-run: so far is as much as is known */
    double cut_off_seconds;
    /* The large ones; all before them is copied at once by record_so_far(). */
    struct tally total; /* frozen, all workers */
    struct timeline timeline;
};

/* The record of a run that goes on, for whoever reads one before its end: what is noted so far,
 * with these sums of the workers. Its timeline stays empty, and its workers are the record's. */
void record_so_far(struct record *so_far, const struct record *record, const struct tally *total);

/* From start to end by the wall clock, as reports write both moments, to the millisecond: a saved
 * run says the same of itself. */
double record_wall_seconds(const struct record *record);

/* Whether causes and survival can be inferred: the sample of endings is there. */
bool record_has_endings(const struct record *record);

/* The figures of a distribution, for reports and judgement. */
struct figures record_figures(const struct record *record, enum tally_distribution distribution);

/* The figures if no value held our own lateness; count 0: no value is known to. */
struct figures record_without_lateness(const struct record *record,
                                       enum tally_distribution distribution);
/* The same, whole, in *out; false where there is nothing. */
bool record_histogram_without_lateness(const struct record *record,
                                       enum tally_distribution distribution, struct histogram *out);

/* All that was counted of it; NULL where there is nothing, or a saved run has not kept it. */
const struct histogram *record_histogram(const struct record *record,
                                         enum tally_distribution distribution);

#endif
