/* Sets of addresses: ranges read, joined, counted through and found in. */
#include "base/address_set.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"

static const char no_address[] = "is no address, range A-B or prefix A/N";
static const char too_many[] = "holds more than 65536 addresses";

/* An address as a number of 128 bits. */
struct wide_address {
    uint64_t high, low;
};

static bool is_v4(const struct address *address) {
    return address->of.any.sa_family == AF_INET;
}

static uint64_t word_at(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++)
        word = word << 8 | bytes[i];
    return word;
}

static struct wide_address address_number(const struct address *address) {
    if (is_v4(address))
        return (struct wide_address){0, ntohl(address->of.v4.sin_addr.s_addr)};
    const uint8_t *bytes = address->of.v6.sin6_addr.s6_addr;
    return (struct wide_address){word_at(bytes), word_at(bytes + 8)};
}

static void put_word(uint8_t *bytes, uint64_t word) {
    for (int i = 7; i >= 0; i--, word >>= 8)
        bytes[i] = (uint8_t)word;
}

/* The same family, another number. */
static struct address with_number(const struct address *like, struct wide_address number) {
    struct address address = *like;
    if (is_v4(like)) {
        address.of.v4.sin_addr.s_addr = htonl((uint32_t)number.low);
        return address;
    }
    put_word(address.of.v6.sin6_addr.s6_addr, number.high);
    put_word(address.of.v6.sin6_addr.s6_addr + 8, number.low);
    return address;
}

static struct wide_address plus(struct wide_address a, uint64_t b) {
    struct wide_address sum = {a.high, a.low + b};
    sum.high += sum.low < b;
    return sum;
}

static int compare(struct wide_address a, struct wide_address b) {
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return a.low < b.low ? -1 : a.low > b.low;
}

/* How far b lies above a, or ADDRESS_SET_MAX when that is further. b is not below a. */
static uint32_t distance(struct wide_address a, struct wide_address b) {
    struct wide_address between = {b.high - a.high - (b.low < a.low), b.low - a.low};
    bool far = between.high != 0 || between.low > ADDRESS_SET_MAX;
    return far ? ADDRESS_SET_MAX : (uint32_t)between.low;
}

struct address_range address_range_of(const struct address *address) {
    struct address_range range = {.low = *address, .count = 1};
    if (is_v4(address))
        range.low.of.v4.sin_port = 0;
    else
        range.low.of.v6.sin6_port = 0;
    return range;
}

static bool read_address(struct address *address, const char *text, size_t length) {
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE]; /* with a zone */
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    return address_parse(address, host, 0);
}

static bool same_family(const struct address *a, const struct address *b) {
    return a->of.any.sa_family == b->of.any.sa_family;
}

static const char *parse_span(struct address_range *range, const char *high_text, size_t length) {
    struct address high;
    if (!read_address(&high, high_text, length) || !same_family(&range->low, &high))
        return no_address;
    struct wide_address from = address_number(&range->low), to = address_number(&high);
    if (compare(from, to) > 0)
        return "ends before it begins";
    uint32_t more = distance(from, to);
    if (more >= ADDRESS_SET_MAX)
        return too_many;
    range->count = more + 1;
    return NULL;
}

static const char *parse_prefix(struct address_range *range, const char *text, size_t length) {
    unsigned bits = is_v4(&range->low) ? 32 : 128, prefix = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || prefix > bits)
            return no_address;
        prefix = prefix * 10 + (unsigned)(text[i] - '0');
    }
    if (length == 0 || prefix > bits)
        return no_address;
    if (bits - prefix > 16)
        return too_many;
    range->count = UINT32_C(1) << (bits - prefix);
    if ((address_number(&range->low).low & (range->count - 1)) != 0)
        return "has bits beyond its prefix";
    return NULL;
}

static bool is_unspecified(const struct address *address) {
    struct wide_address number = address_number(address);
    return number.high == 0 && number.low == 0;
}

const char *address_range_parse(struct address_range *range, const char *text, size_t length) {
    *range = (struct address_range){.count = 1};
    size_t head = 0;
    while (head < length && text[head] != '-' && text[head] != '/')
        head++;
    if (!read_address(&range->low, text, head))
        return no_address;
    const char *why = NULL;
    if (head < length && text[head] == '-')
        why = parse_span(range, text + head + 1, length - head - 1);
    else if (head < length)
        why = parse_prefix(range, text + head + 1, length - head - 1);
    if (why == NULL && is_unspecified(&range->low))
        return "begins with the unspecified address, from which nothing connects";
    return why;
}

