/* Inference: in which dimension do the endings of one outcome agree, what do those that lived say
 * of it, and what else would have looked the same? */
#include "judge/diagnose/closings.h"

#include <stdlib.h>
#include <string.h>

#include "base/minmax.h"
#include "judge/diagnose/closing_view.h"

/* Servers run their timers late, and clocks differ by a network's delay: what lies so near is the
 * same. Never more than a fifth of the value itself. */
enum { NEAR_MS = 150 };
/* How late, at most, a server's timer or the first answer after it is taken for on time. */
enum { LATE_MS = 200, EARLY_MS = 50 };
/* "Right after the answer": nobody's timer. */
enum { AT_ONCE_MS = 50 };
/* A connection that ends so young never was a kept one. */
enum { YOUNG_MS = 200 };
/* So late, twice, ours and the server's, leaves a number right to within 0.2 s. */
enum { LAG_MS = 100 };
/* A moment is no sharper than this. */
enum { BURST_MS = 100 };
/* A server that is restarted again and again ends its connections in a few bursts; more of them are
 * a timer that fires in steps. The bursts hold all endings but strays, which p5 and p95 leave room
 * for too. */
enum { BURSTS_MAX = 10, BURSTS_MEMBERS_PERCENT = 95 };
/* Nobody looks at idle connections more rarely than at so many times their timeout. */
enum { WIDER = 5 };
/* So many times smaller is far smaller. */
enum { FAR = 4 };
/* Of a mixture, a part that is smaller than this is not told. */
enum { SHARE_MIN_PERCENT = 15, MOST_PERCENT = 50 };
/* A chance of one in a million, as a natural logarithm: what is below is no chance. */
static const double no_chance = -13.8;

const char *closing_dimension_name(enum closing_dimension dimension) {
    static const char *const names[CLOSING_DIMENSIONS] = {
        NULL, "idle", "requests", "age", "moment", "level", "status", "forgotten", "silence"};
    return names[dimension];
}

static uint32_t middle_of(const struct closing_view *view, const uint32_t *sorted) {
    return closing_view_middle(view, sorted);
}

static uint32_t spread_of(const struct closing_view *view, const uint32_t *sorted) {
    return closing_view_spread(view, sorted);
}

/* Within 2 % of the value or what is near, whichever is more. */
static uint32_t tolerance(uint32_t value) {
    return max_u32(value / 50, min_u32(NEAR_MS, value / 5));
}

static bool tight(const struct closing_view *view, const uint32_t *sorted) {
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
    return round_in(saturating_sub_u32(value, min_u32(LATE_MS, value / 10)),
                    value + min_u32(EARLY_MS, value / 25));
}

static bool in_flight(enum outcome outcome) {
    return outcome == OUTCOME_closed_in_flight || outcome == OUTCOME_reset_in_flight;
}

static bool between_requests(enum outcome outcome) {
    return outcome == OUTCOME_closed_idle || outcome == OUTCOME_reset_idle;
}

/* Ended by our own deadline. */
static bool never_answered(enum outcome outcome) {
    return outcome == OUTCOME_response_timeout || outcome == OUTCOME_silent;
}

static int ascending(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void set(struct closing *closing, enum closing_dimension dimension, uint32_t value,
                uint32_t spread, uint32_t limit) {
    closing->dimension = dimension;
    closing->value = value;
    closing->spread = spread;
    closing->limit = limit;
    closing->share_percent = 100;
}

static void add_rival(struct closing *closing, enum closing_dimension dimension, bool also) {
    if (also)
        closing->rivals |= UINT32_C(1) << dimension;
}

/* One outcome's endings on the table. */
struct inference {
    struct closing *closing;
    enum outcome outcome;
    const struct closing_view *view;
    const struct ending_group *group;
    const struct closing_context *context;
    struct closing_bursts bursts;
};

/* --- a moment --- */

/* Ends that the server makes. A moment at which our own timer ran out, or at which bytes came that
 * we refuse, is of our own clock: of the requests that were asked together. */
static bool servers_own(enum outcome outcome) {
    return between_requests(outcome) || in_flight(outcome) ||
           outcome == OUTCOME_closed_mid_response || outcome == OUTCOME_reset_mid_response ||
           outcome == OUTCOME_closed_announced;
}

static bool in_bursts(const struct inference *in) {
    return in->bursts.count > 0 && in->bursts.count <= BURSTS_MAX &&
           (uint64_t)in->bursts.members * 100 >= (uint64_t)in->view->count * BURSTS_MEMBERS_PERCENT;
}

/* A server that ends all at once ends those that were just answered as well: what looks at idle
 * connections now and then ends none of these. A few of them must be there. */
static bool answered_recently_too(const struct closing_view *view) {
    uint32_t few = max_u32(view->count / 50, 2);
    return view->idle[few] <= view->idle[view->last] / FAR;
}

/* An end inside our waiting comes of the server's own when others had waited for far longer or
 * shorter; else it is its reaction to what was asked at that moment. */
static bool apart_from_asking(const struct inference *in) {
    return !in_flight(in->outcome) ||
           spread_of(in->view, in->view->waited) / FAR >= max_u32(in->bursts.width_ms, AT_ONCE_MS);
}

/* A server that ends while requests are outstanding ends idle connections at that moment too,
 * unless most had asked: a few ends beside are of those alone that it happened to read from. */
static bool with_idle_ones(const struct inference *in) {
    static const enum outcome idle[] = {OUTCOME_closed_idle, OUTCOME_reset_idle};
    const struct closing_context *context = in->context;
    uint32_t beside = 0;
    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++) {
        const struct ending_group *group = &context->endings->of[idle[i]];
        for (uint32_t k = 0; k < group->kept; k++) {
            uint32_t moment = group->sample[k].moment_ms - in->view->start_ms;
            beside += moment + BURST_MS >= in->bursts.first_ms &&
                      moment <= in->bursts.first_ms + in->bursts.width_ms + BURST_MS;
        }
    }
    return !in_flight(in->outcome) || beside > 0 || in->group->count * 2 >= context->opened;
}

