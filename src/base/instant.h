/* Instants and durations: time as a type, in nanoseconds. */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include <stdint.h>

/* A point on the run's monotonic clock (CLOCK_MONOTONIC less the time the run stood stopped by
 * SIGTSTP; virtual in the simulator). Only differences mean anything. */
typedef struct {
    int64_t ns;
} instant;

/* A length of time in nanoseconds; may be negative. */
typedef int64_t duration;

#define MICROSECOND ((duration)1000)
#define MILLISECOND ((duration)1000000)
#define SECOND      ((duration)1000000000)
#define MINUTE      (60 * SECOND)
#define HOUR        (60 * MINUTE)
#define DAY         (24 * HOUR)

/* Later than every deadline. */
#define INSTANT_NEVER ((instant){INT64_MAX})

static inline instant instant_after(instant from, duration length) {
    return (instant){from.ns + length};
}

static inline duration instant_since(instant later, instant earlier) {
    return later.ns - earlier.ns;
}

static inline int instant_before(instant a, instant b) {
    return a.ns < b.ns;
}

static inline instant instant_earlier(instant a, instant b) {
    return a.ns < b.ns ? a : b;
}

static inline double duration_seconds(duration length) {
    return (double)length / 1e9;
}

#endif
