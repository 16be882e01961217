/* The level: how many connections all workers hold at once, with the least and the most it came
 * to, kept by the workers themselves at each turn. */
#ifndef ENGINE_LEVEL_H
#define ENGINE_LEVEL_H

#include <stdatomic.h>
#include <stdint.h>

/* Shared by all workers. live is their sum as each has last added to it: every value it takes was
 * one of a moment, which no sum of samples, nor of each worker's least, is. least: the upper 16
 * bits are the period that it is of. */
struct level {
    _Alignas(64) _Atomic uint64_t live;
    _Atomic uint64_t least, most;
};

/* Of a part of the run. */
struct level_span {
    uint64_t least, most;
};

/* Another share of it: `share` holds what was added before. Whoever adds is the only writer of its
 * share. */
void level_set(struct level *level, _Atomic uint64_t *share, uint64_t live);

/* Since the former call, by the parent alone. restart: what a worker adds up at this moment counts
 * no more for what comes. */
struct level_span level_take(struct level *level);
struct level_span level_restart(struct level *level);

#endif