static bool by_moment(const struct inference *in) {
    const struct closing_view *view = in->view;
    if (!in_bursts(in) || !with_idle_ones(in) || !servers_own(in->outcome) ||
        view->answers[view->fifth] == 0 || view->age[view->last] < YOUNG_MS ||
        !apart_from_asking(in))
        return false;
    if (between_requests(in->outcome)) {
        enum closing_bystanders others =
            closing_view_bystanders(view, in->context->gaps, in->group->count, NULL);
        if (others >= BYSTANDERS_APART || !answered_recently_too(view))
            return false;
    }
    return true;
}

/* Frozen before it ended: requests had waited for long, and none asked meanwhile was answered. */
static void note_freeze(const struct inference *in) {
    enum { LONG_MS = 500 };
    const struct endings_survived *survived = in->context->survived;
    int64_t kept = (survived->kept_moment_ns - in->context->started_ns) / MILLISECOND;
    if (in_flight(in->outcome) && middle_of(in->view, in->view->waited) >= LONG_MS &&
        survived->kept_moment_ns > 0 && kept > 0 && kept + LONG_MS < in->bursts.first_ms)
        in->closing->answered_until = (uint32_t)kept;
}

static void set_moment(const struct inference *in) {
    note_freeze(in);
    in->closing->bursts = in->bursts.count;
    set(in->closing, CLOSING_MOMENT, in->bursts.first_ms, in->bursts.width_ms, in->bursts.first_ms);
}

/* --- an idle time --- */

static bool timed_by_server(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t middle = middle_of(view, view->idle), spread = spread_of(view, view->idle);
    uint32_t thinks = (uint32_t)((in->context->think.high - in->context->think.low) / MILLISECOND);
    if (in_flight(in->outcome)) /* and no reaction to what was asked: that was at other times */
        return thinks >= 10 * spread && thinks >= middle / 5 && view->answers[view->fifth] > 0 &&
               spread_of(view, view->waited) >= FAR * spread;
    return between_requests(in->outcome);
}

static uint32_t longest_gap(const struct closing_context *context) {
    return context->survived->idle_ms;
}

/* An idle timeout: nobody was idle for longer and lived. Where a request was outstanding, it is our
 * own think time that says how long a connection was idle, unless it varies far more. */
static bool by_idle(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t middle = middle_of(view, view->idle);
    return timed_by_server(in) && middle > AT_ONCE_MS && tight(view, view->idle) &&
           longest_gap(in->context) <= view->idle[view->last] + tolerance(middle) &&
           !closing_view_steps(view, in->bursts);
}

/* The stale-reuse race: asked just when the timeout that is known from others fell. */
static bool by_race(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t middle = middle_of(view, view->idle), timeout = in->context->timeout_ms;
    uint32_t apart = middle > timeout ? middle - timeout : timeout - middle;
    return in_flight(in->outcome) && timeout > 0 && tight(view, view->idle) &&
           apart <= tolerance(timeout);
}

/* Our own lateness, and so perhaps the server's, would make it another number, or another kind. */
static bool blurs_interval(const struct inference *in, uint32_t low, uint32_t high) {
    uint32_t lag = in->context->lag_ms;
    return high - low < FAR * lag || lag > max_u32(LAG_MS, low / 20);
}

/* An idle interval: a timer that looks now and then, or one with jitter. All ended within it, far
 * beyond chance; none that lived was idle for longer; and where they ended in bursts, those that
 * were idle for less were spared. */
