/* Numbers as people write them: "10k", "250ms", "10/10ms", and back again. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

/* N in each DUR: a ramp or a rate. */
struct units_rate {
    uint64_t count;
    duration per;
};

/* How often a second, in millionths. */
typedef uint64_t frequency;
#define FREQUENCY_ONE UINT64_C(1000000)

/* A closed range of durations; low == high is a fixed one. */
struct units_span {
    duration low;
    duration high;
};

/* A time drawn anew for each wait: uniform in the span; or exponential about a mean, cut at the
 * span's high end, which is EXPONENTIAL_CUT means away. */
struct units_interval {
    struct units_span span;
    duration mean; /* of an exponential one; 0: uniform */
};
enum { EXPONENTIAL_CUT = 10 };

/* Each parser reads the whole of text and returns false, leaving *out alone, when text does not
 * parse, is not exact or does not fit the type. Bounds are the caller's business. No signs, no
 * spaces.
 *
 * count: digits, or digits with a suffix k M G (powers of ten); decimals only before a suffix
 * ("1.5k" = 1500), and the result must be whole.
 *
 * duration: numbers with a unit of ns us ms s m h d, decimals or not, joined in any order ("1h30m",
 * "0.5s"); a bare number alone is seconds.
 *
 * rate: COUNT/DURATION with a duration above 0, COUNT/UNIT ("10/s") or COUNT (per second).
 *
 * frequency: digits, decimals or not, with a suffix k M G or not ("0.5", "1.5k").
 *
 * span: DURATION or DURATION..DURATION with low <= high.
 *
 * interval: a span, or exp:DURATION with a duration above 0. */
bool units_parse_count(const char *text, uint64_t *out);
bool units_parse_duration(const char *text, duration *out);
bool units_parse_rate(const char *text, struct units_rate *out);
bool units_parse_frequency(const char *text, frequency *out);
bool units_parse_span(const char *text, struct units_span *out);
bool units_parse_interval(const char *text, struct units_interval *out);

/* Each formatter writes a short text its parser reads back to the same value: a whole number of the
 * largest unit that measures it exactly ("90m", "1500ms", "0s", "10k/s"). Always terminated, at
 * most size bytes. Returns buffer. 64 bytes are always enough. */
char *units_format_duration(char *buffer, size_t size, duration value);
char *units_format_rate(char *buffer, size_t size, struct units_rate value);
char *units_format_frequency(char *buffer, size_t size, frequency value);
char *units_format_span(char *buffer, size_t size, struct units_span value);
char *units_format_interval(char *buffer, size_t size, struct units_interval value);

/* For people: a duration in three digits with two decimals at most ("250 ns", "0.41 ms", "41.2
 * ms"), from a minute on as a clock ("12m08s", "1h02m03s", "2d03h04m"); bytes ("512 B", "6.0 MiB").
 * 64 bytes are always enough. */
char *units_human_duration(char *buffer, size_t size, duration value);
char *units_human_bytes(char *buffer, size_t size, uint64_t value);

#endif
