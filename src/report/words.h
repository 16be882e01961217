/* Numbers as the sheet and the summary say them; what was not measured says so. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <stdint.h>

#include "base/instant.h"

/* By value, so that a row can be one printf. */
struct words {
    char text[48];
};

struct words words_count(uint64_t count);     /* "10 000" */
struct words words_known(int64_t count);      /* below zero: "not measured" */
struct words words_duration(duration length); /* "3.10 ms" */
struct words words_seconds(double seconds);   /* the same; NAN: "not measured" */
struct words words_bytes(int64_t bytes);      /* below zero: "memory not measured" */
struct words words_rate(double per_second);   /* "644.8 /s" */
struct words words_percent(double percent);   /* "99.97 %"; what is not 100 never reads so */
struct words words_number(double value);      /* "3", "0.5" */

#endif