static bool by_interval(const struct inference *in) {
    const struct closing_view *view = in->view;
    const struct closing_context *context = in->context;
    uint32_t low = view->idle[view->count / 50], high = view->idle[view->last];
    uint32_t slack = max_u32(tolerance(high), (high - low) / 5);
    if (!between_requests(in->outcome) || low <= 2 * AT_ONCE_MS || high > WIDER * low ||
        blurs_interval(in, low, high) || tight(view, view->idle) ||
        longest_gap(context) > high + slack ||
        closing_view_chance_above(view, low, in->group->count, context->gaps) > no_chance)
        return false;
    uint32_t spared;
    bool stepped = (uint64_t)in->bursts.members * 2 > view->count ||
                   spread_of(view, view->moment) < 2 * (high - low);
    return !stepped || (closing_view_bystanders(view, context->gaps, in->group->count, &spared) ==
                            BYSTANDERS_SPARED &&
                        low <= spared + max_u32(low / FAR, LATE_MS));
}

static void set_interval(const struct inference *in) {
    const struct closing_view *view = in->view;
    struct closing *closing = in->closing;
    closing->low = view->idle[view->count / 50];
    closing->high = max_u32(view->idle[view->last], longest_gap(in->context));
    closing->interval = true;
    set(closing, CLOSING_IDLE, closing->low, closing->high - closing->low,
        round_in(saturating_sub_u32(closing->low, min_u32(LATE_MS, closing->low / 10)),
                 closing->low + min_u32(EARLY_MS, closing->low / 25)));
}

/* A timeout and a restart can both look tight where connections are in step: the far smaller spread
 * is the cause. When neither is wider than timers are exact, a round number is a timeout. */
static bool is_likelier_moment(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t spread = spread_of(view, view->idle), limit = limit_at(middle_of(view, view->idle));
    if (spread <= AT_ONCE_MS && in->bursts.width_ms <= AT_ONCE_MS)
        return limit % (limit < 1000 ? 100 : 1000) != 0;
    return in->bursts.width_ms <= spread / FAR;
}

/* --- an age by a timer --- */

/* An age limit that runs by a timer of its own: ages agree far better than moments do. */
static bool by_age(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t middle = middle_of(view, view->age);
    return between_requests(in->outcome) && middle >= 1000 &&
           view->age[view->last] < ENDINGS_AGE_MAX && tight(view, view->age) &&
           in->context->survived->age_ms <= view->age[view->last] + tolerance(middle);
}

/* --- a part of them --- */

/* The tightest part of a sorted dimension that holds most. */
struct part {
    uint32_t first, count;
};

static struct part largest_part(const struct closing_view *view, const uint32_t *sorted) {
    struct part largest = {0};
    for (uint32_t first = 0, next = 0; first < view->count; first++) {
        if (next < first)
            next = first;
        while (next < view->count && sorted[next] - sorted[first] <= tolerance(sorted[first]))
            next++;
        if (next - first > largest.count && sorted[first] > AT_ONCE_MS)
            largest = (struct part){first, next - first};
    }
    return largest;
}

/* Whether next to nothing lies beside it: else it is a slice of something wider. */
static bool stands_alone(const struct closing_view *view, const uint32_t *sorted,
                         struct part part) {
    uint32_t low = sorted[part.first], high = sorted[part.first + part.count - 1], beside = 0;
    uint32_t margin = tolerance(low);
    for (uint32_t i = 0; i < view->count; i++)
        beside += (sorted[i] < low && sorted[i] + margin >= low) ||
                  (sorted[i] > high && sorted[i] <= high + margin);
    return beside * 10 <= part.count;
}

static uint32_t share_of(const struct closing_view *view, struct part part) {
    return part.count * 100 / view->count;
}

/* Of a part with those idle times, whether its ends are spread in time as no clock that looks now
 * and then would spread them: compared are the middle halves of both. */
static bool spread_in_time(const struct closing_view *view, struct part part, uint32_t least_ms) {
    uint32_t low = view->idle[part.first], high = view->idle[part.first + part.count - 1];
    uint32_t moments[ENDINGS_SAMPLE] = {0}, count = 0, quarter = part.count / 4;
    for (uint32_t i = 0; i < view->count; i++)
        if (view->rows[i].idle_ms >= low && view->rows[i].idle_ms <= high)
            moments[count++] = view->rows[i].moment_ms - view->start_ms;
    qsort(moments, count, sizeof moments[0], ascending);
    uint32_t idle =
        view->idle[part.first + part.count - 1 - quarter] - view->idle[part.first + quarter];
    return moments[count - 1 - quarter] - moments[quarter] >= max_u32(FAR * idle, least_ms);
}

static void set_part(const struct inference *in, struct part part) {
    const struct closing_view *view = in->view;
    uint32_t middle = view->idle[part.first + part.count / 2];
    set(in->closing, CLOSING_IDLE, middle,
        view->idle[part.first + part.count - 1] - view->idle[part.first], limit_at(middle));
    in->closing->share_percent = share_of(view, part);
    in->closing->for_some = true;
}

/* What is no interval but two timeouts: two tight parts hold all but strays, and the endings of the
 * larger are spread in time where its idle times are not. Whether it was so. */
