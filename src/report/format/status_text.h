/* The statuses of answers in words, the same in every report. */
#ifndef REPORT_FORMAT_STATUS_TEXT_H
#define REPORT_FORMAT_STATUS_TEXT_H

#include <stddef.h>

#include "stats/statuses.h"

enum { STATUS_WORDS_MAX = 160 };
struct status_words {
    char text[STATUS_WORDS_MAX];
};

/* "503: 60 %, 500: 30 %": those that came most of all but 2xx; "" where every answer was 2xx. */
struct status_words status_words(const struct statuses *statuses);

/* "200:9812,503:1522", and ",..." behind those that came most; "-" where there was no answer. */
struct status_words status_counts(const struct statuses *statuses);

#endif
