/* Commands that stand for a remote shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/inherited.h"
#include "hosts/remote.h"

enum { LONG_MS = 60000, PIPE_BYTES = 1 << 16 };

static void one_that_is_over_has_its_status(void **state) {
    (void)state;
    struct remote remote;
    int status = 0;
    assert_int_equal(remote_start(&remote, "exit 7", PIPE_BYTES), 0);
    assert_true(remote_reap(&remote, LONG_MS, &status));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_false(remote_reap(&remote, LONG_MS, &status)); /* there is none any more */
    remote_end(&remote, LONG_MS);
}

static void one_that_goes_on_is_not_waited_for(void **state) {
    (void)state;
    struct remote remote;
    int status = 0;
    assert_int_equal(remote_start(&remote, "exec sleep 1000", PIPE_BYTES), 0);
    pid_t pid = remote.pid;
    assert_int_equal(kill(pid, SIGSTOP), 0); /* the end of its input ends it neither */
    assert_false(remote_reap(&remote, 1, &status));
    assert_int_equal(remote.pid, pid);
    remote_end(&remote, LONG_MS);
    assert_int_equal(remote.pid, 0);
    assert_int_equal(remote.in, -1);
    assert_true(waitpid(pid, &status, WNOHANG) < 0 && errno == ECHILD);
}

int main(void) {
    inherited_take(); /* which is given back to what is started */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_over_has_its_status),
        cmocka_unit_test(one_that_goes_on_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