static bool set_two_timeouts(const struct inference *in) {
    const struct closing_view *view = in->view;
    struct part part = largest_part(view, view->idle);
    uint32_t low = view->idle[part.first], high = view->idle[part.first + part.count - 1], rest = 0;
    for (uint32_t first = 0, next = 0; first < view->count; first++) {
        next = max_u32(next, first);
        while (next < view->count && view->idle[next] - view->idle[first] <= tolerance(low))
            next++;
        bool apart = view->idle[next - 1] + tolerance(low) < low ||
                     view->idle[first] > high + tolerance(low);
        if (apart)
            rest = max_u32(rest, next - first);
    }
    if ((part.count + rest) * 100 < view->count * BURSTS_MEMBERS_PERCENT || rest < CLOSING_MIN)
        return false;
    if (spread_in_time(view, part, 0))
        set_part(in, part);
    return true;
}

/* An idle timeout of a part: of those behind a name, some have another, or none. Others were idle
 * for longer meanwhile, which no server does that closes the longest idle; and the part is larger
 * than any by chance. */
static bool set_idle_part(const struct inference *in, uint32_t percent) {
    const struct closing_view *view = in->view;
    struct part part = largest_part(view, view->idle);
    if (!between_requests(in->outcome) || part.count < CLOSING_MIN ||
        share_of(view, part) < percent || !stands_alone(view, view->idle, part))
        return false;
    uint32_t low = view->idle[part.first], high = view->idle[part.first + part.count - 1];
    uint32_t range = max_u32(view->idle[view->count - 1], longest_gap(in->context));
    uint32_t spread = spread_of(view, view->idle); /* among them, unless they are all of it */
    double width = spread > tolerance(low) ? spread : range;
    double expected = (double)view->count * tolerance(low) / (width + 1);
    /* Our own next request cuts a wider one off. */
    bool cut = high + tolerance(high) >= (uint32_t)(in->context->think.high / MILLISECOND);
    if (part.count < CLOSING_MIN + FAR * expected || view->wrapped || cut ||
        !spread_in_time(view, part, AT_ONCE_MS) || by_age(in) ||
        (range > high + tolerance(high) &&
         !closing_view_outlasted(view, low, high, in->context->gaps)))
        return false;
    set_part(in, part);
    return true;
}

/* --- a number of requests --- */

static bool same_answers(const struct closing_view *view) {
    return view->answers[view->fifth] == view->answers[view->last] &&
           view->answers[view->fifth] > 0;
}

/* Came with an answer, or right behind one. */
static bool with_an_answer(const struct inference *in) {
    return in->outcome == OUTCOME_closed_announced ||
           ((in_flight(in->outcome) || between_requests(in->outcome)) &&
            in->view->idle[in->view->last] <= AT_ONCE_MS);
}

/* The most answers that were not the last: one that did not say so may have been. */
static uint32_t most_kept(const struct inference *in) {
    const struct endings_survived *survived = in->context->survived;
    return in->outcome == OUTCOME_closed_announced ? survived->kept_answers
                                                   : survived->past_answers;
}

/* A limit of requests acts with an answer: announced in it, or right behind it. And no connection
 * was kept by an answer beyond it. */
static bool by_requests(const struct inference *in) {
    return same_answers(in->view) && with_an_answer(in) &&
           most_kept(in) < middle_of(in->view, in->view->answers);
}

/* Two numbers that hold all but strays, one for each of two servers behind a name. */
static bool set_two_requests(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t low = view->answers[view->fifth], high = view->answers[view->last], lows = 0,
             highs = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        lows += view->answers[i] == low;
        highs += view->answers[i] == high;
    }
    if (!with_an_answer(in) || low == 0 || high < low + 2 || most_kept(in) >= high ||
        lows < CLOSING_MIN || highs < CLOSING_MIN ||
        (lows + highs) * 100 < view->count * BURSTS_MEMBERS_PERCENT)
        return false;
    uint32_t most = lows >= highs ? low : high;
    set(in->closing, CLOSING_REQUESTS, most, 0, most);
    in->closing->share_percent = max_u32(lows, highs) * 100 / view->count;
    in->closing->for_some = true;
    return true;
}

/* --- an age at the next answer --- */

/* What acts at the next answer has no spread but an edge: of ages, or of moments. No answer kept
 * any beyond it, and none was ended before it. */
struct edge {
    uint32_t kept, ended;
};

static uint32_t edge_overlap(struct edge edge) {
    return saturating_sub_u32(edge.kept, edge.ended);
}

static uint32_t edge_slack(struct edge edge) {
    return min_u32(max_u32(EARLY_MS, edge.ended / 100), 500);
}

static struct edge age_edge(const struct inference *in) {
    const struct endings_survived *survived = in->context->survived;
    bool announced = in->outcome == OUTCOME_closed_announced;
    struct edge edge = {announced ? survived->kept_age_ms : survived->past_age_ms,
                        in->group->age_ms_min};
    if (edge_overlap(edge) > edge_slack(edge)) /* a few strays may lie below */
        edge.ended = in->view->age[in->view->fifth];
    return edge;
}

