/* The list of findings: one door through which every text of theirs passes. */
#include "judge/finding.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "base/require.h"
#include "base/text.h"

enum { DRAFT_BYTES = 1024 };

void finding_escape(char *to, size_t size, const char *format, va_list arguments) {
    char draft[DRAFT_BYTES], shown[DRAFT_BYTES];
    vsnprintf(draft, sizeof draft, format, arguments);
    text_escape(to, size, redact_urls(shown, sizeof shown, draft));
}

static int severity(enum finding_status status) {
    static const int severities[] = {[FINDING_OK] = 0,
                                     [FINDING_SKIPPED] = 1,
                                     [FINDING_UNKNOWN] = 2,
                                     [FINDING_WARN] = 3,
                                     [FINDING_FAIL] = 4};
    return severities[status];
}

static const struct finding_row {
    const char *name;
    enum outcome_side side;
    enum finding_stage stage;
    enum finding_failure failure;
    const char *label, *help;
} rows[FINDING_CODES] = {
#define OUTCOME(name, side, stage, text, advice)                                                   \
    {#name, SIDE_##side, FINDING_STAGE_RUN, FINDING_FAILURE_NONE, NULL, text},
#include "stats/outcomes.def"
#undef OUTCOME
#define FINDING(code, side, stage, failure, label, help)                                           \
    {#code, SIDE_##side, FINDING_STAGE_##stage, FINDING_FAILURE_##failure, label, help},
#include "judge/findings.def"
#undef FINDING
};

static const struct finding_row *row_of(enum finding_code code) {
    require((unsigned)code < FINDING_CODES);
    return &rows[code];
}

const char *finding_code_name(enum finding_code code) {
    return row_of(code)->name;
}

enum finding_code finding_code_by_name(const char *name) {
    int code = 0;
    while (code < FINDING_CODES && strcmp(rows[code].name, name) != 0)
        code++;
    return (enum finding_code)code;
}

enum outcome_side finding_code_side(enum finding_code code) {
    return row_of(code)->side;
}

enum finding_stage finding_code_stage(enum finding_code code) {
    return row_of(code)->stage;
}

enum finding_failure finding_code_failure(enum finding_code code) {
    return row_of(code)->failure;
}

const char *finding_code_help(enum finding_code code) {
    return row_of(code)->help;
}

const char *finding_label(const struct finding *finding) {
    const char *label = finding->code == FINDING_unlisted ? NULL : row_of(finding->code)->label;
    return label != NULL ? label : finding->name;
}

static void begin(struct finding *finding, enum finding_code code, enum outcome_side side,
                  enum finding_status status) {
    *finding = (struct finding){
        .code = code,
        .side = side,
        .status = status,
        .asked = FINDING_NONE,
        .have = FINDING_NONE,
        .need = FINDING_NONE,
        .since_seconds = NAN,
    };
}

/* Says in the last item that there are more than the list holds. */
static void note_left_out(struct findings *findings, const struct finding *left_out) {
    struct finding *note = &findings->items[FINDINGS_MAX - 1];
    if (findings->left_out++ == 0) {
        findings->count = FINDINGS_MAX;
        begin(note, FINDING_findings_left_out, left_out->side, left_out->status);
        snprintf(note->name, sizeof note->name, "%s", finding_code_name(note->code));
    }
    if (severity(left_out->status) > severity(note->status)) {
        note->side = left_out->side;
        note->status = left_out->status;
    }
    snprintf(note->text, sizeof note->text, "%zu more findings than a report holds, the last: %s",
             findings->left_out, left_out->name);
    note->have = FINDINGS_MAX - 1;
    note->need = (int64_t)(FINDINGS_MAX - 1 + findings->left_out);
}

static struct finding *add(struct findings *findings, const char *name, enum outcome_side side,
                           enum finding_status status, const char *format, va_list arguments) {
    enum finding_code code = finding_code_by_name(name);
    bool is_note = code == FINDING_findings_left_out; /* of a report that is read back */
    bool fits = findings->count < FINDINGS_MAX - 1 + (size_t)is_note;
    struct finding *finding = fits ? &findings->items[findings->count++] : &findings->without_room;
    begin(finding, code, side, status);
    snprintf(finding->name, sizeof finding->name, "%s", name);
    finding_escape(finding->text, sizeof finding->text, format, arguments);
    if (!fits)
        note_left_out(findings, finding);
    return finding;
}

struct finding *findings_add(struct findings *findings, enum finding_code code,
                             enum finding_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct finding *finding =
        add(findings, finding_code_name(code), finding_code_side(code), status, format, arguments);
    va_end(arguments);
    return finding;
}

struct finding *findings_add_of(struct findings *findings, enum finding_code code,
                                enum outcome_side side, enum finding_status status,
                                const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct finding *finding =
        add(findings, finding_code_name(code), side, status, format, arguments);
    va_end(arguments);
    return finding;
}

struct finding *findings_add_named(struct findings *findings, const char *name,
                                   enum outcome_side side, enum finding_status status,
                                   const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct finding *finding = add(findings, name, side, status, format, arguments);
    va_end(arguments);
    return finding;
}

void finding_do(struct finding *finding, const char *format, ...) {
    if (finding->do_count == FINDING_DO_MAX)
        return;
    char *todo = finding->todo[finding->do_count++];
    va_list arguments;
    va_start(arguments, format);
    finding_escape(todo, sizeof finding->todo[0], format, arguments);
    va_end(arguments);
}

void finding_evidence(struct finding *finding, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    finding_escape(finding->evidence, sizeof finding->evidence, format, arguments);
    va_end(arguments);
}

const struct finding *findings_first(const struct findings *findings, enum finding_code code) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].code == code)
            return &findings->items[i];
    return NULL;
}

const struct finding *findings_last(const struct findings *findings, enum finding_code code) {
    for (size_t i = findings->count; i > 0; i--)
        if (findings->items[i - 1].code == code)
            return &findings->items[i - 1];
    return NULL;
}

const struct finding *findings_unheld(const struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        bool limit =
            finding->code == FINDING_server_connections || finding->code == FINDING_server_files;
        if (limit && finding->status == FINDING_WARN)
            return finding;
    }
    return NULL;
}

bool findings_any(const struct findings *findings, enum finding_status status) {
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].status == status)
            return true;
    return false;
}
