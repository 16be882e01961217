/* holdfast check: the preflight alone. */
#include <stdio.h>

#include "command/command.h"
#include "command/soak.h"
#include "run/preflight.h"

static int check(struct soak *soak) {
    preflight_make(&soak->judgement, &soak->plan, PREFLIGHT_ALL, soak->signals_fd);
    if (soak_misused(soak))
        return EXIT_USAGE;
    FILE *out = soak_output(soak);
    report_sheet(out, style_for(out, soak->options.color), &soak->plan, &soak->judgement.findings,
                 soak->options.quiet);
    int exit_code = soak_report(soak, NULL, false);
    if (fflush(out) != 0) {
        fprintf(stderr, "holdfast: the sheet could not be written\n");
        return exit_code == 0 ? EXIT_INCONCLUSIVE : exit_code;
    }
    return exit_code;
}

int command_check(int argc, char **argv) {
    return soak_command(COMMAND_CHECK, argc, argv, check);
}
