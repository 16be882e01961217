/* A count and a date as the findings write them. */
#include "judge/human.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

const char *human_count(char *to, size_t size, uint64_t value) {
    snprintf(to, size, "%" PRIu64, value);
    return to;
}

const char *human_date(char *to, size_t size, int64_t seconds) {
    time_t moment = (time_t)seconds;
    struct tm utc;
    if (seconds <= 0 || gmtime_r(&moment, &utc) == NULL ||
        strftime(to, size, "%Y-%m-%d %H:%M UTC", &utc) == 0)
        snprintf(to, size, "an unknown day");
    return to;
}
