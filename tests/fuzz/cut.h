/* A stream of bytes cut in pieces: for the two readers of HTTP. */
#ifndef TESTS_FUZZ_CUT_H
#define TESTS_FUZZ_CUT_H

#include "fuzz.h"

/* The seed of the cuts that two bytes of the input stand for; never 0. */
static inline uint32_t cut_seed(const uint8_t bytes[static 2]) {
    return 1u + bytes[0] + 256u * bytes[1];
}

/* How long the next piece is: mostly short, sometimes all. A seed of 0: never cut. */
static inline size_t cut_piece(uint32_t *seed, size_t left) {
    if (*seed == 0)
        return left;
    *seed = *seed * 1664525 + 1013904223;
    uint32_t choice = *seed >> 24;
    size_t length = choice < 128 ? 1 : choice < 224 ? choice % 16 + 1 : choice % 4096 + 1;
    return length < left ? length : left;
}

/* An exact copy on the heap, so that a sanitizer sees a byte too far and a pointer kept. */
static inline uint8_t *cut_copy(const uint8_t *bytes, size_t length) {
    uint8_t *copy = malloc(length);
    require(copy != NULL);
    memcpy(copy, bytes, length);
    return copy;
}

#endif
