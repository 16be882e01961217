/* The verdict as JUnit XML, for continuous integration: a case for each rule, or for a search. */
#include "report/junit/junit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/exit_code.h"
#include "base/memory_stream.h"
#include "base/version.h"
#include "judge/diagnose/cause.h"
#include "judge/verdict/capacity.h"
#include "options/options.h"
#include "report/format/look_at.h"
#include "report/format/requirement_text.h"
#include "report/format/status_text.h"
#include "report/junit/junit_suite.h"
#include "report/terminal/capacity.h"
#include "report/terminal/summary.h"

struct junit_run {
    const struct plan *plan;
    const struct record *record; /* NULL: no load was sent */
    const struct judgement *judgement;
    const char *detail; /* of each case that did not pass */
};

/* --- states --- */

/* Where our own side was the limit, or the run was cut short, no measurement
 * is about the server: that is an error of the test, no failure of what was tested. */
static enum junit_state state_of(const struct judgement *judgement, enum rule_result result) {
    if (result == RULE_NOT_JUDGED)
        return JUNIT_SKIPPED;
    if (judgement->verdict == VERDICT_INCONCLUSIVE)
        return JUNIT_ERROR;
    return result == RULE_BROKEN ? JUNIT_FAILED : JUNIT_PASSED;
}

/* A verdict that no rule explains is a case of its own, so that it is not passed over. */
static enum junit_state state_of_verdict(const struct judgement *judgement) {
    bool reported = false;
    for (size_t i = 0; i < judgement->requirement_count && !reported; i++) {
        enum junit_state state = state_of(judgement, judgement->requirements[i].result);
        reported = state == JUNIT_FAILED || state == JUNIT_ERROR;
    }
    if (reported || judgement->verdict == VERDICT_HELD)
        return JUNIT_PASSED;
    return judgement->verdict == VERDICT_BROKE ? JUNIT_FAILED : JUNIT_ERROR;
}

static bool has_verdict_case(const struct judgement *judgement) {
    return judgement->requirement_count == 0 || state_of_verdict(judgement) != JUNIT_PASSED;
}

/* --- what is known of all cases --- */

static void print_properties(const struct junit_suite *suite) {
    const struct junit_run *run = suite->of;
    const struct capacity *capacity = run->judgement->capacity;
    junit_property(suite, "holdfast", HOLDFAST_VERSION);
    junit_property(suite, "verdict", verdict_name(run->judgement->verdict));
    junit_property_count(suite, "exit_code", run->judgement->exit_code);
    junit_property(suite, "url", run->plan->target.url);
    junit_property_count(suite, "connections", run->plan->connections);
    junit_property_count(suite, "seed", (long long)run->plan->seed);
    if (run->record != NULL) {
        struct statuses statuses = statuses_of(&run->record->total.counts);
        junit_property(suite, "statuses", status_counts(&statuses).text);
    }
    if (run->plan->options->label != NULL)
        junit_property(suite, "label", run->plan->options->label);
    if (capacity == NULL)
        return;
    junit_property_count(suite, "capacity", (long long)capacity->answer);
    junit_property(suite, "capacity_at_least", capacity->at_least ? "true" : "false");
    junit_property(suite, "capacity_end", capacity_end_name(capacity->end));
}

static void print_summary(const struct junit_suite *suite, FILE *out) {
    const struct junit_run *run = suite->of;
    const struct style plain = {.utf8 = true};
    if (run->judgement->capacity != NULL)
        report_capacity(out, plain, run->plan, run->judgement);
    else
        report_summary(out, plain, run->plan, run->record, run->judgement);
}

/* --- of a run --- */

static void print_reasons(FILE *out, const struct judgement *judgement) {
    for (size_t i = 0; i < judgement->reason_count; i++)
        fprintf(out, "%s\n", judgement->reasons[i]);
}

/* The line "look at" of the summary. */
static void print_look_at(FILE *out, const struct junit_run *run) {
    char *text = look_at_text(run->record, run->judgement);
    if (text != NULL)
        fprintf(out, "look at %s\n", text);
    free(text);
}

