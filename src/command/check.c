/* holdfast check: the preflight alone. */
#include <stdio.h>
#include <stdlib.h>

#include "command/command.h"
#include "command/soak.h"
#include "run/preflight.h"

static int check(struct soak *soak) {
    preflight_make(&soak->judgement, &soak->plan, PREFLIGHT_ALL, soak->signals_fd);
    if (soak->judgement.exit_code == EXIT_USAGE) {
        fprintf(stderr, "holdfast: %s\n", soak->judgement.reasons[0]);
        return EXIT_USAGE;
    }
    bool json_on_stdout = soak->has_json && soak->json.path[0] == '-' && soak->json.path[1] == '\0';
    FILE *out = json_on_stdout ? stderr : stdout;
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
    struct soak *soak = calloc(1, sizeof *soak);
    if (soak == NULL) {
        perror("holdfast");
        return EXIT_UNFIT;
    }
    int exit_code;
    if (soak_begin(soak, COMMAND_CHECK, argc, argv, &exit_code))
        exit_code = check(soak);
    soak_end(soak);
    free(soak);
    return exit_code;
}
