/* Traces of a probe, as a test writes them: times in seconds since the probe began. */
#ifndef TESTS_TRACES_H
#define TESTS_TRACES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge/probe/probe_judge.h"

struct traces {
    struct probe_trace items[PROBE_TRACES_MAX];
    size_t count;
    double now;
};

static inline duration traces_ns(double seconds) {
    return (duration)llround(seconds * 1e9);
}

static inline instant traces_at(double seconds) {
    return (instant){100 * SECOND + traces_ns(seconds)};
}

/* Open since then, answered so often, the last time then, and alive. */
static inline struct probe_trace *traces_add(struct traces *traces, enum probe_role role,
                                             double opened, uint32_t answers, double answered) {
    struct probe_trace *trace = &traces->items[traces->count++];
    *trace = (struct probe_trace){.role = role,
                                  .up = true,
                                  .sent = answers,
                                  .answers = answers,
                                  .opened_at = traces_at(opened),
                                  .asked_at = traces_at(answered),
                                  .answered_at = traces_at(answered),
                                  .before_at = traces_at(answers > 1 ? answered - 0.3 : opened),
                                  .timeout_s = -1,
                                  .requests_announced = -1};
    return trace;
}

static inline struct probe_trace *traces_end(struct probe_trace *trace, double at,
                                             enum probe_end end) {
    trace->end = end;
    trace->ended_at = traces_at(at);
    return trace;
}

static inline struct probe_result traces_judge(const struct traces *traces) {
    struct probe_result result;
    probe_judge(&result, &(struct probe_evidence){.traces = traces->items,
                                                  .count = traces->count,
                                                  .now = traces_at(traces->now)});
    return result;
}

static inline void traces_expect(const struct probe_value *value, enum probe_status status,
                                 double expected) {
    assert_string_equal(probe_status_name(status), probe_status_name(value->status));
    if (isfinite(expected))
        assert_float_equal(value->value, expected, 0.011);
}

#endif
