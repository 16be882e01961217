/* The machine formats of a run's report, one writer each. */
#ifndef REPORT_EXPORT_WRITERS_H
#define REPORT_EXPORT_WRITERS_H

#include <stdio.h>

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "stats/record.h"

/* record may be NULL when no load was sent. 0 or -errno of writing. */
typedef int report_writer(FILE *out, const struct plan *plan, const struct record *record,
                          const struct judgement *judgement);
report_writer report_json; /* "holdfast/1" */
report_writer report_csv;  /* the timeline, a line a sample; "" where nothing was measured */
report_writer report_hgrm; /* the distribution of latencies, as HdrHistogram prints it, in ms */

/* The JSON Schema of "holdfast/1". */
void report_schema(FILE *out);

#endif
