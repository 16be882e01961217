/* A comparison as JSON says all that its schema names, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options/options.h"
#include "report/export/json_comparison.h"
#include "report/fixture.h"
#include "report/terminal/comparison.h"
#include "report/validate.h"

/* The worked example twice, and B spoilt by the test. */
struct pair {
    struct fixture *a, *b;
    struct compare_tolerances tolerances;
    struct compare_result comparison;
    char *text;
};

static const char *json_of(struct pair *pair, const char *name) {
    size_t length;
    struct report_comparison_side a = {"a.json",
                                       {&pair->a->plan, &pair->a->record, &pair->a->judgement}};
    struct report_comparison_side b = {name,
                                       {&pair->b->plan, &pair->b->record, &pair->b->judgement}};
    judge_compare(&pair->comparison, &a.run, &b.run, &pair->tolerances);
    free(pair->text);
    FILE *out = open_memstream(&pair->text, &length);
    assert_non_null(out);
    assert_int_equal(report_comparison_json(out, &pair->comparison, &a, &b), 0);
    fclose(out);
    return pair->text;
}

/* As it is printed in that style, after json_of(). */
static const char *drawn_of(struct pair *pair, struct style style) {
    size_t length;
    struct report_comparison_side a = {"a.json",
                                       {&pair->a->plan, &pair->a->record, &pair->a->judgement}};
    struct report_comparison_side b = {"b.json",
                                       {&pair->b->plan, &pair->b->record, &pair->b->judgement}};
    judge_compare(&pair->comparison, &a.run, &b.run, &pair->tolerances);
    free(pair->text);
    FILE *out = open_memstream(&pair->text, &length);
    report_comparison(out, style, &pair->comparison, &a, &b);
    fclose(out);
    return pair->text;
}

static const char *words_of(struct pair *pair) {
    return drawn_of(pair, (struct style){.utf8 = false});
}

static void leave_out(struct pair *pair, const char *tolerance) {
    char error[256];
    if (!compare_tolerance_parse(&pair->tolerances, tolerance,
                                 (struct refuse_buffer){error, sizeof error}))
        fail_msg("%s", error);
}

/* Of 500 answers p99.9 says nothing. */
static void what_could_not_be_compared_is_not_called_the_same(void **state) {
    struct pair *pair = *state;
    const char *text = words_of(pair);
    assert_int_equal(pair->comparison.exit_code, 0);
    assert_int_equal(
        strncmp(text, "NO WORSE   what could be compared is the same; not comparable: ", 63), 0);
    assert_says(text, "\n  not comparable  p999, connect_p99: too few values\n");
    leave_out(pair, "p999=any");
    leave_out(pair, "connect_p99=any");
    text = words_of(pair);
    if (strncmp(text, "SAME\n", 5) != 0)
        fail_msg("%s", text);
    assert_silent(text, "  not comparable  ");
}

static void what_is_worse_and_what_is_better_stand_apart(void **state) {
    struct pair *pair = *state;
    pair->b->record.total.counts.lost += 20;
    pair->b->record.per_second_mean *= 10;
    const char *text = words_of(pair);
    assert_int_equal(strncmp(text, "WORSE   lost; better: rate; not comparable: ", 44), 0);
    assert_says(text, "\n  worse           lost 3 % -> 23 % (+20 points)\n");
    assert_says(text, "\n  better          rate 6.5 /s -> 65.0 /s (+58.5 /s)\n");
}

/* Of a row that was folded the verdict would stand on a line of its own. */
static void a_row_of_the_table_is_one_line_at_80_columns(void **state) {
    struct pair *pair = *state;
    pair->b->record.total.counts.lost += 20;
    pair->b->record.per_second_mean *= 10000;
    const char *text = drawn_of(pair, (struct style){.width = 80, .group_digits = true});
    const char *row = strstr(text, "\n  quantity ");
    size_t rows = 0;
    assert_non_null(row);
    assert_says(text, "  verdict\n  rules_broken  ");
    assert_says(text, "\u202f");
    for (row++; *row != '\n'; row += strcspn(row, "\n") + 1, rows++)
        if (strncmp(row, "  ", 2) != 0 || row[2] == ' ' ||
            format_columns(row, strcspn(row, "\n")) > 80)
            fail_msg("row %zu is folded, or too wide: %s", rows, row);
    assert_int_equal(rows, 1 + pair->comparison.count);
    assert_says(text, "  -\n"); /* its reason stands above */
}

