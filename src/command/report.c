/* holdfast report: so far, the schema of the JSON report. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "report/report.h"

enum { USAGE = 2 };

int command_report(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--schema") == 0) {
        report_schema(stdout);
    } else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("Usage: holdfast report --schema\n\n"
             "  --schema  print the JSON Schema of the JSON report\n"
             "  --help    print this help");
    } else {
        fprintf(stderr, "holdfast report: accepted are --schema and --help\n");
        return USAGE;
    }
    if (fflush(stdout) != 0) {
        perror("holdfast report: standard output");
        return 1;
    }
    return 0;
}
