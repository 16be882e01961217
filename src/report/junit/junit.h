/* JUnit XML, as Jenkins, GitLab and GitHub's actions read it: of a run, of a search for the
 * capacity, of a comparison. */
#ifndef REPORT_JUNIT_JUNIT_H
#define REPORT_JUNIT_JUNIT_H

#include "report/export/json_comparison.h"
#include "report/export/writers.h"

/* A case for each rule; of a search one case, "capacity". */
report_writer report_junit;

/* A case for each quantity. 0 or -errno of writing. */
int report_comparison_junit(FILE *out, const struct compare_result *comparison,
                            const struct report_comparison_side *a,
                            const struct report_comparison_side *b);

#endif
