/* What malloc() keeps for its thread is given back too. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/heap.h"

enum { SIZES = 60, EACH = 7 };

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OTHER_MALLOC 1
#endif
#endif
#if defined(OTHER_MALLOC) || defined(__SANITIZE_ADDRESS__)
enum { HAS_FIGURES = 0 }; /* the sanitizer's heap */
#else
enum { HAS_FIGURES = 1 };
#endif

static size_t in_use(void) {
    return HAS_FIGURES ? mallinfo2().uordblks : 0;
}

static void burst(void) {
    void *parts[SIZES][EACH];
    for (size_t size = 0; size < SIZES; size++)
        for (size_t i = 0; i < EACH; i++)
            assert_non_null(parts[size][i] = malloc(24 + 16 * size));
    for (size_t size = 0; size < SIZES; size++)
        for (size_t i = 0; i < EACH; i++)
            free(parts[size][i]);
}

static void what_a_burst_leaves_to_the_thread_is_free(void **state) {
    (void)state;
    heap_trim();
    size_t before = in_use();
    burst();
    assert_true(!HAS_FIGURES || in_use() > before); /* what the thread keeps counts as in use */
    heap_trim();
    assert_int_equal(in_use(), before);
}

static void what_is_in_use_stays(void **state) {
    (void)state;
    uint64_t *kept[100];
    for (uint64_t i = 0; i < 100; i++) {
        assert_non_null(kept[i] = malloc(8 * (i + 1)));
        kept[i][i] = i;
    }
    burst();
    heap_trim();
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(kept[i][i], i);
        free(kept[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_burst_leaves_to_the_thread_is_free),
        cmocka_unit_test(what_is_in_use_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
