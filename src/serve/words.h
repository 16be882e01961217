/* A command line as it is handed to a child: texts one after another, each ended by a NUL. */
#ifndef SERVE_WORDS_H
#define SERVE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-filled is empty. */
struct words {
    char *bytes;
    size_t length, room, count;
    bool failed; /* memory ran out: something is missing */
};

/* Adds one (printf style). */
void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* They as an array with NULL behind the last, which points into them: the caller's to free. first:
 * stands in front of them, as a program's name does; NULL: nothing. NULL: no memory. */
char **words_array(const struct words *words, char *first);
/* What they held may be a secret: it is overwritten. */
void words_free(struct words *words);

#endif
