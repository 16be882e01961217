/* Text of protocols, options and files compared byte by byte: ASCII, whatever the user's locale. */
#include "base/ascii.h"

bool ascii_is_token(const char *text) {
    for (const char *at = text; *at != '\0'; at++)
        if (!ascii_is_token_char((unsigned char)*at))
            return false;
    return text[0] != '\0';
}

bool ascii_begin_alike(const char *a, const char *b, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (ascii_lower((unsigned char)a[i]) != ascii_lower((unsigned char)b[i]))
            return false;
    return true;
}

bool ascii_equal_bytes(const char *text, size_t length, const char *word) {
    return strlen(word) == length && ascii_begin_alike(text, word, length);
}

bool ascii_equal(const char *a, const char *b) {
    return ascii_equal_bytes(a, strlen(a), b);
}

const char *ascii_find(const char *text, const char *word) {
    size_t length = strlen(word);
    for (size_t left = strlen(text); left >= length; text++, left--)
        if (ascii_equal_bytes(text, length, word))
            return text;
    return NULL;
}
