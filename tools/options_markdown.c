/* Prints docs/options.md: for tools/generate-docs. */
#include <stdio.h>

#include "options/options.h"

int main(void) {
    options_print_markdown(stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
