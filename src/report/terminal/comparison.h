/* A comparison of two runs on a terminal: the verdict, why, and a line for each quantity. */
#ifndef REPORT_TERMINAL_COMPARISON_H
#define REPORT_TERMINAL_COMPARISON_H

#include "report/export/json_comparison.h"
#include "report/format/format.h"
#include "report/format/style.h"

/* A row in words: a share's change and tolerance are in points. */
struct comparison_words {
    struct format_text a, b, change, tolerance;
};
struct comparison_words comparison_words(const struct compare_row *row);

void report_comparison(FILE *out, struct style style, const struct compare_result *comparison,
                       const struct report_comparison_side *a,
                       const struct report_comparison_side *b);

#endif
