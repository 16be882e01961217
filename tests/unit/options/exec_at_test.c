/* --exec-at: a time, '=', a command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options/exec_at.h"

static void a_time_and_a_command_are_read(void **state) {
    (void)state;
    struct exec_at exec;
    assert_true(exec_at_parse(&exec, "1m30s=X=1 nginx -s reload"));
    assert_int_equal(exec.at, 90 * SECOND);
    assert_string_equal(exec.command, "X=1 nginx -s reload");
    assert_true(exec_at_parse(&exec, "0=true"));
    assert_int_equal(exec.at, 0);
}

static void anything_else_is_not(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "60s", "=true", "60s=", "60s= \t", "soon=true", "366d=true", "-1s=true"};
    struct exec_at exec;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (exec_at_parse(&exec, bad[i]))
            fail_msg("\"%s\" was accepted", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_and_a_command_are_read),
        cmocka_unit_test(anything_else_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
