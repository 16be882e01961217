/* Numbers as tables and the summary print them; a value that was not measured reads "not measured".
 */
#ifndef REPORT_FORMAT_FORMAT_H
#define REPORT_FORMAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

/* Counts are digits alone, but for people at a terminal that takes UTF-8 (style.h) and on pages:
 * there groups of three stand a narrow no-break space (U+202F) apart, which nothing folds or cuts.
 * Said before they are formatted; the return is what was said before. */
bool format_group_digits(bool grouped);

/* The width to give printf(3), which counts bytes, for text that is to take so many columns. */
int format_width(int columns, const char *text);
/* How many columns a UTF-8 text takes; sequences of SGR take none. */
int format_columns(const char *text, size_t length);

/* By value, so that a row can be one printf. */
struct format_text {
    char text[48];
};

struct format_text format_count(uint64_t count);     /* "10000" */
struct format_text format_known(int64_t count);      /* below zero: "not measured" */
struct format_text format_duration(duration length); /* "3.10 ms" */
struct format_text format_seconds(double seconds);   /* the same; NAN: "not measured" */
struct format_text format_bytes(int64_t bytes);      /* below zero: "memory not measured" */
struct format_text format_rate(double per_second);   /* "644.8 /s" */
struct format_text format_percent(double percent);   /* "99.97 %"; what is not 100 never reads so */
struct format_text format_number(double value);      /* "3", "0.5" */

#endif
