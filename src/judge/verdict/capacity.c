/* The answer of a search for the capacity, and its limit, from the steps. */
#include "judge/verdict/capacity.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "judge/diagnose/cause.h"
#include "judge/diagnose/shortage.h"
#include "judge/human.h"

const char *capacity_end_name(enum capacity_end end) {
    static const char *const names[] = {"found", "ours", "ceiling", "gone", "interrupted"};
    return names[end];
}

const char *capacity_result_name(enum capacity_result result) {
    static const char *const names[] = {"held", "gave", "gone", "cut"};
    return names[result];
}

/* --- what broke a step --- */

__attribute__((format(printf, 4, 5))) static struct capacity_cause
cause_of(enum outcome_side side, const char *code, const char *advice, const char *format, ...) {
    struct capacity_cause cause = {.known = true, .side = side, .outcome = -1};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cause.text, sizeof cause.text, format, arguments);
    va_end(arguments);
    snprintf(cause.code, sizeof cause.code, "%s", code);
    snprintf(cause.advice, sizeof cause.advice, "%s", advice);
    return cause;
}

static struct capacity_cause cause_of_finding(const struct finding *finding) {
    struct capacity_cause cause =
        cause_of(finding->side, finding->name, finding->do_count > 0 ? finding->todo[0] : "", "%s",
                 finding->text);
    cause.explained = true;
    return cause;
}

static struct capacity_cause cause_of_preflight(const struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].status == FINDING_FAIL)
            return cause_of_finding(&findings->items[i]);
    return (struct capacity_cause){.outcome = -1};
}

/* The one that ended most: ours first, as whatever else happened may come from it. */
static int foremost(const struct tally_counts *counts) {
    int top = -1;
    bool top_ours = false;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        bool ours = outcome_side((enum outcome)i) == SIDE_TESTER;
        if (counts->outcomes[i] == 0 || (top_ours && !ours))
            continue;
        if (top < 0 || ours != top_ours || counts->outcomes[i] > counts->outcomes[top]) {
            top = i;
            top_ours = ours;
        }
    }
    return top;
}

/* Connections that ended all at once while the ramp went on may have ended at a number of them, not
 * at a moment. */
static void note_moment(struct capacity_cause *cause, const struct closing *closing,
                        const struct plan *plan, const struct record *record) {
    enum { LATER_MS = 200 };
    cause->by_moment = closing->dimension == CLOSING_MOMENT;
    cause->ended = closing->count;
    if (cause->by_moment && closing->bursts > 0 && isfinite(record->ramp_seconds) &&
        closing->value <= record->ramp_seconds * 1e3 + LATER_MS)
        cause->level = ramp_due(&plan->ramp, closing->value * MILLISECOND);
}

/* The server's shortage explains how connections ended, in its own words where its log has
 * them; else why it ended them, by its own name for it; else what is foremost. */
static struct capacity_cause cause_of_outcome(enum outcome top, const struct judgement *judgement,
                                              const struct plan *plan,
                                              const struct record *record) {
    const struct closing *closing = closings_find(&judgement->closings, top);
    struct capacity_cause cause;
    struct cause foremost;
    bool in_its_log = record->evidence.error_log.short_of_connections > 0;
    bool level = closing != NULL && closing->dimension == CLOSING_LEVEL && !in_its_log;
    if (level || (closing != NULL && shortage_of_server(&judgement->findings) == NULL)) {
        cause = cause_of(outcome_side(top), closing->directive, closing->advice, "%s %s, %s",
                         HUMAN_COUNT(closing->count), outcome_name(top), closing->text);
        cause.explained = true;
        note_moment(&cause, closing, plan, record);
    } else if (judge_cause(&foremost, record, &judgement->findings)) {
        const struct finding *finding = findings_first(&judgement->findings, foremost.code);
        cause = cause_of(foremost.side, finding_code_name(foremost.code),
                         finding != NULL && finding->do_count > 0 ? finding->todo[0] : "", "%s",
                         foremost.evidence);
        cause.explained = foremost.code != finding_code_of_outcome(top);
        cause.by_ramp = foremost.code == FINDING_backlog_overflow;
        if (foremost.code == FINDING_short_of_connections)
            snprintf(cause.code, sizeof cause.code, "%s", closings_level_name(&judgement->target));
    } else {
        cause = cause_of(outcome_side(top), outcome_name(top),
                         tally_outcome_advice(&record->total.counts, top), "%s", outcome_text(top));
    }
    cause.outcome = (int)top;
    cause.by_ramp |= top == OUTCOME_connect_timeout;
    if (closing != NULL && closing->dimension == CLOSING_LEVEL)
        cause.limit = closing->value;
    return cause;
}

