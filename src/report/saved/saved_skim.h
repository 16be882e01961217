/* A line of a timeline skimmed for its sample: a week has 604,800 of them, of which the last alone
 * is needed whole. */
#ifndef REPORT_SAVED_SAVED_SKIM_H
#define REPORT_SAVED_SAVED_SKIM_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/timeline.h"

/* False when the line is not exactly as the timeline's writer puts it, or holds more than a sample:
 * then it is to be read as any JSON is. A line feed stands behind its last byte. */
bool saved_skim_sample(const char *line, size_t length, struct timeline_sample *sample);

#endif
