/* Pauses of our own, gathered from workers and parent, noted and marked. */
#include "run/pauses.h"

#include <stdio.h>
#include <time.h>

#include "stats/lag.h"

/* Workers that stood still together publish their pauses one after another. */
static const duration GATHER = 200 * MILLISECOND;
static const duration NOTE_INTERVAL = 10 * SECOND;
/* The user's own marks always find room. */
enum { PAUSE_MARKS_MAX = MARKS_MAX / 2 };

static duration clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (duration)now.tv_sec * SECOND + now.tv_nsec;
}

/* CLOCK_MONOTONIC stands still while a machine is suspended, CLOCK_BOOTTIME does not. */
static duration boot_ahead(void) {
    return clock_ns(CLOCK_BOOTTIME) - clock_ns(CLOCK_MONOTONIC);
}

void pauses_init(struct pauses *pauses) {
    *pauses = (struct pauses){.boot_ahead = boot_ahead()};
}

static void add(struct pauses *pauses, instant from, instant to, instant now,
                const struct mark_look *before) {
    if (!pauses->open) {
        pauses->open = true;
        pauses->parent = pauses->workers = false;
        pauses->suspended = 0;
        pauses->from = from;
        pauses->to = to;
        pauses->before = *before;
        pauses->due = instant_after(now, GATHER);
    }
    pauses->from = instant_earlier(pauses->from, from);
    if (instant_before(pauses->to, to))
        pauses->to = to;
}

void pauses_see(struct pauses *pauses, const struct tally_counts *counts, instant now,
                const struct mark_look *before) {
    if (counts->pauses <= pauses->seen)
        return;
    pauses->seen = counts->pauses;
    add(pauses, (instant){counts->pause_from_ns}, (instant){counts->pause_to_ns}, now, before);
    pauses->workers = true;
}

void pauses_see_parent(struct pauses *pauses, instant until, instant now,
                       const struct mark_look *before) {
    duration ahead = boot_ahead(), suspended = ahead - pauses->boot_ahead;
    if (instant_since(now, until) >= LAG_PAUSE) {
        add(pauses, until, now, now, before);
        pauses->parent = true;
    }
    if (suspended >= LAG_PAUSE) {
        add(pauses, now, now, now, before);
        pauses->suspended += suspended;
        pauses->boot_ahead = ahead;
    }
}

instant pauses_due(const struct pauses *pauses) {
    return pauses->open ? pauses->due : INSTANT_NEVER;
}

static const char *who(const struct pauses *pauses) {
    if (pauses->suspended > 0)
        return "the machine was suspended";
    if (pauses->parent && pauses->workers)
        return "we ourselves stood still";
    return pauses->parent ? "the parent process stood still, the workers went on"
                          : "workers of ours stood still";
}

/* On a busy machine pauses come by the second: a line for each would drown the others. */
static bool is_news(const struct pauses *pauses, double seconds, instant now) {
    return pauses->noted != who(pauses) || seconds > pauses->noted_seconds ||
           instant_since(now, pauses->noted_at) >= NOTE_INTERVAL;
}

static void print_note(struct pauses *pauses, const char *text, double seconds, instant now,
                       struct notes *notes) {
    if (!is_news(pauses, seconds, now))
        return;
    notes_print(notes, "%s, from %.1f s on: what fell into it says nothing of the server", text,
                pauses->before.t);
    pauses->noted = who(pauses);
    pauses->noted_at = now;
    pauses->noted_seconds = seconds;
}

void pauses_report(struct pauses *pauses, instant now, instant started, struct marks *marks,
                   struct notes *notes) {
    if (!pauses->open || instant_before(now, pauses->due))
        return;
    pauses->open = false;
    double length = duration_seconds(pauses->suspended + instant_since(pauses->to, pauses->from));
    char text[MARK_TEXT_MAX];
    snprintf(text, sizeof text, "%s for %.2f s", who(pauses), length);
    pauses->before.t = duration_seconds(instant_since(pauses->from, started));
    print_note(pauses, text, length, now, notes);
    if (marks->count < PAUSE_MARKS_MAX)
        marks_add(marks, MARK_PAUSE, text, &pauses->before);
}
