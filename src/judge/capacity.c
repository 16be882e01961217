/* What the steps of a search come to, and what gave. */
#include "judge/capacity.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "judge/cause.h"
#include "judge/shortage.h"
#include "judge/words.h"

const char *capacity_end_name(enum capacity_end end) {
    static const char *const names[] = {"found", "ours", "ceiling", "gone", "interrupted"};
    return names[end];
}

const char *capacity_result_name(enum capacity_result result) {
    static const char *const names[] = {"held", "gave", "gone", "cut"};
    return names[result];
}

/* --- what gave --- */

__attribute__((format(printf, 4, 5))) static struct capacity_cause
cause_of(enum side side, const char *code, const char *advice, const char *format, ...) {
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
        cause_of(finding->side, finding->code, finding->do_count > 0 ? finding->todo[0] : "", "%s",
                 finding->text);
    cause.explained = true;
    return cause;
}

static const struct finding *find(const struct findings *findings, const char *code) {
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].code, code) == 0)
            return &findings->items[i];
    return NULL;
}

static struct capacity_cause cause_of_preflight(const struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].status == FINDING_FAIL)
            return cause_of_finding(&findings->items[i]);
    return (struct capacity_cause){.outcome = -1};
}

/* The one that ended most: ours first, as whatever else happened may come from it. */
static int foremost(const struct counts *counts) {
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

/* What ended all at once while the ramp went on may have ended at a number, not at a moment. */
static void note_moment(struct capacity_cause *cause, const struct closing *closing,
                        const struct plan *plan, const struct record *record) {
    enum { LATER_MS = 200 };
    cause->by_moment = closing->dimension == CLOSING_MOMENT;
    cause->ended = closing->count;
    if (cause->by_moment && closing->bursts > 0 && isfinite(record->ramp_seconds) &&
        closing->value <= record->ramp_seconds * 1e3 + LATER_MS)
        cause->level = ramp_due(&plan->ramp, closing->value * MILLISECOND);
}

/* What the server was short of explains what befell connections, in its own words where its log has
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
                         WORDS_COUNT(closing->count), outcome_name(top), closing->text);
        cause.explained = true;
        note_moment(&cause, closing, plan, record);
    } else if (judge_cause(&foremost, record, judgement)) {
        const struct finding *finding = find(&judgement->findings, foremost.code);
        cause = cause_of(foremost.side, foremost.code,
                         finding != NULL && finding->do_count > 0 ? finding->todo[0] : "", "%s",
                         foremost.evidence);
        cause.explained = strcmp(foremost.code, outcome_name(top)) != 0;
        if (strcmp(foremost.code, "short_of_connections") == 0)
            snprintf(cause.code, sizeof cause.code, "%s", closings_level_name(&judgement->target));
    } else {
        cause = cause_of(outcome_side(top), outcome_name(top), outcome_advice(top), "%s",
                         outcome_text(top));
    }
    cause.outcome = (int)top;
    return cause;
}

static struct capacity_cause cause_of_rule(const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->requirement_count; i++) {
        const struct requirement *requirement = &judgement->requirements[i];
        const struct rule *rule = &requirement->rule;
        if (requirement->result != RULE_BROKEN)
            continue;
        if (isnan(requirement->actual))
            return cause_of(SIDE_US, rule->expression, "", "%s was not measured",
                            rule->metric.name);
        return cause_of(SIDE_SERVER, rule->expression, rule->metric.help, "%s was %.6g%s",
                        rule->metric.name, requirement->actual, rule_unit_sign(rule));
    }
    return (struct capacity_cause){.outcome = -1};
}

static bool any_broken(const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->requirement_count; i++)
        if (judgement->requirements[i].result == RULE_BROKEN)
            return true;
    return false;
}

struct capacity_cause capacity_cause(const struct judgement *judgement, const struct plan *plan,
                                     const struct record *record) {
    if (record == NULL)
        return cause_of_preflight(&judgement->findings);
    const struct counts *counts = &record->total.counts;
    int top = foremost(counts);
    bool ours = top >= 0 && outcome_side((enum outcome)top) == SIDE_TESTER;
    /* Rules that broke while nobody else was at fault: our own lateness, a ring, a worker. */
    if (judgement->verdict == VERDICT_UNFIT ||
        (judgement->verdict == VERDICT_INCONCLUSIVE && !ours && any_broken(judgement)))
        return cause_of(SIDE_TESTER, "lateness", "", "%s",
                        judgement->reason_count > 0 ? judgement->reasons[0] : "our own side");
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
    bool cut_short = record != NULL ? record->interrupted : judgement->exit_code == 4;
    bool broken = judgement->verdict == VERDICT_BROKE;
    return cut_short && !broken ? CAPACITY_CUT : CAPACITY_GAVE;
}

