/* Inference: in which dimension do the endings of one outcome agree, and does nothing speak against
 * it? */
#include "judge/closings.h"

#include <stdlib.h>
#include <string.h>

/* Servers run their timers late, and clocks differ by a network's delay: what lies so near is the
 * same. Never more than a fifth of the value itself. */
enum { NEAR_MS = 150 };
/* How late, at most, a server's timer or the first answer after it is taken for on time. */
enum { LATE_MS = 200, EARLY_MS = 50 };
/* "Right after the answer": nobody's timer. */
enum { AT_ONCE_MS = 50 };
/* Endings further apart than this belong to different bursts. */
enum { BURST_GAP_MS = 500, BURST_MS = 100 };
/* So many times smaller is far smaller. */
enum { FAR = 4 };

/* The sample, each dimension sorted by itself; p5 and p95 leave room for strays. */
struct view {
    uint32_t count, fifth, last; /* index of p5, of p95 */
    bool wrapped;                /* moments say nothing */
    uint32_t idle[ENDINGS_SAMPLE], age[ENDINGS_SAMPLE], moment[ENDINGS_SAMPLE],
        answers[ENDINGS_SAMPLE];
};

const char *closing_dimension_name(enum closing_dimension dimension) {
    static const char *const names[CLOSING_DIMENSIONS] = {NULL,  "idle",   "requests",
                                                          "age", "moment", "level"};
    return names[dimension];
}

static int ascending(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void make_view(struct view *view, const struct ending_group *group,
                      const struct closing_context *context) {
    uint32_t start = (uint32_t)(context->started_ns / MILLISECOND), count = group->kept;
    view->count = count;
    view->wrapped = context->moments_wrap;
    view->fifth = count * 5 / 100;
    view->last = count - 1 - view->fifth;
    for (uint32_t i = 0; i < count; i++) {
        view->idle[i] = group->sample[i].idle_ms;
        view->age[i] = group->sample[i].age_ms;
        view->moment[i] = group->sample[i].moment_ms - start;
        view->answers[i] = group->sample[i].answers;
    }
    uint32_t *const all[] = {view->idle, view->age, view->moment, view->answers};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        qsort(all[i], count, sizeof all[i][0], ascending);
}

static uint32_t middle_of(const struct view *view, const uint32_t *sorted) {
    return sorted[view->count / 2];
}

static uint32_t spread_of(const struct view *view, const uint32_t *sorted) {
    return sorted[view->last] - sorted[view->fifth];
}

static uint32_t at_most(uint32_t value, uint32_t bound) {
    return value < bound ? value : bound;
}

static uint32_t at_least(uint32_t value, uint32_t bound) {
    return value > bound ? value : bound;
}

static uint32_t less(uint32_t from, uint32_t what) {
    return from > what ? from - what : 0;
}

/* Within 2 % of the value or what is near, whichever is more. */
static uint32_t tolerance(uint32_t value) {
    return at_least(value / 50, at_most(NEAR_MS, value / 5));
}

static bool tight(const struct view *view, const uint32_t *sorted) {
    return spread_of(view, sorted) <= tolerance(middle_of(view, sorted));
}

/* The roundest number in the range: the coarsest step that has a multiple there. */
static uint32_t round_in(uint32_t low, uint32_t high) {
    static const uint32_t steps[] = {3600000, 600000, 300000, 60000, 30000, 15000, 10000,
                                     5000,    1000,   500,    100,   50,    10,    1};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        uint32_t multiple = high / steps[i] * steps[i];
        if (multiple >= low && multiple > 0)
            return multiple;
    }
    return high;
}

/* The limit behind a timer that is seen at `value`: late rather than early. */
static uint32_t limit_at(uint32_t value) {
    return round_in(less(value, at_most(LATE_MS, value / 10)),
                    value + at_most(EARLY_MS, value / 40));
}

static bool in_flight(enum outcome outcome) {
    return outcome == OUTCOME_closed_in_flight || outcome == OUTCOME_reset_in_flight;
}

