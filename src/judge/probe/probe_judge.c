/* Four questions to what a probe saw. */
#include "judge/probe/probe_judge.h"

#include <math.h>
#include <string.h>

#include "base/minmax.h"
#include "base/require.h"

/* An end that was seen later than this is not measured that well. */
static const duration LATE = 100 * MILLISECOND;
/* Ends so near each other came of one look. */
static const duration ONE_LOOK = 30 * MILLISECOND;
/* No limit of age is shorter. */
static const duration AGE_LEAST = 500 * MILLISECOND;
/* What a timer or the network adds: 2 % or this. */
static const duration SCATTER = 150 * MILLISECOND;

duration probe_tolerance(duration length) {
    return max_i64(SCATTER, length / 50);
}

/* ---- Names ---- */

const char *probe_status_name(enum probe_status status) {
    static const char *const names[] = {"unknown", "found", "at_least", "jittered"};
    return names[status];
}

const char *probe_end_name(enum probe_end end) {
    static const char *const names[PROBE_ENDS] = {
        [PROBE_END_FIN] = "fin",       [PROBE_END_RST] = "rst",
        [PROBE_END_408] = "408",       [PROBE_END_ANNOUNCED] = "announced",
        [PROBE_END_SILENT] = "silent", [PROBE_END_CLOSE_NOTIFY] = "close_notify",
        [PROBE_END_OTHER] = "other"};
    return names[end];
}

const char *probe_question_name(enum probe_question question) {
    static const char *const names[] = {"idle_timeout", "first_request_timeout",
                                        "requests_per_connection", "max_age"};
    return names[question];
}

const char *probe_question_label(enum probe_question question) {
    static const char *const labels[] = {"idle timeout", "first request", "requests", "age"};
    return labels[question];
}

/* ---- Sets of ends ---- */

/* Ends that one limit may have made. */
struct ends {
    const struct probe_trace *traces[PROBE_TRACES_MAX];
    duration lengths[PROBE_TRACES_MAX]; /* what the limit is about */
    size_t count;
};

static void add_end(struct ends *ends, const struct probe_trace *trace, duration length) {
    ends->traces[ends->count] = trace;
    ends->lengths[ends->count++] = length;
}

static bool was_late(const struct probe_trace *trace) {
    return trace->late > LATE;
}

/* Ends that our own lateness blurred go, where two others are left. */
static void drop_late(struct ends *ends) {
    size_t sharp = 0, kept = 0;
    for (size_t i = 0; i < ends->count; i++)
        sharp += !was_late(ends->traces[i]);
    for (size_t i = 0; i < ends->count && sharp >= 2; i++)
        if (!was_late(ends->traces[i])) {
            ends->traces[kept] = ends->traces[i];
            ends->lengths[kept++] = ends->lengths[i];
        }
    if (sharp >= 2)
        ends->count = kept;
}

static duration least(const struct ends *ends) {
    duration low = INT64_MAX;
    for (size_t i = 0; i < ends->count; i++)
        low = min_i64(low,
                      ends->lengths[i] - (was_late(ends->traces[i]) ? ends->traces[i]->late : 0));
    return low;
}

static duration greatest(const struct ends *ends) {
    duration high = 0;
    for (size_t i = 0; i < ends->count; i++)
        high = max_i64(high, ends->lengths[i]);
    return high;
}

/* The one in the middle. */
static duration middle(const struct ends *ends) {
    for (size_t i = 0; i < ends->count; i++) {
        size_t below = 0;
        for (size_t j = 0; j < ends->count; j++)
            below += ends->lengths[j] < ends->lengths[i] ||
                     (j < i && ends->lengths[j] == ends->lengths[i]);
        if (below == ends->count / 2)
            return ends->lengths[i];
    }
    return 0;
}

/* How most of them ended. */
static enum probe_end usual_end(const struct ends *ends) {
    size_t counts[PROBE_ENDS] = {0};
    enum probe_end usual = PROBE_OPEN;
    for (size_t i = 0; i < ends->count; i++)
        if (++counts[ends->traces[i]->end] > counts[usual] || usual == PROBE_OPEN)
            usual = ends->traces[i]->end;
    return usual;
}

