/* The memo: the same bytes are the same answer, and no others are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/memo.h"

static const char answer[] =
    "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026\r\nContent-Length: 2\r\n\r\nok";
static const struct response_facts facts = {.status = 200, .minor = 1, .body_bytes = 2};

static void an_empty_memo_knows_nothing(void **state) {
    (void)state;
    struct memo memo = {0};
    assert_null(memo_find(&memo, "", 0));
    assert_null(memo_find(&memo, answer, sizeof answer - 1));
}

static void only_the_same_bytes_are_found(void **state) {
    (void)state;
    struct memo memo = {0};
    memo_keep(&memo, answer, sizeof answer - 1, &facts);
    assert_int_equal(memo_find(&memo, answer, sizeof answer - 1)->status, 200);
    assert_null(memo_find(&memo, answer, sizeof answer - 2));
    char other[sizeof answer + 1];
    memcpy(other, answer, sizeof answer);
    assert_null(memo_find(&memo, other, sizeof answer)); /* one byte behind it */
    for (size_t i = 0; i < sizeof answer - 1; i++) {
        other[i] ^= 1;
        assert_null(memo_find(&memo, other, sizeof answer - 1));
        other[i] ^= 1;
    }
    assert_non_null(memo_find(&memo, other, sizeof answer - 1));
}

static void what_is_too_long_is_not_kept(void **state) {
    (void)state;
    struct memo memo = {0};
    char *bytes = calloc(1, MEMO_BYTES + 1);
    assert_non_null(bytes);
    memo_keep(&memo, bytes, MEMO_BYTES + 1, &facts);
    assert_null(memo_find(&memo, bytes, MEMO_BYTES + 1));
    memo_keep(&memo, bytes, MEMO_BYTES, &facts);
    assert_non_null(memo_find(&memo, bytes, MEMO_BYTES));
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
