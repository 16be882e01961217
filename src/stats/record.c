/* The record's figures, wherever they come from: measured here, or read from a saved run. */
#include "stats/record.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void record_so_far(struct record *so_far, const struct record *record, const struct tally *total) {
    memcpy(so_far, record, offsetof(struct record, total));
    tally_copy(&so_far->total, total);
}

double record_wall_seconds(const struct record *record) {
    enum { PER_MS = 1000000 };
    int64_t seconds = record->ended_at.tv_sec - record->started_at.tv_sec;
    int64_t ms = record->ended_at.tv_nsec / PER_MS - record->started_at.tv_nsec / PER_MS;
    return (double)seconds + (double)ms / 1e3;
}

bool record_has_endings(const struct record *record) {
    return !record->saved || record->endings_kept;
}

const struct histogram *record_histogram(const struct record *record,
                                         enum tally_distribution distribution) {
    const struct histogram *histogram = &record->total.distributions[distribution];
    return histogram->count > 0 ? histogram : NULL;
}

struct figures record_figures(const struct record *record, enum tally_distribution distribution) {
    if (record->saved)
        return record->figures[distribution];
    return figures_of(&record->total.distributions[distribution]);
}

bool record_histogram_without_lateness(const struct record *record,
                                       enum tally_distribution distribution,
                                       struct histogram *out) {
    const struct histogram *measured = &record->total.distributions[distribution];
    const struct tally_correction *correction = &record->total.corrections[distribution];
    if (correction->measured.count == 0 || measured->count == 0)
        return false;
    histogram_copy(out, measured);
    histogram_exchange(out, &correction->measured, &correction->without);
    return true;
}

struct figures record_without_lateness(const struct record *record,
                                       enum tally_distribution distribution) {
    if (record->saved)
        return record->without_lateness[distribution];
    struct figures figures = {0};
    if (record->total.corrections[distribution].measured.count == 0)
        return figures; /* and no histogram is cleared for it: a live line asks each second */
    struct histogram *whole = calloc(1, sizeof *whole);
    if (whole != NULL && record_histogram_without_lateness(record, distribution, whole))
        figures = figures_of(whole);
    free(whole);
    return figures;
}
