/* Seconds of parts, kept for as long as another part may still come to them, and added up. */
#include "hosts/seconds.h"

#include <math.h>

#include "base/minmax.h"

/* A tick comes a moment late, on a busy machine later. */
static const double LATE = 0.1;
static const double T_MAX = 1e9;

static struct seconds_one *slot_of(struct seconds_part *seconds, int64_t at) {
    return &seconds->kept[at % SECONDS_KEPT];
}

void seconds_part_take(struct seconds_part *seconds, double t, bool holds, uint64_t live_min,
                       double per_second) {
    if (!(t > LATE && t < T_MAX))
        return;
    int64_t at = (int64_t)ceil(t - LATE);
    bool whole = fabs(t - (double)at) <= LATE;
    struct seconds_one *second = slot_of(seconds, at);
    if (second->at != at)
        *second = (struct seconds_one){at, holds, UINT64_MAX, NAN};
    second->holds |= holds;
    second->live_min = min_u64(second->live_min, live_min);
    if (whole)
        second->per_second = per_second;
    seconds->latest = max_i64(seconds->latest, at);
}

/* The first line that speaks of that second; NULL: none yet. */
static const struct seconds_one *find(const struct seconds_part *seconds, int64_t at) {
    for (int64_t next = max_i64(at, seconds->latest - SECONDS_KEPT + 1); next <= seconds->latest;
         next++) {
        const struct seconds_one *second = &seconds->kept[next % SECONDS_KEPT];
        if (second->at == next)
            return second;
    }
    return NULL;
}

/* Whether that second can be added up: everybody who goes on has come to it, or waits too long. */
static bool is_there(const struct seconds_part *const *parts, size_t count, int64_t at) {
    int64_t most = 0;
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        most = max_i64(most, parts[i]->latest);
        all &= parts[i]->latest >= at || parts[i]->ended || parts[i]->lost;
    }
    return at <= most && (all || at <= most - SECONDS_KEPT + 1);
}

struct sum {
    bool holds, over;
    uint64_t live_min;
    double per_second;
};

static void add_part(struct sum *sum, const struct seconds_part *part, int64_t at) {
    const struct seconds_one *second = find(part, at);
    if (second == NULL && part->lost)
        return;
    if (second == NULL && part->ended)
        sum->over = true;
    if (second == NULL)
        second = find(part, part->latest);
    if (second == NULL) {
        sum->holds = false;
        return;
    }
    sum->holds &= second->holds;
    sum->live_min += second->live_min;
    if (second->at == at && !isnan(second->per_second))
        sum->per_second += second->per_second;
}

static void add_second(struct seconds_all *all, const struct seconds_part *const *parts,
                       size_t count, int64_t at) {
    struct sum sum = {.holds = true};
    for (size_t i = 0; i < count; i++)
        add_part(&sum, parts[i], at);
    all->latest = at;
    all->live_min_latest = sum.live_min;
    all->over |= sum.over;
    bool holds = sum.holds && !all->over;
    if (holds && !all->held)
        all->live_min = UINT64_MAX;
    all->held |= holds;
    if (holds)
        all->live_min = min_u64(all->live_min, sum.live_min);
    if (holds && all->held_before)
        all->per_second_peak = fmax(all->per_second_peak, sum.per_second);
    all->held_before = holds;
}

void seconds_all_add(struct seconds_all *all, const struct seconds_part *const *parts,
                     size_t count) {
    while (is_there(parts, count, all->latest + 1))
        add_second(all, parts, count, all->latest + 1);
}
