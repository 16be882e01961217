/* The cache: the same bytes are the same answer, and no others are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http/response_cache.h"

static const char answer[] =
    "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026\r\nContent-Length: 2\r\n\r\nok";
static const struct exchange_answer facts = {.status = 200, .minor = 1, .body_bytes = 2};

static void an_empty_memo_knows_nothing(void **state) {
    (void)state;
    struct response_cache cache = {0};
    assert_null(response_cache_find(&cache, "", 0));
    assert_null(response_cache_find(&cache, answer, sizeof answer - 1));
}

static void only_the_same_bytes_are_found(void **state) {
    (void)state;
    struct response_cache cache = {0};
    response_cache_keep(&cache, answer, sizeof answer - 1, &facts);
    assert_int_equal(response_cache_find(&cache, answer, sizeof answer - 1)->status, 200);
    assert_null(response_cache_find(&cache, answer, sizeof answer - 2));
    char other[sizeof answer + 1];
    memcpy(other, answer, sizeof answer);
    assert_null(response_cache_find(&cache, other, sizeof answer)); /* one byte behind it */
    for (size_t i = 0; i < sizeof answer - 1; i++) {
        other[i] ^= 1;
        assert_null(response_cache_find(&cache, other, sizeof answer - 1));
        other[i] ^= 1;
    }
    assert_non_null(response_cache_find(&cache, other, sizeof answer - 1));
}

static void what_is_too_long_is_not_kept(void **state) {
    (void)state;
    struct response_cache cache = {0};
    char *bytes = calloc(1, RESPONSE_CACHE_BYTES + 1);
    assert_non_null(bytes);
    response_cache_keep(&cache, bytes, RESPONSE_CACHE_BYTES + 1, &facts);
    assert_null(response_cache_find(&cache, bytes, RESPONSE_CACHE_BYTES + 1));
    response_cache_keep(&cache, bytes, RESPONSE_CACHE_BYTES, &facts);
    assert_non_null(response_cache_find(&cache, bytes, RESPONSE_CACHE_BYTES));
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_memo_knows_nothing),
        cmocka_unit_test(only_the_same_bytes_are_found),
        cmocka_unit_test(what_is_too_long_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
