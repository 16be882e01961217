/* Prints what a shell and man(1) read of holdfast: `shell_pages man COMMAND`, `shell_pages SHELL`.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "options/options.h"

int main(int argc, char **argv) {
    bool man = argc == 3 && strcmp(argv[1], "man") == 0;
    bool printed = man ? options_print_man(stdout, argv[2])
                       : argc == 2 && options_print_completion(stdout, argv[1]);
    return printed && fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
