/* Marks of a run on many hosts: set here, by the whole's clock, and counted by each part from when
 * it hears of them. */
#include "hosts/leader_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double run_time(const struct leader *leader) {
    return leader->go.ns == 0
               ? -1
               : duration_seconds(instant_since(net_now(leader->loop.net), leader->go));
}

/* Those from there on are news to the parts. */
static void tell_marks(struct leader *leader, size_t from) {
    const struct marks *marks = &leader->sum->marks;
    for (size_t i = from; i < marks->count; i++)
        for (size_t j = 0; j < leader->count; j++)
            leader_send_mark(leader, &leader->parts[j], marks->items[i].text, (uint32_t)i + 1);
}

void leader_mark(struct leader *leader, const char *text) {
    struct marks *marks = &leader->sum->marks;
    struct mark_look now = {.t = run_time(leader)};
    size_t before = marks->count;
    if (now.t < 0)
        notes_print(&leader->notes, "%s: the run has not begun yet: no mark", text);
    else if (marks_add(marks, MARK_SIGNAL, text, &now) == MARKS_MAX)
        notes_print(&leader->notes, "%s: more than %d marks are not kept", text, MARKS_MAX);
    else
        notes_print(&leader->notes, "mark: %s", text);
    tell_marks(leader, before);
}

/* --- the commands of --exec-at --- */

instant leader_execs_due(const struct leader *leader) {
    duration due = execs_due(&leader->execs);
    return due < INT64_MAX && leader_phase(leader) <= IN_HOLD ? instant_after(leader->go, due)
                                                              : INSTANT_NEVER;
}

void leader_execs_turn(struct leader *leader) {
    instant now = net_now(leader->loop.net);
    struct mark_look look = {.t = run_time(leader)};
    size_t before = leader->sum->marks.count;
    if (instant_before(now, leader_execs_due(leader)))
        return;
    execs_turn(&leader->execs, instant_since(now, leader->go), &look);
    tell_marks(leader, before);
}

/* --- what followed --- */

/* A part that was lost in the window, as far as is known, lost all that it held, and nothing is
 * refilled of it. */
static void add_loss(struct mark *mark, const struct leader *leader, const struct host_part *part,
                     const struct record *record, bool *open) {
    double from = duration_seconds(instant_since(part->heard, leader->go)),
           until = duration_seconds(instant_since(part->lost_at, leader->go));
    if (part->state != PART_LOST || part->cut || until < mark->t ||
        from > mark->t + MARK_WINDOW_SECONDS)
        return;
    mark->lost_within += record->total.counts.live;
    *open = true;
}

static void add_theirs(struct mark *mark, const struct mark *theirs, bool *open) {
    mark->lost_within += theirs->lost_within;
    mark->window_seconds = mark->window_seconds > 0
                               ? fmin(mark->window_seconds, theirs->window_seconds)
                               : theirs->window_seconds;
    if (theirs->lost_within == 0)
        return;
    *open |= isnan(theirs->refill_seconds);
    mark->refill_seconds = fmax(mark->refill_seconds, theirs->refill_seconds);
}

/* The whole is refilled when the last of its parts is. */
static void add_up(struct mark *mark, const struct leader *leader, uint32_t number) {
    bool open = false;
    mark->lost_within = 0;
    mark->window_seconds = 0;
    mark->refill_seconds = NAN;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        const struct record *record = leader_record_of(part);
        if (record == NULL)
            continue;
        for (size_t j = 0; j < record->marks.count; j++)
            if (record->marks.items[j].number == number)
                add_theirs(mark, &record->marks.items[j], &open);
        add_loss(mark, leader, part, record, &open);
    }
    if (open)
        mark->refill_seconds = NAN;
}

static bool same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

void leader_marks_add_up(struct leader *leader) {
    struct marks *marks = &leader->sum->marks;
    for (size_t i = 0; i < marks->count; i++) {
        struct mark *mark = &marks->items[i], before = *mark;
        if (mark->kind == MARK_PAUSE)
            continue;
        add_up(mark, leader, (uint32_t)i + 1);
        marks->changes += before.lost_within != mark->lost_within ||
                          !same(before.refill_seconds, mark->refill_seconds);
    }
}

/* --- those of the parts --- */

static void add_of_part(struct leader *leader, const struct host_part *part,
                        const struct mark *theirs) {
    struct marks *marks = &leader->sum->marks;
    char text[MARK_TEXT_MAX];
    snprintf(text, sizeof text, "%.63s: %.62s", part->name, theirs->text);
    double shift = duration_seconds(instant_since(part->started, leader->go));
    struct mark_look at = {.t = fmax(0, theirs->t + shift)};
    size_t index = marks_add(marks, theirs->kind, text, &at);
    if (index == MARKS_MAX)
        return;
    struct mark *mark = &marks->items[index];
    mark->lost_within = theirs->lost_within;
    mark->window_seconds = theirs->window_seconds;
    mark->refill_seconds = theirs->refill_seconds;
}

void leader_marks_of_parts(struct leader *leader) {
    for (size_t i = 0; i < leader->count; i++) {
        const struct record *record = leader_record_of(&leader->parts[i]);
        for (size_t j = 0; record != NULL && j < record->marks.count; j++)
            if (record->marks.items[j].number == 0)
                add_of_part(leader, &leader->parts[i], &record->marks.items[j]);
    }
}
