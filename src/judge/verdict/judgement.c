/* A judgement's verdict by name, and its reasons. */
#include "judge/verdict/judgement.h"

#include <stdarg.h>

const char *verdict_name(enum verdict verdict) {
    static const char *const names[] = {
        [VERDICT_HELD] = "held",
        [VERDICT_BROKE] = "broke",
        [VERDICT_INCONCLUSIVE] = "inconclusive",
        [VERDICT_UNFIT] = "unfit",
        [VERDICT_NO_TARGET] = "no_target",
    };
    return names[verdict];
}

const struct rule_requirement *judgement_next_broken(const struct judgement *judgement,
                                                     const struct rule_requirement *after) {
    const struct rule_requirement *at = after != NULL ? after + 1 : judgement->requirements;
    const struct rule_requirement *end = judgement->requirements + judgement->requirement_count;
    while (at < end && at->result != RULE_BROKEN)
        at++;
    return at < end ? at : NULL;
}

void judgement_reason(struct judgement *judgement, const char *format, ...) {
    if (judgement->reason_count == REASONS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    finding_escape(judgement->reasons[judgement->reason_count++], sizeof judgement->reasons[0],
                   format, arguments);
    va_end(arguments);
}
