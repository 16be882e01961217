/* A moment of the wall clock, as RFC 3339 writes it: for what hosts agree on, never to measure. */
#ifndef BASE_WALL_TIME_H
#define BASE_WALL_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds since 1970-01-01T00:00:00Z. */
typedef int64_t wall_time;

/* CLOCK_REALTIME: it may be set, and then jumps. */
wall_time wall_time_now(void);

/* "2026-12-01T09:30:00Z", "2026-12-01T10:30:00.25+01:00": the whole text, years 1970..2261, a
 * second of 60 is the next one's 0. false, and *out left alone, for anything else. */
bool wall_time_parse(const char *text, wall_time *out);

/* In UTC, with as many decimals as it takes; wall_time_parse() reads it back. Returns buffer. 40
 * bytes are always enough. */
char *wall_time_format(char *buffer, size_t size, wall_time value);

#endif
