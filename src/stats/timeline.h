/* The timeline: a bounded row of samples; when full, its interval doubles. */
#ifndef STATS_TIMELINE_H
#define STATS_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

enum { TIMELINE_MAX = 4096 };

/* NAN = not measured. t is seconds since the run's start; levels are as they stood at t, rates and
 * times are over the interval that ends there. */
struct sample {
    double t;
    uint64_t live, connecting, closed, errored;
    double client_per_second, server_per_second, p99_seconds;
    double p50_seconds, max_seconds;
    /* Of ourselves: parent and workers, percent of one core; descriptors of the workers; how late
     * due timers were run, at the 99th percentile. */
    double cpu_percent, descriptors, loop_lag_seconds;
};

/* The least and the greatest of what was merged into a sample; NAN = not measured. A sample's own
 * times and descriptors are the greatest already: of percentiles the mean is kept beside it. */
struct extremes {
    uint64_t live_min, live_max;
    double client_min, client_max, server_min, server_max, p99_min, p50_min, cpu_min, cpu_max;
    double p50_mean, p99_mean;
};

struct timeline {
    size_t count;
    duration interval;                           /* of its samples: 1 s, 2 s, 4 s ... */
    uint32_t stride;                             /* pushed samples to one kept */
    uint32_t pending;                            /* pushed since the last kept one */
    struct sample held;                          /* these, merged; its rates are sums */
    uint32_t held_client, held_server, held_cpu; /* how many of these had that rate measured */
    uint32_t held_p50, held_p99;
    struct extremes held_extremes;
    struct sample samples[TIMELINE_MAX];
    struct extremes extremes[TIMELINE_MAX]; /* of samples[i] */
};

void timeline_init(struct timeline *timeline, duration interval);
/* Rates are averaged over merged samples (what was not measured left out), times and descriptors
 * take the greatest, levels the latest. */
void timeline_push(struct timeline *timeline, const struct sample *sample);
/* What was pushed since the last kept sample, merged; false when there is nothing. Its extremes are
 * held_extremes. */
bool timeline_unfinished(const struct timeline *timeline, struct sample *out);

#endif
