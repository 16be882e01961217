/* The verdict as JUnit XML, for continuous integration: a case for each rule. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/diagnose/cause.h"
#include "options/options.h"
#include "report/export/writers.h"
#include "report/format/look_at.h"
#include "report/format/markup.h"
#include "report/format/report_file.h"
#include "report/format/requirement_text.h"
#include "report/format/status_text.h"

/* How a case ended; the names are those of its element. */
enum state { PASSED, FAILED, ERROR, SKIPPED, STATES };
static const char *const elements[STATES] = {NULL, "failure", "error", "skipped"};

struct suite {
    FILE *out;
    const struct plan *plan;
    const struct record *record; /* NULL: no load was sent */
    const struct judgement *judgement;
    double seconds; /* of the whole run; 0 where there was none */
};

/* Where our own side was the limit, or the run was cut short, no measurement
 * is about the server: that is an error of the test, no failure of what was tested. */
static enum state state_of(const struct judgement *judgement, enum rule_result result) {
    if (result == RULE_NOT_JUDGED)
        return SKIPPED;
    if (judgement->verdict == VERDICT_INCONCLUSIVE)
        return ERROR;
    return result == RULE_BROKEN ? FAILED : PASSED;
}

/* A verdict that no rule explains is a case of its own, so that it is not passed over. */
static enum state state_of_verdict(const struct judgement *judgement) {
    bool reported = false;
    for (size_t i = 0; i < judgement->requirement_count && !reported; i++) {
        enum state state = state_of(judgement, judgement->requirements[i].result);
        reported = state == FAILED || state == ERROR;
    }
    if (reported || judgement->verdict == VERDICT_HELD)
        return PASSED;
    return judgement->verdict == VERDICT_BROKE ? FAILED : ERROR;
}

static bool has_verdict_case(const struct judgement *judgement) {
    return judgement->requirement_count == 0 || state_of_verdict(judgement) != PASSED;
}

static void print_attribute(FILE *out, const char *name, const char *value) {
    fprintf(out, " %s=\"", name);
    markup_text(out, value);
    fputc('"', out);
}

static void print_property(FILE *out, const char *name, const char *value) {
    fputs("      <property", out);
    print_attribute(out, "name", name);
    print_attribute(out, "value", value);
    fputs("/>\n", out);
}

static void print_properties(const struct suite *suite) {
    FILE *out = suite->out;
    const struct plan *plan = suite->plan;
    char number[32];
    fputs("    <properties>\n", out);
    print_property(out, "holdfast", HOLDFAST_VERSION);
    print_property(out, "verdict", verdict_name(suite->judgement->verdict));
    snprintf(number, sizeof number, "%d", suite->judgement->exit_code);
    print_property(out, "exit_code", number);
    print_property(out, "url", plan->target.url);
    snprintf(number, sizeof number, "%u", plan->connections);
    print_property(out, "connections", number);
    snprintf(number, sizeof number, "%llu", (unsigned long long)plan->seed);
    print_property(out, "seed", number);
    if (suite->record != NULL) {
        struct statuses statuses = statuses_of(&suite->record->total.counts);
        print_property(out, "statuses", status_counts(&statuses).text);
    }
    if (plan->options->label != NULL)
        print_property(out, "label", plan->options->label);
    fputs("    </properties>\n", out);
}

static void print_reasons(const struct suite *suite) {
    const struct judgement *judgement = suite->judgement;
    for (size_t i = 0; i < judgement->reason_count; i++) {
        markup_text(suite->out, judgement->reasons[i]);
        fputc('\n', suite->out);
    }
}

/* The line "look at" of the summary. */
static void print_look_at(const struct suite *suite) {
    char *text = look_at_text(suite->record, suite->judgement);
    if (text == NULL)
        return;
    fputs("look at ", suite->out);
    markup_text(suite->out, text);
    fputc('\n', suite->out);
    free(text);
}

