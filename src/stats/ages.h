/* Ages of connections, at their end or where they were last seen: counts over a log-linear scale.
 */
#ifndef STATS_AGES_H
#define STATS_AGES_H

#include <stdint.h>

/* Milliseconds: exact below 128, from there on to 1.6 %: 64 steps to each doubling, of 32 bits. */
enum { AGES_STEPS = 64, AGES_COUNTS = 27 * AGES_STEPS };

/* An age that ended, or one that was reached without an end: live at the freeze, or ended by our
 * own side. */
enum age_kind { AGES_ENDED, AGES_CENSORED, AGES_KINDS };

/* Zero-filled memory is empty. */
struct ages {
    uint64_t total[AGES_KINDS];
    uint64_t counts[AGES_KINDS][AGES_COUNTS];
};

void ages_add(struct ages *ages, enum age_kind kind, uint32_t age_ms);
void ages_merge(struct ages *into, const struct ages *from);
/* Touches only kinds that are in use in either. */
void ages_copy(struct ages *into, const struct ages *from);
void ages_clear(struct ages *ages);

/* The index of an age's count, and the lowest and highest age that share it. */
uint32_t ages_index(uint32_t age_ms);
uint32_t ages_lowest_at(uint32_t index);
uint32_t ages_highest_at(uint32_t index);

#endif
