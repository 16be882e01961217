/* A sample of endings by sample_key: bounded, fair, and the same in whatever order parts are
 * merged. */
#include "stats/endings.h"

#include <assert.h>
#include <string.h>

#include "base/instant.h"
#include "base/minmax.h"

static_assert(OUTCOME_COUNT < 31, "one bit an outcome, one for the ages and one for the gaps");

static const uint32_t ages_bit = (uint32_t)1 << OUTCOME_COUNT;
static const uint32_t gaps_bit = (uint32_t)2 << OUTCOME_COUNT;
static const uint32_t every_bit = (uint32_t)(((uint64_t)4 << OUTCOME_COUNT) - 1);

static void mark(struct endings *endings, uint32_t bits) {
    endings->dirty[0] |= bits;
    endings->dirty[1] |= bits;
}

/* Into its place by sample_key, when there is one; the greatest sample_key gives way. */
static void draw(struct ending_group *group, const struct ending *ending) {
    uint32_t place = group->kept;
    while (place > 0 && group->sample[place - 1].sample_key > ending->sample_key)
        place--;
    if (place == ENDINGS_SAMPLE)
        return;
    if (group->kept < ENDINGS_SAMPLE)
        group->kept++;
    memmove(&group->sample[place + 1], &group->sample[place],
            (group->kept - 1 - place) * sizeof group->sample[0]);
    group->sample[place] = *ending;
}

void endings_add_late(struct endings *endings, enum outcome outcome, const struct ending *ending) {
    struct ending_group *group = &endings->of[outcome];
    if (group->count == 0 || ending->age_ms < group->age_ms_min)
        group->age_ms_min = ending->age_ms;
    group->count++;
    /* Connections that our own side ended are no evidence of how long the server would have kept
     * them. */
    ages_add(&endings->ages, outcome_side(outcome) == SIDE_TESTER ? AGES_CENSORED : AGES_ENDED,
             ending->age_ms);
    mark(endings, (uint32_t)1 << outcome | ages_bit);
}

void endings_add(struct endings *endings, enum outcome outcome, const struct ending *ending) {
    endings_add_late(endings, outcome, ending);
    draw(&endings->of[outcome], ending);
}

/* --- gaps --- */

static bool longer(const struct endings_gap *a, const struct endings_gap *b) {
    return a->idle_ms != b->idle_ms ? a->idle_ms > b->idle_ms : a->sample_key < b->sample_key;
}

static bool drawn_before(const struct endings_gap *a, const struct endings_gap *b) {
    return a->sample_key < b->sample_key;
}

typedef bool endings_order(const struct endings_gap *a, const struct endings_gap *b);

/* Into its place; the last gives way. Whether there was one. */
static bool place_gap(struct endings_gap *gaps, uint32_t *kept, uint32_t most,
                      const struct endings_gap *gap, endings_order *goes_before) {
    if (*kept == most && !goes_before(gap, &gaps[most - 1]))
        return false;
    uint32_t place = *kept < most ? (*kept)++ : most - 1;
    for (; place > 0 && goes_before(gap, &gaps[place - 1]); place--)
        gaps[place] = gaps[place - 1];
    gaps[place] = *gap;
    return true;
}

static void add_gap(struct endings *endings, const struct endings_gap *gap) {
    struct endings_gaps *gaps = &endings->gaps;
    gaps->count++;
    bool placed = place_gap(gaps->sample, &gaps->kept, ENDINGS_GAPS, gap, drawn_before);
    placed |= place_gap(gaps->longest, &gaps->longest_kept, ENDINGS_LONGEST, gap, longer);
    if (placed)
        mark(endings, gaps_bit);
}

static void merge_gaps(struct endings_gaps *into, const struct endings_gaps *from) {
    into->count += from->count;
    for (uint32_t i = 0; i < from->kept; i++)
        place_gap(into->sample, &into->kept, ENDINGS_GAPS, &from->sample[i], drawn_before);
    for (uint32_t i = 0; i < from->longest_kept; i++)
        place_gap(into->longest, &into->longest_kept, ENDINGS_LONGEST, &from->longest[i], longer);
}

