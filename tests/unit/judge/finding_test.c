/* The table of findings: each code has a name, a side, and is known to the documentation. */
#include "judge/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

static void each_code_is_found_by_its_name_and_has_a_side(void **state) {
    (void)state;
    for (int i = 0; i < FINDING_CODES; i++) {
        enum finding_code code = (enum finding_code)i;
        assert_int_equal(finding_code_by_name(finding_code_name(code)), code);
        assert_in_range(finding_code_side(code), SIDE_TESTER, SIDE_US);
        assert_true(finding_code_help(code)[0] != '\0');
        assert_true(strlen(finding_code_name(code)) < sizeof((struct finding *)0)->name);
    }
    assert_int_equal(finding_code_by_name("no_such_code"), FINDING_unlisted);
}

static void an_outcome_is_the_code_of_its_finding(void **state) {
    (void)state;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        enum finding_code code = finding_code_of_outcome(outcome);
        assert_string_equal(finding_code_name(code), outcome_name(outcome));
        assert_int_equal(finding_code_side(code), outcome_side(outcome));
        assert_int_equal(finding_code_stage(code), FINDING_STAGE_RUN);
        assert_int_equal(finding_code_outcome(code), outcome);
    }
    assert_int_equal(finding_code_outcome(FINDING_memory), OUTCOME_COUNT);
}

/* The side alone makes it unfit; of another side the table has to say what a FAIL comes to. */
static void what_fails_a_preflight_is_found_in_one(void **state) {
    (void)state;
    for (int i = 0; i < FINDING_CODES; i++) {
        enum finding_code code = (enum finding_code)i;
        enum finding_failure failure = finding_code_failure(code);
        if (failure == FINDING_FAILURE_NONE)
            continue;
        assert_true(finding_code_stage(code) != FINDING_STAGE_RUN ||
                    finding_code_side(code) == SIDE_TESTER);
        assert_int_equal(failure == FINDING_FAILURE_UNFIT, finding_code_side(code) == SIDE_TESTER);
    }
}

static void a_finding_has_the_side_of_its_code_unless_the_facts_say_otherwise(void **state) {
    (void)state;
    static struct findings findings; /* too large for a small stack */
    const struct finding *finding = findings_add(&findings, FINDING_target, FINDING_OK, "200");
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_string_equal(finding->name, "target");
    finding = findings_add_of(&findings, FINDING_target, SIDE_TESTER, FINDING_FAIL, "EMFILE");
    assert_int_equal(finding->side, SIDE_TESTER);
    assert_ptr_equal(findings_last(&findings, FINDING_target), finding);
    assert_ptr_equal(findings_first(&findings, FINDING_target), &findings.items[0]);
    assert_null(findings_first(&findings, FINDING_memory));
    finding = findings_add_named(&findings, "of_a_later_version", SIDE_US, FINDING_WARN, "new");
    assert_int_equal(finding->code, FINDING_unlisted);
    assert_string_equal(finding_label(finding), "of_a_later_version");
}

static void the_documentation_lists_each_code(void **state) {
    (void)state;
    static char page[64 * 1024];
    FILE *file = fopen(TEST_SOURCE_DIR "/../docs/findings.md", "r");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof page - 1, file) > 0);
    fclose(file);
    for (int i = OUTCOME_COUNT; i < FINDING_CODES; i++) {
        char row[64];
        snprintf(row, sizeof row, "| `%s` |", finding_code_name((enum finding_code)i));
        assert_non_null(strstr(page, row));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_is_found_by_its_name_and_has_a_side),
        cmocka_unit_test(an_outcome_is_the_code_of_its_finding),
        cmocka_unit_test(what_fails_a_preflight_is_found_in_one),
        cmocka_unit_test(a_finding_has_the_side_of_its_code_unless_the_facts_say_otherwise),
        cmocka_unit_test(the_documentation_lists_each_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