static bool between_requests(enum outcome outcome) {
    return outcome == OUTCOME_closed_idle || outcome == OUTCOME_reset_idle;
}

/* An idle timeout: nobody was idle for longer and lived. Where a request was outstanding, it is our
 * own think time that says how long a connection was idle, unless it varies far more. */
static bool by_idle(const struct view *view, enum outcome outcome,
                    const struct closing_context *context) {
    uint32_t middle = middle_of(view, view->idle), spread = spread_of(view, view->idle);
    uint32_t thinks = (uint32_t)((context->think.high - context->think.low) / MILLISECOND);
    if (in_flight(outcome)) {
        if (thinks < 10 * spread || thinks < middle / 5 || view->answers[view->fifth] == 0)
            return false;
    } else if (!between_requests(outcome)) {
        return false;
    }
    return middle > AT_ONCE_MS && tight(view, view->idle) &&
           context->survived->idle_ms <= view->idle[view->last] + tolerance(middle);
}

/* The stale-reuse race: asked just when the timeout that is known from others fell. */
static bool by_race(const struct view *view, enum outcome outcome,
                    const struct closing_context *context) {
    uint32_t middle = middle_of(view, view->idle), timeout = context->timeout_ms;
    uint32_t apart = middle > timeout ? middle - timeout : timeout - middle;
    return in_flight(outcome) && timeout > 0 && tight(view, view->idle) &&
           apart <= tolerance(timeout);
}

static bool same_answers(const struct view *view) {
    return view->answers[view->fifth] == view->answers[view->last] &&
           view->answers[view->fifth] > 0;
}

/* A limit of requests acts with an answer: said in it, or right behind it. And no connection was
 * kept by an answer beyond it. */
static bool by_requests(const struct view *view, enum outcome outcome,
                        const struct closing_context *context) {
    uint32_t answers = middle_of(view, view->answers);
    if (!same_answers(view))
        return false;
    if (outcome == OUTCOME_closed_announced)
        return context->survived->kept_answers < answers;
    return (in_flight(outcome) || between_requests(outcome)) &&
           view->idle[view->last] <= AT_ONCE_MS && context->survived->kept_answers <= answers;
}

/* An age limit that runs by a timer of its own. */
static bool by_age(const struct view *view, enum outcome outcome,
                   const struct closing_context *context) {
    uint32_t middle = middle_of(view, view->age);
    return between_requests(outcome) && middle >= 1000 && view->age[view->last] < ENDINGS_AGE_MAX &&
           tight(view, view->age) &&
           context->survived->age_ms <= view->age[view->last] + tolerance(middle);
}

/* An age limit that acts at the next answer: no answer kept an older connection, and the youngest
 * that was ended is no younger than that. What is sharp is the edge, not the spread. */
struct edge {
    uint32_t kept, ended;
};

static uint32_t edge_overlap(struct edge edge) {
    return less(edge.kept, edge.ended);
}

static uint32_t edge_slack(struct edge edge) {
    return at_most(at_least(EARLY_MS, edge.ended / 100), 500);
}

static struct edge age_edge(const struct view *view, const struct ending_group *group,
                            const struct closing_context *context) {
    struct edge edge = {context->survived->kept_age_ms, group->age_ms_min};
    if (edge_overlap(edge) > edge_slack(edge)) /* a few strays may lie below */
        edge.ended = view->age[view->fifth];
    return edge;
}

static bool sharp_age(struct edge edge) {
    return edge.ended >= 1000 && edge.ended < ENDINGS_AGE_MAX &&
           edge_overlap(edge) <= edge_slack(edge) &&
           less(edge.ended, edge.kept) <= at_least(edge.ended / 10, LATE_MS);
}

/* The same of moments: since one of them no answer kept any connection. */
static struct edge moment_edge(const struct view *view, const struct closing_context *context) {
    int64_t kept = (context->survived->kept_moment_ns - context->started_ns) / MILLISECOND;
    return (struct edge){kept > 0 ? (uint32_t)kept : 0, view->moment[view->fifth]};
}

