/* xoshiro256** 1.0 and splitmix64, after the public domain originals of Blackman and Vigna. */
#include "base/random.h"

#include "base/require.h"

static uint64_t splitmix(uint64_t *state) {
    uint64_t mixed = *state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

/* Seed and stream are mixed in turn, so that neighbours of both (seed 1 stream 2, seed 2 stream 1)
 * have nothing in common. splitmix is a bijection of a counter: the state is never all zero. */
void random_seed(struct random *random, uint64_t seed, uint64_t stream) {
    uint64_t state = seed;
    state = splitmix(&state) ^ stream;
    state = splitmix(&state);
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix(&state);
}

static uint64_t rotated(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

uint64_t random_next(struct random *random) {
    uint64_t *state = random->state;
    uint64_t result = rotated(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotated(state[3], 45);
    return result;
}

/* The lowest 2^64 mod range values are drawn again: what is left is a whole multiple of range. */
uint64_t random_between(struct random *random, uint64_t low, uint64_t high) {
    require(low <= high);
    uint64_t range = high - low + 1;
    if (range == 0)
        return random_next(random);
    uint64_t skipped = -range % range, drawn;
    do
        drawn = random_next(random);
    while (drawn < skipped);
    return low + drawn % range;
}
