/* Tests of why io_uring could not be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "net/net.h"
#include "net/net_explain.h"

struct row {
    int error;
    struct net_ground ground;
    enum net_refusal refusal;
};

static const struct net_ground free_ground = {0};

static void each_symptom_has_its_own_cause(void **state) {
    (void)state;
    const struct net_ground off = {.io_uring_disabled = 2};
    const struct net_ground off_and_filtered = {.io_uring_disabled = 2, .filtered = true};
    const struct net_ground off_for_all = {.io_uring_disabled = 2, .exempt = true};
    const struct net_ground group = {.io_uring_disabled = 1};
    const struct net_ground group_and_filtered = {.io_uring_disabled = 1, .filtered = true};
    const struct net_ground member = {.io_uring_disabled = 1, .exempt = true, .filtered = true};
    const struct net_ground false_root = {.io_uring_disabled = 1, .exempt = true};
    const struct net_ground filtered = {.filtered = true};
    const struct net_ground filtered_old = {.io_uring_disabled = -1, .filtered = true};
    const struct net_ground old = {.io_uring_disabled = -1};
    const struct net_ground limited = {.memlock_limited = true};
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
        {EPERM, free_ground, NET_DENIED},
        {EPERM, old, NET_DENIED},
        {EACCES, filtered, NET_DENIED},
        {EACCES, free_ground, NET_DENIED},
        {ENOSYS, filtered, NET_FILTERED},
        {ENOSYS, off, NET_ABSENT},
        {ENOSYS, free_ground, NET_ABSENT},
        {ENOMEM, limited, NET_NO_MEMORY},
        {ENOMEM, free_ground, NET_OTHER},
        {EMFILE, free_ground, NET_NO_FILES},
        {ENFILE, free_ground, NET_NO_FILES},
        {EINVAL, free_ground, NET_TOO_OLD},
        {EIO, filtered, NET_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(net_explain_from(rows[i].error, &rows[i].ground), rows[i].refusal);
        assert_int_equal(net_explain_from(-rows[i].error, &rows[i].ground), rows[i].refusal);
    }
}

static void this_machine_is_asked_without_harm(void **state) {
    (void)state;
    assert_int_equal(net_explain(0), NET_OK);
    assert_int_equal(net_explain(-EMFILE), NET_NO_FILES);
    assert_int_not_equal(net_explain(-EPERM), NET_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_symptom_has_its_own_cause),
        cmocka_unit_test(this_machine_is_asked_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
