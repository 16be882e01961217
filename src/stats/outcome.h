/* Outcomes: how a connection ended, whose fault it was, and in which stage. */
#ifndef STATS_OUTCOME_H
#define STATS_OUTCOME_H

#include <stdbool.h>

enum outcome_side { SIDE_TESTER, SIDE_NETWORK, SIDE_SERVER, SIDE_US };
enum outcome_stage { STAGE_OPEN, STAGE_LIVE, STAGE_DRAIN, STAGE_ANY };

enum outcome {
#define OUTCOME(name, side, stage, text, advice) OUTCOME_##name,
#include "stats/outcomes.def"
#undef OUTCOME
    OUTCOME_COUNT
};

const char *outcome_name(enum outcome outcome);
/* OUTCOME_COUNT: no outcome has that name. */
enum outcome outcome_by_name(const char *name);
const char *outcome_text(enum outcome outcome);
const char *outcome_advice(enum outcome outcome);
enum outcome_side outcome_side(enum outcome outcome);
enum outcome_stage outcome_stage(enum outcome outcome);
const char *outcome_side_name(enum outcome_side side); /* "tester", "network", "server", "us" */

/* closed_idle and closed_announced: ended by the server without fault. */
bool outcome_is_closed(enum outcome outcome);
/* Counted in the drain only. */
bool outcome_is_drain(enum outcome outcome);

/* The outcome of an errno (positive) from socket, bind or connect; from a live connection where
 * no reset or close explains it. */
enum outcome outcome_of_open_errno(int error);
enum outcome outcome_of_live_errno(int error);

/* "ECONNRESET", or "errno 999" style for one without a name; static storage. */
const char *outcome_errno_name(int error);

#endif
