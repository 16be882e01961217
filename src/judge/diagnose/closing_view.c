/* Looks at the samples of endings and gaps: sorted dimensions, bursts, bystanders, chances. */
#include "judge/diagnose/closing_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/minmax.h"
#include "judge/diagnose/closings.h"

/* Endings further apart than this belong to different bursts. */
enum { BURST_GAP_MS = 500, BURST_MS = 100 };
/* A burst of many endings takes longer, a tenth of a millisecond for each: a server closes about
 * ten thousand connections a second. Beyond ten seconds endings share no moment. */
enum { BURST_ENDINGS_PER_MS = 10, BURST_WIDER_MS_MAX = 10000 };
/* Ours and the server's clocks do not agree to less than this on what came first. */
enum { CLOCKS_MS = 20 };
/* What was answered later than this by our clock than by the server's speaks for nothing. */
enum { LATE_MS_MAX = 50 };

static int ascending(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

void closing_view_make(struct closing_view *view, const struct ending_group *group,
                       int64_t started_ns, bool wrapped) {
    uint32_t count = group->kept;
    view->rows = group->sample;
    view->start_ms = (uint32_t)(started_ns / MILLISECOND);
    view->count = count;
    view->wrapped = wrapped;
    view->fifth = count * 5 / 100;
    view->last = count - 1 - view->fifth;
    for (uint32_t i = 0; i < count; i++) {
        const struct ending *row = &group->sample[i];
        uint32_t moment = row->moment_ms - view->start_ms;
        view->idle[i] = row->idle_ms;
        view->age[i] = row->age_ms;
        view->moment[i] = moment;
        view->answers[i] = row->answers;
        view->born[i] = moment - row->age_ms;
        view->waited[i] = row->waited_ms;
        view->late[i] = row->late_ms;
        view->asked_idle[i] = saturating_sub_u32(row->idle_ms, row->waited_ms);
        view->asked_moment[i] = saturating_sub_u32(moment, row->waited_ms);
    }
    uint32_t *const all[] = {view->idle,       view->age,          view->moment,
                             view->answers,    view->waited,       view->born,
                             view->asked_idle, view->asked_moment, view->late};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        qsort(all[i], count, sizeof all[i][0], ascending);
}

uint32_t closing_view_middle(const struct closing_view *view, const uint32_t *sorted) {
    return sorted[view->count / 2];
}

uint32_t closing_view_spread(const struct closing_view *view, const uint32_t *sorted) {
    return sorted[view->last] - sorted[view->fifth];
}

/* --- bursts --- */

/* The index behind the burst that begins at `first`. */
static uint32_t burst_end(const struct closing_view *view, uint32_t first) {
    uint32_t next = first + 1;
    while (next < view->count && view->moment[next] - view->moment[next - 1] <= BURST_GAP_MS)
        next++;
    return next;
}

static uint32_t burst_width_max(uint64_t count) {
    uint64_t wider_ms = count / BURST_ENDINGS_PER_MS;
    return BURST_MS + (uint32_t)min_u64(wider_ms, BURST_WIDER_MS_MAX);
}

struct closing_bursts closing_view_bursts(const struct closing_view *view, uint64_t count) {
    struct closing_bursts bursts = {0};
    uint32_t wide = burst_width_max(count);
    if (view->wrapped)
        return bursts;
    for (uint32_t first = 0, next; first < view->count; first = next) {
        next = burst_end(view, first);
        uint32_t size = next - first, width = view->moment[next - 1] - view->moment[first];
        if (size < CLOSING_MIN || width > wide)
            continue;
        bursts.count++;
        bursts.members += size;
        if (size > bursts.largest) {
            bursts.largest = size;
            bursts.first_ms = view->moment[first];
            bursts.width_ms = width;
        }
    }
    return bursts;
}

/* --- bystanders --- */

/* Each gap once: the longest may be in the sample too. */
static const struct endings_gap *gap_at(const struct endings_gaps *gaps, uint32_t index) {
    if (index < gaps->kept)
        return &gaps->sample[index];
    const struct endings_gap *gap = &gaps->longest[index - gaps->kept];
    bool sampled =
        gaps->kept < ENDINGS_GAPS || gap->sample_key <= gaps->sample[ENDINGS_GAPS - 1].sample_key;
    return sampled ? NULL : gap;
}

static uint32_t gap_count(const struct endings_gaps *gaps) {
    return gaps->kept + gaps->longest_kept;
}

struct burst {
    uint32_t from_ms, to_ms;
};

struct bystanders {
    uint32_t count, idle_max; /* at the burst */
};

/* Answered before the burst, and still idle behind it. late_ms: it may have been idle for longer by
 * so much. */
static void note_bystander(struct bystanders *found, struct burst burst, int64_t answered,
                           int64_t until, uint32_t late_ms) {
    if (answered + CLOCKS_MS > burst.from_ms || until < (int64_t)burst.to_ms + CLOCKS_MS)
        return;
    found->count += late_ms <= LATE_MS_MAX;
    found->idle_max = max_u32(found->idle_max, (uint32_t)(burst.from_ms - answered));
}

/* Those that another burst ended, too. */
static struct bystanders bystanders_of(const struct closing_view *view,
                                       const struct endings_gaps *gaps, struct burst burst) {
    struct bystanders found = {0};
    for (uint32_t i = 0; i < gap_count(gaps); i++) {
        const struct endings_gap *gap = gap_at(gaps, i);
        if (gap == NULL)
            continue;
        int64_t asked = (int64_t)(gap->moment_ms - view->start_ms);
        note_bystander(&found, burst, asked - gap->idle_ms, asked, gap->late_ms);
    }
    for (uint32_t i = 0; i < view->count; i++) {
        int64_t ended = (int64_t)(view->rows[i].moment_ms - view->start_ms);
        note_bystander(&found, burst, ended - view->rows[i].idle_ms, ended, view->rows[i].late_ms);
    }
    return found;
}

struct victims {
    uint32_t count, idle_min, idle_max;
};

static struct victims victims_of(const struct closing_view *view, struct burst burst) {
    struct victims found = {.idle_min = UINT32_MAX};
    for (uint32_t i = 0; i < view->count; i++) {
        uint32_t moment = view->rows[i].moment_ms - view->start_ms;
        if (moment < burst.from_ms || moment > burst.to_ms)
            continue;
        found.count++;
        found.idle_min = min_u32(found.idle_min, view->rows[i].idle_ms + view->rows[i].late_ms);
        found.idle_max = max_u32(found.idle_max, view->rows[i].idle_ms);
    }
    return found;
}

bool closing_view_steps(const struct closing_view *view, struct closing_bursts bursts) {
    enum { FEW_MS = 10 }; /* a server's clock may be no finer */
    if (bursts.largest * 4 < view->count)
        return false;
    struct victims victims =
        victims_of(view, (struct burst){bursts.first_ms, bursts.first_ms + bursts.width_ms});
    return victims.idle_max - victims.idle_min > 2 * bursts.width_ms + FEW_MS;
}

/* That so many of one kind all lie below so many of the other: one in (a + b over a). */
static double log_ways(uint32_t a, uint32_t b) {
    return lgamma((double)a + b + 1) - lgamma(a + 1.0) - lgamma(b + 1.0);
}

enum closing_bystanders closing_view_bystanders(const struct closing_view *view,
                                                const struct endings_gaps *gaps, uint64_t count,
                                                uint32_t *idle_max_ms) {
    static const double beyond_chance = 11.5, perhaps = 3; /* one in 100 000, in 20 */
    double evidence = 0;
    bool any = false, mixed = false;
    uint32_t wide = burst_width_max(count), idle_max = 0;
    for (uint32_t first = 0, next; first < view->count; first = next) {
        next = burst_end(view, first);
        struct burst burst = {view->moment[first], view->moment[next - 1]};
        if (burst.to_ms - burst.from_ms > wide)
            continue;
        struct bystanders spared = bystanders_of(view, gaps, burst);
        struct victims victims = victims_of(view, burst);
        uint32_t slack = min_u32(CLOCKS_MS, (victims.idle_max - victims.idle_min) / 8);
        any |= spared.count > 0;
        mixed |= spared.count > 0 && spared.idle_max > victims.idle_min + slack;
        idle_max = max_u32(idle_max, spared.idle_max);
        evidence += log_ways(spared.count, victims.count);
    }
    if (idle_max_ms != NULL)
        *idle_max_ms = idle_max;
    if (!any || mixed)
        return any ? BYSTANDERS_MIXED : BYSTANDERS_NONE;
    if (evidence < perhaps)
        return BYSTANDERS_MIXED;
    return evidence >= beyond_chance ? BYSTANDERS_SPARED : BYSTANDERS_APART;
}

/* --- chances --- */

double closing_view_chance_above(const struct closing_view *view, uint32_t low_ms, uint64_t count,
                                 const struct endings_gaps *gaps) {
    double below = 0, above = 0;
    double weight = gaps->kept > 0 ? (double)gaps->count / gaps->kept : 0;
    for (uint32_t i = 0; i < gaps->kept; i++) {
        uint32_t idle = gaps->sample[i].idle_ms + gaps->sample[i].late_ms;
        below += weight * min_u32(idle, low_ms);
        above += weight * saturating_sub_u32(idle, low_ms);
    }
    weight = (double)count / view->count;
    for (uint32_t i = 0; i < view->count; i++) {
        below += weight * min_u32(view->idle[i], low_ms);
        above += weight * saturating_sub_u32(view->idle[i], low_ms);
    }
    if (below <= 0)
        return 0;
    return above > 0 ? (view->count - 1) * log(above / (below + above)) : -INFINITY;
}

double closing_view_chance_asked_above(const struct closing_view *view, uint32_t low_ms,
                                       uint64_t count, const struct endings_gaps *gaps) {
    double weight = gaps->kept > 0 ? (double)gaps->count / gaps->kept : 0, below = 0;
    double above = (double)count;
    for (uint32_t i = 0; i < gaps->kept; i++)
        if (gaps->sample[i].end != ENDINGS_GAP_LIVE)
            *(gaps->sample[i].idle_ms < low_ms ? &below : &above) += weight;
    return (view->count - 1) * log(above / (below + above));
}

uint32_t closing_view_kept_since(const struct closing_view *view, uint32_t moment_ms,
                                 const struct endings_gaps *gaps) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < gaps->kept; i++)
        kept += gaps->sample[i].end == ENDINGS_GAP_KEPT &&
                (int32_t)(gaps->sample[i].moment_ms - view->start_ms - moment_ms) > 0;
    return kept;
}

