/* Marks: each look at the numbers is held against those of each mark. */
#include "stats/marks.h"

#include <math.h>

#include "base/text.h"

const char *mark_kind_name(enum mark_kind kind) {
    static const char *const names[MARK_KINDS] = {"signal", "exec", "pause"};
    return names[kind];
}

size_t marks_add(struct marks *marks, enum mark_kind kind, const char *text,
                 const struct mark_look *now) {
    if (marks->count == MARKS_MAX) {
        marks->left_out++;
        return MARKS_MAX;
    }
    struct mark *mark = &marks->items[marks->count];
    *mark = (struct mark){.t = now->t,
                          .kind = kind,
                          .exit_code = -1,
                          .refill_seconds = NAN,
                          .lost_before = now->lost,
                          .missing_before = now->missing};
    text_cut(mark->text, sizeof mark->text, text);
    marks->changes++;
    return marks->count++;
}

/* A look that was asked for at the window's end may come a moment late. */
static const double LATE_SECONDS = 0.1;

static void see(struct mark *mark, const struct mark_look *look) {
    double since = look->t - mark->t;
    bool within = !mark->window_over && since <= MARK_WINDOW_SECONDS + LATE_SECONDS;
    if (within) {
        mark->lost_within = look->lost - mark->lost_before;
        mark->window_seconds = fmin(since, MARK_WINDOW_SECONDS);
    }
    mark->window_over |= since >= MARK_WINDOW_SECONDS;
    if (mark->lost_within == 0)
        return;
    if (look->missing > mark->missing_before && within)
        mark->refill_seconds = NAN; /* whole for a moment, and not any more */
    else if (look->missing <= mark->missing_before && isnan(mark->refill_seconds))
        mark->refill_seconds = since;
}

void marks_see(struct marks *marks, const struct mark_look *look) {
    for (size_t i = 0; i < marks->count; i++) {
        struct mark *mark = &marks->items[i];
        const struct mark before = *mark;
        see(mark, look);
        bool same = before.lost_within == mark->lost_within &&
                    before.window_seconds >= mark->window_seconds &&
                    (before.refill_seconds == mark->refill_seconds ||
                     (isnan(before.refill_seconds) && isnan(mark->refill_seconds)));
        marks->changes += !same;
    }
}

double marks_due(const struct marks *marks) {
    double due = INFINITY;
    for (size_t i = 0; i < marks->count; i++)
        if (!marks->items[i].window_over)
            due = fmin(due, marks->items[i].t + MARK_WINDOW_SECONDS);
    return due;
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
