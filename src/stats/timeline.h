/* The timeline: a bounded row of samples; when full, its interval doubles. */
#ifndef STATS_TIMELINE_H
#define STATS_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "stats/statuses.h"

enum { TIMELINE_MAX = 4096 };

/* NAN = not measured. t is seconds since the run's start; levels are as they stood at t, rates and
 * times are over the interval that ends there. */
struct timeline_sample {
    double t;
    uint64_t live, connecting, closed, errored;
    double client_per_second, server_per_second, p99_seconds;
    double p50_seconds, max_seconds;
    /* Of ourselves: parent and workers, percent of one core; descriptors of the workers; how late
     * due timers were run, at the 99th percentile. */
    double cpu_percent, descriptors, loop_lag_seconds;
    /* Live at once in the interval that ends there, between looks too. */
    uint64_t live_min, live_max;
    double statuses[STATUS_CLASS_COUNT]; /* answers since the start, by the class of their status */
};

/* The least and the greatest of what was merged into a sample; NAN = not measured. A sample's own
 * times and descriptors are the greatest already: of percentiles the mean is kept beside it. */
struct timeline_extremes {
    uint64_t live_min, live_max;
    double client_min, client_max, server_min, server_max, p99_min, p50_min, cpu_min, cpu_max;
    double p50_mean, p99_mean;
};

struct timeline {
    size_t count;
    duration interval;           /* of its samples: 1 s, 2 s, 4 s ...; 0: not known */
    uint32_t stride;             /* pushed samples to one kept */
    uint32_t pending;            /* pushed since the last kept one */
    struct timeline_sample held; /* these, merged; its rates are sums */
    uint32_t held_client, held_server, held_cpu; /* how many of these had that rate measured */
    uint32_t held_p50, held_p99;
    struct timeline_extremes held_extremes;
    struct timeline_sample samples[TIMELINE_MAX];
    struct timeline_extremes extremes[TIMELINE_MAX]; /* of samples[i] */
};

void timeline_init(struct timeline *timeline, duration interval);
/* Rates are averaged over merged samples (what was not measured left out), times and descriptors
 * take the greatest, levels the latest. */
void timeline_push(struct timeline *timeline, const struct timeline_sample *sample);
/* The samples pushed since the last kept one, merged; false when there is nothing. Its extremes are
 * held_extremes. */
bool timeline_unfinished(const struct timeline *timeline, struct timeline_sample *out);

#endif
