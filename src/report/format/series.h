/* The series of a timeline under their names in reports, written once for JSON, CSV and their
 * reader. */
#ifndef REPORT_FORMAT_SERIES_H
#define REPORT_FORMAT_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/timeline.h"

/* One row is one series. */
struct series {
    const char *name; /* NULL ends the table */
    bool whole;       /* a uint64_t, always measured; else a double, NAN = not measured */
    bool extreme;     /* of struct timeline_extremes, else of struct timeline_sample */
    size_t offset;    /* of its value there */
};
extern const struct series series_timeline[];

double series_value(const struct series *series, const struct timeline_sample *sample,
                    const struct timeline_extremes *extremes);
/* Where that value is kept: a uint64_t where the series is whole, else a double. */
void *series_place(const struct series *series, struct timeline_sample *sample,
                   struct timeline_extremes *extremes);

#endif
