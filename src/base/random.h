/* Seeded random numbers: everything random in a run comes from its one seed. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

/* xoshiro256** (Blackman and Vigna), seeded by splitmix64. */
struct random {
    uint64_t state[4];
};

/* An independent stream for each (seed, stream) pair. */
void random_seed(struct random *random, uint64_t seed, uint64_t stream);

uint64_t random_next(struct random *random);

/* Uniform in [low, high], both included, without modulo bias; low <= high. */
uint64_t random_between(struct random *random, uint64_t low, uint64_t high);

#endif
