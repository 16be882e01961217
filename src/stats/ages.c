/* Counts of ages; a kind that was never used is never touched. */
#include "stats/ages.h"

#include <string.h>

enum { STEPS_BITS = 6, EXACT_BITS = STEPS_BITS + 1 };

uint32_t ages_index(uint32_t age_ms) {
    uint32_t bits = 32 - (uint32_t)__builtin_clz(age_ms | ((1u << EXACT_BITS) - 1));
    uint32_t doubling = bits - EXACT_BITS;
    return doubling * AGES_STEPS + (age_ms >> doubling);
}

/* The first 128 stand one by one. */
static uint32_t doubling_at(uint32_t index) {
    return index < 2 * AGES_STEPS ? 0 : index / AGES_STEPS - 1;
}

uint32_t ages_lowest_at(uint32_t index) {
    uint32_t doubling = doubling_at(index);
    return (index - doubling * AGES_STEPS) << doubling;
}

uint32_t ages_highest_at(uint32_t index) {
    return ages_lowest_at(index) + ((1u << doubling_at(index)) - 1);
}

void ages_add(struct ages *ages, enum age_kind kind, uint32_t age_ms) {
    ages->total[kind]++;
    ages->counts[kind][ages_index(age_ms)]++;
}

void ages_merge(struct ages *into, const struct ages *from) {
    for (int kind = 0; kind < AGES_KINDS; kind++) {
        if (from->total[kind] == 0)
            continue;
        into->total[kind] += from->total[kind];
        for (int i = 0; i < AGES_COUNTS; i++)
            into->counts[kind][i] += from->counts[kind][i];
    }
}

void ages_copy(struct ages *into, const struct ages *from) {
    for (int kind = 0; kind < AGES_KINDS; kind++) {
        if (from->total[kind] == 0 && into->total[kind] == 0)
            continue;
        into->total[kind] = from->total[kind];
        memcpy(into->counts[kind], from->counts[kind], sizeof into->counts[kind]);
    }
}

void ages_clear(struct ages *ages) {
    for (int kind = 0; kind < AGES_KINDS; kind++) {
        if (ages->total[kind] > 0)
            memset(ages->counts[kind], 0, sizeof ages->counts[kind]);
        ages->total[kind] = 0;
    }
}