/* Two that waited differently long ended at one moment. */
static bool falls_together(const struct ends *ends, size_t i, size_t j) {
    duration apart = instant_since(ends->traces[i]->ended_at, ends->traces[j]->ended_at);
    duration differ = ends->lengths[i] - ends->lengths[j];
    return (apart < 0 ? -apart : apart) <= ONE_LOOK &&
           (differ < 0 ? -differ : differ) >= 3 * ONE_LOOK;
}

/* The least time between two looks that ended something; NAN: there was one. */
static double period_of(const struct ends *ends) {
    duration period = INT64_MAX;
    for (size_t i = 0; i < ends->count; i++)
        for (size_t j = 0; j < ends->count; j++) {
            duration apart = instant_since(ends->traces[i]->ended_at, ends->traces[j]->ended_at);
            if (apart > ONE_LOOK)
                period = min_i64(period, apart);
        }
    return period == INT64_MAX ? (double)NAN : duration_seconds(period);
}

/* A clock shared by all: most ends fall together with another one's, at looks that are half as far
 * apart as the ends are scattered, or farther (lighttpd counts in whole seconds on both sides). It
 * looks no rarer than the timeout; where it does nearly, two looks have ended several. */
static bool are_by_clock(const struct ends *ends) {
    struct ends together = {.count = 0};
    for (size_t i = 0; i < ends->count; i++) {
        bool any = false;
        for (size_t j = 0; j < ends->count; j++)
            any |= j != i && falls_together(ends, i, j);
        if (any)
            add_end(&together, ends->traces[i], ends->lengths[i]);
    }
    duration low = least(ends), spread = greatest(ends) - low;
    bool apart = duration_seconds(spread / 2 - SCATTER) <= period_of(ends); /* not of one look */
    bool near = spread <= low / 10 * 6 || (spread <= low && isfinite(period_of(&together)));
    return near && apart && together.count >= 2 && together.count * 2 >= ends->count;
}

static void set_unknown(struct probe_value *value) {
    *value = (struct probe_value){.value = (double)NAN,
                                  .low = (double)NAN,
                                  .high = (double)NAN,
                                  .announced = (double)NAN,
                                  .period = (double)NAN};
}

static void set_at_least(struct probe_value *value, double survived) {
    value->status = PROBE_AT_LEAST;
    value->value = value->low = survived;
}

/* The longest run of ends, by length, within the tolerance; of equal ones the longest times. */
static struct ends cluster_of(const struct ends *ends) {
    struct ends best = {.count = 0};
    for (size_t i = 0; i < ends->count; i++) {
        struct ends near = {.count = 0};
        duration from = ends->lengths[i], to = from + probe_tolerance(from);
        for (size_t j = 0; j < ends->count; j++)
            if (ends->lengths[j] >= from && ends->lengths[j] <= to)
                add_end(&near, ends->traces[j], ends->lengths[j]);
        if (near.count > best.count || (near.count == best.count && least(&near) > least(&best)))
            best = near;
    }
    return best;
}

static void set_ends(struct probe_value *value, const struct ends *ends, enum probe_status status) {
    value->status = status;
    value->ended_by = usual_end(ends);
    value->agreeing = (uint32_t)ends->count;
    value->low = value->value = duration_seconds(least(ends));
    value->high = duration_seconds(greatest(ends));
}

/* What survived, of others. */
struct survivals {
    duration answered; /* the longest wait behind which a request was */
    duration lived;    /* that, or the longest that one has lived through so far */
    size_t count;      /* connections that live, or did to our end */
};

static bool outlived(const struct survivals *survivals, duration high) {
    return survivals->lived > high + probe_tolerance(high);
}

/* A single look, or a single moment, ended all. */
static bool are_of_one_moment(const struct ends *ends) {
    return !isfinite(period_of(ends)) && greatest(ends) - least(ends) > 3 * ONE_LOOK;
}

