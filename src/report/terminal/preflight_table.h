/* The preflight table: what the plan needs of this machine, row by row. */
#ifndef REPORT_TERMINAL_PREFLIGHT_TABLE_H
#define REPORT_TERMINAL_PREFLIGHT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "judge/finding.h"
#include "plan/plan.h"
#include "report/format/style.h"

/* With quiet only warn and FAIL. */
void preflight_table_print(FILE *out, struct style style, const struct plan *plan,
                           const struct findings *findings, bool quiet);

#endif
