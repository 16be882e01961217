/* Assertions that stay on in release: they are for our own bugs, never for the world's faults. */
#ifndef BASE_REQUIRE_H
#define BASE_REQUIRE_H

#include <stdint.h>

#include "base/exit_code.h"

/* Sets which run this process belongs to, so that a failed require() names the seed and the turn
 * that reproduce it. turn may be NULL; it is read only when a require() fails and must outlive the
 * process' use of require(). */
void require_context(uint64_t seed, const uint64_t *turn);

/* Prints "holdfast: bug: EXPR (FILE:LINE, seed S, turn T)" on standard error and leaves the process
 * with EXIT_BUG. */
_Noreturn void require_failed(const char *expression, const char *file, int line);

#define require(expression)                                                                        \
    do {                                                                                           \
        if (__builtin_expect(!(expression), 0))                                                    \
            require_failed(#expression, __FILE__, __LINE__);                                       \
    } while (0)

#endif
