/* Splits a field value at its commas and says which words its elements are. */
#include "wire/http/field_list.h"

#include "base/ascii.h"

int field_list_end(struct field_list *list, const char *const *words, int count) {
    int found = FIELD_LIST_NONE;
    if (list->begun)
        found = list->other ? count : token_found(&list->word, words, count);
    *list = (struct field_list){.begun = false};
    return found;
}

static void quoted_byte(struct field_list *list, unsigned char byte) {
    if (list->escaped)
        list->escaped = false;
    else if (byte == '\\')
        list->escaped = true;
    else if (byte == '"')
        list->quoted = false;
}

int field_list_byte(struct field_list *list, const char *const *words, int count,
                    unsigned char byte) {
    if (list->quoted) {
        quoted_byte(list, byte);
        return FIELD_LIST_NONE;
    }
    if (byte == ',')
        return field_list_end(list, words, count);
    if (ascii_is_blank(byte)) {
        list->over = list->begun;
        return FIELD_LIST_NONE;
    }
    list->begun = true;
    list->other |= list->over || !ascii_is_token_char(byte);
    list->quoted = byte == '"';
    if (!list->other)
        token_byte(&list->word, words, count, byte);
    return FIELD_LIST_NONE;
}