static void assert_valid(const char *document) {
    if (!can_validate())
        skip();
    assert_int_equal(validate_with("validate_report", report_comparison_schema, document), 0);
}

/* Every kind of row: a share, a latency, a rate, a ratio, bytes; any tolerance, and not measured.
 */
static void ask_for_more(struct pair *pair) {
    static const char *const asked[] = {"server_ratio=1%", "memory=any", "bytes_in=5", "live=10%",
                                        "rate_peak=1"};
    char error[256];
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        if (!compare_tolerance_parse(&pair->tolerances, asked[i],
                                     (struct refuse_buffer){error, sizeof error}))
            fail_msg("%s", error);
}

static void it_is_valid_against_its_schema(void **state) {
    struct pair *pair = *state;
    ask_for_more(pair);
    pair->b->options.label = "candidate";
    const char *text = json_of(pair, "b.json");
    assert_says(text, "\"schema\": \"holdfast-compare/1\"");
    assert_says(text, "\"result\": \"same\"");
    assert_says(text, "\"label\": \"candidate\"");
    assert_says(text, "\"unit\": \"percent\"");
    assert_says(text, "\"unit\": \"seconds\"");
    assert_says(text, "\"unit\": \"per_second\"");
    assert_says(text, "\"unit\": \"bytes\"");
    assert_says(text, "\"why\": \"not measured\"");
    assert_valid(text);
}

static void a_worse_run_is_valid_too(void **state) {
    struct pair *pair = *state;
    struct tally_counts *counts = &pair->b->record.total.counts;
    counts->live -= 20;
    counts->lost += 20;
    counts->outcomes[OUTCOME_closed_idle] += 20;
    const char *text = json_of(pair, "b.json");
    assert_says(text, "\"result\": \"worse\"");
    assert_says(text, "\"exit_code\": 1");
    assert_valid(text);
}

static void runs_that_are_not_comparable_are_valid_too(void **state) {
    struct pair *pair = *state;
    pair->b->judgement.verdict = VERDICT_INCONCLUSIVE;
    const char *text = json_of(pair, "name \"with\" \xff bytes");
    assert_says(text, "\"result\": \"not_comparable\"");
    assert_says(text, "\"reasons\": [\n    \"B is inconclusive");
    assert_valid(text);
}

static void the_schema_misses_no_member_and_lets_no_other_in(void **state) {
    struct pair *pair = *state;
    if (!can_validate())
        skip();
    assert_int_equal(
        validate_with("strict_schema", report_comparison_schema, json_of(pair, "b.json")), 0);
}

static void what_contradicts_itself_is_refused(void **state) {
    struct pair *pair = *state;
    if (!can_validate())
        skip();
    char *text = strdup(json_of(pair, "b.json")), *code = strstr(text, "\"exit_code\": 0");
    assert_non_null(code);
    code[strlen("\"exit_code\": ")] = '1';
    assert_int_equal(validate_with("validate_report", report_comparison_schema, text), 1);
    free(text);
}

static int begin(void **state) {
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair->a = fixture_make(COMMAND_RUN);
    pair->b = fixture_make(COMMAND_RUN);
    *state = pair;
    return 0;
}

static int end(void **state) {
    struct pair *pair = *state;
    fixture_free(pair->a);
    fixture_free(pair->b);
    free(pair->text);
    free(pair);
    return 0;
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        EACH(it_is_valid_against_its_schema),
        EACH(a_worse_run_is_valid_too),
        EACH(runs_that_are_not_comparable_are_valid_too),
        EACH(what_could_not_be_compared_is_not_called_the_same),
        EACH(what_is_worse_and_what_is_better_stand_apart),
        EACH(a_row_of_the_table_is_one_line_at_80_columns),
        EACH(the_schema_misses_no_member_and_lets_no_other_in),
        EACH(what_contradicts_itself_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
