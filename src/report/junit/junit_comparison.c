/* A comparison as JUnit XML: what is worse is a failure, what cannot be compared is skipped. */
#include "report/junit/junit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory_stream.h"
#include "base/version.h"
#include "report/junit/junit_suite.h"
#include "report/terminal/comparison.h"

struct junit_comparison {
    const struct compare_result *comparison;
    const struct report_comparison_side *a, *b;
    const char *reasons; /* lines: why the runs are not comparable */
};

static void print_properties(const struct junit_suite *suite) {
    const struct junit_comparison *of = suite->of;
    junit_property(suite, "holdfast", HOLDFAST_VERSION);
    junit_property(suite, "result", compare_verdict_name(of->comparison->result));
    junit_property_count(suite, "exit_code", of->comparison->exit_code);
    junit_property(suite, "a", of->a->name);
    junit_property(suite, "a_verdict", verdict_name(of->a->run.judgement->verdict));
    junit_property(suite, "b", of->b->name);
    junit_property(suite, "b_verdict", verdict_name(of->b->run.judgement->verdict));
}

static void print_summary(const struct junit_suite *suite, FILE *out) {
    const struct junit_comparison *of = suite->of;
    report_comparison(out, (struct style){.utf8 = true}, of->comparison, of->a, of->b);
}

static void take_row(const struct junit_suite *suite, const struct compare_row *row,
                     junit_taker *take, void *with) {
    struct comparison_words words = comparison_words(row);
    char message[256];
    enum junit_state state = row->verdict == COMPARE_NOT     ? JUNIT_SKIPPED
                             : row->verdict == COMPARE_WORSE ? JUNIT_FAILED
                                                             : JUNIT_PASSED;
    if (state == JUNIT_SKIPPED)
        snprintf(message, sizeof message, "not comparable: %s", row->why);
    else
        snprintf(message, sizeof message, "%s in A, %s in B: %s, tolerated %s", words.a.text,
                 words.b.text, words.change.text, words.tolerance.text);
    take(suite,
         &(struct junit_case){row->rule.metric.name, state, message,
                              compare_verdict_name(row->verdict), message},
         with);
}

/* Runs that cannot be compared are a case of their own, so that skipped ones are not passed over.
 */
static void each_quantity(const struct junit_suite *suite, junit_taker *take, void *with) {
    const struct junit_comparison *of = suite->of;
    const struct compare_result *comparison = of->comparison;
    for (size_t i = 0; i < comparison->count; i++)
        take_row(suite, &comparison->rows[i], take, with);
    if (comparison->result == COMPARE_NOT)
        take(suite,
             &(struct junit_case){"comparison", JUNIT_ERROR, comparison->reasons[0],
                                  compare_verdict_name(comparison->result), of->reasons},
             with);
}

int report_comparison_junit(FILE *out, const struct compare_result *comparison,
                            const struct report_comparison_side *a,
                            const struct report_comparison_side *b) {
    struct junit_comparison of = {comparison, a, b, NULL};
    const struct record *record = b->run.record;
    struct junit_suite suite = {.out = out,
                                .name = b->run.plan->target.url,
                                .class_name = "holdfast.compare",
                                .seconds = -1,
                                .began = record != NULL ? record->started_at.tv_sec : 0,
                                .of = &of,
                                .each_case = each_quantity,
                                .properties = print_properties,
                                .summary = print_summary};
    struct memory_stream reasons;
    if (!memory_stream_open(&reasons))
        return -ENOMEM;
    for (size_t i = 0; i < comparison->reason_count; i++)
        fprintf(reasons.out, "%s\n", comparison->reasons[i]);
    if (!memory_stream_close(&reasons))
        return -ENOMEM;
    of.reasons = reasons.text;
    int error = junit_write(&suite);
    free(reasons.text);
    return error;
}
