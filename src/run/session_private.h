/* The struct of a session, and the functions that its files share. */
#ifndef RUN_SESSION_PRIVATE_H
#define RUN_SESSION_PRIVATE_H

#include "engine/crew.h"
#include "plan/setup.h"
#include "report/terminal/screen.h"
#include "run/execs.h"
#include "run/limit_snapshot.h"
#include "run/lookup.h"
#include "run/loop.h"
#include "run/meter.h"
#include "run/notes.h"
#include "run/observers.h"
#include "run/pauses.h"
#include "run/session.h"
#include "run/view.h"
#include "wire/requests.h"

/* Where the run stands. */
enum session_phase {
    PHASE_START, /* workers make their rings; the server's counters are read for the first time */
    PHASE_RAMP,
    PHASE_HOLD,
    PHASE_FREEZE,
    PHASE_DRAIN,
    PHASE_OVER,
};

/* Before it is first looked at. */
#define SESSION_NO_LEVEL ((struct level_span){UINT64_MAX, 0})

struct session {
    const struct plan *plan;
    const struct setup *setup;
    struct record *record; /* the result: what is noted when it happens, and measured at the end */
    struct record *so_far; /* the record as if the run ended now, made anew each second; NULL:
                            * nobody reads it */
    struct requests requests;
    struct loop loop;
    struct crew *crew;
    struct observers observers;
    struct meter meter;
    struct notes notes;
    struct limit_snapshots snapshots;
    struct execs execs;
    struct lookup lookup;
    struct screen screen;
    struct block_view view;
    instant phase_since;               /* as the view has it */
    struct session_timeline *timeline; /* NULL: not asked for */
    struct scrape *scrape;             /* the same */
    double lag_seconds;                /* of the latest second; NAN */
    struct tally *total;
    int signals_fd;
    enum session_phase phase;
    bool ready;          /* to begin, but for --start-at */
    bool begun;          /* the ramp has */
    bool stopping;       /* a signal asked for the end */
    instant leader_lost; /* who gives orders was gone by then, or in a hurry; 0: neither */
    bool aborting;       /* a rule can no longer hold: --abort-on-fail */
    struct rules rules;
    instant now; /* run clock */
    instant started, hold_since, drain_since, next_tick;
    uint64_t answered_before_hold;
    struct level_span live; /* of the second so far */
    bool sample_wanted;     /* what workers published is not summed up yet */
    instant sampled_at;
    struct pauses pauses;
    struct mark_look looked; /* the numbers at the latest look */
    duration sample_took;
    uint64_t ticks;
};

static inline double session_run_time(const struct session *session) {
    return duration_seconds(instant_since(session->now, session->started));
}

/* Each of these files calls only those below it: session.c, session_phases.c, session_report.c,
 * session_sample.c. */

/* session_sample.c: every look at the numbers goes through session_sample(), which sums up the crew
 * and checks the ledger. */
void session_sample(struct session *session);
struct mark_look session_look(const struct session *session);
/* The level of live connections since it was last taken, into the second and the record. */
void session_take_level(struct session *session, struct level_span span);
/* The hold until now. */
void session_measure_hold(const struct session *session, struct record *record);
void session_record_members(struct session *session);
/* The crew's sums, and the descriptors that it has, into the record: they are frozen. */
void session_take_total(struct session *session);
/* Makes session->so_far anew, where there is one. */
void session_refresh(struct session *session);
/* The run is over: what is measured at its end, into the record. */
void session_finish_record(struct session *session);

/* session_report.c: what those outside see while the run goes on. take_second: a second is over, or
 * the part of one that the ramp's end cuts off. publish: a record's figures, to whoever scrapes.
 */
/* Of a run on many hosts; whether this is a part of one. */
bool session_has_leader(const struct session *session);
void session_tell_ready(const struct session *session);
void session_tell_phase(const struct session *session);
void session_begin_timeline(struct session *session);
void session_take_second(struct session *session);
void session_publish(struct session *session, const struct record *record);
void session_print_line(struct session *session);
void session_show_block(struct session *session);
void session_report_outcomes(struct session *session, const struct tally_counts *counts);

/* session_phases.c: how long until the time of --start-at; 0 or less: it has come. */
duration session_start_left(const struct session *session);
/* One step forward, if it is time for one; true when there may be another. */
bool session_advance(struct session *session);
/* A second interrupt: the run is over at once, and what the last sample says is what is reported.
 */
void session_cut_short(struct session *session);

#endif
