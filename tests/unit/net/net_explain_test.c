/* Tests of why io_uring could not be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "net/net.h"
#include "net/refusal_explain.h"

struct row {
    int error;
    struct refusal_facts facts;
    enum net_refusal refusal;
};

static const struct refusal_facts free_facts = {0};

static void each_symptom_has_its_own_cause(void **state) {
    (void)state;
    const struct refusal_facts off = {.io_uring_disabled = 2};
    const struct refusal_facts off_and_filtered = {.io_uring_disabled = 2, .filtered = true};
    const struct refusal_facts off_for_all = {.io_uring_disabled = 2, .exempt = true};
    const struct refusal_facts group = {.io_uring_disabled = 1};
    const struct refusal_facts group_and_filtered = {.io_uring_disabled = 1, .filtered = true};
    const struct refusal_facts member = {.io_uring_disabled = 1, .exempt = true, .filtered = true};
    const struct refusal_facts false_root = {.io_uring_disabled = 1, .exempt = true};
    const struct refusal_facts filtered = {.filtered = true};
    const struct refusal_facts filtered_old = {.io_uring_disabled = -1, .filtered = true};
    const struct refusal_facts old = {.io_uring_disabled = -1};
    const struct refusal_facts limited = {.memlock_limited = true};
    const struct row rows[] = {
        {0, off, NET_OK},
        {EPERM, off, NET_DISABLED},
        {EPERM, off_and_filtered, NET_DISABLED},
        {EPERM, off_for_all, NET_DISABLED},
        {EPERM, group, NET_RESTRICTED},
        {EPERM, group_and_filtered, NET_RESTRICTED},
        {EPERM, member, NET_FILTERED},
        {EPERM, false_root, NET_RESTRICTED},
        {EPERM, filtered, NET_FILTERED},
        {EPERM, filtered_old, NET_FILTERED},
        {EPERM, free_facts, NET_DENIED},
        {EPERM, old, NET_DENIED},
        {EACCES, filtered, NET_DENIED_BY_EITHER},
        {EACCES, free_facts, NET_DENIED},
        {ENOSYS, filtered, NET_FILTERED},
        {ENOSYS, off, NET_ABSENT},
        {ENOSYS, free_facts, NET_ABSENT},
        {ENOMEM, limited, NET_NO_MEMORY},
        {ENOMEM, free_facts, NET_OTHER},
        {EMFILE, free_facts, NET_NO_FILES},
        {ENFILE, free_facts, NET_NO_FILES},
        {EINVAL, free_facts, NET_TOO_OLD},
        {EIO, filtered, NET_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(net_explain_from(rows[i].error, &rows[i].facts), rows[i].refusal);
        assert_int_equal(net_explain_from(-rows[i].error, &rows[i].facts), rows[i].refusal);
    }
}

static void a_refusal_says_what_it_rests_on_and_what_to_do(void **state) {
    (void)state;
    const struct {
        int error;
        const char *text, *remedy;
    } rows[] = {
        {-EACCES, "denied by a security module (EACCES)", "ausearch"},
        {-EMFILE, "no descriptor was left for a ring (EMFILE)", "ulimit -n"},
        {-EINVAL, "this kernel's io_uring lacks what is needed (kernel ", "6.1 or later"},
        {-EIO, "a ring could not be made (EIO)", "journalctl"},
    };
    struct engine_refusal refusal;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        net_explain(&refusal, rows[i].error);
        assert_int_equal(refusal.error, rows[i].error);
        assert_ptr_equal(strstr(refusal.reason, rows[i].text), refusal.reason);
        assert_non_null(strstr(refusal.remedies[0], rows[i].remedy));
        assert_false(refusal.by_filter);
    }
    net_explain_killed(&refusal);
    assert_string_equal(refusal.reason, "blocked by a seccomp filter (SIGSYS)");
    assert_non_null(strstr(refusal.remedies[0], "seccomp"));
    assert_true(refusal.by_filter);
    net_explain(&refusal, -EPERM); /* whatever it is here */
    assert_string_not_equal(refusal.reason, "");
    net_explain(&refusal, 0);
    assert_int_equal(refusal.error, 0);
    assert_ptr_equal(strstr(refusal.reason, "kernel "), refusal.reason);
    assert_non_null(strstr(refusal.reason, "filter"));
    assert_string_equal(refusal.remedies[0], "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_symptom_has_its_own_cause),
        cmocka_unit_test(a_refusal_says_what_it_rests_on_and_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
