/* The record of a run: all that was measured, from which judgement and reports are made. */
#ifndef STATS_RECORD_H
#define STATS_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "stats/evidence.h"
#include "stats/figures.h"
#include "stats/marks.h"
#include "stats/server.h"
#include "stats/tally.h"
#include "stats/timeline.h"

/* What the preflight's one request learned; asked false with --no-check or when not reached. */
struct target_facts {
    bool asked, answered;
    uint16_t status;
    uint8_t minor;
    bool announced_end;
    int32_t keep_alive_timeout_s; /* -1: not said */
    char server[128];
    char keep_alive[128];
    duration took; /* request to answer */
};

struct worker_record {
    pid_t pid;
    uint32_t share;
    bool lost;
    int status; /* wait status when lost */
};

/* The distributions a record has figures of. */
enum distribution {
    DISTRIBUTION_LATENCY,
    DISTRIBUTION_SERVICE,
    DISTRIBUTION_CONNECT,
    DISTRIBUTION_REFILL,
    DISTRIBUTION_LATENESS,
    DISTRIBUTION_LAG,
    DISTRIBUTION_COUNT
};

struct record {
    struct timespec started_at, ended_at; /* wall clock */
    bool interrupted;                     /* by a signal that was not the planned end */
    bool stopped;                         /* a signal asked for the end, in whatever phase */
    bool ramp_cut;                        /* the interruption came before the ramp was complete */
    bool cut;                             /* a second signal: the freeze or drain was cut short */
    char ended_by[128];   /* the rule that --abort-on-fail ended the run by; "": none */
    double ended_seconds; /* since the start, when it did */
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
    uint64_t unfinished;       /* requests outstanding when a second signal cut the freeze */
    struct tally total;        /* frozen, all workers */
    struct server_view server; /* stub_status */
    struct log_view server_log;
    struct process_view server_process;
    struct limit_scene scenes[OUTCOME_COUNT]; /* of outcomes of our own side, at first sight */
    struct evidence evidence;
    struct timeline timeline;
    struct marks marks;
    char engine[64];
    double cpu_user_seconds, cpu_system_seconds;
    int64_t pss_bytes_max, rss_bytes_max; /* -1: not measured */
    double tick_seconds_max;              /* the longest tick of the parent's loop; NAN */
    int64_t headroom_files_used, headroom_files_limit;
    size_t workers_lost_early; /* before their figures were frozen */
    size_t worker_count;
    struct worker_record *workers;
    /* Of a saved run, read back. */
    uint64_t id; /* as its report says it; 0: it follows from seed and start */
    bool saved;  /* these are the figures, whether or not there are histograms too */
    struct figures figures[DISTRIBUTION_COUNT];
    bool cut_off; /* the file ends in mid-run: so far is as much as is known */
    double cut_off_seconds;
};

/* From start to end by the wall clock, as reports write both moments, to the millisecond: a saved
 * run says the same of itself. */
double record_wall_seconds(const struct record *record);

/* What reports and judgement say of a distribution. */
struct figures record_figures(const struct record *record, enum distribution distribution);

/* All that was counted of it; NULL where there is nothing, or a saved run has not kept it. */
const struct histogram *record_histogram(const struct record *record,
                                         enum distribution distribution);

#endif