static bool sharp_moment(struct edge edge, const struct closing_context *context) {
    return !context->moments_wrap && edge.kept > 0 && edge_overlap(edge) <= BURST_MS &&
           context->survived->kept_moment_ns > 0;
}

/* Bursts: groups of at least CLOSING_MIN endings, each within a short time; the ones outside of any
 * are strays. More endings take more time: a tenth of a millisecond each. */
struct bursts {
    uint32_t count, members;
    uint32_t first_ms, width_ms; /* of the largest */
};

static struct bursts find_bursts(const struct view *view, uint64_t count) {
    struct bursts bursts = {0};
    if (view->wrapped)
        return bursts;
    uint32_t largest = 0, wide = BURST_MS + (uint32_t)(count < 100000 ? count / 10 : 10000);
    for (uint32_t first = 0, next; first < view->count; first = next) {
        for (next = first + 1; next < view->count; next++)
            if (view->moment[next] - view->moment[next - 1] > BURST_GAP_MS)
                break;
        uint32_t size = next - first, width = view->moment[next - 1] - view->moment[first];
        if (size < CLOSING_MIN || width > wide)
            continue;
        bursts.count++;
        bursts.members += size;
        if (size > largest) {
            largest = size;
            bursts.first_ms = view->moment[first];
            bursts.width_ms = width;
        }
    }
    return bursts;
}

static bool by_moment(const struct view *view, struct bursts bursts) {
    return bursts.count > 0 && bursts.count <= 10 &&
           (uint64_t)bursts.members * 100 >= (uint64_t)view->count * 95;
}

/* One closed for each one opened since a level was reached, and none afterwards: the server makes
 * room. Returns the level; 0: not so. */
static uint32_t level_of(const struct view *view, const struct ending_group *group,
                         const struct closing_context *context) {
    enum { AT_A_TIME = 40, LEAST = 20 }; /* nginx closes up to 32 at a time */
    uint32_t ramped = (uint32_t)(context->ramped / MILLISECOND);
    if (context->ramp == NULL || view->wrapped || view->moment[view->last] > ramped + 1000)
        return 0;
    uint64_t before = ramp_due(context->ramp, view->moment[0] * MILLISECOND);
    uint64_t after = context->opened > before ? context->opened - before : 0;
    uint64_t apart = group->count > after ? group->count - after : after - group->count;
    if (group->count < LEAST || after < LEAST || apart > AT_A_TIME + after / 10)
        return 0;
    return (uint32_t)before;
}

static void set(struct closing *closing, enum closing_dimension dimension, uint32_t value,
                uint32_t spread, uint32_t limit) {
    closing->dimension = dimension;
    closing->value = value;
    closing->spread = spread;
    closing->limit = limit;
}

static void set_edge(struct closing *closing, struct edge edge) {
    uint32_t low = edge.kept < edge.ended ? edge.kept : edge.ended;
    set(closing, CLOSING_AGE, edge.ended, at_least(edge.kept, edge.ended) - low,
        round_in(less(low, edge_slack(edge)), edge.ended + EARLY_MS));
}

static void set_bursts(struct closing *closing, struct bursts bursts) {
    closing->bursts = bursts.count;
    set(closing, CLOSING_MOMENT, bursts.first_ms, bursts.width_ms, bursts.first_ms);
}

/* Nobody sets a limit of 7 or 113 requests. */
static bool odd_number(uint32_t answers) {
    return answers > 5 && answers % 5 != 0;
}

static void prefer_round_age(struct closing *closing, struct edge edge) {
    struct closing by_age = *closing;
    set_edge(&by_age, edge);
    if (by_age.limit % 1000 == 0)
        *closing = by_age;
}

