/* Notes on standard error while a run goes on. */
#include "run/notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory_stream.h"
#include "judge/verdict/verdict.h"
#include "report/format/style.h"
#include "report/terminal/summary.h"

static const duration NOTE_INTERVAL = 10 * SECOND;

void notes_init(struct notes *notes, struct screen *screen) {
    memset(notes, 0, sizeof *notes);
    notes->screen = screen;
}

void notes_print(struct notes *notes, const char *format, ...) {
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
    screen_print(notes->screen, LOG_LEVEL_NOTE, line);
}

void notes_start(struct notes *notes, wall_time start_at, duration left) {
    char when[40], length[64];
    if (start_at == 0)
        return;
    wall_time_format(when, sizeof when, start_at);
    units_human_duration(length, sizeof length, left < 0 ? -left : left);
    if (left > 0)
        notes_print(notes, "ready: the ramp begins at %s, in %s", when, length);
    else
        notes_print(notes, "--start-at %s passed %s ago: the ramp begins now", when, length);
}

static void mark_printed(struct notes *notes, enum outcome outcome,
                         const struct tally_counts *counts, instant now) {
    notes->printed[outcome] = counts->outcomes[outcome];
    notes->printed_at[outcome] = now;
    notes->ever[outcome] = true;
}

/* Line by line, with the time of day before the first. */
static void print_lines(struct notes *notes, char *text) {
    char line[1024], clock[16];
    time_t now = time(NULL);
    struct tm local;
    strftime(clock, sizeof clock, "%H:%M:%S  ", localtime_r(&now, &local));
    char *rest = NULL;
    for (const char *at = strtok_r(text, "\n", &rest); at != NULL;
         at = strtok_r(NULL, "\n", &rest)) {
        snprintf(line, sizeof line, "%s%s", clock, at);
        screen_print(notes->screen, LOG_LEVEL_ERROR, line);
        memset(clock, ' ', strlen(clock));
    }
}

static void print_finding(struct notes *notes, const struct finding *finding,
                          const struct record *record) {
    struct memory_stream text;
    if (!memory_stream_open(&text))
        return;
    report_error_short(text.out, (struct style){0}, finding, record);
    if (memory_stream_close(&text))
        print_lines(notes, text.text);
    free(text.text);
}

void notes_error(struct notes *notes, enum outcome outcome, const struct plan *plan,
                 const struct setup *setup, const struct record *record,
                 const struct tally_counts *counts, instant now) {
    if (counts->outcomes[outcome] == 0 || notes->explained[outcome] || notes->screen == NULL)
        return;
    notes->explained[outcome] = true;
    static struct findings findings;
    findings.count = 0;
    print_finding(notes, judge_outcome(&findings, outcome, plan, setup, record, counts), record);
    mark_printed(notes, outcome, counts, now);
}

void notes_outcomes(struct notes *notes, const struct tally_counts *counts, instant now) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        uint64_t grown = counts->outcomes[i] - notes->printed[i];
        bool waits = outcome_side((enum outcome)i) == SIDE_TESTER && !notes->explained[i];
        if (grown == 0 || waits ||
            (notes->ever[i] && instant_since(now, notes->printed_at[i]) < NOTE_INTERVAL))
            continue;
        enum outcome outcome = (enum outcome)i;
        notes_print(notes, "%" PRIu64 "%s %s: %s (side: %s)", grown, notes->ever[i] ? " more" : "",
                    outcome_name(outcome), outcome_text(outcome),
                    outcome_side_name(outcome_side(outcome)));
        mark_printed(notes, outcome, counts, now);
    }
}

void notes_refill(struct notes *notes, const struct tally_counts *counts, uint64_t target,
                  instant now) {
    bool whole = counts->live >= target;
    if (whole && notes->short_of)
        notes_print(notes, "all %" PRIu64 " are live again: %" PRIu64 " reconnected so far", target,
                    counts->reconnected);
    if (!whole &&
        (!notes->short_of || instant_since(now, notes->refill_printed_at) >= NOTE_INTERVAL)) {
        notes_print(notes,
                    "%" PRIu64 " of %" PRIu64 " live: %" PRIu64 " wait to reconnect, %" PRIu64
                    " are connecting",
                    counts->live, target, counts->refilling, counts->connecting);
        notes->refill_printed_at = now;
    }
    notes->short_of = !whole;
}
