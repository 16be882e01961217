/* The foremost cause of what went wrong in a run. */
#include "judge/diagnose/cause.h"

#include <stdio.h>

#include "judge/diagnose/shortage.h"

/* The outcome that ended most connections; OUTCOME_COUNT: none did. */
static enum outcome top_of(const struct tally_counts *counts, bool of_ours) {
    enum outcome top = OUTCOME_COUNT;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (counts->outcomes[i] == 0 || (of_ours && outcome_side(outcome) != SIDE_TESTER))
            continue;
        if (top == OUTCOME_COUNT || counts->outcomes[i] > counts->outcomes[top])
            top = outcome;
    }
    return top;
}

static const struct finding *inferred(const struct findings *findings) {
    static const enum finding_code codes[] = {FINDING_connection_limit, FINDING_error_status,
                                              FINDING_idle_timeout,     FINDING_request_limit,
                                              FINDING_age_limit,        FINDING_ended_together,
                                              FINDING_path_forgets,     FINDING_no_answer_since};
    const struct finding *finding = NULL;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0] && finding == NULL; i++)
        finding = findings_last(findings, codes[i]);
    return finding;
}

/* Outcomes that dropped SYNs, last ACKs and requests lead to. */
static const struct finding *dropped(const struct findings *findings, enum outcome top) {
    if (top != OUTCOME_connect_timeout && top != OUTCOME_connect_reset && top != OUTCOME_silent &&
        top != OUTCOME_response_timeout)
        return NULL;
    const struct finding *finding = findings_last(findings, FINDING_backlog_overflow);
    return finding != NULL ? finding : findings_last(findings, FINDING_dropped_syns);
}

static const struct finding *foremost(const struct record *record,
                                      const struct findings *findings) {
    const struct tally_counts *counts = &record->total.counts;
    enum outcome ours = top_of(counts, true), top = top_of(counts, false);
    if (ours != OUTCOME_COUNT)
        return findings_last(findings, finding_code_of_outcome(ours));
    if (top == OUTCOME_COUNT)
        return NULL;
    const struct finding *finding = shortage_of_server(findings);
    if (finding == NULL)
        finding = dropped(findings, top);
    if (finding == NULL)
        finding = inferred(findings);
    return finding != NULL ? finding : findings_last(findings, finding_code_of_outcome(top));
}

bool judge_cause(struct cause *cause, const struct record *record,
                 const struct findings *findings) {
    const struct finding *finding = foremost(record, findings);
    if (finding == NULL)
        return false;
    cause->side = finding->side;
    cause->code = finding->code;
    snprintf(cause->evidence, sizeof cause->evidence, "%s",
             finding->evidence[0] != '\0' ? finding->evidence : finding->text);
    return true;
}
