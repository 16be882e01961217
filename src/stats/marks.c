/* Marks: each look at the numbers is held against those of each mark. */
#include "stats/marks.h"

#include <math.h>
#include <stdio.h>

const char *mark_kind_name(enum mark_kind kind) {
    static const char *const names[MARK_KINDS] = {"signal", "exec"};
    return names[kind];
}

size_t marks_add(struct marks *marks, enum mark_kind kind, const char *text, double t,
                 uint64_t lost, uint64_t live) {
    if (marks->count == MARKS_MAX) {
        marks->left_out++;
        return MARKS_MAX;
    }
    struct mark *mark = &marks->items[marks->count];
    *mark = (struct mark){.t = t,
                          .kind = kind,
                          .exit_code = -1,
                          .refill_seconds = NAN,
                          .lost_before = lost,
                          .live_before = live};
    snprintf(mark->text, sizeof mark->text, "%s", text);
    marks->changes++;
    return marks->count++;
}

static void see(struct mark *mark, double t, uint64_t lost, uint64_t live) {
    double since = t - mark->t;
    bool within = since <= MARK_WINDOW_SECONDS;
    if (within) {
        mark->lost_within = lost - mark->lost_before;
        mark->window_seconds = since;
    } else {
        mark->window_seconds = MARK_WINDOW_SECONDS;
    }
    if (mark->lost_within == 0)
        return;
    if (live < mark->live_before && within)
        mark->refill_seconds = NAN; /* whole for a moment, and not any more */
    else if (live >= mark->live_before && isnan(mark->refill_seconds))
        mark->refill_seconds = since;
}

void marks_see(struct marks *marks, double t, uint64_t lost, uint64_t live) {
    for (size_t i = 0; i < marks->count; i++) {
        struct mark *mark = &marks->items[i];
        const struct mark before = *mark;
        see(mark, t, lost, live);
        bool same = before.lost_within == mark->lost_within &&
                    before.window_seconds >= mark->window_seconds &&
                    (before.refill_seconds == mark->refill_seconds ||
                     (isnan(before.refill_seconds) && isnan(mark->refill_seconds)));
        marks->changes += !same;
    }
}

void marks_exited(struct marks *marks, size_t index, int exit_code) {
    if (index >= marks->count)
        return;
    marks->items[index].exit_code = exit_code;
    marks->changes++;
}

void marks_killed(struct marks *marks, size_t index) {
    if (index >= marks->count)
        return;
    marks->items[index].killed = true;
    marks->changes++;
}
