/* HdrHistogram's V2 form (HdrHistogram 2.1, AbstractHistogram.java): a head, then the counts up to
 * the greatest in use, where a negative number stands for so many zeros; all numbers big endian. */
#include "base/hdr.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { COOKIE = 0x1c849303 | 0x10, COMPRESSED_COOKIE = 0x1c849304 | 0x10, COMPRESSED_HEAD = 8 };

/* --- numbers --- */

static uint8_t *put_big_endian(uint8_t *to, uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--)
        *to++ = (uint8_t)(value >> 8 * i);
    return to;
}

static uint64_t take_big_endian(const uint8_t *from, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

/* ZigZag LEB128 of 64 bits: seven bits a byte, the ninth byte whole. */
static uint8_t *put_zigzag(uint8_t *to, int64_t value) {
    uint64_t left = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    for (int i = 0; i < 8 && left > 0x7f; i++) {
        *to++ = (uint8_t)(left | 0x80);
        left >>= 7;
    }
    *to++ = (uint8_t)left;
    return to;
}

/* NULL when the bytes end within it. */
static const uint8_t *take_zigzag(const uint8_t *from, const uint8_t *end, int64_t *value) {
    uint64_t all = 0;
    for (int i = 0; i < 9; i++) {
        if (from == end)
            return NULL;
        uint8_t byte = *from++;
        bool last = i == 8 || byte < 0x80;
        all |= (uint64_t)(i == 8 ? byte : byte & 0x7f) << 7 * i;
        if (last)
            break;
    }
    *value = (int64_t)(all >> 1) ^ -(int64_t)(all & 1);
    return from;
}

/* --- packing --- */

/* How many counts are written: none above the greatest in use. */
static size_t counts_in_use(const struct histogram *histogram) {
    size_t count = HISTOGRAM_COUNTS;
    while (count > 0 && histogram_count_at(histogram, count - 1) == 0)
        count--;
    return count;
}

size_t hdr_pack(const struct histogram *histogram, uint8_t packed[static HDR_PACKED_MAX]) {
    size_t limit = counts_in_use(histogram);
    uint8_t *to = packed + HDR_HEAD;
    for (size_t i = 0; i < limit;) {
        size_t zeros = 0;
        while (i + zeros < limit && histogram_count_at(histogram, i + zeros) == 0)
            zeros++;
        int64_t count = zeros > 1 ? -(int64_t)zeros : (int64_t)histogram_count_at(histogram, i);
        to = put_zigzag(to, count);
        i += zeros > 1 ? zeros : 1;
    }
    uint8_t *head = put_big_endian(packed, COOKIE, 4);
    head = put_big_endian(head, (uint64_t)(to - packed - HDR_HEAD), 4);
    head = put_big_endian(head, 0, 4); /* the index of the first count: never shifted */
    head = put_big_endian(head, HDR_DIGITS, 4);
    head = put_big_endian(head, (uint64_t)HDR_LOWEST, 8);
    head = put_big_endian(head, (uint64_t)HDR_HIGHEST, 8);
    put_big_endian(head, UINT64_C(0x3ff0000000000000), 8); /* 1.0: a value is a nanosecond */
    return (size_t)(to - packed);
}

static bool unpack_counts(struct histogram *into, const uint8_t *from, const uint8_t *end) {
    size_t index = 0;
    while (from < end) {
        int64_t count;
        from = take_zigzag(from, end, &count);
        if (from == NULL)
            return false;
        size_t left = HISTOGRAM_COUNTS - index;
        if (count < 0 ? count < -(int64_t)left : left == 0)
            return false;
        if (count > 0 && (uint64_t)count > (uint64_t)INT64_MAX - into->count)
            return false;
        if (count > 0)
            histogram_add_at(into, index, (uint64_t)count);
        index += count < 0 ? (size_t)-count : 1;
    }
    return true;
}

/* Counts are written in the order of their values, wherever the writer's array began: the third
 * number of the head is of no concern, and some writers put a 1 there. */
static bool unpack(struct histogram *into, const uint8_t *packed, size_t length) {
    if (length < HDR_HEAD || take_big_endian(packed, 4) != COOKIE ||
        take_big_endian(packed + 4, 4) != length - HDR_HEAD ||
        take_big_endian(packed + 12, 4) != HDR_DIGITS ||
        take_big_endian(packed + 16, 8) != (uint64_t)HDR_LOWEST ||
        take_big_endian(packed + 24, 8) != (uint64_t)HDR_HIGHEST)
        return false;
    return unpack_counts(into, packed + HDR_HEAD, packed + length);
}

/* --- base64 --- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *to_base64(const uint8_t *bytes, size_t length) {
    char *text = malloc((length + 2) / 3 * 4 + 1), *to = text;
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < length; i += 3) {
        size_t here = length - i < 3 ? length - i : 3;
        uint32_t three = (uint32_t)bytes[i] << 16;
        three |= here > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= here > 2 ? bytes[i + 2] : 0;
        for (size_t j = 0; j < 4; j++)
            *to++ = j <= here ? digits[three >> (18 - 6 * j) & 63] : '=';
    }
    *to = '\0';
    return text;
}

/* Bytes of a text without white space, padded; NULL when it is none, or there is no memory. */
static uint8_t *from_base64(const char *text, size_t *length) {
    size_t size = strlen(text);
    size_t padding = size >= 4 ? (size_t)(text[size - 1] == '=') + (text[size - 2] == '=') : 0;
    uint8_t *bytes = size % 4 == 0 ? calloc(1, size / 4 * 3 + 1) : NULL;
    if (bytes == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        const char *digit = i < size - padding ? strchr(digits, text[i]) : digits;
        if (digit == NULL) {
            free(bytes);
            return NULL;
        }
        uint32_t bits = (uint32_t)(digit - digits);
        size_t at = i / 4 * 3;
        switch (i % 4) {
        case 0: bytes[at] = (uint8_t)(bits << 2); break;
        case 1:
            bytes[at] |= (uint8_t)(bits >> 4);
            bytes[at + 1] = (uint8_t)(bits << 4);
            break;
        case 2:
            bytes[at + 1] |= (uint8_t)(bits >> 2);
            bytes[at + 2] = (uint8_t)(bits << 6);
            break;
        default: bytes[at + 2] |= (uint8_t)bits; break;
        }
    }
    *length = size / 4 * 3 - padding;
    return bytes;
}

/* --- the whole --- */

static char *compress_to_text(const uint8_t *packed, size_t length) {
    uLongf size = compressBound((uLong)length);
    uint8_t *whole = malloc(COMPRESSED_HEAD + size);
    if (whole == NULL || compress2(whole + COMPRESSED_HEAD, &size, packed, (uLong)length,
                                   Z_BEST_COMPRESSION) != Z_OK) {
        free(whole);
        return NULL;
    }
    put_big_endian(put_big_endian(whole, COMPRESSED_COOKIE, 4), size, 4);
    char *text = to_base64(whole, COMPRESSED_HEAD + size);
    free(whole);
    return text;
}

char *hdr_encode(const struct histogram *histogram) {
    uint8_t *packed = malloc(HDR_PACKED_MAX);
    char *text = packed != NULL ? compress_to_text(packed, hdr_pack(histogram, packed)) : NULL;
    free(packed);
    return text;
}

static bool decode_whole(struct histogram *into, const uint8_t *whole, size_t length) {
    uLongf size = HDR_PACKED_MAX;
    if (length < COMPRESSED_HEAD || take_big_endian(whole, 4) != COMPRESSED_COOKIE ||
        take_big_endian(whole + 4, 4) != length - COMPRESSED_HEAD)
        return false;
    uint8_t *packed = calloc(1, size);
    bool decoded = packed != NULL &&
                   uncompress(packed, &size, whole + COMPRESSED_HEAD,
                              (uLong)(length - COMPRESSED_HEAD)) == Z_OK &&
                   unpack(into, packed, size);
    free(packed);
    return decoded;
}

bool hdr_decode(struct histogram *into, const char *text) {
    size_t length;
    uint8_t *whole = from_base64(text, &length);
    bool decoded = whole != NULL && decode_whole(into, whole, length);
    free(whole);
    return decoded;
}
