/* Tests of which options make two loads different. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "options/options.h"
#include "plan/plan_differ.h"

struct pair {
    struct options options[2];
    struct plan plans[2];
};

static void begin(struct pair *pair) {
    memset(pair, 0, sizeof *pair);
    for (int i = 0; i < 2; i++) {
        pair->options[i].method = "HEAD";
        pair->plans[i].options = &pair->options[i];
        strcpy(pair->plans[i].target.path, "/");
    }
}

/* "" when there is none. */
static const char *first_difference(const struct pair *pair, enum plan_differ_scope scope) {
    static struct plan_difference difference;
    size_t at = 0;
    bool any = plan_next_difference(&difference, &at, &pair->plans[0], &pair->plans[1], scope);
    return any ? difference.name : "";
}

static void what_is_asked_of_the_server_and_when(void **state) {
    (void)state;
    struct pair pair;
    begin(&pair);
    assert_string_equal(first_difference(&pair, OPTIONS_ALL), "");
    pair.options[1].exec_at =
        (struct option_text_list){.count = 1, .items = {"60s=nginx -s reload"}};
    assert_string_equal(first_difference(&pair, OPTIONS_ALL), "--exec-at");
    begin(&pair);
    pair.options[0].header = (struct option_text_list){.count = 1, .items = {"X-A: 1"}};
    assert_string_equal(first_difference(&pair, OPTIONS_ALL), "--header");
    begin(&pair);
    pair.options[1].urls = "list.txt";
    pair.options[1].given.urls = true;
    assert_string_equal(first_difference(&pair, OPTIONS_ALL), "--urls");
    begin(&pair);
    strcpy(pair.plans[1].target.path, "/other");
    assert_string_equal(first_difference(&pair, OPTIONS_ALL), "URL");
}

static void shards_may_have_shares_of_their_own(void **state) {
    (void)state;
    struct pair pair;
    begin(&pair);
    pair.options[1].connections = 5;
    assert_string_equal(first_difference(&pair, OPTIONS_ALL), "--connections");
    assert_string_equal(first_difference(&pair, OPTIONS_OF_SHARDS), "");
    pair.options[0].requests = 7;
    pair.options[0].given.requests = true;
    assert_string_equal(first_difference(&pair, OPTIONS_OF_SHARDS), "--requests");
    pair.options[1].requests = 9;
    pair.options[1].given.requests = true;
    assert_string_equal(first_difference(&pair, OPTIONS_OF_SHARDS), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_of_the_server_and_when),
        cmocka_unit_test(shards_may_have_shares_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