static void measure(struct capacity_step *step, const struct record *record) {
    const struct counts *counts = &record->total.counts;
    step->ran = true;
    step->opened = counts->opened;
    step->live = counts->live;
    step->closed = tally_closed(counts);
    step->errored = tally_errored(counts);
    step->lost = counts->lost;
    step->ramp_seconds = record->ramp_seconds;
    step->p99_seconds = record_figures(record, DISTRIBUTION_LATENCY).p99;
}

/* A burst in the ramp, at the number that is known to be the limit, of no more than lay beyond it:
 * it was the number. nginx ends up to 32 at a time. */
static bool is_level(const struct capacity_step *step, uint64_t held) {
    enum { AT_A_TIME = 40, NEAR_PERCENT = 2 };
    const struct capacity_cause *cause = &step->gave;
    uint64_t asked = step->connections;
    uint64_t beyond = asked > cause->level ? asked - cause->level : 0;
    return cause->by_moment && cause->level > 0 && held > 0 &&
           cause->level + held * NEAR_PERCENT / 100 + 1 >= held && cause->level <= asked &&
           cause->ended <= beyond + AT_A_TIME + beyond / 10;
}

/* Far beyond the limit as many end idle as lie beyond it, whenever that is seen. */
static bool is_excess(const struct capacity_step *step, uint64_t held) {
    enum { AT_A_TIME = 40, LEAST = 20 };
    const struct capacity_cause *cause = &step->gave;
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
             WORDS_COUNT(step->lost), WORDS_COUNT(step->connections), WORDS_COUNT(step->live),
             name);
    snprintf(cause->advice, sizeof cause->advice, "raise %s", name);
    cause->explained = true;
    cause->by_moment = false;
}

static void name_level(struct capacity_cause *cause, uint64_t held, const char *name) {
    snprintf(cause->code, sizeof cause->code, "%s", name);
    snprintf(cause->text, sizeof cause->text,
             "%s %s, as soon as %s had been opened, and none where no more than %s were: looks "
             "like %s",
             WORDS_COUNT(cause->ended), outcome_name((enum outcome)cause->outcome),
             WORDS_COUNT(cause->level), WORDS_COUNT(held), name);
    snprintf(cause->advice, sizeof cause->advice, "raise %s", name);
    cause->by_moment = false;
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
                                   .gave = {.outcome = -1}};
    if (record != NULL)
        measure(step, record);
    if (step->result == CAPACITY_GAVE || step->result == CAPACITY_GONE)
        step->gave = capacity_cause(judgement, plan, record);
    if (step->result == CAPACITY_GAVE && is_level(step, capacity->search.held))
        name_level(&step->gave, capacity->search.held, closings_level_name(&judgement->target));
    if (step->result == CAPACITY_HELD || step->result == CAPACITY_GAVE)
        search_take(&capacity->search, plan->connections, step->result == CAPACITY_HELD);
    return true;
}

void capacity_free(struct capacity *capacity) {
    free(capacity->steps);
    capacity->steps = NULL;
    capacity->count = capacity->room = 0;
}

/* --- the end --- */

static const struct capacity_step *least_that_gave(const struct capacity *capacity) {
    const struct capacity_step *least = NULL;
    for (size_t i = 0; i < capacity->count; i++) {
        const struct capacity_step *step = &capacity->steps[i];
        if (step->result == CAPACITY_GAVE &&
            (least == NULL || step->connections < least->connections))
            least = step;
    }
    return least;
}

/* Near the limit a handful of endings shows little, or a burst that could be of a moment; the same
 * ones far beyond it show their cause. */
