/* The foremost cause of what went wrong in a run. */
#include "judge/cause.h"

#include <stdio.h>
#include <string.h>

#include "judge/shortage.h"

/* The last of that code: what the run found stands behind what the preflight did. */
static const struct finding *find(const struct findings *findings, const char *code) {
    for (size_t i = findings->count; i > 0; i--)
        if (strcmp(findings->items[i - 1].code, code) == 0)
            return &findings->items[i - 1];
    return NULL;
}

/* The outcome that ended most connections; OUTCOME_COUNT: none did. */
static enum outcome top_of(const struct counts *counts, bool of_ours) {
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
    static const char *const codes[] = {"connection_limit", "idle_timeout", "request_limit",
                                        "age_limit", "ended_together"};
    const struct finding *finding = NULL;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0] && finding == NULL; i++)
        finding = find(findings, codes[i]);
    return finding;
}

/* What SYNs, last ACKs and requests that were dropped lead to. */
static const struct finding *dropped(const struct findings *findings, enum outcome top) {
    if (top != OUTCOME_connect_timeout && top != OUTCOME_connect_reset && top != OUTCOME_silent &&
        top != OUTCOME_response_timeout)
        return NULL;
    const struct finding *finding = find(findings, "backlog_overflow");
    return finding != NULL ? finding : find(findings, "dropped_syns");
}

static const struct finding *foremost(const struct record *record,
                                      const struct findings *findings) {
    const struct counts *counts = &record->total.counts;
    enum outcome ours = top_of(counts, true), top = top_of(counts, false);
    if (ours != OUTCOME_COUNT)
        return find(findings, outcome_name(ours));
    if (top == OUTCOME_COUNT)
        return NULL;
    const struct finding *finding = shortage_of_server(findings);
    if (finding == NULL)
        finding = dropped(findings, top);
    if (finding == NULL)
        finding = inferred(findings);
    return finding != NULL ? finding : find(findings, outcome_name(top));
}

bool judge_cause(struct cause *cause, const struct record *record,
                 const struct judgement *judgement) {
    const struct finding *finding = foremost(record, &judgement->findings);
    if (finding == NULL)
        return false;
    cause->side = finding->side;
    snprintf(cause->code, sizeof cause->code, "%s", finding->code);
    snprintf(cause->evidence, sizeof cause->evidence, "%s",
             finding->evidence[0] != '\0' ? finding->evidence : finding->text);
    return true;
}