/* No two agree, or more do not than do: a range, as jitter makes it; where others lived on they are
 * strays. */
static void tell_scattered(struct probe_value *value, const struct ends *ends,
                           const struct survivals *survivals) {
    duration low = least(ends), high = greatest(ends);
    bool pair = ends->count == 2 && high > low / 20 * 21;
    bool far = pair || high > low / 10 * 16 || are_of_one_moment(ends);
    if (outlived(survivals, high) &&
        (survivals->count >= ends->count || survivals->lived / 2 > high)) {
        set_at_least(value, duration_seconds(survivals->answered));
        return;
    }
    set_ends(value, ends, far ? PROBE_UNKNOWN : PROBE_JITTERED);
    value->high = duration_seconds(max_i64(high, survivals->lived));
    value->one_moment = are_of_one_moment(ends);
    if (far)
        value->value = (double)NAN;
}

/* Those that do not agree with the others are one, or several that one moment ended. */
static bool are_strays(const struct ends *ends, const struct ends *cluster) {
    int64_t first = INT64_MAX, last = INT64_MIN;
    duration low = least(cluster), high = greatest(cluster);
    for (size_t i = 0; i < ends->count; i++) {
        if (ends->lengths[i] >= low && ends->lengths[i] <= high)
            continue;
        first = min_i64(first, ends->traces[i]->ended_at.ns);
        last = max_i64(last, ends->traces[i]->ended_at.ns);
    }
    size_t others = ends->count - cluster->count;
    bool enough = cluster->count >= 3 || (others >= 2 && isfinite(period_of(cluster)));
    return others == 0 || (enough && last - first <= ONE_LOOK);
}

/* Those that agree are a limit, where all do but strays, and none lived on beyond. */
static void tell_cluster(struct probe_value *value, const struct ends *ends,
                         const struct ends *cluster, const struct survivals *survivals) {
    duration high = greatest(cluster);
    bool later = greatest(ends) > high; /* than the cluster: it lived on */
    if (cluster->count < 2 || are_of_one_moment(cluster) || !are_strays(ends, cluster)) {
        tell_scattered(value, ends, survivals);
        return;
    }
    set_ends(value, cluster, PROBE_FOUND);
    value->value = duration_seconds(middle(cluster));
    if (!later && !outlived(survivals, high))
        return;
    bool few = cluster->count < 3 && survivals->lived / 2 > high; /* two, by chance or by age */
    value->status = few ? PROBE_UNKNOWN : PROBE_JITTERED;
    value->value = few ? (double)NAN : value->low;
    value->high = duration_seconds(max_i64(greatest(ends), survivals->lived));
}

/* Some, and no two others are left. */
static bool are_blurred(const struct ends *ends) {
    size_t late = 0;
    for (size_t i = 0; i < ends->count; i++)
        late += was_late(ends->traces[i]);
    return late > 0 && ends->count - late < 2;
}

/* When they ended is not known that well: only that it was in between. */
static void tell_late(struct probe_value *value, const struct ends *ends) {
    set_ends(value, ends, PROBE_UNKNOWN);
    value->value = (double)NAN;
    value->one_moment = true;
}

static void tell_ends(struct probe_value *value, const struct ends *ends,
                      const struct survivals *survivals) {
    if (are_blurred(ends)) {
        tell_late(value, ends);
        return;
    }
    const struct ends cluster = cluster_of(ends);
    bool scatter = cluster.count < ends->count;
    if (!scatter || outlived(survivals, greatest(ends)) || !are_by_clock(ends)) {
        tell_cluster(value, ends, &cluster, survivals);
        return;
    }
    set_ends(value, ends, PROBE_FOUND);
    value->by_clock = true;
    value->period = period_of(ends);
}

/* ---- The idle timeout ---- */

static bool waits_idle(const struct probe_trace *trace) {
    return trace->up && !trace->swept && trace->answers > 0 &&
           (trace->role == PROBE_IDLE || trace->role == PROBE_LADDER || trace->role == PROBE_FAST);
}

