/* A comparison of two runs on a terminal: the verdict, why, and a line for each quantity. */
#ifndef REPORT_TERMINAL_COMPARISON_H
#define REPORT_TERMINAL_COMPARISON_H

#include "report/export/json_comparison.h"
#include "report/format/style.h"

void report_comparison(FILE *out, struct style style, const struct compare_result *comparison,
                       const struct report_comparison_side *a,
                       const struct report_comparison_side *b);

#endif
