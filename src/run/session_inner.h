/* What the files of a session share: its struct, and who does which part. */
#ifndef RUN_SESSION_INNER_H
#define RUN_SESSION_INNER_H

#include "engine/crew.h"
#include "http/requests.h"
#include "run/execs.h"
#include "run/meter.h"
#include "run/notes.h"
#include "run/observers.h"
#include "run/scenes.h"
#include "run/screen.h"
#include "run/session.h"
#include "run/view.h"

/* Where the run stands. */
enum phase {
    PHASE_START, /* workers make their rings; the server's counters are read for the first time */
    PHASE_RAMP,
    PHASE_HOLD,
    PHASE_FREEZE,
    PHASE_DRAIN,
    PHASE_OVER,
};

struct session {
    const struct plan *plan;
    struct record *record;
    struct requests requests;
    struct net *net;
    struct crew *crew;
    struct observers observers;
    struct meter meter;
    struct notes notes;
    struct scenes scenes;
    struct execs execs;
    struct screen screen;
    struct block_view view;
    instant phase_since;               /* as the view has it */
    struct session_timeline *timeline; /* NULL: not asked for */
    struct scrape *scrape;             /* the same */
    double lag_seconds;                /* of the latest second; NAN */
    struct tally *total;
    int signals_fd;
    enum phase phase;
    bool stopping; /* a signal asked for the end */
    bool aborting; /* a rule can no longer hold: --abort-on-fail */
    struct rules rules;
    instant now; /* run clock */
    instant started, hold_since, drain_since, next_tick;
    uint64_t answered_before_hold;
    uint64_t ticks;
};

static inline double session_run_time(const struct session *session) {
    return duration_seconds(instant_since(session->now, session->started));
}

/* session.c: every look at the numbers goes through here: sums up the crew, checks the ledger. */
void session_sample(struct session *session);
void session_record_members(struct session *session);

/* session_phases.c: one step forward, if it is time for one; true when there may be another. */
bool session_advance(struct session *session);
/* A second interrupt: the run is over at once, and what the last sample says is what is reported.
 */
void session_cut_short(struct session *session);
/* Of the hold so far; at its end, of the whole. */
void session_measure_hold(struct session *session);

/* session_tell.c: what those outside see while the run goes on. take_second: a second is over, or
 * the part of one that the ramp's end cuts off. publish: to whoever scrapes. */
void session_begin_timeline(struct session *session);
/* The record as it would be if the run ended now. */
void session_bring_up_to_date(struct session *session);
void session_take_second(struct session *session);
void session_publish(struct session *session);
void session_print_line(struct session *session);
void session_show_block(struct session *session);
void session_tell_outcomes(struct session *session, const struct counts *counts);

#endif
