/* A comparison for machines: the document "holdfast-compare/1", and its schema. */
#ifndef REPORT_EXPORT_JSON_COMPARISON_H
#define REPORT_EXPORT_JSON_COMPARISON_H

#include <stdio.h>

#include "judge/verdict/compare.h"

/* One of the two runs, and the file it came from. */
struct report_comparison_side {
    const char *name;
    struct compare_side run;
};

/* 0 or -errno of writing. */
int report_comparison_json(FILE *out, const struct compare_result *comparison,
                           const struct report_comparison_side *a,
                           const struct report_comparison_side *b);

/* The schema names every member of the document, and allows no other. */
void report_comparison_schema(FILE *out);

#endif
