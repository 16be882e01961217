/* holdfast check: the preflight alone. */
#include <stdio.h>

#include "command/command.h"
#include "command/soak.h"
#include "run/preflight.h"

static void draw_sheet(FILE *out, struct style style, const struct soak *soak,
                       const struct record *record) {
    (void)record;
    report_sheet(out, style, &soak->plan, &soak->judgement.findings, soak->options.quiet);
}

static int check(struct soak *soak) {
    preflight_make(&soak->judgement, &soak->plan, PREFLIGHT_ALL, soak->signals_fd);
    if (soak_misused(soak))
        return EXIT_USAGE;
    bool printed = soak_print(soak, "sheet", draw_sheet, NULL);
    int exit_code = soak_report(soak, NULL, false);
    return !printed && exit_code == 0 ? EXIT_INCONCLUSIVE : exit_code;
}

int command_check(int argc, char **argv) {
    return soak_command(COMMAND_CHECK, argc, argv, check);
}
