/* The level of live connections: its least and most, whoever adds to it, and of which time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/level.h"

static void expect(struct level_span span, uint64_t least, uint64_t most) {
    assert_int_equal(span.least, least);
    assert_int_equal(span.most, most);
}

static void a_dip_between_two_looks_is_seen(void **state) {
    (void)state;
    struct level level = {0};
    _Atomic uint64_t share = 0;
    level_set(&level, &share, 200);
    expect(level_restart(&level), 0, 200);
    level_set(&level, &share, 3);
    level_set(&level, &share, 200);
    expect(level_take(&level), 3, 200);
    expect(level_take(&level), 200, 200); /* the next one begins where that ended */
}

/* Each lost all of its own, but never both at once: the sum of what each had least would say 0. */
static void it_is_of_all_workers_at_one_moment(void **state) {
    (void)state;
    struct level level = {0};
    _Atomic uint64_t a = 0, b = 0;
    level_set(&level, &a, 100);
    level_set(&level, &b, 100);
    level_restart(&level);
    level_set(&level, &a, 0);
    level_set(&level, &a, 100);
    level_set(&level, &b, 0);
    level_set(&level, &b, 100);
    expect(level_take(&level), 100, 200);
}

static void a_worker_that_died_holds_none(void **state) {
    (void)state;
    struct level level = {0};
    _Atomic uint64_t a = 0, b = 0;
    level_set(&level, &a, 70);
    level_set(&level, &b, 30);
    level_restart(&level);
    level_set(&level, &b, 0);
    expect(level_take(&level), 70, 100);
}

struct shared {
    struct level level;
    _Atomic uint64_t shares[4];
};

/* Processes that add at once lose nothing, and none leaves the bounds of what there can be. */
static void what_all_add_at_once_adds_up(void **state) {
    (void)state;
    enum { WORKERS = 4, TURNS = 20000, EACH = 25 };
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    for (int i = 0; i < WORKERS; i++)
        level_set(&shared->level, &shared->shares[i], EACH);
    level_restart(&shared->level);
    for (int i = 0; i < WORKERS; i++) {
        if (fork() != 0)
            continue;
        for (uint64_t turn = 0; turn < TURNS; turn++)
            level_set(&shared->level, &shared->shares[i], turn % 2 == 0 ? EACH - 1 : EACH);
        _exit(0);
    }
    for (int i = 0; i < 1000; i++) {
        struct level_span span = level_take(&shared->level);
        assert_in_range(span.least, WORKERS * (EACH - 1), span.most);
        assert_in_range(span.most, span.least, WORKERS * EACH);
    }
    for (int status; wait(&status) > 0;)
        assert_int_equal(status, 0);
    level_take(&shared->level);
    expect(level_take(&shared->level), WORKERS * EACH, WORKERS * EACH);
    munmap(shared, sizeof *shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dip_between_two_looks_is_seen),
        cmocka_unit_test(it_is_of_all_workers_at_one_moment),
        cmocka_unit_test(a_worker_that_died_holds_none),
        cmocka_unit_test(what_all_add_at_once_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
