/* Pages that are hidden are marked so in the kernel's own list, and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"

/* Whether the mapping of that address has the flag "dd" (proc(5), smaps). */
static bool is_hidden(const void *memory) {
    char line[600];
    bool found = false, hidden = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long begin, end;
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            found = (uintptr_t)memory >= begin && (uintptr_t)memory < end;
        else if (found && strncmp(line, "VmFlags:", 8) == 0)
            hidden = strstr(line, " dd") != NULL;
    }
    fclose(maps);
    return hidden;
}

static void hidden_pages_are_left_out_of_a_core_dump(void **state) {
    (void)state;
    enum { BYTES = 100000 };
    char *shown = pages_reserve(BYTES), *hidden = pages_reserve(BYTES);
    assert_true(shown != NULL && hidden != NULL);
    pages_hide(hidden, BYTES);
    assert_true(is_hidden(hidden));
    assert_true(is_hidden(hidden + BYTES - 1));
    assert_false(is_hidden(shown));
    pages_release(shown, BYTES);
    pages_release(hidden, BYTES);
    pages_hide(NULL, BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_pages_are_left_out_of_a_core_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
