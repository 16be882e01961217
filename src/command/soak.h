/* What run and check share: options, plan, report file, preflight, and how they end. */
#ifndef COMMAND_SOAK_H
#define COMMAND_SOAK_H

#include <stdbool.h>

#include "judge/judge.h"
#include "plan/plan.h"
#include "report/report.h"
#include "stats/record.h"

enum { EXIT_USAGE = 2, EXIT_UNFIT = 3, EXIT_INCONCLUSIVE = 4 };

struct soak {
    struct options options;
    struct plan plan;
    struct judgement judgement;
    struct report_file json;
    bool has_json;
    int signals_fd;
};

/* From the command line to a plan, an open report file and blocked signals. True when there is a
 * plan; else *exit_code is decided, and said. soak_end() is called in both cases. */
bool soak_begin(struct soak *soak, enum command command, int argc, char **argv, int *exit_code);

/* Writes the reports and returns the exit code: the judgement's, or 4 where that is 0 and a report
 * failed. record NULL: no load was sent. with_summary: the summary is printed too. */
int soak_report(struct soak *soak, const struct record *record, bool with_summary);

void soak_end(struct soak *soak);

#endif