/* Whose it was and by what that is known: all that most readers of JUnit ever see of a run. */
static void print_cause(FILE *out, const struct junit_run *run) {
    struct cause cause;
    if (run->record == NULL || !judge_cause(&cause, run->record, &run->judgement->findings))
        return;
    fprintf(out, "%s: %s: %s\n", outcome_side_name(cause.side), finding_code_name(cause.code),
            cause.evidence);
}

static void take_rule(const struct junit_suite *suite, const struct rule_requirement *requirement,
                      junit_taker *take, void *with) {
    const struct junit_run *run = suite->of;
    char message[256];
    enum junit_state state = state_of(run->judgement, requirement->result);
    if (state == JUNIT_SKIPPED)
        snprintf(message, sizeof message, "not judged: the run was cut short");
    else
        snprintf(message, sizeof message, "%s %s: %s", requirement->rule.metric.name,
                 requirement_text_measured(requirement).text,
                 requirement_text_bound(requirement).text);
    take(suite,
         &(struct junit_case){requirement->rule.expression, state, message,
                              verdict_name(run->judgement->verdict), run->detail},
         with);
}

static void take_verdict(const struct junit_suite *suite, junit_taker *take, void *with) {
    const struct junit_run *run = suite->of;
    const struct judgement *judgement = run->judgement;
    const char *word = verdict_name(judgement->verdict);
    take(suite,
         &(struct junit_case){"verdict", state_of_verdict(judgement),
                              judgement->reason_count > 0 ? judgement->reasons[0] : word, word,
                              run->detail},
         with);
}

static void each_rule(const struct junit_suite *suite, junit_taker *take, void *with) {
    const struct junit_run *run = suite->of;
    for (size_t i = 0; i < run->judgement->requirement_count; i++)
        take_rule(suite, &run->judgement->requirements[i], take, with);
    if (has_verdict_case(run->judgement))
        take_verdict(suite, take, with);
}

/* --- of a search for the capacity --- */

static void print_fact(void *with, const char *label, const char *text) {
    fprintf(with, "%s: %s\n", label, text);
}

/* A number that was found is a test that passed, whatever it is: a step that broke is how it was
 * found. */
static void one_search(const struct junit_suite *suite, junit_taker *take, void *with) {
    const struct junit_run *run = suite->of;
    const struct judgement *judgement = run->judgement;
    struct capacity_title title = capacity_title(judgement->capacity);
    char message[sizeof title.count + 32];
    snprintf(message, sizeof message, "%s: %s", title.word, title.count);
    enum junit_state state = judgement->exit_code == EXIT_HELD    ? JUNIT_PASSED
                             : judgement->exit_code == EXIT_BROKE ? JUNIT_FAILED
                                                                  : JUNIT_ERROR;
    take(suite,
         &(struct junit_case){"capacity", state, message, verdict_name(judgement->verdict),
                              run->detail},
         with);
}

/* --- all of it --- */

static void print_detail(FILE *out, const struct junit_run *run) {
    if (run->judgement->capacity != NULL) {
        capacity_facts(run->plan, run->judgement, print_fact, out);
        return;
    }
    print_reasons(out, run->judgement);
    print_cause(out, run);
    print_look_at(out, run);
}

int report_junit(FILE *out, const struct plan *plan, const struct record *record,
                 const struct judgement *judgement) {
    struct junit_run run = {plan, record, judgement, NULL};
    bool searched = judgement->capacity != NULL;
    struct junit_suite suite = {.out = out,
                                .name = plan->target.url,
                                .class_name = searched ? "holdfast.capacity" : "holdfast",
                                .seconds = searched         ? -1 /* the record is one step's */
                                           : record != NULL ? record_wall_seconds(record)
                                                            : 0,
                                .began = record != NULL ? record->started_at.tv_sec : 0,
                                .of = &run,
                                .each_case = searched ? one_search : each_rule,
                                .properties = print_properties,
                                .summary = print_summary};
    struct memory_stream detail;
    if (!memory_stream_open(&detail))
        return -ENOMEM;
    print_detail(detail.out, &run);
    if (!memory_stream_close(&detail))
        return -ENOMEM;
    run.detail = detail.text;
    int error = junit_write(&suite);
    free(detail.text);
    return error;
}
