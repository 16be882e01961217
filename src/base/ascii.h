/* Text of protocols, options and files compared byte by byte: ASCII, whatever the user's locale. */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* <ctype.h> and strcasecmp(3) follow LC_CTYPE, in which 'I' may be no 'i' (tr_TR) and a byte above
 * 0x7e a letter (ISO-8859-9). Field names, schemes and configuration words are ASCII (RFC 9110 5.1,
 * RFC 3986 3.1). Inline, because each byte of a head is asked for its class. */
static inline bool ascii_is_digit(unsigned char byte) {
    return byte >= '0' && byte <= '9';
}

static inline bool ascii_is_upper(unsigned char byte) {
    return byte >= 'A' && byte <= 'Z';
}

static inline bool ascii_is_lower(unsigned char byte) {
    return byte >= 'a' && byte <= 'z';
}

static inline unsigned char ascii_lower(unsigned char byte) {
    return ascii_is_upper(byte) ? (unsigned char)(byte | 0x20) : byte;
}

static inline unsigned char ascii_upper(unsigned char byte) {
    return ascii_is_lower(byte) ? (unsigned char)(byte & ~0x20) : byte;
}

static inline bool ascii_is_hex(unsigned char byte) {
    return ascii_is_digit(byte) || (ascii_lower(byte) >= 'a' && ascii_lower(byte) <= 'f');
}

/* SP or HTAB. */
static inline bool ascii_is_blank(unsigned char byte) {
    return byte == ' ' || byte == '\t';
}

/* What a field value must not hold: a control character that is no HTAB (RFC 9110 5.5). */
static inline bool ascii_is_control(unsigned char byte) {
    return (byte < ' ' && byte != '\t') || byte == 0x7f;
}

/* tchar (RFC 9110 5.6.2). */
static inline bool ascii_is_token_char(unsigned char byte) {
    if (ascii_is_lower(ascii_lower(byte)) || byte == '-' || ascii_is_digit(byte))
        return true;
    return byte != '\0' && strchr("!#$%&'*+.^_`|~", byte) != NULL;
}

/* Whether the text is a token (RFC 9110 5.6.2), such as a field name or a method. */
bool ascii_is_token(const char *text);

/* Whether the two are one word, upper and lower case alike. */
bool ascii_equal(const char *a, const char *b);
/* Whether the first `length` bytes of both are; neither may end before. */
bool ascii_begin_alike(const char *a, const char *b, size_t length);
/* Whether the first `length` bytes of text are the word; text need not end there. */
bool ascii_equal_bytes(const char *text, size_t length, const char *word);
/* The first place in text where the word stands, upper and lower case alike; NULL: nowhere. */
const char *ascii_find(const char *text, const char *word);

#endif
