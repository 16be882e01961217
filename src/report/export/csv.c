/* The timeline as CSV (RFC 4180): a line a sample, under the names of the JSON report. */
#include <inttypes.h>
#include <math.h>

#include "report/export/writers.h"
#include "report/format/report_file.h"
#include "report/format/series.h"

static void write_value(FILE *out, const struct series *series,
                        const struct timeline_sample *sample,
                        const struct timeline_extremes *extremes) {
    double value = series_value(series, sample, extremes);
    if (series->whole)
        fprintf(out, "%" PRIu64, (uint64_t)value);
    else if (!isnan(value))
        fprintf(out, "%.12g", value);
}

static void write_line(FILE *out, const struct timeline_sample *sample,
                       const struct timeline_extremes *extremes) {
    for (const struct series *series = series_timeline; series->name != NULL; series++) {
        if (series != series_timeline)
            fputc(',', out);
        write_value(out, series, sample, extremes);
    }
    fputs("\r\n", out);
}

int report_csv(FILE *out, const struct plan *plan, const struct record *record,
               const struct judgement *judgement) {
    struct timeline_sample last;
    (void)plan, (void)judgement;
    for (const struct series *series = series_timeline; series->name != NULL; series++)
        fprintf(out, "%s%s", series == series_timeline ? "" : ",", series->name);
    fputs("\r\n", out);
    if (record == NULL)
        return report_file_flush(out);
    const struct timeline *timeline = &record->timeline;
    for (size_t i = 0; i < timeline->count; i++)
        write_line(out, &timeline->samples[i], &timeline->extremes[i]);
    if (timeline_unfinished(timeline, &last))
        write_line(out, &last, &timeline->held_extremes);
    return report_file_flush(out);
}
