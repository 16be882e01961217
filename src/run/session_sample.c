/* The figures of a session: the crew's sums, and the record that is brought up to date from them.
 */
#include "run/session_private.h"
#include "stats/rates.h"

#include <stdlib.h>
#include <string.h>

struct mark_look session_look(const struct session *session) {
    const struct tally_counts *counts = &session->total->counts;
    uint64_t came = counts->opened - counts->reconnected; /* slots that were live once */
    return (struct mark_look){.t = session_run_time(session),
                              .lost = counts->lost,
                              .missing = came > counts->live ? came - counts->live : 0};
}

static void note_first_seen(struct session *session) {
    struct record *record = session->record;
    const struct tally_counts *counts = &session->total->counts;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (counts->outcomes[i] == 0 || record->first_seen_seconds[i] != 0)
            continue;
        /* As the worker saw it; of a worker that died, as we did. */
        instant first = session->now;
        if (counts->first_ns[i] != 0)
            first.ns = counts->first_ns[i];
        record->first_seen_seconds[i] = duration_seconds(instant_since(first, session->started));
    }
}

static void note_certificate(struct session *session) {
    struct record *record = session->record;
    const struct tally_counts *counts = &session->total->counts;
    instant changed = {counts->tls_change.at_ns};
    if (changed.ns != 0 && record->certificate_changed_seconds == 0)
        record->certificate_changed_seconds =
            duration_seconds(instant_since(changed, session->started));
}

void session_take_level(struct session *session, struct level_span span) {
    struct record *record = session->record;
    session->live.least = span.least < session->live.least ? span.least : session->live.least;
    session->live.most = span.most > session->live.most ? span.most : session->live.most;
    if (span.most > record->live_peak)
        record->live_peak = span.most;
    if (record->live_min_measured && span.least < record->live_min)
        record->live_min = span.least;
}

/* Sums up the crew and checks the ledger: every look at the numbers goes through here. */
void session_sample(struct session *session) {
    struct record *record = session->record;
    instant before = net_now(session->loop.net);
    const char *imbalance = crew_sample(session->crew, session->total);
    record->samples++;
    if (imbalance != NULL && record->imbalance == NULL)
        record->imbalance = imbalance;
    const struct tally_counts *counts = &session->total->counts;
    if (session->phase < PHASE_DRAIN)
        session_take_level(session, crew_take_level(session->crew));
    note_first_seen(session);
    note_certificate(session);
    if (session->phase < PHASE_DRAIN) {
        struct mark_look look = session_look(session);
        pauses_see(&session->pauses, counts, session->now, &session->looked);
        marks_see(&record->marks, &look);
        session->looked = look;
    }
    limit_snapshots_take(&session->snapshots, record, session->setup, session->crew, counts,
                         session->now);
    session->sample_wanted = false;
    session->sampled_at = net_now(session->loop.net);
    session->sample_took = instant_since(session->sampled_at, before);
}

void session_record_members(struct session *session) {
    struct record *record = session->record;
    record->worker_count = crew_count(session->crew);
    record->workers_lost_early = 0;
    if (record->workers == NULL)
        record->workers = calloc(record->worker_count, sizeof *record->workers);
    for (size_t i = 0; i < record->worker_count && record->workers != NULL; i++) {
        const struct crew_member *member = crew_member(session->crew, i);
        record->workers_lost_early += member->early && !record->cut;
        record->workers[i] = (struct record_worker){.pid = member->pid,
                                                    .share = member->share,
                                                    .lost = member->lost && !record->cut,
                                                    .status = member->status};
    }
}

void session_measure_hold(const struct session *session, struct record *record) {
    duration held = instant_since(session->now, session->hold_since);
    record->hold_seconds = duration_seconds(held);
    record->answered_in_hold = session->total->counts.answered - session->answered_before_hold;
    record->per_second_mean = rates_mean(record->answered_in_hold, held);
}

static void measure_files(const struct session *session, struct record *record) {
    meter_files(session->crew, session->plan, session->total, &record->headroom_files_used,
                &record->headroom_files_limit);
}

void session_take_total(struct session *session) {
    tally_copy(&session->record->total, session->total);
    measure_files(session, session->record);
}

/* The measurements of the end of a run, whether it has come or the run goes on. */
static void measure_end(const struct session *session, struct record *record) {
    clock_gettime(CLOCK_REALTIME, &record->ended_at);
    record->balanced = record->imbalance == NULL;
    snprintf(record->engine, sizeof record->engine, "%s", net_engine(session->loop.net));
    snprintf(record->engine_reason, sizeof record->engine_reason, "%s",
             session->setup->choice.reason);
    observers_record(&session->observers, record);
}

/* Figures frozen, or measured at the end of the hold, stay. */
void session_refresh(struct session *session) {
    struct record *so_far = session->so_far;
    if (so_far == NULL)
        return;
    bool frozen = session->phase >= PHASE_DRAIN;
    record_so_far(so_far, session->record, frozen ? &session->record->total : session->total);
    if (!frozen)
        measure_files(session, so_far);
    if (session->phase == PHASE_HOLD)
        session_measure_hold(session, so_far);
    measure_end(session, so_far);
    meter_so_far(&session->meter, so_far, session->crew);
}

void session_finish_record(struct session *session) {
    struct record *record = session->record;
    measure_end(session, record);
    meter_finish(&session->meter, record, session->crew);
    session_record_members(session);
    record->ring_error = crew_failure(session->crew);
    limit_snapshots_finish(&session->snapshots, record);
}