/* What an answer announced: its number says most, then age; then that a server goes down. */
static void infer_announced(struct closing *closing, const struct view *view,
                            const struct ending_group *group,
                            const struct closing_context *context) {
    struct edge age = age_edge(view, group, context), moment = moment_edge(view, context);
    struct bursts bursts = find_bursts(view, group->count);
    bool aged = sharp_age(age), halted = sharp_moment(moment, context);
    uint32_t answers = middle_of(view, view->answers);
    if (by_requests(view, closing->outcome, context)) {
        closing->either = answers > 1 && group->age_ms_min > context->survived->kept_age_ms;
        set(closing, CLOSING_REQUESTS, answers, 0, answers);
        if (closing->either && odd_number(answers))
            prefer_round_age(closing, age);
    } else if (aged && (!halted || edge_overlap(age) <= edge_overlap(moment) + AT_ONCE_MS)) {
        set_edge(closing, age);
    } else if (by_moment(view, bursts)) {
        set_bursts(closing, bursts);
    } else if (halted) {
        set(closing, CLOSING_MOMENT, moment.ended, 0, moment.ended);
    }
}

/* A timeout and a restart can both look tight where connections are in step: the far smaller spread
 * is the cause. When neither is wider than timers are exact, a round number is a timeout. */
static bool rather_moment(const struct view *view, struct bursts bursts) {
    uint32_t spread = spread_of(view, view->idle), limit = limit_at(middle_of(view, view->idle));
    if (spread <= AT_ONCE_MS && bursts.width_ms <= AT_ONCE_MS)
        return limit % (limit < 1000 ? 100 : 1000) != 0;
    return bursts.width_ms <= spread / FAR;
}

/* What came unannounced. */
static void infer_unannounced(struct closing *closing, const struct view *view,
                              const struct ending_group *group,
                              const struct closing_context *context) {
    struct bursts bursts = find_bursts(view, group->count);
    bool idle = by_idle(view, closing->outcome, context);
    bool age = by_age(view, closing->outcome, context), moment = by_moment(view, bursts);
    uint32_t idle_spread = spread_of(view, view->idle), age_spread = spread_of(view, view->age);
    uint32_t middle_age = middle_of(view, view->age), level;
    if (by_requests(view, closing->outcome, context)) {
        uint32_t answers = middle_of(view, view->answers);
        set(closing, CLOSING_REQUESTS, answers, 0, answers);
        return;
    }
    /* Those it ends first were idle longest: all for about as long, our own think time. */
    if (context->short_of_connections && between_requests(closing->outcome) &&
        (level = level_of(view, group, context)) > 0) {
        set(closing, CLOSING_LEVEL, level, 0, level);
        return;
    }
    closing->race = by_race(view, closing->outcome, context);
    if (moment && idle && rather_moment(view, bursts))
        idle = false;
    if (idle && age && age_spread < idle_spread / FAR)
        idle = false;
    if (idle || closing->race) {
        uint32_t middle = middle_of(view, view->idle);
        set(closing, CLOSING_IDLE, middle, idle_spread, limit_at(middle));
    } else if (age && (!moment || age_spread < bursts.width_ms / FAR)) {
        closing->by_timer = true;
        set(closing, CLOSING_AGE, middle_age, age_spread, limit_at(middle_age));
    } else if (moment) {
        set_bursts(closing, bursts);
    } else if (between_requests(closing->outcome) && (level = level_of(view, group, context)) > 0) {
        set(closing, CLOSING_LEVEL, level, 0, level);
    }
}

static struct closing_range range_of(const struct view *view, const uint32_t *sorted) {
    return (struct closing_range){sorted[0], middle_of(view, sorted), sorted[view->count - 1]};
}

void closing_infer(struct closing *closing, enum outcome outcome, const struct ending_group *group,
                   const struct closing_context *context) {
    struct view view;
    memset(closing, 0, sizeof *closing);
    closing->outcome = outcome;
    closing->count = group->count;
    closing->sampled = group->kept;
    if (group->kept == 0)
        return;
    make_view(&view, group, context);
    closing->idle_ms = range_of(&view, view.idle);
    closing->age_ms = range_of(&view, view.age);
    closing->answers = range_of(&view, view.answers);
    if (group->kept < CLOSING_MIN)
        return;
    if (outcome == OUTCOME_closed_announced)
        infer_announced(closing, &view, group, context);
    else
        infer_unannounced(closing, &view, group, context);
}
