/* One-line refusals: what was said, shown so that a terminal can show it, and cut. */
#ifndef PLAN_REFUSE_H
#define PLAN_REFUSE_H

#include <stdbool.h>
#include <stddef.h>

/* Where a refusal goes: a caller's error buffer. */
struct refusal {
    char *text;
    size_t size;
};

/* Writes the line (printf style) and returns false, so that a reader can `return refuse(...)`. */
bool refuse(struct refusal to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One outside string inside such a line: escaped and cut at SHOWN_MAX. */
enum { SHOWN_MAX = 96 };
struct shown {
    char text[SHOWN_MAX];
};
struct shown shown_text(const char *text);
struct shown shown_bytes(const char *text, size_t length);

/* A URL, of which nothing is shown that may be a user name or password. */
struct shown shown_url(const char *url);

#endif