/* Since when an age limit explains the end. */
static bool by_age(const struct probe_trace *trace, const struct probe_value *age, instant now) {
    if (age == NULL || age->status != PROBE_FOUND || age->at_answer)
        return false;
    double old = duration_seconds(probe_trace_age(trace, now));
    return old >= age->low - duration_seconds(probe_tolerance((duration)(age->low * 1e9)));
}

/* What a path that forgets shows: requests lost behind a wait that is longer than any that was
 * answered. */
static void tell_forgotten(struct probe_value *value, const struct probe_evidence *evidence,
                           duration answered) {
    struct ends lost = {.count = 0};
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        duration idle = probe_trace_idle(trace, evidence->now);
        if (waits_idle(trace) && trace->outstanding && idle > answered &&
            (trace->end == PROBE_END_SILENT || trace->end == PROBE_END_RST))
            add_end(&lost, trace, idle);
    }
    if (lost.count == 0 || answered == 0)
        return;
    value->status = lost.count >= 2 ? PROBE_FOUND : PROBE_UNKNOWN;
    value->forgotten = true;
    value->ended_by = usual_end(&lost);
    value->agreeing = (uint32_t)lost.count;
    value->low = duration_seconds(answered);
    value->high = duration_seconds(least(&lost));
    value->value = lost.count >= 2 ? (value->low + value->high) / 2 : (double)NAN;
}

static struct survivals idle_survivals(const struct probe_evidence *evidence) {
    struct survivals survivals = {.count = 0};
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        if (!trace->up || trace->swept)
            continue;
        survivals.answered = max_i64(survivals.answered, trace->gap);
        if (!waits_idle(trace) || (trace->end != PROBE_OPEN && trace->end != PROBE_END_OURS))
            continue;
        survivals.count++;
        survivals.lived = max_i64(survivals.lived, probe_trace_idle(trace, evidence->now));
    }
    survivals.lived = max_i64(survivals.lived, survivals.answered);
    return survivals;
}

/* One end is no two: unless others lived on, all that is known is between which times it lies. */
static void tell_single(struct probe_value *value, const struct ends *ends,
                        const struct survivals *survivals) {
    duration high = greatest(ends);
    if (outlived(survivals, high)) {
        if (survivals->answered > 0)
            set_at_least(value, duration_seconds(survivals->answered));
        return;
    }
    value->low = duration_seconds(min_i64(survivals->answered, high));
    value->high = duration_seconds(high);
    value->ended_by = usual_end(ends);
    value->agreeing = 1;
}

/* One that had been idle for longer lived on then. */
static bool was_spared(const struct probe_evidence *evidence, instant moment, duration idle) {
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        bool lives = trace->end == PROBE_OPEN || trace->end == PROBE_END_OURS ||
                     instant_since(trace->ended_at, moment) > SCATTER;
        bool before = trace->answers > 1 && instant_before(moment, trace->asked_at);
        instant since = before ? trace->before_at : trace->answered_at;
        if (waits_idle(trace) && lives && instant_since(moment, since) > idle + ONE_LOOK)
            return true;
    }
    return false;
}

/* It ended together with one that had been idle for less than half as long, or more than twice; or
 * while others that had been idle for longer were spared: a moment ended both, and no timer that
 * looks at idle times. */
static bool shares_a_moment(const struct probe_evidence *evidence,
                            const struct probe_trace *trace) {
    duration idle = probe_trace_idle(trace, evidence->now);
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *other = &evidence->traces[i];
        if (other == trace || !other->up || !probe_trace_closed(other) || other->outstanding ||
            other->answers == 0 || probe_trace_ended_by_answer(other))
            continue;
        duration apart = instant_since(other->ended_at, trace->ended_at);
        duration others = probe_trace_idle(other, evidence->now);
        apart = apart < 0 ? -apart : apart;
        if (apart <= SCATTER && (others < idle / 20 * 9 || idle < others / 20 * 9))
            return true;
        if (waits_idle(other) && apart <= ONE_LOOK &&
            was_spared(evidence, trace->ended_at, min_i64(idle, others)))
            return true;
    }
    return false;
}

