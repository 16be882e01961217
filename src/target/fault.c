/* Fault rules: read strictly, and dealt out so that the number of connections hit is known. */
#include "target/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"

enum value { NONE, COUNT, DURATION, SPAN, RATE };

static const struct fault_row {
    const char *field;
    enum value value;
    uint64_t least, most;
    const char *example;
} rows[FAULT_KINDS] = {
#define FAULT(name, value, least, most, example, help) {#name, value, least, most, example},
#include "target/faults.def"
#undef FAULT
};

const char *fault_name(enum fault_kind kind, char buffer[static FAULT_TEXT_MAX]) {
    snprintf(buffer, FAULT_TEXT_MAX, "%s", rows[kind].field);
    for (char *at = buffer; *at != '\0'; at++)
        if (*at == '_')
            *at = '-';
    return buffer;
}

/* One rule being read. */
struct fault_parser {
    struct fault *fault;
    const char *text;
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct fault_parser *reading,
                                                         const char *format, ...) {
    char shown[96];
    va_list arguments;
    int length = snprintf(reading->error, reading->error_size,
                          "\"%s\": ", text_escape(shown, sizeof shown, reading->text));
    if (length < 0 || (size_t)length >= reading->error_size)
        return false;
    va_start(arguments, format);
    vsnprintf(reading->error + length, reading->error_size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

static bool refuse_kind(const struct fault_parser *reading) {
    char list[512] = "", name[FAULT_TEXT_MAX];
    size_t length = 0;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                                   kind == 0 ? "" : ", ", fault_name((enum fault_kind)kind, name));
    return refuse(reading, "no such fault: accepted are %s", list);
}

static bool read_kind(const struct fault_parser *reading, const char *word) {
    char name[FAULT_TEXT_MAX];
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        reading->fault->kind = (enum fault_kind)kind;
        if (strcmp(fault_name((enum fault_kind)kind, name), word) == 0)
            return true;
    }
    return refuse_kind(reading);
}

static bool within(const struct fault_row *row, uint64_t value) {
    return value >= row->least && value <= row->most;
}

static bool within_span(const struct fault_row *row, struct units_span span) {
    return span.low >= 0 && within(row, (uint64_t)span.low) && within(row, (uint64_t)span.high);
}

static bool read_duration(struct fault *fault, const char *value) {
    bool good = units_parse_duration(value, &fault->span.low);
    fault->span.high = fault->span.low;
    return good;
}

static bool take_value(struct fault *fault, const struct fault_row *row, const char *value) {
    if (row->value == NONE || value == NULL)
        return row->value == NONE && value == NULL;
    switch (row->value) {
    case COUNT: return units_parse_count(value, &fault->count) && within(row, fault->count);
    case DURATION: return read_duration(fault, value) && within_span(row, fault->span);
    case SPAN: return units_parse_span(value, &fault->span) && within_span(row, fault->span);
    case RATE:
        return units_parse_rate(value, &fault->rate) && within(row, fault->rate.count) &&
               fault->rate.per >= MILLISECOND && fault->rate.per <= HOUR;
    case NONE: break;
    }
    return false;
}

/* The value behind '=' of this kind: "A..B with 0s..24h". */
static void describe_value(char *out, size_t size, const struct fault_row *row) {
    char low[64], high[64];
    units_format_duration(low, sizeof low, (duration)row->least);
    units_format_duration(high, sizeof high, (duration)row->most);
    switch (row->value) {
    case NONE: snprintf(out, size, "no value"); break;
    case COUNT:
        snprintf(out, size, "a count of %llu..%llu", (unsigned long long)row->least,
                 (unsigned long long)row->most);
        break;
    case DURATION: snprintf(out, size, "a duration of %s..%s", low, high); break;
    case SPAN: snprintf(out, size, "A or A..B of %s..%s, A not above B", low, high); break;
    case RATE: snprintf(out, size, "N/DUR, N bytes at least 1, DUR 1ms..1h"); break;
    }
}

static bool read_value(const struct fault_parser *reading, const char *value) {
    const struct fault_row *row = &rows[reading->fault->kind];
    char accepted[192];
    if (take_value(reading->fault, row, value))
        return true;
    describe_value(accepted, sizeof accepted, row);
    return refuse(reading, "%s is accepted, such as %s@10%%", accepted, row->example);
}

/* "12.5%" in millionths: exact, or refused. */
static bool parse_share(const char *text, uint32_t *ppm) {
    uint64_t value = 0;
    int decimals = -1, digits = 0;
    for (; *text != '%'; text++) {
        if (*text == '.' && decimals < 0 && digits > 0) {
            decimals = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || digits > 8 || decimals == 4)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
        digits++;
        decimals += decimals >= 0;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 4; i++)
        value *= 10;
    *ppm = (uint32_t)value;
    return text[1] == '\0' && digits > 0 && decimals != 0 && value > 0 &&
           value <= FAULT_SHARE_WHOLE;
}

static bool read_share(const struct fault_parser *reading, const char *share) {
    reading->fault->share_ppm = FAULT_SHARE_WHOLE;
    if (share == NULL || parse_share(share, &reading->fault->share_ppm))
        return true;
    return refuse(reading, "the share after '@' is a percentage above 0%% and up to 100%%, with at "
                           "most four decimals, such as 1%% or 0.5%%");
}

bool fault_parse(struct fault *fault, const char *text, char *error, size_t error_size) {
    struct fault_parser reading = {fault, text, error, error_size};
    *fault = (struct fault){0};
    size_t size = strlen(text) + 1;
    if (size > FAULT_TEXT_MAX)
        return refuse(&reading, "a rule has at most %d bytes", FAULT_TEXT_MAX - 1);
    char copy[FAULT_TEXT_MAX];
    memcpy(copy, text, size);
    memcpy(fault->text, text, size);
    char *share = strchr(copy, '@');
    if (share != NULL)
        *share++ = '\0';
    char *value = strchr(copy, '=');
    if (value != NULL)
        *value++ = '\0';
    return read_kind(&reading, copy) && read_value(&reading, value) && read_share(&reading, share);
}

bool fault_is_of_tls(enum fault_kind kind) {
    return kind >= FAULT_tls_alert && kind <= FAULT_tls_garbage;
}

/* The smallest power of ten of connections in which the share is a whole number. */
static uint64_t block_of(uint32_t share_ppm) {
    uint64_t block = 1;
    while (block * share_ppm % FAULT_SHARE_WHOLE != 0)
        block *= 10;
    return block;
}

bool fault_hits(const struct fault *fault, uint32_t index, uint64_t seed, uint64_t order) {
    if (fault->share_ppm == FAULT_SHARE_WHOLE)
        return true;
    uint64_t block = block_of(fault->share_ppm);
    uint64_t hits = block * fault->share_ppm / FAULT_SHARE_WHOLE;
    struct random random;
    random_seed(&random, seed, (uint64_t)index << 40 | order / block);
    uint64_t place = (order % block + random_between(&random, 0, block - 1)) % block;
    return (place + 1) * hits / block > place * hits / block;
}
