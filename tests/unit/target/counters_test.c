/* Counters: sums over workers, and that the page for people names all that is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/pages.h"

static void workers_are_summed(void **state) {
    (void)state;
    struct counters_shared *shared = calloc(1, sizeof *shared + 3 * sizeof(struct counters));
    struct counters sum;
    assert_non_null(shared);
    for (uint64_t w = 0; w < 3; w++) {
        counter_add(&shared->workers[w].accepted, 10 * w);
        counter_add(&shared->workers[w].endings[ENDING_stopped], w);
        counter_add(&shared->workers[w].states[PEER_STALLED], 1);
        counter_add(&shared->workers[w].statuses[599], 2);
    }
    counters_sum(&sum, shared, 3);
    assert_int_equal(counter_read(&sum.accepted), 30);
    assert_int_equal(counters_ended(&sum), 3);
    assert_int_equal(counters_open(&sum), 3);
    assert_int_equal(counters_answered(&sum), 6);
    counters_sum(&sum, shared, 2);
    assert_int_equal(counter_read(&sum.accepted), 10);
    free(shared);
}

static void the_status_page_is_as_nginx_writes_it(void **state) {
    (void)state;
    static char page[PAGES_BYTES];
    struct counters_shared *shared = calloc(1, sizeof *shared + sizeof(struct counters));
    const struct target_settings settings = {.workers = 1};
    assert_non_null(shared);
    struct counters *counters = &shared->workers[0];
    counter_add(&counters->accepted, 9);
    counter_add(&counters->requests, 12);
    counter_add(&counters->states[PEER_READING], 5);
    counter_add(&counters->in_pieces, 2);
    counter_add(&counters->states[PEER_SENDING], 1);
    counter_add(&counters->states[PEER_LINGERING], 1);
    size_t length = pages_status(page, shared, &settings);
    assert_int_equal(length, strlen(page));
    assert_string_equal(page, "Active connections: 6 \nserver accepts handled requests\n 9 9 12 \n"
                              "Reading: 2 Writing: 1 Waiting: 3 \n");
    free(shared);
}

static void the_page_of_the_target_names_each_rule_and_each_ending(void **state) {
    (void)state;
    static char page[64 * 1024];
    FILE *file = fopen(TEST_SOURCE_DIR "/../docs/target.md", "r");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof page - 1, file) > 0);
    fclose(file);
    static const char *const rows[] = {
#define FAULT(name, value, least, most, example, help) "| `" example "` | " help " |\n",
#include "target/faults.def"
#undef FAULT
#define ENDING(name, by, help) "| `" #name "` |", "| " help " |\n",
#include "target/endings.def"
#undef ENDING
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strstr(page, rows[i]) == NULL)
            fail_msg("docs/target.md does not say: %s", rows[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_are_summed),
        cmocka_unit_test(the_status_page_is_as_nginx_writes_it),
        cmocka_unit_test(the_page_of_the_target_names_each_rule_and_each_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
