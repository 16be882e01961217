/* The evidence of one outcome's endings, and of what came through: pure looks at samples, on which
 * the inference rests. */
#ifndef JUDGE_DIAGNOSE_CLOSING_VIEW_H
#define JUDGE_DIAGNOSE_CLOSING_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/endings.h"

/* The sample, each dimension sorted by itself; p5 and p95 leave room for strays. Moments are
 * milliseconds since the run's start. */
struct closing_view {
    const struct ending *rows; /* unsorted, moments on the run clock */
    uint32_t start_ms;
    uint32_t count, fifth, last; /* how many; index of p5, of p95 */
    bool wrapped;                /* moments say nothing */
    uint32_t idle[ENDINGS_SAMPLE], age[ENDINGS_SAMPLE], moment[ENDINGS_SAMPLE],
        answers[ENDINGS_SAMPLE], born[ENDINGS_SAMPLE], waited[ENDINGS_SAMPLE], late[ENDINGS_SAMPLE];
    /* As it stood when the last request was sent. */
    uint32_t asked_idle[ENDINGS_SAMPLE], asked_moment[ENDINGS_SAMPLE];
};

void closing_view_make(struct closing_view *view, const struct ending_group *group,
                       int64_t started_ns, bool wrapped);

uint32_t closing_view_middle(const struct closing_view *view, const uint32_t *sorted);
uint32_t closing_view_spread(const struct closing_view *view, const uint32_t *sorted);

/* Bursts: groups of at least CLOSING_MIN endings, each within a short time; the ones outside of any
 * are strays. */
struct closing_bursts {
    uint32_t count, members;
    uint32_t largest, first_ms, width_ms; /* of the largest: its members, ... */
};
/* count: of all endings, of which the view is a sample. */
struct closing_bursts closing_view_bursts(const struct closing_view *view, uint64_t count);

/* Those that were open, and idle, when others ended in bursts, and lived. */
enum closing_bystanders {
    BYSTANDERS_NONE,   /* known */
    BYSTANDERS_MIXED,  /* idle for as long as those that ended */
    BYSTANDERS_APART,  /* each idle for less than any that ended, but they are few */
    BYSTANDERS_SPARED, /* likewise, far beyond chance */
};
/* idle_max_ms: for how long one of them was idle then, at most; NULL: not asked. */
enum closing_bystanders closing_view_bystanders(const struct closing_view *view,
                                                const struct endings_gaps *gaps, uint64_t count,
                                                uint32_t *idle_max_ms);

/* Whether most ended in one burst in which the moments agree better than the idle times do. */
bool closing_view_steps(const struct closing_view *view, struct closing_bursts bursts);

/* Had connections ended whatever their idle time, with which chance would none of so many have
 * ended below `low_ms`? As a natural logarithm, 0 or below. */
double closing_view_chance_above(const struct closing_view *view, uint32_t low_ms, uint64_t count,
                                 const struct endings_gaps *gaps);
/* The same of requests: had they been lost whatever the idle time before, ... */
double closing_view_chance_asked_above(const struct closing_view *view, uint32_t low_ms,
                                       uint64_t count, const struct endings_gaps *gaps);

/* Of the sample, how many were kept by an answer that was asked for later than that. */
uint32_t closing_view_kept_since(const struct closing_view *view, uint32_t moment_ms,
                                 const struct endings_gaps *gaps);

/* Whether at least half of the endings with an idle time in low..high happened while another
 * connection was idle for longer, and lived on or ended later. */
bool closing_view_outlasted(const struct closing_view *view, uint32_t low_ms, uint32_t high_ms,
                            const struct endings_gaps *gaps);

#endif