static struct ends idle_ends(const struct probe_evidence *evidence, const struct probe_value *age) {
    struct ends ends = {.count = 0};
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        duration idle = probe_trace_idle(trace, evidence->now);
        if (waits_idle(trace) && probe_trace_closed(trace) && !trace->outstanding &&
            idle > PROBE_AT_ONCE && !by_age(trace, age, evidence->now) &&
            !shares_a_moment(evidence, trace))
            add_end(&ends, trace, idle);
    }
    drop_late(&ends);
    return ends;
}

/* Those that waited ended at one age, and after different waits. */
static bool are_of_one_age(const struct ends *ends, instant now) {
    struct ends ages = *ends;
    for (size_t i = 0; i < ends->count; i++)
        ages.lengths[i] = probe_trace_age(ends->traces[i], now);
    duration spread = greatest(&ages) - least(&ages);
    return ends->count >= 3 && spread <= probe_tolerance(greatest(&ages)) &&
           greatest(ends) - least(ends) > 4 * spread + SCATTER;
}

static void judge_idle(struct probe_value *value, const struct probe_evidence *evidence,
                       const struct probe_value *age) {
    const struct ends ends = idle_ends(evidence, age);
    const struct survivals survivals = idle_survivals(evidence);
    set_unknown(value);
    if (ends.count >= 2) {
        tell_ends(value, &ends, &survivals);
    } else if (ends.count == 1) {
        tell_single(value, &ends, &survivals);
    } else {
        if (survivals.answered > 0)
            set_at_least(value, duration_seconds(survivals.answered));
        tell_forgotten(value, evidence, survivals.answered);
    }
}

/* ---- The time before the first request ---- */

static bool waits_silent(const struct probe_trace *trace) {
    return trace->role == PROBE_SILENT && trace->up && !trace->swept;
}

static struct survivals first_survivals(const struct probe_evidence *evidence) {
    struct survivals survivals = {.count = 0};
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        if (!waits_silent(trace))
            continue;
        survivals.answered = max_i64(survivals.answered, trace->first_gap);
        if (trace->end != PROBE_OPEN && trace->end != PROBE_END_OURS)
            continue;
        survivals.count++;
        if (trace->answers == 0)
            survivals.lived = max_i64(survivals.lived, probe_trace_idle(trace, evidence->now));
    }
    survivals.lived = max_i64(survivals.lived, survivals.answered);
    return survivals;
}

/* What is closed as soon as it is open is refused, and waited for nothing. */
static void judge_first(struct probe_value *value, const struct probe_evidence *evidence,
                        const struct probe_value *age) {
    struct ends ends = {.count = 0};
    const struct survivals survivals = first_survivals(evidence);
    set_unknown(value);
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        duration waited = probe_trace_age(trace, evidence->now);
        if (waits_silent(trace) && trace->sent == 0 && probe_trace_closed(trace) &&
            waited > PROBE_AT_ONCE && !by_age(trace, age, evidence->now))
            add_end(&ends, trace, waited);
    }
    drop_late(&ends);
    if (ends.count >= 2)
        tell_ends(value, &ends, &survivals);
    else if (ends.count == 1)
        tell_single(value, &ends, &survivals);
    else if (survivals.answered > 0)
        set_at_least(value, duration_seconds(survivals.answered));
    if (value->status == PROBE_AT_LEAST && value->value == 0)
        set_unknown(value);
}

/* ---- Requests of a connection ---- */

/* Another connection was kept when it was older than this one became. */
static bool is_refuted_as_age(const struct probe_evidence *evidence,
                              const struct probe_trace *ended) {
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        duration age = probe_trace_age(ended, evidence->now);
        if (trace->up && !trace->swept &&
            probe_trace_age_kept(trace, evidence->now) > age + age / 10 + SCATTER)
            return true;
    }
    return false;
}

