/* Parsing and printing of what people write; every step is exact or refused. */
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t scale;
};

/* Longest name first among those that begin alike: "ms" before "m". */
static const struct unit duration_units[] = {
    {"sec", 1000000000},
    {"min", 60 * UINT64_C(1000000000)},
    {"hour", 3600 * UINT64_C(1000000000)},
    {"day", 86400 * UINT64_C(1000000000)},
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", 60 * UINT64_C(1000000000)},
    {"h", 3600 * UINT64_C(1000000000)},
    {"d", 86400 * UINT64_C(1000000000)},
};

static const struct unit count_units[] = {
    {"K", 1000}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};

enum { DURATION_UNITS = 11, COUNT_UNITS = 4 };

/* The rest of a text that need not end where the string does. */
struct reader {
    const char *at;
    const char *end;
};

static struct reader reader_of(const char *text) {
    return (struct reader){text, text + strlen(text)};
}

static bool at_digit(const struct reader *reader) {
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

/* whole + fraction / divisor, divisor a power of ten; the fraction has no trailing zeros. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t divisor;
};

static bool read_whole(struct reader *reader, uint64_t *out) {
    *out = 0;
    if (!at_digit(reader))
        return false;
    for (; at_digit(reader); reader->at++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(*reader->at - '0'), out))
            return false;
    return true;
}

/* 18 digits are enough: the longest exact one is a day's 16th, and what is finer is refused. */
static bool read_fraction(struct reader *reader, struct decimal *out) {
    uint64_t zeros = 1;
    if (!at_digit(reader))
        return false;
    for (; at_digit(reader); reader->at++) {
        if (*reader->at == '0') {
            zeros = zeros < UINT64_C(1000000000000000000) ? zeros * 10 : zeros;
            continue;
        }
        if (zeros >= UINT64_C(1000000000000000000) / out->divisor)
            return false;
        out->divisor *= zeros * 10;
        out->fraction = out->fraction * zeros * 10 + (uint64_t)(*reader->at - '0');
        zeros = 1;
    }
    return true;
}

static bool read_decimal(struct reader *reader, struct decimal *out, bool *has_point) {
    *out = (struct decimal){.divisor = 1};
    *has_point = false;
    if (!read_whole(reader, &out->whole))
        return false;
    if (reader->at == reader->end || *reader->at != '.')
        return true;
    *has_point = true;
    reader->at++;
    return read_fraction(reader, out);
}

/* *out = decimal * scale; false when that is no whole number or does not fit. */
static bool scale_decimal(struct decimal decimal, uint64_t scale, uint64_t *out) {
    unsigned __int128 part = (unsigned __int128)decimal.fraction * scale;
    if (part % decimal.divisor != 0 || __builtin_mul_overflow(decimal.whole, scale, out))
        return false;
    return !__builtin_add_overflow(*out, (uint64_t)(part / decimal.divisor), out);
}

/* NULL when none of the units stands next. */
static const struct unit *read_unit(struct reader *reader, const struct unit *units, int count) {
    size_t left = (size_t)(reader->end - reader->at);
    for (int i = 0; i < count; i++) {
        size_t length = strlen(units[i].name);
        if (length <= left && memcmp(reader->at, units[i].name, length) == 0) {
            reader->at += length;
            return &units[i];
        }
    }
    return NULL;
}

static bool read_count(struct reader *reader, uint64_t *out) {
    struct decimal decimal;
    bool has_point;
    if (!read_decimal(reader, &decimal, &has_point))
        return false;
    const struct unit *unit = read_unit(reader, count_units, COUNT_UNITS);
    if (unit == NULL && has_point)
        return false;
    return scale_decimal(decimal, unit != NULL ? unit->scale : 1, out) && reader->at == reader->end;
}

static bool read_duration(struct reader *reader, duration *out) {
    const char *begin = reader->at;
    uint64_t total = 0, part;
    do {
        struct decimal decimal;
        bool has_point, alone = reader->at == begin;
        if (!read_decimal(reader, &decimal, &has_point))
            return false;
        const struct unit *unit = read_unit(reader, duration_units, DURATION_UNITS);
        if (unit == NULL && !(alone && reader->at == reader->end))
            return false;
        if (!scale_decimal(decimal, unit != NULL ? unit->scale : (uint64_t)SECOND, &part) ||
            __builtin_add_overflow(total, part, &total) || total > INT64_MAX)
            return false;
    } while (reader->at < reader->end);
    *out = (duration)total;
    return true;
}

bool units_parse_count(const char *text, uint64_t *out) {
    struct reader reader = reader_of(text);
    uint64_t count;
    if (!read_count(&reader, &count))
        return false;
    *out = count;
    return true;
}

bool units_parse_duration(const char *text, duration *out) {
    struct reader reader = reader_of(text);
    duration length;
    if (!read_duration(&reader, &length))
        return false;
    *out = length;
    return true;
}

/* The denominator of a rate: a duration, or a unit alone for one of it. */
static bool read_per(struct reader *reader, duration *out) {
    if (at_digit(reader))
        return read_duration(reader, out) && *out > 0;
    const struct unit *unit = read_unit(reader, duration_units, DURATION_UNITS);
    if (unit == NULL || reader->at != reader->end)
        return false;
    *out = (duration)unit->scale;
    return true;
}

bool units_parse_rate(const char *text, struct units_rate *out) {
    struct reader count = reader_of(text);
    struct units_rate rate = {.per = SECOND};
    const char *slash = strchr(text, '/');
    if (slash != NULL) {
        struct reader per = reader_of(slash + 1);
        count.end = slash;
        if (!read_per(&per, &rate.per))
            return false;
    }
    if (!read_count(&count, &rate.count))
        return false;
    *out = rate;
    return true;
}

/* *out = value / per as so many a second; false when that is not exact or does not fit. */
static bool per_second(frequency value, duration per, frequency *out) {
    unsigned __int128 all = (unsigned __int128)value * (uint64_t)SECOND;
    if (all % (uint64_t)per != 0 || all / (uint64_t)per > UINT64_MAX)
        return false;
    *out = (frequency)(all / (uint64_t)per);
    return true;
}

bool units_parse_frequency(const char *text, frequency *out) {
    struct reader reader = reader_of(text);
    struct decimal decimal;
    frequency value;
    bool has_point;
    uint64_t scale = FREQUENCY_ONE;
    duration per = SECOND;
    const char *slash = strchr(text, '/');
    if (slash != NULL) {
        struct reader denominator = reader_of(slash + 1);
        reader.end = slash;
        if (!read_per(&denominator, &per))
            return false;
    }
    if (!read_decimal(&reader, &decimal, &has_point))
        return false;
    const struct unit *unit = read_unit(&reader, count_units, COUNT_UNITS);
    if (unit != NULL)
        scale *= unit->scale;
    return reader.at == reader.end && scale_decimal(decimal, scale, &value) &&
           per_second(value, per, out);
}

bool units_parse_span(const char *text, struct units_span *out) {
    struct reader low = reader_of(text);
    struct units_span span;
    const char *dots = strstr(text, "..");
    if (dots != NULL)
        low.end = dots;
    if (!read_duration(&low, &span.low))
        return false;
    span.high = span.low;
    if (dots != NULL) {
        struct reader high = reader_of(dots + 2);
        if (!read_duration(&high, &span.high) || span.low > span.high)
            return false;
    }
    *out = span;
    return true;
}

static const char exponential[] = "exp:";

bool units_parse_interval(const char *text, struct units_interval *out) {
    struct units_interval interval = {.mean = 0};
    if (strncmp(text, exponential, sizeof exponential - 1) != 0) {
        if (!units_parse_span(text, &interval.span))
            return false;
    } else if (!units_parse_duration(text + sizeof exponential - 1, &interval.mean) ||
               interval.mean <= 0 ||
               __builtin_mul_overflow(interval.mean, EXPONENTIAL_CUT, &interval.span.high)) {
        return false;
    }
    *out = interval;
    return true;
}

/* The largest unit that divides value; NULL when none does. */
static const struct unit *largest_unit(const struct unit *units, int count, uint64_t value) {
    const struct unit *largest = NULL;
    for (int i = 0; i < count; i++)
        if (value != 0 && value % units[i].scale == 0)
            largest = &units[i];
    return largest;
}

char *units_format_duration(char *buffer, size_t size, duration value) {
    uint64_t length = value < 0 ? -(uint64_t)value : (uint64_t)value;
    const struct unit *unit = largest_unit(duration_units, DURATION_UNITS, length);
    if (unit == NULL)
        snprintf(buffer, size, "0s");
    else
        snprintf(buffer, size, "%s%" PRIu64 "%s", value < 0 ? "-" : "", length / unit->scale,
                 unit->name);
    return buffer;
}

char *units_format_rate(char *buffer, size_t size, struct units_rate value) {
    char per[32];
    const struct unit *unit = largest_unit(count_units, COUNT_UNITS, value.count);
    units_format_duration(per, sizeof per, value.per);
    /* "10/s" for "10/1s"; "10/1ms" likewise, but not "10/12s" */
    const char *shortened = per[0] == '1' && (per[1] < '0' || per[1] > '9') ? per + 1 : per;
    snprintf(buffer, size, "%" PRIu64 "%s/%s",
             unit != NULL ? value.count / unit->scale : value.count, unit != NULL ? unit->name : "",
             shortened);
    return buffer;
}

/* Decimals without trailing zeros. */
char *units_format_frequency(char *buffer, size_t size, frequency value) {
    char fraction[8];
    snprintf(fraction, sizeof fraction, ".%06u", (unsigned)(value % FREQUENCY_ONE));
    size_t length = strlen(fraction);
    while (length > 1 && fraction[length - 1] == '0')
        fraction[--length] = '\0';
    snprintf(buffer, size, "%" PRIu64 "%s", value / FREQUENCY_ONE, length > 1 ? fraction : "");
    return buffer;
}

char *units_format_span(char *buffer, size_t size, struct units_span value) {
    char low[32], high[32];
    units_format_duration(low, sizeof low, value.low);
    units_format_duration(high, sizeof high, value.high);
    if (value.low == value.high)
        snprintf(buffer, size, "%s", low);
    else
        snprintf(buffer, size, "%s..%s", low, high);
    return buffer;
}

char *units_format_interval(char *buffer, size_t size, struct units_interval value) {
    char mean[32];
    if (value.mean == 0)
        return units_format_span(buffer, size, value.span);
    snprintf(buffer, size, "exp:%s", units_format_duration(mean, sizeof mean, value.mean));
    return buffer;
}

/* length in units of `scale`, rounded to three digits, at most two of them decimals. */
static void human_scaled(char *buffer, size_t size, uint64_t length, uint64_t scale,
                         const char *unit) {
    uint64_t hundredths = (length + scale / 200) / (scale / 100);
    uint64_t tenths = (length + scale / 20) / (scale / 10);
    if (hundredths < 1000)
        snprintf(buffer, size, "%" PRIu64 ".%02" PRIu64 " %s", hundredths / 100, hundredths % 100,
                 unit);
    else if (tenths < 1000)
        snprintf(buffer, size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, unit);
    else
        snprintf(buffer, size, "%" PRIu64 " %s", (length + scale / 2) / scale, unit);
}

/* From a minute on a clock's reading: whole seconds, cut and not rounded. */
static void human_clock(char *buffer, size_t size, uint64_t length) {
    uint64_t minutes = length / (uint64_t)MINUTE, hours = minutes / 60, days = hours / 24;
    unsigned second = (unsigned)(length / (uint64_t)SECOND % 60), minute = (unsigned)(minutes % 60);
    if (days > 0)
        snprintf(buffer, size, "%" PRIu64 "d%02uh%02um", days, (unsigned)(hours % 24), minute);
    else if (hours > 0)
        snprintf(buffer, size, "%" PRIu64 "h%02um%02us", hours, minute, second);
    else
        snprintf(buffer, size, "%" PRIu64 "m%02us", minutes, second);
}

/* The bounds lie where rounding would show the next unit's 1. Latencies are mostly of a
 * millisecond: that unit reaches down to a tenth of it, so that a row of them reads in one unit. */
char *units_human_duration(char *buffer, size_t size, duration value) {
    uint64_t length = value < 0 ? -(uint64_t)value : (uint64_t)value;
    if (value < 0 && size > 1) {
        buffer[0] = '-';
        units_human_duration(buffer + 1, size - 1, value == INT64_MIN ? INT64_MAX : -value);
    } else if (length == 0)
        snprintf(buffer, size, "0 s");
    else if (length < 1000)
        snprintf(buffer, size, "%u ns", (unsigned)length);
    else if (length < 99950)
        human_scaled(buffer, size, length, (uint64_t)MICROSECOND, "us");
    else if (length < 999500000)
        human_scaled(buffer, size, length, (uint64_t)MILLISECOND, "ms");
    else if (length < 59950000000)
        human_scaled(buffer, size, length, (uint64_t)SECOND, "s");
    else
        human_clock(buffer, size, length < (uint64_t)MINUTE ? (uint64_t)MINUTE : length);
    return buffer;
}

char *units_human_bytes(char *buffer, size_t size, uint64_t value) {
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (value < 1024) {
        snprintf(buffer, size, "%u B", (unsigned)value);
        return buffer;
    }
    double scaled = (double)value / 1024;
    int unit = 0;
    for (; scaled >= 1023.5 && unit < 5; unit++)
        scaled /= 1024;
    snprintf(buffer, size, scaled < 99.95 ? "%.1f %s" : "%.0f %s", scaled, names[unit]);
    return buffer;
}