/* As copy_group(). */
static void copy_gaps(struct endings_gaps *into, const struct endings_gaps *from) {
    into->count = from->count;
    into->kept = min_u32(from->kept, ENDINGS_GAPS);
    into->longest_kept = min_u32(from->longest_kept, ENDINGS_LONGEST);
    memcpy(into->sample, from->sample, into->kept * sizeof into->sample[0]);
    memcpy(into->longest, from->longest, into->longest_kept * sizeof into->longest[0]);
}

void endings_answered(struct endings *endings, const struct ending *as_it_stood, int64_t asked_ns,
                      bool kept) {
    struct endings_survived *survived = &endings->survived;
    survived->idle_ms = max_u32(survived->idle_ms, as_it_stood->idle_ms);
    survived->asked_idle_ms = max_u32(survived->asked_idle_ms, as_it_stood->idle_ms);
    survived->age_ms = max_u32(survived->age_ms, as_it_stood->age_ms);
    uint32_t before = as_it_stood->answers - 1;
    if (before > 0) {
        survived->past_age_ms =
            max_u32(survived->past_age_ms, as_it_stood->age_ms - as_it_stood->idle_ms);
        survived->past_answers = max_u32(survived->past_answers, before);
        survived->past_moment_ns =
            max_i64(survived->past_moment_ns, asked_ns - as_it_stood->idle_ms * MILLISECOND);
    }
    add_gap(endings, &(struct endings_gap){as_it_stood->sample_key, as_it_stood->idle_ms,
                                           as_it_stood->age_ms, (uint32_t)(asked_ns / MILLISECOND),
                                           before, kept ? ENDINGS_GAP_KEPT : ENDINGS_GAP_LAST,
                                           as_it_stood->late_ms});
    if (!kept)
        return;
    survived->kept_age_ms = max_u32(survived->kept_age_ms, as_it_stood->age_ms);
    survived->kept_answers = max_u32(survived->kept_answers, as_it_stood->answers);
    if (asked_ns > survived->kept_moment_ns)
        survived->kept_moment_ns = asked_ns;
}

void endings_frozen(struct endings *endings, uint32_t age_ms) {
    ages_add(&endings->ages, AGES_CENSORED, age_ms);
    mark(endings, ages_bit);
}

void endings_outlived(struct endings *endings, const struct ending *as_it_stands) {
    struct endings_survived *survived = &endings->survived;
    survived->idle_ms = max_u32(survived->idle_ms, as_it_stands->idle_ms);
    survived->age_ms = max_u32(survived->age_ms, as_it_stands->age_ms);
    add_gap(endings,
            &(struct endings_gap){as_it_stands->sample_key, as_it_stands->idle_ms,
                                  as_it_stands->age_ms, as_it_stands->moment_ms,
                                  as_it_stands->answers, ENDINGS_GAP_LIVE, as_it_stands->late_ms});
}

uint64_t endings_count(const struct endings *endings) {
    uint64_t count = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        count += endings->of[i].count;
    return count;
}

static void merge_group(struct ending_group *into, const struct ending_group *from) {
    if (into->count == 0 || from->age_ms_min < into->age_ms_min)
        into->age_ms_min = from->age_ms_min;
    into->count += from->count;
    struct ending_group former = *into;
    uint32_t a = 0, b = 0;
    into->kept = 0;
    while (into->kept < ENDINGS_SAMPLE && (a < former.kept || b < from->kept)) {
        bool first = b == from->kept ||
                     (a < former.kept && former.sample[a].sample_key <= from->sample[b].sample_key);
        into->sample[into->kept++] = first ? former.sample[a++] : from->sample[b++];
    }
}

