/* One-line refusals: what was typed, escaped for a terminal, and cut. */
#ifndef BASE_REFUSE_H
#define BASE_REFUSE_H

#include <stdbool.h>
#include <stddef.h>

/* Where a refusal goes: a caller's error buffer. */
struct refuse_buffer {
    char *text;
    size_t size;
};

/* Writes the line (printf style) and returns false, so that a reader can `return refuse(...)`. */
bool refuse(struct refuse_buffer to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One outside string inside such a line: escaped and cut at REFUSE_QUOTE_MAX. */
enum { REFUSE_QUOTE_MAX = 96 };
struct refuse_quoted {
    char text[REFUSE_QUOTE_MAX];
};
struct refuse_quoted refuse_quote(const char *text);
struct refuse_quoted refuse_quote_bytes(const char *text, size_t length);

/* The first word alone of a text that is not as accepted, and may hold a secret behind it. */
struct refuse_quoted refuse_word(const char *text);

#endif
