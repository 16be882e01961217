/* The list of findings: one door through which every text of theirs passes. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge.h"

enum { DRAFT_BYTES = 1024 };

/* Whatever a text quotes, no control byte of it reaches a terminal or a report. */
static void write_escaped(char *buffer, size_t size, const char *format, va_list arguments) {
    char draft[DRAFT_BYTES];
    vsnprintf(draft, sizeof draft, format, arguments);
    text_escape(buffer, size, draft);
}

struct finding *findings_add(struct findings *findings, const char *code, enum side side,
                             enum finding_status status, const char *format, ...) {
    if (findings->count < FINDINGS_MAX)
        findings->count++;
    struct finding *finding = &findings->items[findings->count - 1];
    *finding = (struct finding){
        .side = side,
        .status = status,
        .asked = FINDING_NONE,
        .have = FINDING_NONE,
        .need = FINDING_NONE,
        .since_seconds = NAN,
    };
    snprintf(finding->code, sizeof finding->code, "%s", code);
    va_list arguments;
    va_start(arguments, format);
    write_escaped(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
    return finding;
}

void finding_do(struct finding *finding, const char *format, ...) {
    if (finding->do_count == FINDING_DO_MAX)
        return;
    char *todo = finding->todo[finding->do_count++];
    va_list arguments;
    va_start(arguments, format);
    write_escaped(todo, sizeof finding->todo[0], format, arguments);
    va_end(arguments);
}

void finding_evidence(struct finding *finding, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_escaped(finding->evidence, sizeof finding->evidence, format, arguments);
    va_end(arguments);
}

bool findings_any(const struct findings *findings, enum finding_status status) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].status == status)
            return true;
    return false;
}

void judgement_reason(struct judgement *judgement, const char *format, ...) {
    if (judgement->reason_count == REASONS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    write_escaped(judgement->reasons[judgement->reason_count++], sizeof judgement->reasons[0],
                  format, arguments);
    va_end(arguments);
}