/* Others ended with it, and not by answers of their own unless any will do: a process may have, by
 * the requests of all. */
static bool ended_with_others(const struct probe_evidence *evidence,
                              const struct probe_trace *ended, bool any) {
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        duration apart = instant_since(trace->ended_at, ended->ended_at);
        if (trace != ended && trace->up && probe_trace_ended(trace) &&
            (any || !probe_trace_ended_by_answer(trace)) && (apart < 0 ? -apart : apart) <= SCATTER)
            return true;
    }
    return false;
}

/* The one connection was told that this answer is the last; and neither its age nor the moment nor
 * its process was why: an older one was kept, and one that was open already was kept later. */
static bool is_sure_alone(const struct probe_evidence *evidence, const struct probe_trace *ended) {
    bool later = false;
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        duration kept = probe_trace_age_kept(trace, evidence->now);
        later |=
            trace != ended && trace->up && !trace->swept && kept > 0 &&
            instant_before(trace->opened_at, ended->ended_at) &&
            instant_before(ended->ended_at, instant_after(trace->opened_at, kept - PROBE_AT_ONCE));
    }
    return later && ended->role == PROBE_FAST && ended->end == PROBE_END_ANNOUNCED &&
           !was_late(ended) && is_refuted_as_age(evidence, ended) &&
           !ended_with_others(evidence, ended, true);
}

/* How many ended behind that answer; *single: one of them, the youngest. */
static uint32_t count_ended_at(const struct probe_evidence *evidence, uint32_t number,
                               const struct probe_trace **single) {
    uint32_t count = 0;
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        if (!trace->up || trace->swept || trace->answers != number ||
            !probe_trace_ended_by_answer(trace) || ended_with_others(evidence, trace, false))
            continue;
        if (count++ == 0 ||
            probe_trace_age(trace, evidence->now) < probe_trace_age(*single, evidence->now))
            *single = trace;
    }
    return count;
}

static void tell_number(struct probe_value *value, uint32_t number, uint32_t agreeing,
                        const struct probe_trace *single) {
    value->status = PROBE_FOUND;
    value->value = value->low = value->high = number;
    value->agreeing = agreeing;
    value->ended_by = single->end;
}

/* Three or more ended by answers of different numbers, alone and younger than others became, and
 * one carried more than the least of them: no number is a limit, and the least is all there is for
 * certain. */
static void tell_scattered_numbers(struct probe_value *value,
                                   const struct probe_evidence *evidence) {
    enum { SEVERAL = 3 };
    if (isnan(value->value))
        return;
    uint32_t count = 0, low = UINT32_MAX, high = (uint32_t)value->value;
    enum probe_end end = PROBE_OPEN;
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        if (!trace->up || trace->swept || !probe_trace_ended_by_answer(trace) ||
            !is_refuted_as_age(evidence, trace) || ended_with_others(evidence, trace, true))
            continue;
        count++;
        low = min_u32(low, trace->answers);
        high = max_u32(high, trace->answers);
        end = trace->end;
    }
    if (count < SEVERAL || low > value->value)
        return;
    set_unknown(value);
    value->status = PROBE_JITTERED;
    value->value = value->low = low;
    value->high = high;
    value->agreeing = count;
    value->ended_by = end;
}

/* Of the connections that ended by an answer, the number that two reached, or one alone where
 * nothing else could have ended it; none may have been kept by that answer. */
static void judge_requests(struct probe_value *value, const struct probe_evidence *evidence) {
    uint32_t kept = 0;
    set_unknown(value);
    for (size_t i = 0; i < evidence->count; i++)
        if (evidence->traces[i].up && !evidence->traces[i].swept)
            kept = (uint32_t)max_u64(kept, probe_trace_kept(&evidence->traces[i], evidence->now));
    if (kept > 0)
        set_at_least(value, kept);
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i], *single = NULL;
        uint32_t agreeing =
            trace->answers > kept ? count_ended_at(evidence, trace->answers, &single) : 0;
        if (agreeing == 0)
            continue;
        bool several = agreeing >= 2 && (probe_trace_age(single, evidence->now) < AGE_LEAST ||
                                         is_refuted_as_age(evidence, single));
        if (several || is_sure_alone(evidence, single)) {
            tell_number(value, trace->answers, agreeing, single);
            return;
        }
    }
    tell_scattered_numbers(value, evidence);
}

