/* Which word of a short list is coming: those that differ from what came are struck out. */
#include "http/word.h"

static unsigned char lower(unsigned char byte) {
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

void word_byte(struct word *word, const char *const *list, int count, unsigned char byte) {
    if (word_is_other(word, count))
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
