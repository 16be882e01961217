/* How a bug of ours leaves the process: one line that reproduces it, and no cleaning up. */
#include "base/require.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/exit_code.h"

static bool context_known;
static uint64_t context_seed;
static const uint64_t *context_turn;

void require_context(uint64_t seed, const uint64_t *turn) {
    context_known = true;
    context_seed = seed;
    context_turn = turn;
}

/* dprintf and _exit: a forked worker must neither flush what its parent had buffered nor run its
 * parent's exit handlers. */
_Noreturn void require_failed(const char *expression, const char *file, int line) {
    char seed[40] = "", turn[40] = "";
    if (context_known)
        snprintf(seed, sizeof seed, ", seed %" PRIu64, context_seed);
    if (context_turn != NULL)
        snprintf(turn, sizeof turn, ", turn %" PRIu64, *context_turn);
    dprintf(STDERR_FILENO, "holdfast: bug: %s (%s:%d%s%s)\n", expression, file, line, seed, turn);
    _exit(EXIT_BUG);
}
