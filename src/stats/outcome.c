/* The outcome table made readable: names, sides and texts, and which errno means which outcome. */
#include "stats/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/require.h"

static const struct outcome_row {
    const char *name;
    enum outcome_side side;
    enum outcome_stage stage;
    const char *text;
    const char *advice;
} rows[OUTCOME_COUNT] = {
#define OUTCOME(name, side, stage, text, advice) {#name, SIDE_##side, STAGE_##stage, text, advice},
#include "stats/outcomes.def"
#undef OUTCOME
};

static const struct outcome_row *row_of(enum outcome outcome) {
    require((unsigned)outcome < OUTCOME_COUNT);
    return &rows[outcome];
}

const char *outcome_name(enum outcome outcome) {
    return row_of(outcome)->name;
}

enum outcome outcome_by_name(const char *name) {
    int outcome = 0;
    while (outcome < OUTCOME_COUNT && strcmp(name, rows[outcome].name) != 0)
        outcome++;
    return (enum outcome)outcome;
}

const char *outcome_text(enum outcome outcome) {
    return row_of(outcome)->text;
}

const char *outcome_advice(enum outcome outcome) {
    return row_of(outcome)->advice;
}

enum outcome_side outcome_side(enum outcome outcome) {
    return row_of(outcome)->side;
}

enum outcome_stage outcome_stage(enum outcome outcome) {
    return row_of(outcome)->stage;
}

const char *outcome_side_name(enum outcome_side side) {
    static const char *const names[] = {"tester", "network", "server", "us"};
    require((unsigned)side < sizeof names / sizeof names[0]);
    return names[side];
}

bool outcome_is_closed(enum outcome outcome) {
    return outcome == OUTCOME_closed_idle || outcome == OUTCOME_closed_announced;
}

bool outcome_is_drain(enum outcome outcome) {
    return outcome_stage(outcome) == STAGE_DRAIN;
}

enum outcome outcome_of_open_errno(int error) {
    switch (error) {
    case EMFILE: return OUTCOME_fd_limit;
    case ENFILE: return OUTCOME_fd_limit_system;
    case EADDRNOTAVAIL:
    case EADDRINUSE: return OUTCOME_ports_exhausted;
    case ENOMEM:
    case ENOBUFS: return OUTCOME_no_memory;
    case EPERM:
    case EACCES:
    case ENOSYS: return OUTCOME_denied;
    case ECONNREFUSED: return OUTCOME_refused;
    case EHOSTUNREACH:
    case ENETUNREACH: return OUTCOME_unreachable;
    case ETIMEDOUT: return OUTCOME_connect_timeout;
    case ECONNRESET: return OUTCOME_connect_reset;
    default: return OUTCOME_connect_error;
    }
}

enum outcome outcome_of_live_errno(int error) {
    return error == ENOMEM || error == ENOBUFS ? OUTCOME_no_memory : OUTCOME_io_error;
}

const char *outcome_errno_name(int error) {
    static char number[24];
    const char *name = error > 0 ? strerrorname_np(error) : NULL;
    if (name != NULL)
        return name;
    snprintf(number, sizeof number, "errno %d", error);
    return number;
}