static struct capacity_cause cause_of_rule(const struct judgement *judgement) {
    const struct rule_requirement *broken = judgement_next_broken(judgement, NULL);
    if (broken == NULL)
        return (struct capacity_cause){.outcome = -1};
    const struct rule *rule = &broken->rule;
    char measured[48];
    if (isnan(broken->actual))
        return cause_of(SIDE_US, rule->expression, "", "%s was not measured", rule->metric.name);
    return cause_of(SIDE_SERVER, rule->expression, rule->metric.help, "%s was %s",
                    rule->metric.name,
                    rule_measured_text(measured, sizeof measured, rule, broken->actual));
}

static struct capacity_cause cause_of_lateness(const struct judgement *judgement) {
    struct capacity_cause cause =
        cause_of(SIDE_TESTER, "lateness", "", "%s",
                 judgement->reason_count > 0 ? judgement->reasons[0] : "our own side");
    cause.by_lateness = true;
    return cause;
}

struct capacity_cause capacity_cause(const struct judgement *judgement, const struct plan *plan,
                                     const struct record *record) {
    if (record == NULL)
        return cause_of_preflight(&judgement->findings);
    const struct tally_counts *counts = &record->total.counts;
    int top = foremost(counts);
    bool ours = top >= 0 && outcome_side((enum outcome)top) == SIDE_TESTER;
    /* Rules that broke while nobody else was at fault: our own lateness, a ring, a worker. */
    if (judgement->verdict == VERDICT_UNFIT ||
        (judgement->verdict == VERDICT_INCONCLUSIVE && !ours &&
         judgement_next_broken(judgement, NULL) != NULL))
        return cause_of_lateness(judgement);
    if (top >= 0)
        return cause_of_outcome((enum outcome)top, judgement, plan, record);
    return cause_of_rule(judgement);
}

/* --- the steps --- */

static enum capacity_result result_of(const struct judgement *judgement,
                                      const struct record *record) {
    if (judgement->verdict == VERDICT_HELD)
        return CAPACITY_HELD;
    if (judgement->verdict == VERDICT_NO_TARGET)
        return CAPACITY_GONE;
    bool cut_short =
        record != NULL ? record->interrupted : judgement->exit_code == EXIT_INCONCLUSIVE;
    bool broken = judgement->verdict == VERDICT_BROKE;
    return cut_short && !broken ? CAPACITY_CUT : CAPACITY_BROKE;
}

static void measure(struct capacity_step *step, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    step->ran = true;
    step->opened = counts->opened;
    step->live = counts->live;
    step->closed = tally_closed(counts);
    step->errored = tally_errored(counts);
    step->lost = counts->lost;
    step->statuses = statuses_of(counts);
    step->ramp_seconds = record->ramp_seconds;
    step->p99_seconds = record_figures(record, DISTRIBUTION_LATENCY).p99;
}

/* A burst in the ramp, at the number that is known to be the limit, of no more than lay beyond it:
 * it was the number. nginx ends up to 32 at a time. */
static bool is_level(const struct capacity_step *step, uint64_t held) {
    enum { AT_A_TIME = 40, NEAR_PERCENT = 2 };
    const struct capacity_cause *cause = &step->cause;
    uint64_t asked = step->connections;
    uint64_t beyond = asked > cause->level ? asked - cause->level : 0;
    return cause->by_moment && cause->level > 0 && held > 0 &&
           cause->level + held * NEAR_PERCENT / 100 + 1 >= held && cause->level <= asked &&
           cause->ended <= beyond + AT_A_TIME + beyond / 10;
}

/* Far beyond the limit as many end idle as lie beyond it, whenever that is seen. */
static bool is_excess(const struct capacity_step *step, uint64_t held) {
    enum { AT_A_TIME = 40, LEAST = 20 };
    const struct capacity_cause *cause = &step->cause;
    bool idle = cause->outcome == OUTCOME_closed_idle || cause->outcome == OUTCOME_reset_idle;
    uint64_t beyond = step->connections > held ? step->connections - held : 0;
    uint64_t ended = step->lost, apart = ended > beyond ? ended - beyond : beyond - ended;
    return idle && (!cause->explained || cause->by_moment) && held > 0 && beyond >= LEAST &&
           ended >= LEAST && apart <= AT_A_TIME + beyond / 10;
}

static void name_excess(const struct capacity_step *step, struct capacity_cause *cause,
                        const char *name) {
    snprintf(cause->code, sizeof cause->code, "%s", name);
    snprintf(cause->text, sizeof cause->text,
             "%s of %s were closed idle, and %s stayed, as many as it holds: looks like %s",
             HUMAN_COUNT(step->lost), HUMAN_COUNT(step->connections), HUMAN_COUNT(step->live),
             name);
    snprintf(cause->advice, sizeof cause->advice, "raise %s", name);
    cause->explained = true;
    cause->by_moment = false;
}

