/* The record's figures, wherever they come from: measured here, or read from a saved run. */
#include "stats/record.h"

double record_wall_seconds(const struct record *record) {
    enum { PER_MS = 1000000 };
    int64_t seconds = record->ended_at.tv_sec - record->started_at.tv_sec;
    int64_t ms = record->ended_at.tv_nsec / PER_MS - record->started_at.tv_nsec / PER_MS;
    return (double)seconds + (double)ms / 1e3;
}

struct figures record_figures(const struct record *record, enum distribution distribution) {
    const struct tally *total = &record->total;
    if (record->saved)
        return record->figures[distribution];
    switch (distribution) {
    case DISTRIBUTION_LATENCY: return figures_of(&total->latency);
    case DISTRIBUTION_SERVICE: return figures_of(&total->service);
    case DISTRIBUTION_CONNECT: return figures_of(&total->connect);
    case DISTRIBUTION_REFILL: return figures_of(&total->refill);
    case DISTRIBUTION_LATENESS: return figures_of(&total->lateness);
    case DISTRIBUTION_LAG:
    case DISTRIBUTION_COUNT: break;
    }
    return figures_of(&total->lag);
}
