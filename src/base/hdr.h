/* A histogram as text in HdrHistogram's own form: V2, compressed, base64. */
#ifndef BASE_HDR_H
#define BASE_HDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"

/* The layout that every such text of ours states: integer nanoseconds, 1 us to 1 h, 3 significant
 * digits. */
#define HDR_LOWEST  INT64_C(1000)
#define HDR_HIGHEST INT64_C(3600000000000)
enum { HDR_DIGITS = 3 };

/* Bytes of the form before compression: a head, and counts as ZigZag LEB128 of at most 9 bytes. */
enum { HDR_HEAD = 40, HDR_PACKED_MAX = HDR_HEAD + 9 * HISTOGRAM_COUNTS };

/* The bytes that HdrHistogram's encodeIntoCompressedByteBuffer() writes, in base64 (RFC 4648). The
 * caller frees; NULL when there is no memory. */
char *hdr_encode(const struct histogram *histogram);

/* The same read back, into an empty histogram: its counts are the same; min, max and sums are those
 * of the values that stand for them. Text from outside: false when it is not such a text of this
 * layout, and then the histogram is to be cleared. */
bool hdr_decode(struct histogram *into, const char *text);

/* Before compression: what encodeIntoByteBuffer() writes. Returns its length. */
size_t hdr_pack(const struct histogram *histogram, uint8_t packed[static HDR_PACKED_MAX]);

#endif