/* Whose it was and by what that is known: all that most readers of JUnit ever see of a run. */
static void print_cause(const struct suite *suite) {
    struct cause cause;
    if (suite->record == NULL || !judge_cause(&cause, suite->record, &suite->judgement->findings))
        return;
    fprintf(suite->out, "%s: ", outcome_side_name(cause.side));
    markup_text(suite->out, finding_code_name(cause.code));
    fputs(": ", suite->out);
    markup_text(suite->out, cause.evidence);
    fputc('\n', suite->out);
}

static void print_case(const struct suite *suite, const char *name, enum state state,
                       const char *message) {
    FILE *out = suite->out;
    fputs("    <testcase", out);
    print_attribute(out, "classname", "holdfast");
    print_attribute(out, "name", name);
    fprintf(out, " time=\"%.3f\">", suite->seconds);
    if (elements[state] != NULL) {
        fprintf(out, "\n      <%s", elements[state]);
        print_attribute(out, "message", message);
        if (state != SKIPPED)
            print_attribute(out, "type", verdict_name(suite->judgement->verdict));
        fputs(">", out);
        if (state != SKIPPED) {
            print_reasons(suite);
            print_cause(suite);
            print_look_at(suite);
        }
        fprintf(out, "</%s>\n    ", elements[state]);
    }
    fputs("</testcase>\n", out);
}

static void print_rule(const struct suite *suite, const struct rule_requirement *requirement) {
    char message[256];
    enum state state = state_of(suite->judgement, requirement->result);
    if (state == SKIPPED)
        snprintf(message, sizeof message, "not judged: the run was cut short");
    else
        snprintf(message, sizeof message, "%s %s: %s", requirement->rule.metric.name,
                 requirement_text_measured(requirement).text,
                 requirement_text_bound(requirement).text);
    print_case(suite, requirement->rule.expression, state, message);
}

static void print_verdict_case(const struct suite *suite) {
    const struct judgement *judgement = suite->judgement;
    const char *message =
        judgement->reason_count > 0 ? judgement->reasons[0] : verdict_name(judgement->verdict);
    print_case(suite, "verdict", state_of_verdict(judgement), message);
}

/* Jenkins' schema knows of skipped cases in a testsuite alone. */
static void print_counts(const struct suite *suite, bool skipped) {
    const struct judgement *judgement = suite->judgement;
    size_t counts[STATES] = {0};
    for (size_t i = 0; i < judgement->requirement_count; i++)
        counts[state_of(judgement, judgement->requirements[i].result)]++;
    if (has_verdict_case(judgement))
        counts[state_of_verdict(judgement)]++;
    fprintf(suite->out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
            counts[PASSED] + counts[FAILED] + counts[ERROR] + counts[SKIPPED], counts[FAILED],
            counts[ERROR]);
    if (skipped)
        fprintf(suite->out, " skipped=\"%zu\"", counts[SKIPPED]);
    fprintf(suite->out, " time=\"%.3f\"", suite->seconds);
}

static void print_timestamp(FILE *out, const struct record *record) {
    char text[40];
    struct tm utc;
    if (record == NULL || record->started_at.tv_sec == 0 ||
        gmtime_r(&record->started_at.tv_sec, &utc) == NULL)
        return;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    print_attribute(out, "timestamp", text);
}

int report_junit(FILE *out, const struct plan *plan, const struct record *record,
                 const struct judgement *judgement) {
    struct suite suite = {out, plan, record, judgement,
                          record != NULL ? record_wall_seconds(record) : 0};
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"holdfast\"", out);
    print_counts(&suite, false);
    fputs(">\n  <testsuite", out);
    print_attribute(out, "name", plan->target.url);
    print_counts(&suite, true);
    print_timestamp(out, record);
    fputs(">\n", out);
    print_properties(&suite);
    for (size_t i = 0; i < judgement->requirement_count; i++)
        print_rule(&suite, &judgement->requirements[i]);
    if (has_verdict_case(judgement))
        print_verdict_case(&suite);
    fputs("  </testsuite>\n</testsuites>\n", out);
    return report_file_flush(out);
}