static bool told_badly(const struct capacity_cause *cause) {
    return !cause->explained || cause->by_moment;
}

static const struct capacity_step *best_told(const struct capacity *capacity) {
    const struct capacity_step *best = capacity->gave;
    const struct capacity_cause *gave = &capacity->gave->gave;
    for (size_t i = 0; i < capacity->count && told_badly(gave); i++) {
        const struct capacity_step *step = &capacity->steps[i];
        bool same = step->result == CAPACITY_GAVE && step->gave.side == gave->side &&
                    step->gave.outcome == gave->outcome && !told_badly(&step->gave);
        if (same && (best == capacity->gave || step->connections < best->connections))
            best = step;
    }
    return best;
}

/* What only the steps together tell. */
static void tell_levels(struct capacity *capacity, const struct target_facts *target) {
    for (size_t i = 0; i < capacity->count; i++) {
        struct capacity_step *step = &capacity->steps[i];
        if (step->result != CAPACITY_GAVE)
            continue;
        if (is_excess(step, capacity->answer))
            name_excess(step, &step->gave, closings_level_name(target));
        else if (is_level(step, capacity->answer))
            name_level(&step->gave, capacity->answer, closings_level_name(target));
    }
}

static struct capacity_cause whole_cause(const struct capacity *capacity) {
    const struct capacity_step *best = best_told(capacity);
    struct capacity_cause cause = best->gave;
    if (best != capacity->gave)
        snprintf(cause.text, sizeof cause.text, "at %s: %.480s", WORDS_COUNT(best->connections),
                 best->gave.text);
    return cause;
}

static void decide(struct judgement *judgement, enum verdict verdict, int exit_code) {
    judgement->verdict = verdict;
    judgement->exit_code = exit_code;
    judgement->reason_count = 0;
}

static void conclude_found(struct capacity *capacity, struct judgement *judgement) {
    if (capacity->answer > 0) {
        decide(judgement, VERDICT_HELD, 0);
        return;
    }
    require(capacity->gave != NULL);
    decide(judgement, VERDICT_BROKE, 1);
    judgement_reason(judgement, "not even %" PRIu32 " connection%s held: %s",
                     capacity->gave->connections, words_plural(capacity->gave->connections),
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
    if (capacity->gave == NULL)
        return CAPACITY_CEILING;
    bool ours = capacity->cause.side == SIDE_TESTER || capacity->cause.side == SIDE_US;
    return ours ? CAPACITY_OURS : CAPACITY_FOUND;
}

void capacity_conclude(struct capacity *capacity, bool interrupted, struct judgement *judgement) {
    capacity->answer = capacity->search.held;
    capacity->gave = least_that_gave(capacity);
    tell_levels(capacity, &judgement->target);
    if (capacity->gave != NULL)
        capacity->cause = whole_cause(capacity);
    capacity->end = end_of(capacity, interrupted);
    capacity->at_least = capacity->end != CAPACITY_FOUND;
    if (judgement->exit_code == EXIT_BUG || judgement->exit_code == 130)
        return; /* which is what has to be said */
    switch (capacity->end) {
    case CAPACITY_FOUND: conclude_found(capacity, judgement); break;
    case CAPACITY_CEILING: decide(judgement, VERDICT_HELD, 0); break;
    case CAPACITY_OURS:
        require(capacity->gave != NULL);
        decide(judgement, VERDICT_INCONCLUSIVE, 4);
        judgement_reason(judgement, "our own side gave first, at %" PRIu32 " connections: %.200s",
                         capacity->gave->connections, capacity->cause.text);
        break;
    case CAPACITY_TARGET_GONE:
        decide(judgement, VERDICT_INCONCLUSIVE, 4);
        judgement_reason(judgement,
                         "the target was gone at the step of %" PRIu32 " connections: %.200s",
                         capacity_gone(capacity)->connections, capacity_gone(capacity)->gave.text);
        break;
    case CAPACITY_INTERRUPTED:
        decide(judgement, VERDICT_INCONCLUSIVE, 4);
        judgement_reason(judgement, "interrupted after %zu step%s", capacity->count,
                         words_plural(capacity->count));
        break;
    }
}
