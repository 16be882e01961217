/* Numbers as the sheet and the summary say them; what was not measured says so. */
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

static const struct words not_measured = {"not measured"};

struct words words_count(uint64_t count) {
    struct words words = {""};
    units_human_count(words.text, sizeof words.text, count);
    return words;
}

struct words words_known(int64_t count) {
    return count >= 0 ? words_count((uint64_t)count) : not_measured;
}

struct words words_duration(duration length) {
    struct words words = {""};
    units_human_duration(words.text, sizeof words.text, length);
    return words;
}

struct words words_seconds(double seconds) {
    if (!isfinite(seconds))
        return not_measured;
    return words_duration((duration)llround(seconds * 1e9));
}

struct words words_bytes(int64_t bytes) {
    struct words words = {"memory not measured"};
    if (bytes >= 0)
        units_human_bytes(words.text, sizeof words.text, (uint64_t)bytes);
    return words;
}

/* Without the zeros, and then the point, that end a fraction. */
static struct words trimmed(const char *decimal) {
    struct words words = {""};
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

struct words words_rate(double per_second) {
    struct words words = {""};
    if (!isfinite(per_second))
        return not_measured;
    if (per_second >= 1000)
        snprintf(words.text, sizeof words.text, "%.40s /s",
                 words_count((uint64_t)llround(per_second)).text);
    else
        snprintf(words.text, sizeof words.text, "%.1f /s", per_second);
    return words;
}

struct words words_percent(double percent) {
    char decimal[40];
    if (!isfinite(percent))
        return not_measured;
    for (int places = 2; places <= 7; places++) {
        snprintf(decimal, sizeof decimal, "%.*f", places, percent);
        if ((strtod(decimal, NULL) == 100) == (percent == 100) &&
            (strtod(decimal, NULL) == 0) == (percent == 0))
            break;
    }
    struct words number = trimmed(decimal), words;
    snprintf(words.text, sizeof words.text, "%.40s %%", number.text);
    return words;
}

struct words words_number(double value) {
    char decimal[40];
    if (!isfinite(value))
        return not_measured;
    if (value >= 0 && value < 1e15 && value == floor(value))
        return words_count((uint64_t)value);
    snprintf(decimal, sizeof decimal, "%.3f", value);
    return trimmed(decimal);
}
