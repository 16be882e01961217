/* What a text says, and what it does not. */
#ifndef TESTS_SAYS_H
#define TESTS_SAYS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Returns where the part stands. Not inlined: the compiler warns of a text that it knows is empty.
 */
__attribute__((noinline, unused)) static const char *assert_says(const char *text,
                                                                 const char *part) {
    const char *found = strstr(text, part);
    if (found == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text);
    return found;
}

static inline void assert_silent(const char *text, const char *part) {
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in:\n%s", part, text);
}

#endif
