/* Texts in one block that grows. */
#include "serve/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct words *words, size_t more) {
    if (words->length + more <= words->room)
        return true;
    size_t room = 2 * (words->length + more);
    char *bytes = malloc(room);
    if (bytes == NULL)
        return false;
    if (words->length > 0)
        memcpy(bytes, words->bytes, words->length);
    if (words->bytes != NULL)
        explicit_bzero(words->bytes, words->room);
    free(words->bytes);
    words->bytes = bytes;
    words->room = room;
    return true;
}

void words_add(struct words *words, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || words->failed || !make_room(words, (size_t)length + 1)) {
        words->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(words->bytes + words->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    words->length += (size_t)length + 1;
    words->count++;
}

char **words_array(const struct words *words, char *first) {
    char **array = words->failed ? NULL : calloc(words->count + 2, sizeof *array);
    char *at = words->bytes;
    size_t count = 0;
    if (array != NULL && first != NULL)
        array[count++] = first;
    for (size_t i = 0; array != NULL && i < words->count; i++) {
        array[count++] = at;
        at += strlen(at) + 1;
    }
    return array;
}

void words_free(struct words *words) {
    if (words->bytes != NULL)
        explicit_bzero(words->bytes, words->room);
    free(words->bytes);
    *words = (struct words){0};
}