/* Nothing speaks against it: our own lateness may let the two overlap, by as much as a moment is
 * wide at least. */
static bool possible_age(const struct inference *in, struct edge edge) {
    return edge.ended >= 1000 && edge.ended < ENDINGS_AGE_MAX &&
           edge_overlap(edge) <= edge_slack(edge) + max_u32(BURST_MS, in->context->lag_ms);
}

/* And it is known where it lies. Where those kept and those ended overlap, they do so far less than
 * they differ among themselves. */
static bool sharp_age(const struct inference *in, struct edge edge) {
    return possible_age(in, edge) && edge_overlap(edge) <= edge_slack(edge) &&
           in->context->lag_ms <= max_u32(LAG_MS, edge.ended / 20) &&
           edge_overlap(edge) <= spread_of(in->view, in->view->age) / FAR &&
           saturating_sub_u32(edge.ended, edge.kept) <= max_u32(edge.ended / 10, LATE_MS);
}

/* The same of moments: since one of them no answer kept any connection. */
static struct edge moment_edge(const struct inference *in) {
    const struct endings_survived *survived = in->context->survived;
    bool announced = in->outcome == OUTCOME_closed_announced;
    int64_t latest = announced ? survived->kept_moment_ns : survived->past_moment_ns;
    int64_t kept = (latest - in->context->started_ns) / MILLISECOND;
    return (struct edge){latest > 0 && kept > 0 ? (uint32_t)kept : 0,
                         in->view->moment[in->view->count / 50]};
}

static bool sharp_moment(const struct inference *in, struct edge edge) {
    enum { STRAYS = 3 }; /* asked just then, by our clock */
    return !in->view->wrapped && edge.kept > 0 && edge_overlap(edge) <= BURST_MS &&
           (in->outcome != OUTCOME_closed_announced ||
            closing_view_kept_since(in->view, edge.ended, in->context->gaps) <= STRAYS) &&
           edge_overlap(edge) <= AT_ONCE_MS / 10 + spread_of(in->view, in->view->moment) / FAR;
}

static void set_edge(struct closing *closing, struct edge edge) {
    uint32_t low = edge.kept < edge.ended ? edge.kept : edge.ended;
    set(closing, CLOSING_AGE, edge.ended, max_u32(edge.kept, edge.ended) - low,
        round_in(saturating_sub_u32(low, edge_slack(edge)), edge.ended + EARLY_MS));
}

/* --- how many at once --- */

/* How many were open when the first of the group ended: what was due then, or, by as much as our
 * ramp ran late, so many fewer as the group says. */
static uint64_t opened_before(const struct closing_view *view, const struct ending_group *group,
                              const struct closing_context *context) {
    enum { RAMP_LATE_MS_MAX = 250 }; /* later, the plan says nothing of what was open */
    duration first = view->moment[0] * MILLISECOND;
    duration late = min_i64(context->ramp_late, RAMP_LATE_MS_MAX * MILLISECOND);
    uint64_t least = ramp_due(context->ramp, first - late), most = ramp_due(context->ramp, first);
    uint64_t others = context->opened > group->count ? context->opened - group->count : 0;
    return min_u64(max_u64(others, least), most);
}

/* One closed for each one opened since a level was reached, and none afterwards: the server makes
 * room. Returns the level; 0: not so. */
static uint32_t level_of(const struct closing_view *view, const struct ending_group *group,
                         const struct closing_context *context) {
    enum { AT_A_TIME = 40, LEAST = 20 }; /* nginx closes up to 32 at a time */
    uint32_t ramped = (uint32_t)(context->ramped / MILLISECOND);
    /* A short timeout ends one for each opened too, and goes on behind the ramp for its length. */
    uint32_t last = ramped - saturating_sub_u32(ramped, view->moment[0]) / 20;
    if (context->ramp == NULL || view->wrapped || view->moment[view->last] > last + LATE_MS ||
        middle_of(view, view->idle) <= 2 * LATE_MS)
        return 0;
    uint64_t before = opened_before(view, group, context);
    uint64_t after = context->opened > before ? context->opened - before : 0;
    uint64_t apart = group->count > after ? group->count - after : after - group->count;
    if (group->count < LEAST || after < LEAST ||
        apart > min_u64(AT_A_TIME, after / 10) + after / 10)
        return 0;
    return (uint32_t)before;
}

