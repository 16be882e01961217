/* Which texts are ids. */
#include "serve/run_id.h"

#include "base/ascii.h"

size_t run_id_length(const char *text) {
    size_t length = 0;
    while (length <= RUN_ID_LENGTH && (ascii_is_digit((unsigned char)text[length]) ||
                                       ascii_is_upper((unsigned char)text[length])))
        length++;
    return length;
}

bool run_id_is(const char *text) {
    return run_id_length(text) == RUN_ID_LENGTH && text[RUN_ID_LENGTH] == '\0';
}
