/* A sample of endings by lot: bounded, fair, and the same in whatever order parts are merged. */
#include "stats/endings.h"

#include <assert.h>
#include <string.h>

static_assert(OUTCOME_COUNT < 32, "one bit an outcome, and one for the ages");

static const uint32_t ages_bit = (uint32_t)1 << OUTCOME_COUNT;
static const uint32_t every_bit = (uint32_t)(((uint64_t)2 << OUTCOME_COUNT) - 1);

static uint32_t greater(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static void mark(struct endings *endings, uint32_t bits) {
    endings->dirty[0] |= bits;
    endings->dirty[1] |= bits;
}

/* Into its place by lot, when there is one; the greatest lot gives way. */
static void draw(struct ending_group *group, const struct ending *ending) {
    uint32_t place = group->kept;
    while (place > 0 && group->sample[place - 1].lot > ending->lot)
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
    /* What our own side ended says nothing of how long the server would have kept it. */
    ages_add(&endings->ages, outcome_side(outcome) == SIDE_TESTER ? AGES_CENSORED : AGES_ENDED,
             ending->age_ms);
    mark(endings, (uint32_t)1 << outcome | ages_bit);
}

void endings_add(struct endings *endings, enum outcome outcome, const struct ending *ending) {
    endings_add_late(endings, outcome, ending);
    draw(&endings->of[outcome], ending);
}

void endings_answered(struct endings *endings, const struct ending *as_it_stood, int64_t asked_ns,
                      bool kept) {
    struct survived *survived = &endings->survived;
    survived->idle_ms = greater(survived->idle_ms, as_it_stood->idle_ms);
    survived->age_ms = greater(survived->age_ms, as_it_stood->age_ms);
    if (!kept)
        return;
    survived->kept_age_ms = greater(survived->kept_age_ms, as_it_stood->age_ms);
    survived->kept_answers = greater(survived->kept_answers, as_it_stood->answers);
    if (asked_ns > survived->kept_moment_ns)
        survived->kept_moment_ns = asked_ns;
}

void endings_fixed(struct endings *endings, uint32_t age_ms) {
    ages_add(&endings->ages, AGES_CENSORED, age_ms);
    mark(endings, ages_bit);
}

void endings_outlived(struct endings *endings, const struct ending *as_it_stands) {
    struct survived *survived = &endings->survived;
    survived->idle_ms = greater(survived->idle_ms, as_it_stands->idle_ms);
    survived->age_ms = greater(survived->age_ms, as_it_stands->age_ms);
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
        bool first =
            b == from->kept || (a < former.kept && former.sample[a].lot <= from->sample[b].lot);
        into->sample[into->kept++] = first ? former.sample[a++] : from->sample[b++];
    }
}

void endings_merge(struct endings *into, const struct endings *from) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (from->of[i].count > 0)
            merge_group(&into->of[i], &from->of[i]);
    ages_merge(&into->ages, &from->ages);
    const struct survived *other = &from->survived;
    struct survived *survived = &into->survived;
    survived->idle_ms = greater(survived->idle_ms, other->idle_ms);
    survived->age_ms = greater(survived->age_ms, other->age_ms);
    survived->kept_age_ms = greater(survived->kept_age_ms, other->kept_age_ms);
    survived->kept_answers = greater(survived->kept_answers, other->kept_answers);
    if (other->kept_moment_ns > survived->kept_moment_ns)
        survived->kept_moment_ns = other->kept_moment_ns;
    mark(into, every_bit);
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
    mark(into, every_bit);
}

void endings_clear(struct endings *endings) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (endings->of[i].count > 0)
            endings->of[i].count = endings->of[i].kept = 0;
    ages_clear(&endings->ages);
    memset(&endings->survived, 0, sizeof endings->survived);
    mark(endings, every_bit);
}

void endings_publish(struct endings *buffer, struct endings *from, int set) {
    for (uint32_t bits = from->dirty[set]; bits != 0; bits &= bits - 1) {
        int i = __builtin_ctz(bits);
        if (i == OUTCOME_COUNT)
            ages_copy(&buffer->ages, &from->ages);
        else
            copy_group(&buffer->of[i], &from->of[i]);
    }
    from->dirty[set] = 0;
    buffer->survived = from->survived;
}