/* The first so many stay, and each that was opened later ended at once, or was never answered. */
static uint32_t refused_beyond(const struct inference *in) {
    const struct closing_view *view = in->view;
    const struct closing_context *context = in->context;
    bool at_once = view->age[view->last] + view->late[view->last] < YOUNG_MS;
    if (view->answers[view->last] > 0 || context->ramp == NULL || view->wrapped ||
        context->stayed == 0 || !(at_once ? servers_own(in->outcome) : never_answered(in->outcome)))
        return 0;
    duration first = (duration)view->born[view->fifth] * MILLISECOND;
    duration late = context->ramp_late + AT_ONCE_MS * MILLISECOND;
    uint64_t least = ramp_due(context->ramp, first - late);
    uint64_t most = ramp_due(context->ramp, first + late), few = 2 + context->stayed / 10;
    if (context->stayed + few < least || context->stayed > most + few)
        return 0;
    if (!at_once && context->answers_slow) /* the last of all that waited too long */
        return 0;
    return (uint32_t)context->stayed;
}

/* --- what was never answered --- */

/* Whatever was asked after so long without a request was lost, and nothing that was asked sooner.
 */
static bool set_forgotten(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t lost = view->asked_idle[view->count / 50];
    uint32_t kept = in->context->survived->asked_idle_ms;
    uint32_t slack = max_u32(EARLY_MS, lost / 100);
    int64_t latest =
        (in->context->survived->kept_moment_ns - in->context->started_ns) / MILLISECOND;
    if (latest <
        (int64_t)view->asked_moment[view->fifth] + LATE_MS) /* nothing was answered since */
        return false;
    if (!(never_answered(in->outcome) || in_flight(in->outcome)) || kept > lost + slack ||
        lost > 2 * kept || lost <= 2 * AT_ONCE_MS ||
        spread_of(view, view->asked_idle) < FAR * max_u32(slack, in->context->lag_ms) ||
        closing_view_chance_asked_above(view, lost, in->group->count, in->context->gaps) >
            no_chance)
        return false;
    uint32_t low = min_u32(kept, lost), high = max_u32(kept, lost);
    set(in->closing, CLOSING_FORGOTTEN, low, high - low, round_in(low, high));
    in->closing->low = low;
    in->closing->high = high;
    return true;
}

/* Requests asked over some time were lost, and none that was asked later was answered. */
static bool set_silence(const struct inference *in) {
    enum { ASKED_OVER_MS = 200 };
    const struct closing_view *view = in->view;
    const struct endings_survived *survived = in->context->survived;
    int64_t kept = (survived->kept_moment_ns - in->context->started_ns) / MILLISECOND;
    uint32_t first = view->asked_moment[0], last = view->asked_moment[view->count - 1];
    if (!never_answered(in->outcome) || view->wrapped || survived->kept_moment_ns == 0 ||
        kept > first || last - first < ASKED_OVER_MS || view->answers[view->fifth] == 0)
        return false;
    set(in->closing, CLOSING_SILENCE, max_u32(first, 1), last - first, max_u32(first, 1));
    uint32_t shortest = view->asked_idle[view->count / 50];
    in->closing->forgets = survived->asked_idle_ms;
    add_rival(in->closing, CLOSING_FORGOTTEN,
              survived->asked_idle_ms <=
                  shortest + max_u32(max_u32(EARLY_MS, shortest / 100), in->context->lag_ms));
    return true;
}

/* --- put together --- */

/* Nobody sets a limit of 7 or 113 requests. */
static bool is_unusual_limit(uint32_t answers) {
    return answers > 5 && answers % 5 != 0;
}

/* A number of answers, where nothing else would have looked the same: else it is one of several. */
static bool set_requests(const struct inference *in, struct edge age, bool halted) {
    uint32_t answers = middle_of(in->view, in->view->answers);
    if (!by_requests(in))
        return false;
    bool aged = answers > 1 && (in->group->age_ms_min > age.kept || possible_age(in, age));
    if (is_unusual_limit(answers) && (halted || in_bursts(in)) && !sharp_age(in, age))
        return !halted; /* in step, and then it went down: or not */
    set(in->closing, CLOSING_REQUESTS, answers, 0, answers);
    add_rival(in->closing, CLOSING_AGE, aged);
    add_rival(in->closing, CLOSING_MOMENT, answers > 1 && halted);
    return true;
}

/* Ends that came with an answer: its number says most, then age; then that a server goes down.
 * Birth and moment may lie together: then both are possible, the moment first. */
static void infer_with_answers(const struct inference *in) {
    struct edge age = age_edge(in), moment = moment_edge(in);
    bool aged = sharp_age(in, age), halted = sharp_moment(in, moment);
    if (set_requests(in, age, halted))
        return;
    if (halted && aged && edge_overlap(moment) > edge_overlap(age) + AT_ONCE_MS) {
        set_edge(in->closing, age);
        add_rival(in->closing, CLOSING_MOMENT, true);
    } else if (halted) {
        if (by_moment(in))
            set_moment(in);
        else
            set(in->closing, CLOSING_MOMENT, moment.ended, 0, moment.ended);
        add_rival(in->closing, CLOSING_AGE, possible_age(in, age));
        add_rival(in->closing, CLOSING_REQUESTS, by_requests(in));
    } else if (aged && spread_of(in->view, in->view->age) > edge_slack(age)) {
        set_edge(in->closing, age);
    } else {
        set_two_requests(in);
    }
}