/* ---- The greatest age ---- */

/* Ages between which one limit lies, and moments between which one event does. */
struct windows {
    struct ends ends;
    size_t timed;                             /* ends of these that no answer made */
    uint32_t answers_least, answers_greatest; /* of those that one did */
    duration low, high;
    int64_t from_ns, until_ns;
};

static void add_window(struct windows *windows, const struct probe_trace *trace, instant now) {
    bool by_answer = probe_trace_ended_by_answer(trace);
    instant from = by_answer ? trace->before_at : instant_after(trace->ended_at, -trace->late);
    instant until = by_answer ? trace->answered_at : trace->ended_at;
    windows->low = max_i64(windows->low, instant_since(from, trace->opened_at));
    windows->high = min_i64(windows->high, instant_since(until, trace->opened_at));
    windows->from_ns = max_i64(windows->from_ns, from.ns);
    windows->until_ns = min_i64(windows->until_ns, until.ns);
    add_end(&windows->ends, trace, probe_trace_age(trace, now));
    windows->timed += !by_answer;
    if (!by_answer)
        return;
    windows->answers_least = min_u32(windows->answers_least, trace->answers);
    windows->answers_greatest = max_u32(windows->answers_greatest, trace->answers);
}

/* A connection that asked all the while, and that neither its number nor its idle time ended. */
static bool by_age_alone(const struct probe_trace *trace, const struct probe_result *result,
                         instant now) {
    const struct probe_value *idle = &result->values[PROBE_IDLE_TIMEOUT];
    const struct probe_value *requests = &result->values[PROBE_REQUESTS];
    if (trace->role != PROBE_STEADY || !trace->up || trace->swept || trace->answers == 0 ||
        was_late(trace))
        return false;
    if (probe_trace_ended_by_answer(trace))
        return requests->status != PROBE_FOUND || requests->value != trace->answers;
    bool idle_known = idle->status == PROBE_FOUND || idle->status == PROBE_JITTERED;
    double waited = duration_seconds(probe_trace_idle(trace, now));
    return probe_trace_closed(trace) && !trace->outstanding &&
           (!idle_known || waited < 0.8 * idle->low);
}

/* Windows that share an age, and neither a moment nor a number of answers, are an age limit. */
static void judge_age(struct probe_value *value, const struct probe_evidence *evidence,
                      const struct probe_result *result) {
    struct windows windows = {.high = INT64_MAX,
                              .from_ns = INT64_MIN,
                              .until_ns = INT64_MAX,
                              .answers_least = UINT32_MAX};
    duration kept = 0;
    set_unknown(value);
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        if (!trace->up || trace->swept)
            continue;
        kept = max_i64(kept, probe_trace_age_kept(trace, evidence->now));
        if (by_age_alone(trace, result, evidence->now))
            add_window(&windows, trace, evidence->now);
    }
    const struct ends waited = idle_ends(evidence, NULL);
    for (size_t i = 0; i < waited.count && are_of_one_age(&waited, evidence->now); i++)
        add_window(&windows, waited.traces[i], evidence->now);
    if (kept > 0)
        set_at_least(value, duration_seconds(kept));
    if (windows.ends.count == 0)
        return;
    duration scatter = probe_tolerance(windows.high);
    bool contradicted = kept > windows.high + scatter;
    bool shared = windows.low <= windows.high + scatter;
    bool one_moment = windows.from_ns <= windows.until_ns + SCATTER;
    if (contradicted)
        return;
    set_unknown(value);
    if (!shared)
        return;
    value->low = duration_seconds(min_i64(windows.low, windows.high));
    value->high = duration_seconds(max_i64(windows.low, windows.high));
    value->agreeing = (uint32_t)windows.ends.count;
    value->ended_by = usual_end(&windows.ends);
    double half = (value->high - value->low) / 2;
    bool one_number = windows.timed == 0 && windows.answers_least == windows.answers_greatest;
    if (windows.ends.count < 2 || one_moment || one_number || windows.high < AGE_LEAST ||
        half > fmax(0.2, value->low / 10))
        return;
    value->status = PROBE_FOUND;
    value->at_answer = windows.timed == 0;
    value->value = value->low + half;
}

