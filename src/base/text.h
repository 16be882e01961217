/* Small helpers for text that came from outside. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* Copies text so that a terminal can show it: control bytes, DEL and bytes that are not UTF-8 as
 * \xHH; always terminated, cut with "..." when it does not fit. Returns buffer. */
char *text_escape(char *buffer, size_t size, const char *text);

#endif
