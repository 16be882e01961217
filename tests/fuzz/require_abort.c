/* A requirement that fails under libFuzzer aborts: an _exit(), as in the product, leaves without
 * writing the input that was found. */
#include <stdio.h>
#include <stdlib.h>

_Noreturn void __wrap_require_failed(const char *expression, const char *file, int line);

_Noreturn void __wrap_require_failed(const char *expression, const char *file, int line) {
    fprintf(stderr, "holdfast: bug: %s (%s:%d)\n", expression, file, line);
    abort();
}
