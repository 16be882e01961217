/* RFC 3339 by hand: strptime(3) takes blanks, short fields and the locale's digits. */
#include "base/wall_time.h"

#include <stdio.h>
#include <time.h>

static const int64_t second_ns = 1000000000;

wall_time wall_time_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * second_ns + now.tv_nsec;
}

/* So many digits, a number of low..high; moves on. */
static bool take(const char **text, int digits, int low, int high, int *out) {
    int value = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        value = value * 10 + (**text - '0');
    }
    *out = value;
    return value >= low && value <= high;
}

static bool take_mark(const char **text, const char *marks) {
    for (; *marks != '\0'; marks++)
        if (**text == *marks) {
            (*text)++;
            return true;
        }
    return false;
}

static bool leap_year(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap_year(year));
}

static bool take_date(const char **text, struct tm *utc) {
    int year, month;
    if (!take(text, 4, 1970, 2261, &year) || !take_mark(text, "-") ||
        !take(text, 2, 1, 12, &month) || !take_mark(text, "-") ||
        !take(text, 2, 1, days_of(year, month), &utc->tm_mday))
        return false;
    utc->tm_year = year - 1900;
    utc->tm_mon = month - 1;
    return true;
}

static bool take_time(const char **text, struct tm *utc) {
    return take(text, 2, 0, 23, &utc->tm_hour) && take_mark(text, ":") &&
           take(text, 2, 0, 59, &utc->tm_min) && take_mark(text, ":") &&
           take(text, 2, 0, 60, &utc->tm_sec);
}

/* Decimals of a second, nine at most. */
static bool take_fraction(const char **text, int64_t *ns) {
    int digit;
    int64_t unit = second_ns;
    *ns = 0;
    if (!take_mark(text, "."))
        return true;
    while (unit > 1 && take(text, 1, 0, 9, &digit)) {
        unit /= 10;
        *ns += digit * unit;
    }
    return unit < second_ns;
}

/* "Z" or "+01:00": seconds east of UTC. */
static bool take_offset(const char **text, int64_t *east) {
    int hours, minutes;
    *east = 0;
    if (take_mark(text, "Zz"))
        return true;
    int64_t sign = **text == '-' ? -1 : 1;
    if (!take_mark(text, "+-") || !take(text, 2, 0, 23, &hours) || !take_mark(text, ":") ||
        !take(text, 2, 0, 59, &minutes))
        return false;
    *east = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool wall_time_parse(const char *text, wall_time *out) {
    struct tm utc = {0};
    int64_t ns, east;
    if (!take_date(&text, &utc) || !take_mark(&text, "Tt ") || !take_time(&text, &utc) ||
        !take_fraction(&text, &ns) || !take_offset(&text, &east) || *text != '\0')
        return false;
    *out = (timegm(&utc) - east) * second_ns + ns;
    return true;
}

char *wall_time_format(char *buffer, size_t size, wall_time value) {
    int64_t ns = value % second_ns;
    time_t seconds = (time_t)(value / second_ns);
    if (ns < 0) {
        ns += second_ns;
        seconds--;
    }
    struct tm utc;
    char whole[32];
    int digits = 9;
    gmtime_r(&seconds, &utc);
    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &utc);
    for (; ns > 0 && ns % 10 == 0; ns /= 10)
        digits--;
    if (ns > 0)
        snprintf(buffer, size, "%s.%0*lldZ", whole, digits, (long long)ns);
    else
        snprintf(buffer, size, "%sZ", whole);
    return buffer;
}
