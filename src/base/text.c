/* Outside text made safe to show: what steers a terminal is spelled out. */
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/minmax.h"
#include "base/require.h"
#include "base/utf8.h"

enum { REFUSE_QUOTE_MAX = 16 };

/* C0, DEL and C1 (ECMA-48): U+009B alone opens a control sequence. */
static bool is_control(uint32_t character) {
    return character < 0x20 || (character >= 0x7f && character <= 0x9f);
}

/* What turns the direction of what follows (UAX #9), or ends a line where no byte says so: it would
 * show another text than is there. */
static bool is_format(uint32_t character) {
    return character == 0x061c || character == 0x200e || character == 0x200f ||
           (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069);
}

/* How the first character (or stray byte) of text is shown; returns how many bytes of text that
 * was. */
static unsigned show(char shown[REFUSE_QUOTE_MAX], const char *text) {
    uint32_t character = 0;
    unsigned length = utf8_read(text, &character);
    if (length > 0 && !is_control(character) && !is_format(character)) {
        memcpy(shown, text, length);
        shown[length] = '\0';
        return length;
    }
    if (length == 0)
        length = 1;
    for (unsigned i = 0; i < length; i++)
        snprintf(shown + 4 * i, 5, "\\x%02X", (unsigned char)text[i]);
    return length;
}

char *text_escape(char *buffer, size_t size, const char *text) {
    size_t used = 0, room_for_dots = 0; /* the longest prefix that leaves room for "..." */
    char shown[REFUSE_QUOTE_MAX];
    if (size == 0)
        return buffer;
    while (*text != '\0') {
        text += show(shown, text);
        size_t length = strlen(shown);
        if (used + length >= size) {
            snprintf(buffer + room_for_dots, size - room_for_dots, "...");
            return buffer;
        }
        memcpy(buffer + used, shown, length);
        used += length;
        if (used + sizeof "..." <= size)
            room_for_dots = used;
    }
    buffer[used] = '\0';
    return buffer;
}

void text_cut(char *buffer, size_t size, const char *text) {
    size_t length = strnlen(text, size - 1);
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
}

size_t text_distance(const char *from, const char *to) {
    size_t row[TEXT_DISTANCE_MAX + 1]; /* of the table, for the letters of `from` so far */
    size_t width = strlen(to);
    require(width <= TEXT_DISTANCE_MAX);
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; from[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t change = diagonal + (from[i - 1] != to[j - 1]);
            diagonal = row[j];
            row[j] = min_size(change, min_size(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}
