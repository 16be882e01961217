/* The percentile distribution of latencies as HdrHistogram prints it (its
 * outputPercentileDistribution(): five levels to each halving of what is left), in milliseconds. */
#include <inttypes.h>
#include <math.h>

#include "report/export/writers.h"
#include "report/format/report_file.h"

enum { TICKS_PER_HALVING = 5 };
#define NS_PER_MS 1e6

/* The next level in percent: the closer to all, the smaller the steps. */
static double next_level(double level) {
    double halvings = floor(log2(100 / (100 - level)));
    return level + 100 / (TICKS_PER_HALVING * exp2(halvings + 1));
}

static double value_ms(const struct histogram *histogram, size_t index) {
    return (double)histogram_value_at(histogram, index) / NS_PER_MS;
}

static void print_levels(FILE *out, const struct histogram *histogram) {
    uint64_t seen = 0;
    double level = 0;
    size_t index = 0;
    for (; seen < histogram->count; index++) {
        if (histogram_count_at(histogram, index) == 0)
            continue;
        seen += histogram_count_at(histogram, index);
        while (100 * (double)seen / (double)histogram->count >= level) {
            fprintf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", value_ms(histogram, index),
                    level / 100, seen, 100 / (100 - level));
            level = next_level(level);
            if (seen == histogram->count)
                break;
        }
    }
    if (seen > 0)
        fprintf(out, "%12.3f %2.12f %10" PRIu64 "\n", value_ms(histogram, index - 1), 1.0, seen);
}

int report_hgrm(FILE *out, const struct plan *plan, const struct record *record,
                const struct judgement *judgement) {
    static const struct histogram nothing;
    const struct histogram *histogram =
        record != NULL ? record_histogram(record, DISTRIBUTION_LATENCY) : NULL;
    (void)plan, (void)judgement;
    if (histogram == NULL)
        histogram = &nothing;
    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
            "1/(1-Percentile)");
    print_levels(out, histogram);
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
            histogram_mean(histogram) / NS_PER_MS, histogram_stddev(histogram) / NS_PER_MS);
    fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n",
            (double)histogram->max / NS_PER_MS, histogram->count);
    fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", HISTOGRAM_COUNTS / 1024 - 1, 2048);
    return report_file_flush(out);
}
