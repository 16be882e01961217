/* A pool's parts are apart, its pages are touched by who leases them, and go back after a burst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/page_pool.h"

enum { PARTS = 500, BYTES = 4000, WINDOW = 1024 };

static size_t resident_pages(const struct page_pool *pool) {
    static unsigned char pages[PARTS * 2];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = PARTS * pool->stride, resident = 0;
    size_t count = (bytes + page - 1) / page;
    assert_true(count <= sizeof pages);
    assert_int_equal(mincore(pool->memory, bytes, pages), 0);
    for (size_t i = 0; i < count; i++)
        resident += pages[i] & 1;
    return resident;
}

static int begin(void **state) {
    static struct page_pool pool;
    *state = &pool;
    return page_pool_create(&pool, PARTS, BYTES) ? 0 : -1;
}

static int end(void **state) {
    page_pool_release(*state);
    return 0;
}

/* So many at once, each written to its last byte. */
static void burst(struct page_pool *pool, uint32_t count) {
    uint32_t leased[PARTS];
    for (uint32_t i = 0; i < count; i++) {
        leased[i] = page_pool_lease(pool);
        memset(page_pool_at(pool, leased[i]), (int)(i & 0xff), BYTES);
    }
    for (uint32_t i = 0; i < count; i++) {
        char *part = page_pool_at(pool, leased[i]);
        assert_true((part[0] & 0xff) == (int)(i & 0xff) && part[0] == part[BYTES - 1]);
        page_pool_return(pool, leased[i]);
    }
}

static void all_parts_are_apart(void **state) {
    burst(*state, PARTS);
    burst(*state, PARTS);
}

static void pages_of_a_burst_go_back_when_far_fewer_are_leased(void **state) {
    struct page_pool *pool = *state;
    burst(pool, PARTS);
    assert_true(resident_pages(pool) > PARTS / 2);
    for (int i = 0; i < 2 * WINDOW + 2; i++)
        burst(pool, 1);
    assert_in_range(resident_pages(pool), 1, 2);
    burst(pool, PARTS);
}

static void pages_stay_as_long_as_they_are_needed(void **state) {
    struct page_pool *pool = *state;
    for (int i = 0; i < 3 * WINDOW / 100; i++) {
        burst(pool, 100);
        assert_true(resident_pages(pool) >= 97);
    }
}

/* What is leased keeps its bytes, and all others theirs until it is returned. */
static void a_part_that_is_leased_for_long_keeps_its_bytes(void **state) {
    struct page_pool *pool = *state;
    burst(pool, PARTS);
    uint32_t kept = page_pool_lease(pool);
    memset(page_pool_at(pool, kept), 7, BYTES);
    for (int i = 0; i < 3 * WINDOW; i++)
        burst(pool, 1);
    assert_true(page_pool_at(pool, kept)[0] == 7 && page_pool_at(pool, kept)[BYTES - 1] == 7);
    page_pool_return(pool, kept);
    for (int i = 0; i < WINDOW + 2; i++)
        burst(pool, 1);
    assert_in_range(resident_pages(pool), 1, 2);
}

static void what_was_returned_last_is_there_until_the_next_lease(void **state) {
    struct page_pool *pool = *state;
    burst(pool, PARTS);
    for (int i = 0; i < 2 * WINDOW; i++) {
        uint32_t index = page_pool_lease(pool);
        memset(page_pool_at(pool, index), 5, BYTES);
        page_pool_return(pool, index);
        assert_true(page_pool_at(pool, index)[BYTES - 1] == 5);
    }
}

static void releasing_nothing_is_let_be(void **state) {
    (void)state;
    struct page_pool none = {0};
    page_pool_release(&none);
    assert_null(none.memory);
}

int main(void) {
#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        WITH_POOL(all_parts_are_apart),
        WITH_POOL(pages_of_a_burst_go_back_when_far_fewer_are_leased),
        WITH_POOL(pages_stay_as_long_as_they_are_needed),
        WITH_POOL(a_part_that_is_leased_for_long_keeps_its_bytes),
        WITH_POOL(what_was_returned_last_is_there_until_the_next_lease),
        cmocka_unit_test(releasing_nothing_is_let_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