void endings_merge(struct endings *into, const struct endings *from) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (from->of[i].count > 0)
            merge_group(&into->of[i], &from->of[i]);
    ages_merge(&into->ages, &from->ages);
    const struct endings_survived *other = &from->survived;
    struct endings_survived *survived = &into->survived;
    survived->idle_ms = max_u32(survived->idle_ms, other->idle_ms);
    survived->asked_idle_ms = max_u32(survived->asked_idle_ms, other->asked_idle_ms);
    survived->age_ms = max_u32(survived->age_ms, other->age_ms);
    survived->kept_age_ms = max_u32(survived->kept_age_ms, other->kept_age_ms);
    survived->kept_answers = max_u32(survived->kept_answers, other->kept_answers);
    survived->past_age_ms = max_u32(survived->past_age_ms, other->past_age_ms);
    survived->past_answers = max_u32(survived->past_answers, other->past_answers);
    survived->past_moment_ns = max_i64(survived->past_moment_ns, other->past_moment_ns);
    if (other->kept_moment_ns > survived->kept_moment_ns)
        survived->kept_moment_ns = other->kept_moment_ns;
    merge_gaps(&into->gaps, &from->gaps);
    mark(into, every_bit);
}

static void shift_moment(int64_t *moment_ns, int64_t ns) {
    if (*moment_ns != 0)
        *moment_ns = max_i64(1, *moment_ns + ns);
}

static void shift_gaps(struct endings_gap *gaps, uint32_t count, uint32_t ms) {
    for (uint32_t i = 0; i < count; i++)
        gaps[i].moment_ms += ms; /* wrapped, as they are */
}

void endings_shift(struct endings *endings, int64_t ns) {
    uint32_t ms = (uint32_t)(ns / MILLISECOND);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        for (uint32_t k = 0; k < endings->of[i].kept; k++)
            endings->of[i].sample[k].moment_ms += ms;
    shift_gaps(endings->gaps.sample, endings->gaps.kept, ms);
    shift_gaps(endings->gaps.longest, endings->gaps.longest_kept, ms);
    shift_moment(&endings->survived.kept_moment_ns, ns);
    shift_moment(&endings->survived.past_moment_ns, ns);
    mark(endings, every_bit);
}

/* Only what is in use: what was never used is never touched. from may be a shared buffer that its
 * writer is about to overwrite; what was copied then is thrown away, but no count leads astray. */
static void copy_group(struct ending_group *into, const struct ending_group *from) {
    uint32_t kept = from->kept;
    if (kept > ENDINGS_SAMPLE)
        kept = ENDINGS_SAMPLE;
    if (from->count == 0 && into->count == 0)
        return;
    into->count = from->count;
    into->age_ms_min = from->age_ms_min;
    into->kept = kept;
    memcpy(into->sample, from->sample, kept * sizeof into->sample[0]);
}

void endings_copy(struct endings *into, const struct endings *from) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        copy_group(&into->of[i], &from->of[i]);
    ages_copy(&into->ages, &from->ages);
    into->survived = from->survived;
    copy_gaps(&into->gaps, &from->gaps);
    mark(into, every_bit);
}

void endings_clear(struct endings *endings) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (endings->of[i].count > 0)
            endings->of[i].count = endings->of[i].kept = 0;
    ages_clear(&endings->ages);
    memset(&endings->survived, 0, sizeof endings->survived);
    endings->gaps.count = endings->gaps.kept = endings->gaps.longest_kept = 0;
    mark(endings, every_bit);
}

void endings_publish(struct endings *buffer, struct endings *from, int set) {
    for (uint32_t bits = from->dirty[set]; bits != 0; bits &= bits - 1) {
        int i = __builtin_ctz(bits);
        if (i == OUTCOME_COUNT)
            ages_copy(&buffer->ages, &from->ages);
        else if (i > OUTCOME_COUNT)
            copy_gaps(&buffer->gaps, &from->gaps);
        else
            copy_group(&buffer->of[i], &from->of[i]);
    }
    from->dirty[set] = 0;
    buffer->survived = from->survived;
    buffer->gaps.count = from->gaps.count;
}
