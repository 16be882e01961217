/* Small helpers for text that came from outside. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* Copies text so that a terminal can show it: control bytes, DEL, marks of direction (UAX #9) and
 * bytes that are not UTF-8 as \xHH; always terminated, cut with "..." when it does not fit. Returns
 * buffer. */
char *text_escape(char *buffer, size_t size, const char *text);

/* Copies as much of text as fits, and no part of a character of UTF-8; always terminated. */
void text_cut(char *buffer, size_t size, const char *text);

/* Levenshtein's distance: how many letters to insert, drop or change. `to` has at most
 * TEXT_DISTANCE_MAX letters. */
enum { TEXT_DISTANCE_MAX = 48 };
size_t text_distance(const char *from, const char *to);

#endif