/* The level is counted by the clock, and may lie a little below what is known to hold. */
static void name_level(struct capacity_cause *cause, uint64_t held, const char *name) {
    snprintf(cause->code, sizeof cause->code, "%s", name);
    const char *outcome = outcome_name((enum outcome)cause->outcome);
    if (cause->level > held)
        snprintf(cause->text, sizeof cause->text,
                 "%s %s, as soon as %s had been opened, and none where no more than %s were: looks "
                 "like %s",
                 HUMAN_COUNT(cause->ended), outcome, HUMAN_COUNT(cause->level), HUMAN_COUNT(held),
                 name);
    else
        snprintf(cause->text, sizeof cause->text,
                 "%s %s, in the ramp and at about the %s that held: looks like %s",
                 HUMAN_COUNT(cause->ended), outcome, HUMAN_COUNT(held), name);
    snprintf(cause->advice, sizeof cause->advice, "raise %s", name);
    cause->by_moment = false;
}

/* Our own side lacks the same the next time too; its lateness may have been chance. */
static enum bisect_result bisect_result_of(const struct capacity_step *step) {
    if (step->result == CAPACITY_HELD)
        return BISECT_HELD;
    bool ours = step->cause.side == SIDE_TESTER && !step->cause.by_lateness;
    return !step->ran || ours ? BISECT_BROKE_CERTAINLY : BISECT_BROKE;
}

/* Where the limit shows itself it is tried next; else as many as stayed. */
static void take_into_search(struct bisect *search, const struct capacity_step *step) {
    bisect_take(search, step->connections, bisect_result_of(step), step->live);
    if (step->result == CAPACITY_BROKE && search->broke == step->connections)
        bisect_hint(search, step->cause.limit > 0 ? step->cause.limit : step->live);
}

bool capacity_add(struct capacity *capacity, const struct plan *plan,
                  const struct judgement *judgement, const struct record *record) {
    if (capacity->count == capacity->room) {
        size_t room = capacity->room == 0 ? 32 : 2 * capacity->room;
        struct capacity_step *steps = realloc(capacity->steps, room * sizeof *steps);
        if (steps == NULL)
            return false;
        capacity->steps = steps;
        capacity->room = room;
    }
    struct capacity_step *step = &capacity->steps[capacity->count++];
    *step = (struct capacity_step){.connections = plan->connections,
                                   .result = result_of(judgement, record),
                                   .ramp_seconds = NAN,
                                   .p99_seconds = NAN,
                                   .cause = {.outcome = -1}};
    if (record != NULL)
        measure(step, record);
    if (step->result == CAPACITY_BROKE || step->result == CAPACITY_GONE)
        step->cause = capacity_cause(judgement, plan, record);
    if (step->result == CAPACITY_BROKE && is_level(step, capacity->search.held))
        name_level(&step->cause, capacity->search.held, closings_level_name(&judgement->target));
    if (step->result == CAPACITY_HELD || step->result == CAPACITY_BROKE)
        take_into_search(&capacity->search, step);
    return true;
}

void capacity_free(struct capacity *capacity) {
    free(capacity->steps);
    capacity->steps = NULL;
    capacity->count = capacity->room = 0;
}

/* --- the end --- */

/* Above the answer: a number that broke below it is known to hold by now. */
static const struct capacity_step *least_broken(const struct capacity *capacity) {
    const struct capacity_step *least = NULL;
    for (size_t i = 0; i < capacity->count; i++) {
        const struct capacity_step *step = &capacity->steps[i];
        if (step->result == CAPACITY_BROKE && step->connections > capacity->answer &&
            (least == NULL || step->connections < least->connections))
            least = step;
    }
    return least;
}

/* Of a server that grew: what it would not hold at first, and held later. */
static uint32_t largest_regained(const struct capacity *capacity) {
    uint32_t largest = 0;
    for (size_t i = 0; i < capacity->count; i++) {
        const struct capacity_step *step = &capacity->steps[i];
        if (step->result == CAPACITY_BROKE && step->connections <= capacity->answer &&
            step->connections > largest)
            largest = step->connections;
    }
    return largest;
}

/* Near the limit a handful of endings shows little, or a burst that could be of a moment; the same
 * ones far beyond it show their cause. */
static bool is_unclear(const struct capacity_cause *cause) {
    return !cause->explained || cause->by_moment;
}

/* Of the same outcome, or of the limit that was found: what is refused beyond one ends now so, now
 * so. */
static bool shows_it_clearer(const struct capacity_step *step, const struct capacity *capacity) {
    const struct capacity_cause *cause = &step->cause, *unclear = &capacity->broke->cause;
    return step->result == CAPACITY_BROKE && step->connections > capacity->answer &&
           cause->side == unclear->side && !is_unclear(cause) &&
           (cause->outcome == unclear->outcome ||
            (cause->limit > 0 && cause->limit == capacity->answer));
}

