/* Which word of a short list is coming, byte by byte and whatever its case. */
#ifndef WIRE_HTTP_TOKEN_H
#define WIRE_HTTP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"

/* Zero is ready for a new word. */
struct token {
    uint8_t matched;  /* bytes that came, while any word still matched */
    uint8_t excluded; /* words that do not match, a bit each: at most 8 words */
};

void token_byte(struct token *word, const char *const *list, int count, unsigned char byte);

/* None of the words can come any more. */
static inline bool token_is_other(const struct token *word, int count) {
    return word->excluded == (1u << count) - 1;
}

/* The index of the word that has come whole, count for none. */
int token_found(const struct token *word, const char *const *list, int count);

#endif
