/* The record's figures, wherever they come from: measured here, or read from a saved run. */
#include "stats/record.h"

double record_wall_seconds(const struct record *record) {
    enum { PER_MS = 1000000 };
    int64_t seconds = record->ended_at.tv_sec - record->started_at.tv_sec;
    int64_t ms = record->ended_at.tv_nsec / PER_MS - record->started_at.tv_nsec / PER_MS;
    return (double)seconds + (double)ms / 1e3;
}

static const struct histogram *histogram_of(const struct tally *total,
                                            enum distribution distribution) {
    switch (distribution) {
    case DISTRIBUTION_LATENCY: return &total->latency;
    case DISTRIBUTION_SERVICE: return &total->service;
    case DISTRIBUTION_CONNECT: return &total->connect;
    case DISTRIBUTION_REFILL: return &total->refill;
    case DISTRIBUTION_LATENESS: return &total->lateness;
    case DISTRIBUTION_LAG:
    case DISTRIBUTION_COUNT: break;
    }
    return &total->lag;
}

const struct histogram *record_histogram(const struct record *record,
                                         enum distribution distribution) {
    const struct histogram *histogram = histogram_of(&record->total, distribution);
    return histogram->count > 0 ? histogram : NULL;
}

struct figures record_figures(const struct record *record, enum distribution distribution) {
    if (record->saved)
        return record->figures[distribution];
    return figures_of(histogram_of(&record->total, distribution));
}
