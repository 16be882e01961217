/* Numbers as the findings write them, in buffers that live as long as the block. */
#ifndef JUDGE_WORDS_H
#define JUDGE_WORDS_H

#include <stdbool.h>
#include <string.h>

#include "base/units.h"
#include "stats/record.h"

/* Not negative. */
#define WORDS_COUNT(value)    units_human_count((char[64]){0}, 64, (uint64_t)(value))
#define WORDS_BYTES(value)    units_human_bytes((char[64]){0}, 64, (uint64_t)(value))
#define WORDS_DURATION(value) units_human_duration((char[64]){0}, 64, (value))
/* As an option takes it. */
#define WORDS_OPTION(value) units_format_duration((char[64]){0}, 64, (value))
#define WORDS_THINK(plan)   units_format_interval((char[64]){0}, 64, plan_interval(plan))

/* "" or "s". */
static inline const char *words_plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

/* By its Server header: what is said of nginx is said of no other server. */
static inline bool words_nginx(const struct target_facts *target) {
    return strncmp(target->server, "nginx", strlen("nginx")) == 0 ||
           strncmp(target->server, "openresty", strlen("openresty")) == 0;
}

#endif
