/* What a probe is told as: the answers, what contradicts a header, what follows for a run, and what
 * was not tried. */
#ifndef JUDGE_PROBE_PROBE_CONCLUDE_H
#define JUDGE_PROBE_PROBE_CONCLUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "judge/finding.h"
#include "judge/probe/probe_judge.h"
#include "stats/record.h"

enum { PROBE_ADVICE_MAX = 4, PROBE_UNTRIED_MAX = 8 };

struct probe_report {
    /* In: what was asked, and seen. */
    struct probe_result result;
    struct probe_facts facts;
    const struct record_target *target; /* as the preflight found it */
    duration bound;
    uint32_t connections; /* that it might open */
    bool gentle;
    bool asked; /* there was a target, and it was probed */
    bool interrupted;
    int error; /* -errno of a broken door, or of memory; 0 */
    struct timespec started_at;
    /* Out. */
    int exit_code;
    struct findings findings;
    size_t advice_count;
    char advice[PROBE_ADVICE_MAX][64]; /* options of run: "-k 5s" */
    size_t untried_count;
    char untried[PROBE_UNTRIED_MAX][200];
};

/* exit_code stays what it is where nothing was asked. */
void probe_conclude(struct probe_report *report);

/* What -k is to be, by which no connection meets its idle timeout; 0: it could not be told. */
duration probe_keepalive(const struct probe_value *idle, duration bound);

/* The server's own name of what answers the question; NULL: it is not known to be of a kind. */
const char *probe_directive(const struct record_target *target, enum probe_question question);

#endif
