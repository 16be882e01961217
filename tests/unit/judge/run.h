/* A run that is judged: what it was, and ways to spoil it. Each file's set_up fills it. */
#ifndef TESTS_JUDGE_RUN_H
#define TESTS_JUDGE_RUN_H

#include <stdlib.h>
#include <string.h>

#include "judge/verdict/verdict.h"
#include "options/options.h"

struct fixture {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct record record;
    struct judgement judgement;
};

static inline int tear_down(void **state) {
    free(*state);
    return 0;
}

/* Live connections that ended so. */
static inline void lose(struct fixture *f, enum outcome outcome, uint64_t count) {
    struct tally_counts *counts = &f->record.total.counts;
    counts->outcomes[outcome] += count;
    counts->live -= count;
    counts->lost += count;
}

/* Attempts that ended so. */
static inline void fail_to_open(struct fixture *f, enum outcome outcome, uint64_t count) {
    struct tally_counts *counts = &f->record.total.counts;
    counts->outcomes[outcome] += count;
    counts->live -= count;
    counts->opened -= count;
    f->record.first_seen_seconds[outcome] = 0.5;
}

/* The finding of that code, or NULL. */
static inline const struct finding *find(const struct fixture *f, const char *code) {
    return findings_first(&f->judgement.findings, finding_code_by_name(code));
}

#endif
