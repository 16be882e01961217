/* Which word of a short list is coming, and which bytes a token is made of. */
#include "http/word.h"

#include <stddef.h>
#include <string.h>

static unsigned char lower(unsigned char byte) {
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

bool byte_is_token(unsigned char byte) {
    if (byte_is_digit(byte) || (lower(byte) >= 'a' && lower(byte) <= 'z'))
        return true;
    return byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static uint8_t bits(int count) {
    return (uint8_t)((1u << count) - 1);
}

void word_byte(struct word *word, const char *const *list, int count, unsigned char byte) {
    if (word->excluded == bits(count))
        return; /* `matched` stays, so a long name cannot run past a word's end */
    for (int i = 0; i < count; i++)
        if (!(word->excluded >> i & 1) && list[i][word->matched] != (char)lower(byte))
            word->excluded |= (uint8_t)(1u << i);
    word->matched++;
}

int word_found(const struct word *word, const char *const *list, int count) {
    for (int i = 0; i < count; i++)
        if (!(word->excluded >> i & 1) && list[i][word->matched] == '\0')
            return i;
    return count;
}
