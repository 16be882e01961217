/* Which bytes are a character of UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdint.h>

/* The length in bytes (1..4) of the character that a terminated text begins with, which goes to
 * *character; 0 when it begins with no valid one: a stray, cut or overlong sequence, a surrogate,
 * above U+10FFFF. The terminator itself is a character of length 1. */
unsigned utf8_read(const char *text, uint32_t *character);

#endif