/* Two that never asked do not show a clock; where the idle timeout has one, they are scattered by
 * it.
 */
static void use_clock(struct probe_value *first, const struct probe_value *idle) {
    double most = 2 * idle->period + duration_seconds(SCATTER);
    if (!idle->by_clock || first->status != PROBE_UNKNOWN || first->agreeing < 2 ||
        first->one_moment || !(first->high - first->low <= most))
        return;
    first->status = PROBE_JITTERED;
    first->value = first->low;
}

/* ---- All ---- */

static void note_announced(struct probe_result *result, const struct probe_evidence *evidence) {
    for (size_t i = evidence->count; i-- > 0;) { /* the first that says so */
        const struct probe_trace *trace = &evidence->traces[i];
        if (trace->timeout_s >= 0)
            result->values[PROBE_IDLE_TIMEOUT].announced = trace->timeout_s;
        if (trace->requests_announced >= 0)
            result->values[PROBE_REQUESTS].announced = (double)trace->requests_announced;
    }
}

/* Ends that an answer to one of the questions explains. */
static bool is_explained(const struct probe_trace *trace, const struct probe_result *result,
                         instant now) {
    const struct probe_value *values = result->values;
    double idle = duration_seconds(probe_trace_idle(trace, now));
    bool known = values[PROBE_IDLE_TIMEOUT].status != PROBE_AT_LEAST;
    if (trace->answers == 0 || was_late(trace)) /* never asked, or refused; or not known when */
        return true;
    if (probe_trace_ended_by_answer(trace))
        return values[PROBE_REQUESTS].value == trace->answers ||
               values[PROBE_REQUESTS].status == PROBE_JITTERED ||
               values[PROBE_MAX_AGE].status != PROBE_AT_LEAST;
    return (known && idle >= 0.8 * values[PROBE_IDLE_TIMEOUT].low) ||
           by_age(trace, &values[PROBE_MAX_AGE], now);
}

static void count_strays(struct probe_result *result, const struct probe_evidence *evidence) {
    for (size_t i = 0; i < evidence->count; i++) {
        const struct probe_trace *trace = &evidence->traces[i];
        if (!trace->up || trace->swept || !probe_trace_ended(trace) ||
            is_explained(trace, result, evidence->now))
            continue;
        bool ours = trace->end == PROBE_END_SILENT;
        duration *idle = ours ? &result->given_up_idle : &result->stray_idle;
        ++*(ours ? &result->given_up : &result->strays);
        *idle = max_i64(*idle, probe_trace_idle(trace, evidence->now));
    }
}

void probe_judge(struct probe_result *result, const struct probe_evidence *evidence) {
    struct probe_value *values = result->values;
    require(evidence->count <= PROBE_TRACES_MAX);
    memset(result, 0, sizeof *result);
    judge_idle(&values[PROBE_IDLE_TIMEOUT], evidence, NULL);
    judge_requests(&values[PROBE_REQUESTS], evidence);
    judge_age(&values[PROBE_MAX_AGE], evidence, result);
    judge_idle(&values[PROBE_IDLE_TIMEOUT], evidence, &values[PROBE_MAX_AGE]);
    judge_first(&values[PROBE_FIRST_REQUEST_TIMEOUT], evidence, &values[PROBE_MAX_AGE]);
    use_clock(&values[PROBE_FIRST_REQUEST_TIMEOUT], &values[PROBE_IDLE_TIMEOUT]);
    note_announced(result, evidence);
    count_strays(result, evidence);
}
