/* Lists of hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "options/host_list.h"

static void names_are_taken_one_by_one(void **state) {
    (void)state;
    const char *list = "h1,user@h2.example:22,pod/x";
    char name[HOST_NAME_SIZE];
    assert_true(host_list_is_one(list));
    assert_int_equal(host_list_count(list), 3);
    assert_true(host_list_next(&list, name));
    assert_string_equal(name, "h1");
    assert_true(host_list_next(&list, name));
    assert_string_equal(name, "user@h2.example:22");
    assert_true(host_list_next(&list, name));
    assert_string_equal(name, "pod/x");
    assert_false(host_list_next(&list, name));
}

/* A shell reads them as they stand. */
static void what_a_shell_or_an_option_could_be_is_no_name(void **state) {
    (void)state;
    static const char *const lists[] = {
        "",    ",",   "a,",   ",a",  "a,,b", "-a",  "a,-oX", "a b", "a;b",   "a$b",   "a`b`",
        "a|b", "a&b", "a\nb", "a'b", "a\"b", "a>b", "a\\b",  "a*",  "[::1]", "a,b,a", "a,a"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        assert_false(host_list_is_one(lists[i]));
    assert_true(host_list_is_one("ab,a,b"));
    assert_true(host_list_is_one("::1,fe80::1%eth0"));
}

static void a_name_is_in_the_list_whole_or_not_at_all(void **state) {
    (void)state;
    static const char list[] = "ab,a,b/c";
    static const char *const others[] = {"", "c", "b", "abc", "ab,a", "A", "b/"};
    assert_true(host_list_has(list, "ab", 2));
    assert_true(host_list_has(list, "a", 1));
    assert_true(host_list_has(list, "b/c", 3));
    assert_true(host_list_has(list, "a,b", 1));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(host_list_has(list, others[i], strlen(others[i])));
}

static void there_are_at_most_256(void **state) {
    (void)state;
    char list[4096];
    size_t length = 0;
    for (int i = 0; i < HOST_LIST_MAX; i++)
        length +=
            (size_t)snprintf(list + length, sizeof list - length, "%sh%d", i > 0 ? "," : "", i);
    assert_true(host_list_is_one(list));
    assert_int_equal(host_list_count(list), HOST_LIST_MAX);
    strcpy(list + length, ",x");
    assert_false(host_list_is_one(list));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_one_by_one),
        cmocka_unit_test(what_a_shell_or_an_option_could_be_is_no_name),
        cmocka_unit_test(a_name_is_in_the_list_whole_or_not_at_all),
        cmocka_unit_test(there_are_at_most_256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