static bool set_level(const struct inference *in) {
    uint32_t level = between_requests(in->outcome) ? level_of(in->view, in->group, in->context) : 0;
    const struct closing_view *view = in->view;
    if (level == 0 || closing_view_outlasted(view, view->idle[view->fifth], view->idle[view->last],
                                             in->context->gaps))
        return false;
    set(in->closing, CLOSING_LEVEL, level, 0, level);
    return true;
}

/* In step with a moment, an idle time is told only when people write such a number. */
static bool set_idle(const struct inference *in, bool age) {
    const struct closing_view *view = in->view;
    uint32_t middle = middle_of(view, view->idle), spread = spread_of(view, view->idle);
    uint32_t limit = limit_at(middle);
    bool moment = !in->closing->race && in_bursts(in) &&
                  spread <= FAR * in->bursts.width_ms + AT_ONCE_MS &&
                  closing_view_bystanders(view, in->context->gaps, in->group->count, NULL) !=
                      BYSTANDERS_SPARED;
    if (moment && limit % (limit < 1000 ? 100 : 1000) != 0)
        return false;
    set(in->closing, CLOSING_IDLE, middle, spread, limit);
    add_rival(in->closing, CLOSING_AGE, age);
    add_rival(in->closing, CLOSING_MOMENT, moment);
    return true;
}

static void set_age(const struct inference *in, bool moment) {
    const struct closing_view *view = in->view;
    uint32_t middle = middle_of(view, view->age);
    in->closing->by_timer = true;
    set(in->closing, CLOSING_AGE, middle, spread_of(view, view->age), limit_at(middle));
    add_rival(in->closing, CLOSING_MOMENT, moment);
}

/* All had been idle for the time that answers announce, and little longer. */
static bool is_as_announced(const struct inference *in) {
    const struct closing_view *view = in->view;
    int64_t announced = in->context->announced_ms;
    return announced > 0 && view->idle[0] + EARLY_MS >= announced &&
           view->idle[view->last] <= announced + max_i64(AT_ONCE_MS, announced / 10);
}

static void set_announced(const struct inference *in) {
    const struct closing_view *view = in->view;
    set(in->closing, CLOSING_IDLE, middle_of(view, view->idle), spread_of(view, view->idle),
        (uint32_t)in->context->announced_ms);
}

/* All of them at once, and nobody who lived says more: a restart, or a timer that all had in step,
 * which comes first where it was announced. */
static void set_in_step(const struct inference *in) {
    const struct closing_view *view = in->view;
    if (!between_requests(in->outcome) || !in_bursts(in) || in->bursts.count > 1 ||
        view->answers[view->fifth] == 0 || view->age[view->last] < YOUNG_MS)
        return;
    if (is_as_announced(in)) {
        set_announced(in);
    } else {
        set_moment(in);
    }
    add_rival(in->closing, CLOSING_IDLE, in->closing->dimension != CLOSING_IDLE);
    add_rival(in->closing, CLOSING_MOMENT, in->closing->dimension != CLOSING_MOMENT);
    add_rival(in->closing, CLOSING_AGE, by_age(in));
}

/* The cause of an end that came unannounced, and not with an answer. */
static void infer_unannounced(const struct inference *in) {
    const struct closing_view *view = in->view;
    uint32_t idle_spread = spread_of(view, view->idle), age_spread = spread_of(view, view->age);
    uint32_t moment_spread = spread_of(view, view->moment);
    bool idle = by_idle(in), age = by_age(in), moment = by_moment(in);
    in->closing->race = by_race(in);
    bool in_step = moment_spread <= 2 * age_spread + AT_ONCE_MS;
    if (idle && in_bursts(in) && is_likelier_moment(in))
        idle = false;
    bool asked_again = view->answers[view->last] > 1; /* else age and idle time are one */
    if (idle && age && asked_again && age_spread < idle_spread / FAR)
        idle = false;
    if (idle || in->closing->race) {
        set_idle(in, age && (!asked_again || age_spread <= FAR * idle_spread + AT_ONCE_MS));
    } else if (moment && (!age || in->bursts.width_ms <= FAR * age_spread)) {
        set_moment(in);
        add_rival(in->closing, CLOSING_AGE,
                  age && age_spread <=
                             FAR * in->bursts.width_ms + AT_ONCE_MS + view->late[view->last]);
    } else if (age && !in_step && !asked_again && is_as_announced(in)) {
        set_announced(in);
        add_rival(in->closing, CLOSING_AGE, true);
    } else if (age && !in_step && middle_of(view, view->idle) > AT_ONCE_MS) {
        set_age(in, moment);
        add_rival(in->closing, CLOSING_IDLE, !asked_again);
    } else if (!set_level(in) && !set_idle_part(in, MOST_PERCENT)) {
        if (!by_interval(in)) {
            if (!set_idle_part(in, SHARE_MIN_PERCENT))
                set_in_step(in);
        } else if (!set_two_timeouts(in)) {
            set_interval(in);
        }
    }
}

