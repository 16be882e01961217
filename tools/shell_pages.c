/* Prints what a shell and man(1) read of holdfast: `shell_pages man COMMAND`, `shell_pages SHELL`.
 */
#include <stdio.h>
#include <string.h>

#include "options/options.h"

static bool print_man(const char *name) {
    static const struct {
        const char *name;
        enum option_command command;
    } commands[] = {{"run", COMMAND_RUN},           {"check", COMMAND_CHECK},
                    {"capacity", COMMAND_CAPACITY}, {"target", COMMAND_TARGET},
                    {"demo", COMMAND_DEMO},         {"serve", COMMAND_SERVE}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0) {
            options_print_man(stdout, commands[i].command);
            return true;
        }
    return false;
}

int main(int argc, char **argv) {
    bool man = argc == 3 && strcmp(argv[1], "man") == 0;
    bool printed =
        man ? print_man(argv[2]) : argc == 2 && options_print_completion(stdout, argv[1]);
    return printed && fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
