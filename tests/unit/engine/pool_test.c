/* The pool of -n: what is taken and given back adds up, one process or many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/pool.h"

static void without_a_pool_there_is_always_one(void **state) {
    (void)state;
    struct pool_hand hand = {.pool = NULL};
    for (int i = 0; i < 1000; i++)
        assert_true(pool_take(&hand));
    pool_put_back(&hand);
    pool_release(&hand);
    assert_false(pool_is_empty(&hand));
}

static void a_pool_gives_what_it_holds_and_no_more(void **state) {
    (void)state;
    struct pool pool = {.left = 1000};
    _Atomic uint64_t taken = 0;
    struct pool_hand hand = {.pool = &pool, .taken = &taken, .workers = 1};
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_true(pool_take(&hand));
        assert_int_equal(atomic_load(&taken), i + hand.held);
        assert_int_equal(atomic_load(&pool.left), 1000 - i - hand.held);
    }
    assert_true(pool_is_empty(&hand));
    assert_false(pool_take(&hand));
    assert_int_equal(atomic_load(&taken), 1000);
}

static void what_a_turn_did_not_use_goes_back(void **state) {
    (void)state;
    struct pool pool = {.left = 1000};
    _Atomic uint64_t taken = 0;
    struct pool_hand hand = {.pool = &pool, .taken = &taken, .workers = 2};
    assert_true(pool_take(&hand));
    assert_true(hand.held > 0);
    pool_release(&hand);
    assert_int_equal(atomic_load(&pool.left), 999);
    assert_int_equal(atomic_load(&taken), 1);
    pool_put_back(&hand);
    pool_release(&hand);
    assert_int_equal(atomic_load(&pool.left), 1000);
    assert_int_equal(atomic_load(&taken), 0);
}

/* Batches shrink to one before the end: nobody holds what another could send. */
static void the_last_are_taken_one_by_one(void **state) {
    (void)state;
    struct pool pool = {.left = 31};
    _Atomic uint64_t taken = 0;
    struct pool_hand hand = {.pool = &pool, .taken = &taken, .workers = 4};
    while (pool_take(&hand))
        assert_int_equal(hand.held, 0);
    assert_int_equal(atomic_load(&taken), 31);
}

static void processes_share_it_exactly(void **state) {
    (void)state;
    enum { PROCESSES = 4, REQUESTS = 400003 };
    struct shared {
        struct pool pool;
        _Atomic uint64_t taken[PROCESSES], used[PROCESSES];
    } *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    shared->pool.left = REQUESTS;
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() != 0)
            continue;
        struct pool_hand hand = {
            .pool = &shared->pool, .taken = &shared->taken[i], .workers = PROCESSES};
        for (uint64_t n = 0; pool_take(&hand); n++) {
            if (n % 7 == 0)
                pool_put_back(&hand);
            else
                shared->used[i]++;
            if (n % 5 == 0)
                pool_release(&hand);
        }
        _exit(0);
    }
    while (wait(NULL) > 0)
        continue;
    uint64_t used = 0, taken = 0;
    for (int i = 0; i < PROCESSES; i++) {
        used += shared->used[i];
        taken += shared->taken[i];
    }
    assert_int_equal(used + shared->pool.left, REQUESTS);
    assert_int_equal(taken + shared->pool.left, REQUESTS);
    munmap(shared, sizeof *shared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_pool_there_is_always_one),
        cmocka_unit_test(a_pool_gives_what_it_holds_and_no_more),
        cmocka_unit_test(what_a_turn_did_not_use_goes_back),
        cmocka_unit_test(the_last_are_taken_one_by_one),
        cmocka_unit_test(processes_share_it_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
