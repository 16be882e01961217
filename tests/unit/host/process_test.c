/* Tests of what /proc says of a process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/instant.h"
#include "host/process_facts.h"

static int64_t nanoseconds(struct timeval time) {
    return time.tv_sec * SECOND + time.tv_usec * MICROSECOND;
}

static int64_t used_cpu_ns(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

/* Until there is enough of both kinds to miss one. */
static void burn_cpu(void) {
    struct rusage usage;
    int64_t user = 0, kernel = 0;
    while (user < 100 * MILLISECOND || kernel < 100 * MILLISECOND) {
        if (user <= kernel)
            for (volatile int i = 0; i < 100000; i++)
                continue;
        assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
        user = nanoseconds(usage.ru_utime);
        kernel = nanoseconds(usage.ru_stime);
    }
}

static void cpu_time_is_read_behind_a_name_of_spaces_and_parentheses(void **state) {
    (void)state;
    static const char *const names[] = {"plain", "a b c", "x) R 1 (y", ") ) )", "(((", "\n) 1"};
    burn_cpu();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(prctl(PR_SET_NAME, names[i]), 0);
        int64_t before = used_cpu_ns();
        int64_t read = process_cpu_ns("", getpid());
        int64_t after = used_cpu_ns();
        /* Two numbers, each cut to a whole clock tick of 10 ms. */
        assert_in_range(read, before - 2 * 10 * MILLISECOND, after);
    }
}

static void memory_grows_with_what_is_touched(void **state) {
    (void)state;
    size_t size = 32 << 20;
    int64_t pss = process_pss_bytes("", getpid()), rss = process_rss_bytes("", getpid());
    if (pss < 0)
        skip(); /* a kernel without smaps_rollup */
    assert_in_range(pss, 1, rss);
    char *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    memset(memory, 1, size);
    assert_true(process_pss_bytes("", getpid()) - pss >= (int64_t)size / 2);
    assert_true(process_rss_bytes("", getpid()) - rss >= (int64_t)size / 2);
    munmap(memory, size);
}

static void a_process_that_is_not_there_has_no_numbers(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(process_cpu_ns("", child), -1);
    assert_int_equal(process_pss_bytes("", child), -1);
    assert_int_equal(process_rss_bytes("", child), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_time_is_read_behind_a_name_of_spaces_and_parentheses),
        cmocka_unit_test(memory_grows_with_what_is_touched),
        cmocka_unit_test(a_process_that_is_not_there_has_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
