/* What a session tells while it goes on: timeline, scrapes, live line and block, notes. */
#include "run/session_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/voice.h"
#include "run/self.h"

static const char *phase_name(enum phase phase) {
    static const char *const names[] = {"start", "ramp", "hold", "freeze", "drain", "drain"};
    return names[phase];
}

void session_begin_timeline(struct session *session) {
    struct session_timeline *timeline = session->timeline;
    if (timeline == NULL)
        return;
    session_record_members(session);
    session_complain(&timeline->file, timeline_file_begin(&timeline->file, session->plan,
                                                          session->record, timeline->judgement));
}

void session_bring_up_to_date(struct session *session) {
    struct record *record = session->record;
    if (session->phase < PHASE_DRAIN) {
        tally_copy(&record->total, session->total);
        meter_files(session->crew, session->plan, session->total, &record->headroom_files_used,
                    &record->headroom_files_limit);
    }
    if (session->phase == PHASE_HOLD)
        session_measure_hold(session);
    clock_gettime(CLOCK_REALTIME, &record->ended_at);
    record->balanced = record->imbalance == NULL;
    snprintf(record->engine, sizeof record->engine, "%s", net_engine(session->net));
    observers_record(&session->observers, record);
    meter_so_far(&session->meter, record, session->crew);
    session_record_members(session);
}

/* After the freeze the figures are those of the report. */
void session_publish(struct session *session) {
    struct record *record = session->record;
    if (session->scrape == NULL)
        return;
    bool frozen = session->phase >= PHASE_DRAIN;
    observers_record(&session->observers, record);
    meter_so_far(&session->meter, record, session->crew);
    struct exposition exposition = {.plan = session->plan,
                                    .record = record,
                                    .total = frozen ? &record->total : session->total,
                                    .loop_lag_seconds = session->lag_seconds,
                                    .cpu_seconds =
                                        record->cpu_user_seconds + record->cpu_system_seconds,
                                    .self = self_measure()};
    scrape_publish(session->scrape, &exposition);
}

static void write_timeline(struct session *session, const struct sample *sample) {
    if (session->timeline == NULL)
        return;
    struct timeline_file *file = &session->timeline->file;
    session_bring_up_to_date(session);
    struct closings closings;
    judge_causes(&closings, session->plan, session->record);
    struct timeline_moment moment = {phase_name(session->phase), *sample, &closings};
    session_complain(file, timeline_file_sample(file, session->plan, session->record, &moment));
}

/* A second is over, or the part of one that the ramp's end cuts off. */
void session_take_second(struct session *session) {
    double server = observers_per_second(&session->observers);
    double t = duration_seconds(instant_since(session->now, session->started));
    struct sample taken = meter_tick(&session->meter, &session->record->timeline, session->crew,
                                     session->total, session->now, t, server);
    session->lag_seconds = taken.loop_lag_seconds;
    write_timeline(session, &taken);
    session_publish(session);
}

void session_print_line(struct session *session) {
    struct live_line line;
    meter_line(&session->meter, &line, session->crew, session->plan, session->total);
    line.phase = phase_name(session->phase);
    line.t = duration_seconds(instant_since(session->now, session->started));
    line.server_rps = observers_per_second(&session->observers);
    if (session->phase == PHASE_DRAIN)
        line.drained = (int64_t)tally_drained(&session->total->counts);
    char text[REPORT_LINE_MAX];
    screen_say(&session->screen, report_line_text(text, sizeof text, &line));
}

/* The block as things stand; of what is measured once a second the latest. */
void session_show_block(struct session *session) {
    struct block_view *view = &session->view;
    const struct plan *plan = session->plan;
    if (!screen_is_open(&session->screen))
        return;
    const char *phase = session->phase == PHASE_OVER ? "done" : phase_name(session->phase);
    if (strcmp(view->phase, phase) != 0)
        session->phase_since = session->phase == PHASE_HOLD   ? session->hold_since
                               : session->phase == PHASE_OVER ? session->started
                                                              : session->now;
    view->phase = phase;
    view->elapsed = instant_since(session->now, session->phase_since);
    view->length = session->phase == PHASE_HOLD   ? plan->hold
                   : session->phase == PHASE_RAMP ? ramp_length(&plan->ramp)
                                                  : 0;
    view->until_interrupt = session->phase == PHASE_HOLD && plan->requests == 0;
    view_counts(view, plan, session->record, session->total);
    if (session->phase == PHASE_DRAIN)
        view->drained = (int64_t)tally_drained(&session->total->counts);
    screen_show(&session->screen, view);
}

/* An outcome of our own side explains itself once, when all is known of how it came. */
void session_tell_outcomes(struct session *session, const struct counts *counts) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (outcome_side(outcome) == SIDE_TESTER && scenes_whole(&session->scenes, outcome))
            notes_error(&session->notes, outcome, session->plan, session->record, counts,
                        session->now);
    }
    notes_outcomes(&session->notes, counts, session->now);
}

void session_complain(const struct timeline_file *file, int error) {
    if (error == -EAGAIN)
        fprintf(voice(),
                "holdfast: --timeline: \"%s\": the reader is too slow: %" PRIu64
                " line%s left out\n",
                file->path, file->left_out, file->left_out == 1 ? " was" : "s were");
    else if (error != 0)
        fprintf(voice(), "holdfast: --timeline: \"%s\" could not be written: %s\n", file->path,
                outlet_error(error));
}
