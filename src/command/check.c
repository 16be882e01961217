/* holdfast check: the preflight alone. */
#include <stdio.h>

#include "base/exit_code.h"
#include "command/command.h"
#include "command/soak.h"
#include "options/options.h"
#include "report/terminal/preflight_table.h"
#include "run/preflight.h"

static void draw_table(FILE *out, struct style style, const struct soak *soak,
                       const struct record *record) {
    (void)record;
    preflight_table_print(out, style, &soak->plan, &soak->judgement.findings, soak->options.quiet);
}

static int check(struct soak *soak) {
    preflight_make(&soak->judgement, &soak->plan, &soak->setup, PREFLIGHT_ALL, soak->signals_fd);
    if (soak_misused(soak))
        return EXIT_USAGE;
    soak_note_engine(&soak->setup);
    bool printed = soak_print(soak, "preflight table", draw_table, NULL);
    int exit_code = soak_report(soak, NULL, false);
    return !printed && exit_code == EXIT_HELD ? EXIT_INCONCLUSIVE : exit_code;
}

int command_check(int argc, char **argv) {
    return soak_command(COMMAND_CHECK, argc, argv, check);
}
