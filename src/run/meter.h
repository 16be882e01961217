/* The meter: rates, per-second percentiles, processes' CPU and memory, from samples of the crew. */
#ifndef RUN_METER_H
#define RUN_METER_H

#include <stdbool.h>

#include "engine/crew.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "report/terminal/status_line.h"
#include "stats/rates.h"
#include "stats/record.h"

/* Seconds of CPU. */
struct meter_cpu_time {
    double user, system;
};

struct meter {
    struct meter_cpu_time before; /* what parent and workers had used when the run began */
    struct histogram *latency_before, *lag_before; /* as they were at the former tick */
    instant ticked_at;  /* the latest tick; before the first INSTANT_NEVER */
    struct rates rates; /* of answers */
    duration p50, p99;  /* of the latest tick's answers */
    uint64_t answers;   /* in the latest tick */
    int64_t cpu_before; /* ns, of all processes, cpu_at; -1 */
    instant cpu_at;
    double cpu_percent;       /* over the latest second or so; NAN: not measured */
    int64_t pss_max, rss_max; /* -1: not measured */
    int64_t rss;              /* the latest */
};

bool meter_init(struct meter *meter);
void meter_free(struct meter *meter);

/* The run begins: CPU that was used before, by a preflight or a run before this one, is none of
 * its. */
void meter_begin_run(struct meter *meter, const struct crew *crew);

/* The hold begins: rates start anew. It ends: so does what its peak is of. */
void meter_begin_hold(struct meter *meter, instant since, uint64_t answered);
void meter_end_hold(struct meter *meter, instant now, uint64_t answered);

/* Whether a tick was taken at this instant. */
bool meter_ticked(const struct meter *meter, instant now);

/* A tick: pushes a sample to the timeline. clock: net_now(), which goes on while the run clock
 * stands still; t: seconds since the run's start; server_per_second may
 * be NAN; live: the level since the former one. Returns the sample. */
struct timeline_sample meter_tick(struct meter *meter, struct timeline *timeline,
                                  const struct crew *crew, const struct tally *total, instant now,
                                  instant clock, double t, double server_per_second,
                                  struct level_span live);

/* Adds up the memory of parent and workers; the greatest is kept. */
void meter_memory(struct meter *meter, const struct crew *crew);

/* Descriptors of all workers, and how many they may have; -1: without a known limit. */
void meter_files(const struct crew *crew, const struct plan *plan, const struct tally *total,
                 int64_t *used, int64_t *limit);

/* Fills what it knows of a live line: all but phase, t and server_rps. */
void meter_line(const struct meter *meter, struct status_line *line, const struct crew *crew,
                const struct plan *plan, const struct setup *setup, const struct tally *total);

/* CPU, memory and peak into the record while the workers live. */
void meter_so_far(struct meter *meter, struct record *record, const struct crew *crew);

/* After the last worker was reaped: CPU, memory and peak into the record. */
void meter_finish(struct meter *meter, struct record *record, const struct crew *crew);

#endif
