/* Lines out of bytes, whatever way they were cut. */
#include "observe/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 8 };

static char kept[ROOM], seen[256];
static size_t length;

static void take(void *owner, const char *line, size_t count) {
    size_t used = strlen(seen);
    assert_ptr_equal(owner, seen);
    snprintf(seen + used, sizeof seen - used, "[%.*s]", (int)count, line);
}

static int set_up(void **state) {
    (void)state;
    length = 0;
    seen[0] = '\0';
    return 0;
}

static void give(const char *bytes) {
    lines_take(kept, ROOM, &length, bytes, strlen(bytes), take, seen);
}

static void whole_lines_are_given_at_once(void **state) {
    (void)state;
    give("one\ntwo\n\n");
    assert_string_equal(seen, "[one][two][]");
    assert_int_equal(length, 0);
}

static void a_line_is_given_when_its_end_comes(void **state) {
    (void)state;
    give("on");
    give("e");
    assert_string_equal(seen, "");
    give("\ntw");
    give("o\n");
    assert_string_equal(seen, "[one][two]");
}

static void a_longer_line_is_cut_and_counts_once(void **state) {
    (void)state;
    give("0123456789\n");
    give("012345");
    give("6789");
    give("abc\nnext\n");
    assert_string_equal(seen, "[01234567][01234567][next]");
}

static void every_cut_of_the_same_bytes_gives_the_same_lines(void **state) {
    static const char bytes[] = "a\n\nlonger than room\nbc\n";
    (void)state;
    for (size_t cut = 0; cut < sizeof bytes; cut++) {
        set_up(NULL);
        lines_take(kept, ROOM, &length, bytes, cut, take, seen);
        lines_take(kept, ROOM, &length, bytes + cut, sizeof bytes - 1 - cut, take, seen);
        assert_string_equal(seen, "[a][][longer t][bc]");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whole_lines_are_given_at_once, set_up),
        cmocka_unit_test_setup(a_line_is_given_when_its_end_comes, set_up),
        cmocka_unit_test_setup(a_longer_line_is_cut_and_counts_once, set_up),
        cmocka_unit_test_setup(every_cut_of_the_same_bytes_gives_the_same_lines, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
