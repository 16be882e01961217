/* Outputs of a session while it goes on: timeline, scrapes, live line and block, notes. */
#include "options/options.h"
#include "run/session_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "report/format/log.h"
#include "run/self.h"

static const char *phase_name(enum session_phase phase) {
    static const char *const names[] = {"start", "ramp", "hold", "freeze", "drain", "drain"};
    return names[phase];
}

bool session_has_leader(const struct session *session) {
    return session->timeline != NULL && session->timeline->file.to_leader;
}

/* To a leader, who waits for all parts. */
void session_tell_ready(const struct session *session) {
    if (session_has_leader(session))
        session_complain(&session->timeline->file, timeline_file_ready(&session->timeline->file));
}

/* To a leader, who has the hold of all parts to know: a second would be late. */
void session_tell_phase(const struct session *session) {
    if (session_has_leader(session))
        session_complain(&session->timeline->file,
                         timeline_file_phase(&session->timeline->file, phase_name(session->phase)));
}

void session_begin_timeline(struct session *session) {
    struct session_timeline *timeline = session->timeline;
    if (timeline == NULL)
        return;
    timeline->file.started_ns = session->started.ns;
    session_record_members(session);
    session_complain(&timeline->file, timeline_file_begin(&timeline->file, session->plan,
                                                          session->record, timeline->judgement));
}

void session_publish(struct session *session, const struct record *record) {
    if (session->scrape == NULL)
        return;
    struct prometheus_scrape exposition = {.plan = session->plan,
                                           .record = record,
                                           .total = &record->total,
                                           .loop_lag_seconds = session->lag_seconds,
                                           .cpu_seconds = record->cpu_user_seconds +
                                                          record->cpu_system_seconds,
                                           .certificate_expiry = session->setup->tls_not_after,
                                           .self = self_measure()};
    scrape_publish(session->scrape, &exposition);
}

static void write_timeline(struct session *session, const struct timeline_sample *sample) {
    if (session->timeline == NULL)
        return;
    struct timeline_file *file = &session->timeline->file;
    struct closings closings;
    judge_causes(&closings, session->plan, session->so_far);
    struct timeline_moment moment = {phase_name(session->phase), *sample, &closings,
                                     session->phase < PHASE_DRAIN ? &session->rules : NULL};
    session_complain(file, timeline_file_sample(file, session->plan, session->so_far, &moment));
}

/* A second is over, or the part of one that the ramp's end cuts off. */
void session_take_second(struct session *session) {
    double server = observers_take_per_second(&session->observers);
    double t = duration_seconds(instant_since(session->now, session->started));
    session_take_level(session, crew_take_level(session->crew));
    struct timeline_sample taken =
        meter_tick(&session->meter, &session->record->timeline, session->crew, session->total,
                   session->now, net_now(session->loop.net), t, server, session->live);
    session->live = SESSION_NO_LEVEL;
    session->lag_seconds = taken.loop_lag_seconds;
    session_refresh(session);
    write_timeline(session, &taken);
    session_publish(session, session->so_far);
}

void session_print_line(struct session *session) {
    struct status_line line;
    meter_line(&session->meter, &line, session->crew, session->plan, session->setup,
               session->total);
    line.phase = phase_name(session->phase);
    line.t = duration_seconds(instant_since(session->now, session->started));
    line.server_rps = observers_per_second(&session->observers);
    if (session->phase == PHASE_DRAIN)
        line.drained = (int64_t)tally_drained(&session->total->counts);
    char text[STATUS_LINE_MAX];
    screen_print(&session->screen, LOG_LEVEL_INFO, status_line_text(text, sizeof text, &line));
}

/* When the hold ends, by this host's clock: with the day where that is not today's. */
static void tell_end(struct block_view *view) {
    struct tm end, today;
    time_t now = time(NULL), then = now + (time_t)((view->length - view->elapsed) / SECOND);
    view->ends_at[0] = '\0';
    if (strcmp(view->phase, "hold") != 0 || view->length == 0 || view->elapsed > view->length ||
        localtime_r(&now, &today) == NULL || localtime_r(&then, &end) == NULL)
        return;
    bool same = today.tm_yday == end.tm_yday && today.tm_year == end.tm_year;
    strftime(view->ends_at, sizeof view->ends_at, same ? "%H:%M:%S" : "%F %H:%M", &end);
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
    tell_end(view);
    view_counts(view, plan, session->record, session->total);
    if (session->phase >= PHASE_DRAIN)
        view->drained = (int64_t)tally_drained(&session->total->counts);
    screen_show(&session->screen, view);
}

/* An outcome of our own side explains itself once, when all is known of how it came. */
void session_report_outcomes(struct session *session, const struct tally_counts *counts) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (outcome_side(outcome) == SIDE_TESTER &&
            limit_snapshots_complete(&session->snapshots, outcome))
            notes_error(&session->notes, outcome, session->plan, session->setup, session->record,
                        counts, session->now);
    }
    notes_outcomes(&session->notes, counts, session->now);
}

void session_complain(const struct timeline_file *file, int error) {
    if (error == -EAGAIN)
        fprintf(log_at(LOG_LEVEL_ERROR),
                "holdfast: --timeline: \"%s\": the reader is too slow: %" PRIu64
                " line%s left out\n",
                file->path, file->left_out, file->left_out == 1 ? " was" : "s were");
    else if (error != 0)
        fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: --timeline: \"%s\" could not be written: %s\n",
                file->path, line_writer_error(error));
}
