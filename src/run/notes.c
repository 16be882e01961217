/* Notes on standard error while a run goes on. */
#include "run/notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

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

void notes_outcomes(struct notes *notes, const struct counts *counts, instant now) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        uint64_t grown = counts->outcomes[i] - notes->told[i];
        if (grown == 0 || (notes->ever[i] && instant_since(now, notes->told_at[i]) < QUIET))
            continue;
        enum outcome outcome = (enum outcome)i;
        notes_say(notes, "%" PRIu64 "%s %s: %s (side: %s)", grown, notes->ever[i] ? " more" : "",
                  outcome_name(outcome), outcome_text(outcome), side_name(outcome_side(outcome)));
        notes->told[i] = counts->outcomes[i];
        notes->told_at[i] = now;
        notes->ever[i] = true;
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
