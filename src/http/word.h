/* Which word of a short list is coming, byte by byte and whatever its case. */
#ifndef HTTP_WORD_H
#define HTTP_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Zero is ready for a new word. */
struct word {
    uint8_t matched;  /* bytes that came, while any word still matched */
    uint8_t excluded; /* words that do not match, a bit each: at most 8 words */
};

void word_byte(struct word *word, const char *const *list, int count, unsigned char byte);

/* None of the words can come any more. */
static inline bool word_is_other(const struct word *word, int count) {
    return word->excluded == (1u << count) - 1;
}

/* The index of the word that has come whole, count for none. */
int word_found(const struct word *word, const char *const *list, int count);

/* Classes of bytes, inline because each byte of a head is asked for its own. */
static inline bool byte_is_digit(unsigned char byte) {
    return byte >= '0' && byte <= '9';
}

static inline bool byte_is_hex(unsigned char byte) {
    return byte_is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* SP or HTAB. */
static inline bool byte_is_blank(unsigned char byte) {
    return byte == ' ' || byte == '\t';
}

/* What a field value may hold: field-vchar, SP and HTAB (RFC 9110 5.5). */
static inline bool byte_is_text(unsigned char byte) {
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

/* tchar (RFC 9110 5.6.2). */
static inline bool byte_is_token(unsigned char byte) {
    unsigned char letter = byte | 0x20;
    if ((letter >= 'a' && letter <= 'z') || byte == '-' || byte_is_digit(byte))
        return true;
    return byte != '\0' && strchr("!#$%&'*+.^_`|~", byte) != NULL;
}

#endif
