/* Prints docs/rules.md: for tools/generate-docs. */
#include <stdio.h>

#include "judge/rules/rules.h"

int main(void) {
    rules_markdown(stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