/* --- our own lateness --- */

/* An idle time of which so much may be our own lateness would be taken for another one. */
static bool is_blurred(const struct ending *row) {
    return row->late_ms > max_u32(AT_ONCE_MS, tolerance(row->idle_ms));
}

/* Of ends that are told by their idle times, those that are known well enough; fewer than half are
 * no evidence. Whether they are. */
static bool keep_sharp(struct ending_group *sharp, const struct ending_group *group) {
    *sharp = (struct ending_group){.count = group->count, .age_ms_min = group->age_ms_min};
    for (uint32_t i = 0; i < group->kept; i++)
        if (!is_blurred(&group->sample[i]))
            sharp->sample[sharp->kept++] = group->sample[i];
    return sharp->kept >= CLOSING_MIN && sharp->kept * 2 >= group->kept;
}

/* Ends that no request was waited for: by the time since the last answer, among others. */
static void infer_by_times(const struct inference *all) {
    struct ending_group sharp;
    struct closing_view view;
    if (!keep_sharp(&sharp, all->group))
        return;
    closing_view_make(&view, &sharp, all->context->started_ns, all->view->wrapped);
    struct inference in = {all->closing, all->outcome, &view,
                           &sharp,       all->context, closing_view_bursts(&view, sharp.count)};
    if (with_an_answer(&in))
        infer_with_answers(&in);
    else if (!in_flight(in.outcome) || !set_forgotten(&in))
        infer_unannounced(&in);
}

static void infer(const struct inference *in) {
    uint32_t beyond = refused_beyond(in);
    if (beyond > 0) {
        set(in->closing, CLOSING_LEVEL, beyond, 0, beyond);
        in->closing->refused = true;
    } else if (never_answered(in->outcome)) {
        if (!set_silence(in))
            set_forgotten(in);
    } else if (in->context->short_of_connections && set_level(in)) {
        /* Connections that it ends first were idle longest: all for about our own think time. */
    } else if (in->outcome == OUTCOME_closed_announced) {
        infer_with_answers(in);
    } else {
        infer_by_times(in);
    }
}

/* --- the status of the last answer --- */

/* The sample's error statuses: how many, and the most frequent of them. */
struct closing_statuses {
    uint32_t errors, top, of_top;
};

static struct closing_statuses count_statuses(const struct ending_group *group) {
    struct closing_statuses found = {0};
    uint32_t sorted[ENDINGS_SAMPLE];
    for (uint32_t i = 0; i < group->kept; i++)
        if (group->sample[i].status >= 400)
            sorted[found.errors++] = group->sample[i].status;
    if (found.errors == 0)
        return found;
    qsort(sorted, found.errors, sizeof sorted[0], ascending);
    for (uint32_t first = 0, next; first < found.errors; first = next) {
        for (next = first; next < found.errors && sorted[next] == sorted[first];)
            next++;
        if (next - first > found.of_top) {
            found.top = sorted[first];
            found.of_top = next - first;
        }
    }
    return found;
}

/* Error answers that end their connections, and keep next to none: they are the cause, and not how
 * long the server keeps a connection. A few of them among many endings are a stray each. */
static bool infer_status(struct closing *closing, const struct ending_group *group,
                         const struct closing_context *context) {
    enum { FEW_PERCENT = 5 };
    struct closing_statuses found = count_statuses(group);
    uint64_t endings = group->count * found.errors / group->kept;
    closing->status_percent = found.of_top * 100 / group->kept;
    closing->errors_percent = found.errors * 100 / group->kept;
    if (closing->errors_percent < FEW_PERCENT ||
        context->error_answers > endings + endings / FAR + CLOSING_MIN) {
        closing->status_percent = closing->errors_percent = 0;
        return false;
    }
    set(closing, CLOSING_STATUS, found.top, 0, found.top);
    return true;
}

static struct closing_range range_of(const struct closing_view *view, const uint32_t *sorted) {
    return (struct closing_range){sorted[0], middle_of(view, sorted), sorted[view->count - 1]};
}

void closing_infer(struct closing *closing, enum outcome outcome, const struct ending_group *group,
                   const struct closing_context *context) {
    struct closing_view view;
    memset(closing, 0, sizeof *closing);
    closing->outcome = outcome;
    closing->count = group->count;
    closing->sampled = group->kept;
    if (group->kept == 0)
        return;
    closing_view_make(&view, group, context->started_ns, context->moments_wrap);
    closing->idle_ms = range_of(&view, view.idle);
    closing->age_ms = range_of(&view, view.age);
    closing->answers = range_of(&view, view.answers);
    if (infer_status(closing, group, context) || group->kept < CLOSING_MIN)
        return;
    infer(&(struct inference){closing, outcome, &view, group, context,
                              closing_view_bursts(&view, group->count)});
}
