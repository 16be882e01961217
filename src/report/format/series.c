/* The series of a timeline, one row each. */
#include "report/format/series.h"

#include <stdint.h>

#define LEVEL(name)                                                                                \
    { #name, true, false, offsetof(struct timeline_sample, name) }
#define VALUE(name)                                                                                \
    { #name, false, false, offsetof(struct timeline_sample, name) }
#define LEVEL_OF(name, of)                                                                         \
    { #name, true, true, offsetof(struct timeline_extremes, of) }
#define VALUE_OF(name, of)                                                                         \
    { #name, false, true, offsetof(struct timeline_extremes, of) }

#define STATUSES(name, class)                                                                      \
    { #name, false, false, offsetof(struct timeline_sample, statuses) + (class) * sizeof(double) }

const struct series series_timeline[] = {
    VALUE(t),
    LEVEL(live),
    LEVEL(connecting),
    LEVEL(closed),
    LEVEL(errored),
    VALUE(client_per_second),
    VALUE(server_per_second),
    VALUE(p50_seconds),
    VALUE(p99_seconds),
    VALUE(max_seconds),
    VALUE(cpu_percent),
    VALUE(descriptors),
    VALUE(loop_lag_seconds),
    LEVEL_OF(live_min, live_min),
    LEVEL_OF(live_max, live_max),
    VALUE_OF(client_per_second_min, client_min),
    VALUE_OF(client_per_second_max, client_max),
    VALUE_OF(server_per_second_min, server_min),
    VALUE_OF(server_per_second_max, server_max),
    VALUE_OF(p50_seconds_min, p50_min),
    VALUE_OF(p99_seconds_min, p99_min),
    VALUE_OF(cpu_percent_min, cpu_min),
    VALUE_OF(cpu_percent_max, cpu_max),
    VALUE_OF(p50_seconds_mean, p50_mean),
    VALUE_OF(p99_seconds_mean, p99_mean),
    STATUSES(status_2xx, STATUS_CLASS_2XX),
    STATUSES(status_3xx, STATUS_CLASS_3XX),
    STATUSES(status_4xx, STATUS_CLASS_4XX),
    STATUSES(status_5xx, STATUS_CLASS_5XX),
    STATUSES(status_other, STATUS_CLASS_OTHER),
    {0},
};

void *series_place(const struct series *series, struct timeline_sample *sample,
                   struct timeline_extremes *extremes) {
    return (char *)(series->extreme ? (void *)extremes : (void *)sample) + series->offset;
}

double series_value(const struct series *series, const struct timeline_sample *sample,
                    const struct timeline_extremes *extremes) {
    const char *from = (series->extreme ? (const char *)extremes : (const char *)sample);
    const void *value = from + series->offset;
    return series->whole ? (double)*(const uint64_t *)value : *(const double *)value;
}
