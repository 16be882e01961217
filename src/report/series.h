/* The series of a timeline under their names in reports, written once for JSON, CSV and their
 * reader. */
#ifndef REPORT_SERIES_H
#define REPORT_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/timeline.h"

/* One row is one series. */
struct series {
    const char *name; /* NULL ends the table */
    bool whole;       /* a uint64_t, always measured; else a double, NAN = not measured */
    bool extreme;     /* of struct extremes, else of struct sample */
    size_t offset;    /* of its value there */
};
extern const struct series timeline_series[];

double series_value(const struct series *series, const struct sample *sample,
                    const struct extremes *extremes);
/* Where that value is kept: a uint64_t or a double, as `whole` says. */
void *series_place(const struct series *series, struct sample *sample, struct extremes *extremes);

#endif
