/* Which word of a short list is coming: those that differ from what came are struck out. */
#include "wire/http/token.h"

void token_byte(struct token *word, const char *const *list, int count, unsigned char byte) {
    if (token_is_other(word, count))
        return; /* `matched` stays, so a long name cannot run past a word's end */
    for (int i = 0; i < count; i++)
        if (!(word->excluded >> i & 1) && (byte == '\0' || /* which ends a word of the list only */
                                           list[i][word->matched] != (char)ascii_lower(byte)))
            word->excluded |= (uint8_t)(1u << i);
    word->matched++;
}

int token_found(const struct token *word, const char *const *list, int count) {
    for (int i = 0; i < count; i++)
        if (!(word->excluded >> i & 1) && list[i][word->matched] == '\0')
            return i;
    return count;
}