static int by_low(const void *a, const void *b) {
    const struct address_range *one = a, *other = b;
    return compare(address_number(&one->low), address_number(&other->low));
}

/* Takes `next` into `range` when no gap lies between them; it begins no earlier. */
static bool join(struct address_range *range, const struct address_range *next) {
    uint32_t offset = distance(address_number(&range->low), address_number(&next->low));
    if (offset > range->count || offset == ADDRESS_SET_MAX)
        return false;
    uint32_t end = offset + next->count;
    if (end > ADDRESS_SET_MAX)
        return false;
    range->count = end > range->count ? end : range->count;
    return true;
}

const char *address_set_make(struct address_set *set, struct address_range *ranges, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (!same_family(&ranges[0].low, &ranges[i].low))
            return "mixes IPv4 and IPv6";
    qsort(ranges, count, sizeof *ranges, by_low);
    size_t kept = 0;
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !join(&ranges[kept - 1], &ranges[i]))
            ranges[kept++] = ranges[i];
    for (size_t i = 0; i < kept; i++) {
        ranges[i].first = (uint32_t)total;
        total += ranges[i].count;
        if (total > ADDRESS_SET_MAX)
            return too_many;
    }
    *set = (struct address_set){ranges, kept, (uint32_t)total};
    return NULL;
}

struct address address_set_at(const struct address_set *set, uint32_t place) {
    require(place < set->count);
    size_t low = 0, high = set->range_count; /* the range sought is in [low, high) */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (set->ranges[middle].first <= place)
            low = middle;
        else
            high = middle;
    }
    const struct address_range *range = &set->ranges[low];
    return with_number(&range->low, plus(address_number(&range->low), place - range->first));
}

int64_t address_set_find(const struct address_set *set, const struct address *address) {
    if (set->count == 0 || !same_family(&set->ranges[0].low, address))
        return -1;
    struct wide_address number = address_number(address);
    size_t low = 0, high = set->range_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (compare(address_number(&set->ranges[middle].low), number) <= 0)
            low = middle;
        else
            high = middle;
    }
    const struct address_range *range = &set->ranges[low];
    struct wide_address from = address_number(&range->low);
    if (compare(from, number) > 0)
        return -1;
    uint32_t offset = distance(from, number);
    return offset < range->count ? (int64_t)range->first + offset : -1;
}

int address_set_family(const struct address_set *set) {
    return set->count == 0 ? AF_UNSPEC : set->ranges[0].low.of.any.sa_family;
}

static void format_host(const struct address *address, char text[static INET6_ADDRSTRLEN]) {
    if (is_v4(address))
        inet_ntop(AF_INET, &address->of.v4.sin_addr, text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, &address->of.v6.sin6_addr, text, INET6_ADDRSTRLEN);
}

char *address_range_format(const struct address_range *range, char *buffer, size_t size) {
    char low[INET6_ADDRSTRLEN], high[INET6_ADDRSTRLEN];
    struct wide_address last = plus(address_number(&range->low), range->count - 1);
    struct address end = with_number(&range->low, last);
    format_host(&range->low, low);
    format_host(&end, high);
    snprintf(buffer, size, "%s%s%s", low, range->count > 1 ? "-" : "",
             range->count > 1 ? high : "");
    return buffer;
}

char *address_set_format(const struct address_set *set, char *buffer, size_t size) {
    enum { TAIL = 32 }; /* ", and 65536 more" */
    size_t at = 0;
    buffer[0] = '\0';
    for (size_t i = 0; i < set->range_count; i++) {
        char text[ADDRESS_RANGE_TEXT_MAX];
        size_t length = strlen(address_range_format(&set->ranges[i], text, sizeof text));
        bool last = i + 1 == set->range_count;
        if (at + length + 2 + (last ? 0 : TAIL) >= size) {
            snprintf(buffer + at, size - at, "%s%u more", i > 0 ? " and " : "",
                     (unsigned)(set->count - set->ranges[i].first));
            break;
        }
        at += (size_t)snprintf(buffer + at, size - at, "%s%s", i > 0 ? "," : "", text);
    }
    return buffer;
}
