/* Notes on standard error while a run goes on. */
#include "run/notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/report.h"

static const duration QUIET = 10 * SECOND;

void notes_init(struct notes *notes, struct screen *screen) {
    memset(notes, 0, sizeof *notes);
    notes->screen = screen;
}

void notes_say(struct notes *notes, const char *format, ...) {
    if (notes->screen == NULL)
        return;
    char clock[16], text[512], line[sizeof clock + sizeof text + 16];
    time_t now = time(NULL);
    struct tm local;
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &local));
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%s  note   %s", clock, text);
    screen_say(notes->screen, line);
}

static void tell_of(struct notes *notes, enum outcome outcome, const struct counts *counts,
                    instant now) {
    notes->told[outcome] = counts->outcomes[outcome];
    notes->told_at[outcome] = now;
    notes->ever[outcome] = true;
}

/* Line by line, with the time of day before the first. */
static void say_lines(struct notes *notes, char *text) {
    char line[1024], clock[16];
    time_t now = time(NULL);
    struct tm local;
    strftime(clock, sizeof clock, "%H:%M:%S  ", localtime_r(&now, &local));
    char *rest = NULL;
    for (const char *at = strtok_r(text, "\n", &rest); at != NULL;
         at = strtok_r(NULL, "\n", &rest)) {
        snprintf(line, sizeof line, "%s%s", clock, at);
        screen_say(notes->screen, line);
        memset(clock, ' ', strlen(clock));
    }
}

static void say_error(struct notes *notes, const struct finding *finding,
                      const struct record *record) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return;
    report_error_short(out, (struct style){0}, finding, record);
    if (fclose(out) == 0)
        say_lines(notes, text);
    free(text);
}

void notes_error(struct notes *notes, enum outcome outcome, const struct plan *plan,
                 const struct record *record, const struct counts *counts, instant now) {
    if (counts->outcomes[outcome] == 0 || notes->explained[outcome] || notes->screen == NULL)
        return;
    notes->explained[outcome] = true;
    static struct findings findings;
    findings.count = 0;
    say_error(notes, judge_outcome(&findings, outcome, plan, record, counts), record);
    tell_of(notes, outcome, counts, now);
}

void notes_outcomes(struct notes *notes, const struct counts *counts, instant now) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        uint64_t grown = counts->outcomes[i] - notes->told[i];
        bool waits = outcome_side((enum outcome)i) == SIDE_TESTER && !notes->explained[i];
        if (grown == 0 || waits ||
            (notes->ever[i] && instant_since(now, notes->told_at[i]) < QUIET))
            continue;
        enum outcome outcome = (enum outcome)i;
        notes_say(notes, "%" PRIu64 "%s %s: %s (side: %s)", grown, notes->ever[i] ? " more" : "",
                  outcome_name(outcome), outcome_text(outcome), side_name(outcome_side(outcome)));
        tell_of(notes, outcome, counts, now);
    }
}

void notes_refill(struct notes *notes, const struct counts *counts, uint64_t target, instant now) {
    bool whole = counts->live >= target;
    if (whole && notes->short_of)
        notes_say(notes, "all %" PRIu64 " are live again: %" PRIu64 " reconnected so far", target,
                  counts->reconnected);
    if (!whole && (!notes->short_of || instant_since(now, notes->refill_told_at) >= QUIET)) {
        notes_say(notes,
                  "%" PRIu64 " of %" PRIu64 " live: %" PRIu64 " wait to be dialled again, %" PRIu64
                  " are connecting",
                  counts->live, target, counts->refilling, counts->connecting);
        notes->refill_told_at = now;
    }
    notes->short_of = !whole;
}
