/* Numbers as people write them: "10k", "250ms", "10/10ms", and back again. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

/* N in each DUR: a ramp or a rate. */
struct rate {
    uint64_t count;
    duration per;
};

/* A closed range of durations; low == high is a fixed one. */
struct span {
    duration low;
    duration high;
};

/* Each parser reads the whole of text and returns false, leaving *out alone, when text does not
 * parse or does not fit the type. Bounds are the caller's business.
 *   count:    digits, optional decimals with a suffix ("1.5k" = 1500), suffix k M G (powers of ten);
 *             the result must be whole.
 *   duration: numbers with a unit of ns us ms s m h d, joined, largest first or not ("1h30m",
 *             "0.5s"); a bare number is seconds; no sign.
 *   rate:     COUNT/DURATION, COUNT/UNIT ("10/s") or COUNT (per second).
 *   span:     DURATION or DURATION..DURATION with low <= high. */
bool units_parse_count(const char *text, uint64_t *out);
bool units_parse_duration(const char *text, duration *out);
bool units_parse_rate(const char *text, struct rate *out);
bool units_parse_span(const char *text, struct span *out);

/* Each formatter writes the shortest text its parser reads back to the same value; always
 * terminated, at most size bytes. Returns buffer. 64 bytes are always enough. */
char *units_format_duration(char *buffer, size_t size, duration value);
char *units_format_rate(char *buffer, size_t size, struct rate value);
char *units_format_span(char *buffer, size_t size, struct span value);

/* For people: digits in groups of three ("10 000"), a duration with three significant digits
 * ("3.10 ms", "12m08s"), bytes ("6.0 MiB"). */
char *units_human_count(char *buffer, size_t size, uint64_t value);
char *units_human_duration(char *buffer, size_t size, duration value);
char *units_human_bytes(char *buffer, size_t size, uint64_t value);

#endif
