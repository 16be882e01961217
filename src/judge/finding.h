/* Findings: one thing found each, before the run or after it, and the list of them. */
#ifndef JUDGE_FINDING_H
#define JUDGE_FINDING_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/outcome.h"

/* The code of an outcome's finding is the outcome. */
enum finding_code {
#define OUTCOME(name, side, stage, text, advice) FINDING_##name,
#include "stats/outcomes.def"
#undef OUTCOME
#define FINDING(code, side, stage, failure, label, help) FINDING_##code,
#include "judge/findings.def"
#undef FINDING
    FINDING_CODES,
    FINDING_unlisted = FINDING_CODES /* in a saved report of another version */
};

enum finding_stage { FINDING_STAGE_PREFLIGHT, FINDING_STAGE_RUN, FINDING_STAGE_ANY };

/* The exit code that FAIL makes of a preflight. */
enum finding_failure {
    FINDING_FAILURE_NONE, /* the finding never fails one */
    FINDING_FAILURE_USAGE,
    FINDING_FAILURE_UNFIT,
    FINDING_FAILURE_NO_TARGET,
    FINDING_FAILURE_BROKE
};

enum finding_status { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_UNKNOWN, FINDING_SKIPPED };

enum { FINDING_EVIDENCE_MAX = 560, FINDING_DO_MAX = 4, FINDINGS_MAX = 96 };

/* One thing found, before the run or after it. */
struct finding {
    enum finding_code code;
    char name[40]; /* the code's, as reports have it; of an unlisted one, as it was read */
    enum outcome_side side;
    enum finding_status status;
    char text[400];                      /* one line; bytes from a server are escaped already */
    int64_t asked, have, need;           /* in the finding's own unit; FINDING_NONE = null */
    char evidence[FINDING_EVIDENCE_MAX]; /* the numbers and lines it rests on; "" = none */
    double since_seconds;                /* into the run, when it was first seen; NAN: not kept */
    size_t do_count;
    char todo[FINDING_DO_MAX][200]; /* what to do, a command where there is one */
};
#define FINDING_NONE INT64_MIN

/* The last item is kept for the finding "findings_left_out": how many found no room, with the worst
 * status of these. */
struct findings {
    size_t count, left_out;
    struct finding items[FINDINGS_MAX];
    struct finding without_room; /* what the caller of findings_add() fills in, and nobody reads */
};

static inline enum finding_code finding_code_of_outcome(enum outcome outcome) {
    return (enum finding_code)outcome;
}
/* The outcome whose finding has that code; OUTCOME_COUNT: none has. */
static inline enum outcome finding_code_outcome(enum finding_code code) {
    return (int)code < OUTCOME_COUNT ? (enum outcome)code : OUTCOME_COUNT;
}
const char *finding_code_name(enum finding_code code); /* "source_ports", ..., as reports have it */
/* FINDING_unlisted: no code has that name. */
enum finding_code finding_code_by_name(const char *name);
enum outcome_side finding_code_side(enum finding_code code);
enum finding_stage finding_code_stage(enum finding_code code);
enum finding_failure finding_code_failure(enum finding_code code);
const char *finding_code_help(enum finding_code code);

/* The name as people read it, in a table: "source ports". */
const char *finding_label(const struct finding *finding);

/* Adds one of the code's own side and returns it (printf style). */
struct finding *findings_add(struct findings *findings, enum finding_code code,
                             enum finding_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same of another side, where the facts say so. */
struct finding *findings_add_of(struct findings *findings, enum finding_code code,
                                enum outcome_side side, enum finding_status status,
                                const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same by a name that was read, listed or not. */
struct finding *findings_add_named(struct findings *findings, const char *name,
                                   enum outcome_side side, enum finding_status status,
                                   const char *format, ...) __attribute__((format(printf, 5, 6)));
void finding_do(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Its evidence, in place of any former one; escaped as the text is. */
void finding_evidence(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The first and the last of that code; NULL: there is none. What a run found stands behind what its
 * preflight did. */
const struct finding *findings_first(const struct findings *findings, enum finding_code code);
const struct finding *findings_last(const struct findings *findings, enum finding_code code);
/* Where the server's own limits say that it will not hold the plan; NULL: nothing says so. */
const struct finding *findings_unheld(const struct findings *findings);
bool findings_any(const struct findings *findings, enum finding_status status);

/* Texts with quotations (printf style), escaped: no control byte of it reaches a terminal or a
 * report, and no value of a URL's query. */
void finding_escape(char *to, size_t size, const char *format, va_list arguments);

#endif
