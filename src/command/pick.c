/* Which command is meant. */
#include <fcntl.h>
#include <locale.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "run/signals.h"

/* A standard stream that came closed would give its number to a socket: it is opened on nothing. */
static void hold_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDWR);
}

int command_pick(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"run", command_run},           {"check", command_check},
                    {"capacity", command_capacity}, {"report", command_report},
                    {"target", command_target},     {"demo", command_demo}};
    hold_standard_streams();
    signals_ignore_of_writes();
    setlocale(LC_CTYPE, "");
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return command_run(argc, argv);
}
