/* A comparison drawn: a table for people, JSON for machines. */
#ifndef REPORT_COMPARISON_H
#define REPORT_COMPARISON_H

#include "judge/compare.h"
#include "report/report.h"

/* One of the two runs, and the file it came from. */
struct compared_file {
    const char *name;
    struct compared run;
};

void report_comparison(FILE *out, struct style style, const struct comparison *comparison,
                       const struct compared_file *a, const struct compared_file *b);

/* "holdfast-compare/1". 0 or -errno of writing. */
int report_comparison_json(FILE *out, const struct comparison *comparison,
                           const struct compared_file *a, const struct compared_file *b);

/* Its JSON Schema: of all that it says, and nothing else. */
void report_comparison_schema(FILE *out);

#endif