/* Whether another was idle since before `since`, and still was at `until`. */
static bool outlasted_in(const struct closing_view *view, const struct endings_gaps *gaps,
                         int64_t since, int64_t until) {
    for (uint32_t i = 0; i < gap_count(gaps); i++) {
        const struct endings_gap *gap = gap_at(gaps, i);
        if (gap == NULL)
            continue;
        int64_t asked = (int64_t)(gap->moment_ms - view->start_ms);
        if (asked - gap->idle_ms < since && asked > until)
            return true;
    }
    for (uint32_t i = 0; i < view->count; i++) {
        int64_t ended = (int64_t)(view->rows[i].moment_ms - view->start_ms);
        if (ended - view->rows[i].idle_ms < since && ended > until)
            return true;
    }
    return false;
}

bool closing_view_outlasted(const struct closing_view *view, uint32_t low_ms, uint32_t high_ms,
                            const struct endings_gaps *gaps) {
    uint32_t members = 0, outlasted = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        const struct ending *row = &view->rows[i];
        if (row->idle_ms < low_ms || row->idle_ms > high_ms)
            continue;
        int64_t ended = (int64_t)(row->moment_ms - view->start_ms);
        int64_t since = ended - row->idle_ms - (int64_t)(high_ms - low_ms) - CLOCKS_MS;
        members++;
        outlasted += outlasted_in(view, gaps, since, ended + CLOCKS_MS);
    }
    return outlasted * 2 >= members;
}
