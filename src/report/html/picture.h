/* Pictures of a run: its charts over time, and the time of each of its requests, each one SVG that
 * stands alone, in light and dark. */
#ifndef REPORT_HTML_PICTURE_H
#define REPORT_HTML_PICTURE_H

#include <stdio.h>

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "stats/record.h"

/* `width` pixels wide. 0, or -errno of memory or of the stream. */
int picture_of_run(FILE *out, const struct plan *plan, const struct record *record,
                   const struct judgement *judgement, int width);
/* Every request that was answered, from the quickest to the slowest; of a report, whose histogram
 * is known to three digits. */
int picture_of_times(FILE *out, const struct record *record, int width);

#endif
