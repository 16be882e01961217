/* Numbers as tables and the summary print them; a value that was not measured reads "not measured".
 */
#include "report/format/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

static const struct format_text not_measured = {"not measured"};

static bool groups;
static const char narrow_space[] = "\u202f";

bool format_group_digits(bool grouped) {
    bool before = groups;
    groups = grouped;
    return before;
}

int format_columns(const char *text, size_t length) {
    int columns = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\033')
            while (i + 1 < length && text[i] != 'm')
                i++;
        else
            columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return columns;
}

int format_width(int columns, const char *text) {
    size_t length = strlen(text);
    return columns + (int)length - format_columns(text, length);
}

struct format_text format_count(uint64_t count) {
    char digits[24];
    struct format_text words = {""};
    size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;
    for (size_t i = 0; i < length; i++) {
        if (groups && i > 0 && (length - i) % 3 == 0) {
            memcpy(words.text + used, narrow_space, sizeof narrow_space - 1);
            used += sizeof narrow_space - 1;
        }
        words.text[used++] = digits[i];
    }
    return words;
}

struct format_text format_known(int64_t count) {
    return count >= 0 ? format_count((uint64_t)count) : not_measured;
}

struct format_text format_duration(duration length) {
    struct format_text words = {""};
    units_human_duration(words.text, sizeof words.text, length);
    return words;
}

struct format_text format_seconds(double seconds) {
    if (!isfinite(seconds))
        return not_measured;
    return format_duration((duration)llround(seconds * 1e9));
}

struct format_text format_bytes(int64_t bytes) {
    struct format_text words = {"memory not measured"};
    if (bytes >= 0)
        units_human_bytes(words.text, sizeof words.text, (uint64_t)bytes);
    return words;
}

/* Without the zeros, and then the point, that end a fraction. */
static struct format_text trimmed(const char *decimal) {
    struct format_text words = {""};
    snprintf(words.text, sizeof words.text, "%s", decimal);
    if (strchr(words.text, '.') == NULL)
        return words;
    size_t length = strlen(words.text);
    while (words.text[length - 1] == '0')
        length--;
    if (words.text[length - 1] == '.')
        length--;
    words.text[length] = '\0';
    return words;
}

struct format_text format_rate(double per_second) {
    struct format_text words = {""};
    if (!isfinite(per_second))
        return not_measured;
    if (per_second >= 1000)
        snprintf(words.text, sizeof words.text, "%.40s /s",
                 format_count((uint64_t)llround(per_second)).text);
    else
        snprintf(words.text, sizeof words.text, "%.1f /s", per_second);
    return words;
}

struct format_text format_percent(double percent) {
    char decimal[40];
    if (!isfinite(percent))
        return not_measured;
    for (int places = 2; places <= 7; places++) {
        snprintf(decimal, sizeof decimal, "%.*f", places, percent);
        if ((strtod(decimal, NULL) == 100) == (percent == 100) &&
            (strtod(decimal, NULL) == 0) == (percent == 0))
            break;
    }
    struct format_text number = trimmed(decimal), words;
    snprintf(words.text, sizeof words.text, "%.40s %%", number.text);
    return words;
}

struct format_text format_number(double value) {
    char decimal[40];
    if (!isfinite(value))
        return not_measured;
    if (value >= 0 && value < 1e15 && value == floor(value))
        return format_count((uint64_t)value);
    snprintf(decimal, sizeof decimal, "%.3f", value);
    return trimmed(decimal);
}
