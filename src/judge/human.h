/* Numbers as the findings write them, in buffers that live as long as the block. */
#ifndef JUDGE_HUMAN_H
#define JUDGE_HUMAN_H

#include "base/units.h"

/* Not negative. */
#define HUMAN_COUNT(value)    units_human_count((char[64]){0}, 64, (uint64_t)(value))
#define HUMAN_BYTES(value)    units_human_bytes((char[64]){0}, 64, (uint64_t)(value))
#define HUMAN_DURATION(value) units_human_duration((char[64]){0}, 64, (value))
/* As an option takes it. */
#define HUMAN_OPTION(value) units_format_duration((char[64]){0}, 64, (value))
#define HUMAN_THINK(plan)   units_format_interval((char[64]){0}, 64, plan_interval(plan))

/* "" or "s". */
static inline const char *human_plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

#endif