static const struct capacity_step *clearest_step(const struct capacity *capacity) {
    const struct capacity_step *best = capacity->broke;
    const struct capacity_cause *cause = &capacity->broke->cause;
    for (size_t i = 0; i < capacity->count && is_unclear(cause); i++) {
        const struct capacity_step *step = &capacity->steps[i];
        if (shows_it_clearer(step, capacity) &&
            (best == capacity->broke || step->connections < best->connections))
            best = step;
    }
    return best;
}

/* Causes that only the steps together show. */
static void name_levels(struct capacity *capacity, const struct record_target *target) {
    for (size_t i = 0; i < capacity->count; i++) {
        struct capacity_step *step = &capacity->steps[i];
        if (step->result != CAPACITY_BROKE)
            continue;
        if (is_excess(step, capacity->answer))
            name_excess(step, &step->cause, closings_level_name(target));
        else if (is_level(step, capacity->answer))
            name_level(&step->cause, capacity->answer, closings_level_name(target));
    }
}

static struct capacity_cause whole_cause(const struct capacity *capacity) {
    const struct capacity_step *best = clearest_step(capacity);
    struct capacity_cause cause = best->cause;
    if (best != capacity->broke)
        snprintf(cause.text, sizeof cause.text, "at %s: %.480s", HUMAN_COUNT(best->connections),
                 best->cause.text);
    return cause;
}

static void decide(struct judgement *judgement, enum verdict verdict, int exit_code) {
    judgement->verdict = verdict;
    judgement->exit_code = exit_code;
    judgement->reason_count = 0;
}

static void conclude_found(struct capacity *capacity, struct judgement *judgement) {
    if (capacity->answer > 0) {
        decide(judgement, VERDICT_HELD, EXIT_HELD);
        return;
    }
    require(capacity->broke != NULL);
    decide(judgement, VERDICT_BROKE, EXIT_BROKE);
    judgement_reason(judgement, "not even %" PRIu32 " connection%s held: %s",
                     capacity->broke->connections, human_plural(capacity->broke->connections),
                     capacity->cause.text);
}

const struct capacity_step *capacity_gone(const struct capacity *capacity) {
    if (capacity->count == 0)
        return NULL;
    const struct capacity_step *last = &capacity->steps[capacity->count - 1];
    return last->result == CAPACITY_GONE ? last : NULL;
}

static enum capacity_end end_of(const struct capacity *capacity, bool interrupted) {
    if (interrupted)
        return CAPACITY_INTERRUPTED;
    if (capacity_gone(capacity) != NULL)
        return CAPACITY_TARGET_GONE;
    if (capacity->broke == NULL)
        return CAPACITY_CEILING;
    bool ours = capacity->cause.side == SIDE_TESTER || capacity->cause.side == SIDE_US;
    return ours ? CAPACITY_OURS : CAPACITY_FOUND;
}

void capacity_conclude(struct capacity *capacity, bool interrupted, struct judgement *judgement) {
    capacity->answer = capacity->search.held;
    capacity->broke = least_broken(capacity);
    capacity->regained = largest_regained(capacity);
    name_levels(capacity, &judgement->target);
    if (capacity->broke != NULL)
        capacity->cause = whole_cause(capacity);
    capacity->end = end_of(capacity, interrupted);
    capacity->at_least = capacity->end != CAPACITY_FOUND ||
                         (capacity->regained > 0 && bisect_is_open(&capacity->search));
    if (judgement->exit_code == EXIT_BUG || judgement->exit_code == EXIT_SECOND_SIGNAL)
        return; /* the exit code of the step stands */
    switch (capacity->end) {
    case CAPACITY_FOUND: conclude_found(capacity, judgement); break;
    case CAPACITY_CEILING: decide(judgement, VERDICT_HELD, EXIT_HELD); break;
    case CAPACITY_OURS:
        require(capacity->broke != NULL);
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
        judgement_reason(judgement,
                         "our own side was the limit, at %" PRIu32 " connections: %.200s",
                         capacity->broke->connections, capacity->cause.text);
        break;
    case CAPACITY_TARGET_GONE:
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
        judgement_reason(judgement,
                         "the target was gone at the step of %" PRIu32 " connections: %.200s",
                         capacity_gone(capacity)->connections, capacity_gone(capacity)->cause.text);
        break;
    case CAPACITY_INTERRUPTED:
        decide(judgement, VERDICT_INCONCLUSIVE, EXIT_INCONCLUSIVE);
        judgement_reason(judgement, "interrupted after %zu step%s", capacity->count,
                         human_plural(capacity->count));
        break;
    }
}
