/* Numbers as the findings write them, in buffers that live as long as the block. A count is its
 * digits alone: the same text goes to a terminal, a log and a file, and what it says to type can be
 * typed. */
#ifndef JUDGE_HUMAN_H
#define JUDGE_HUMAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

/* Not negative. */
#define HUMAN_COUNT(value)    human_count((char[24]){0}, 24, (uint64_t)(value))
#define HUMAN_BYTES(value)    units_human_bytes((char[64]){0}, 64, (uint64_t)(value))
#define HUMAN_DATE(seconds)   human_date((char[32]){0}, 32, (seconds))
#define HUMAN_DURATION(value) units_human_duration((char[64]){0}, 64, (value))
/* As an option takes it. */
#define HUMAN_OPTION(value) units_format_duration((char[64]){0}, 64, (value))
#define HUMAN_THINK(plan)   units_format_interval((char[64]){0}, 64, plan_interval(plan))

const char *human_count(char *to, size_t size, uint64_t value);
/* "2026-12-01 09:30 UTC" of seconds since 1970; 0: not known. */
const char *human_date(char *to, size_t size, int64_t seconds);

/* "" or "s". */
static inline const char *human_plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

#endif
