/* Puts answers together: no printf on the way, for each request passes here. */
#include "wire/http/answer.h"

#include <string.h>
#include <time.h>

#include "base/require.h"
#include "wire/http/request_parser.h"

const char answer_continue[] = "HTTP/1.1 100 Continue\r\n\r\n";

void answer_date_set(struct answer_date *date, int64_t second) {
    if (date->second == second)
        return;
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char format[48];
    time_t when = second;
    struct tm utc;
    gmtime_r(&when, &utc);
    /* Names in English, whatever the locale. */
    memcpy(format, "Date: xxx, %d xxx %Y %H:%M:%S GMT\r\n", 36);
    memcpy(format + 6, days + (ptrdiff_t)3 * utc.tm_wday, 3);
    memcpy(format + 14, months + (ptrdiff_t)3 * utc.tm_mon, 3);
    require(strftime(date->text, sizeof date->text, format, &utc) > 0);
    date->second = second;
}

static const char *reason_phrase(uint16_t status) {
    switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
    }
}

/* A place in the buffer; the head is bounded by its longest parts, see the test. */
struct answer_cursor {
    char *at;
};

static void put_bytes(struct answer_cursor *cursor, const char *bytes, size_t length) {
    memcpy(cursor->at, bytes, length);
    cursor->at += length;
}

static void put(struct answer_cursor *cursor, const char *text) {
    put_bytes(cursor, text, strlen(text));
}

static void put_number(struct answer_cursor *cursor, uint64_t value) {
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put_bytes(cursor, digits + first, sizeof digits - first);
}

/* "delay: 1.250": seconds. */
static void put_delay(struct answer_cursor *cursor, uint32_t milliseconds) {
    uint32_t thousandths = milliseconds % 1000;
    char decimals[] = {'.', (char)('0' + thousandths / 100), (char)('0' + thousandths / 10 % 10),
                       (char)('0' + thousandths % 10)};
    put(cursor, "delay: ");
    put_number(cursor, milliseconds / 1000);
    put_bytes(cursor, decimals, sizeof decimals);
    put(cursor, "\r\n");
}

static void put_persistence(struct answer_cursor *cursor, const struct exchange_reply *reply) {
    if (reply->announces) {
        put(cursor, "Connection: close\r\n");
        return;
    }
    if ((reply->kind & REQUEST_PARSER_TO_OLD) != 0)
        put(cursor, "Connection: keep-alive\r\n");
    if (reply->timeout_s == 0 && !reply->limited)
        return;
    put(cursor, "Keep-Alive: ");
    if (reply->timeout_s > 0) {
        put(cursor, "timeout=");
        put_number(cursor, reply->timeout_s);
    }
    if (reply->limited) {
        put(cursor, reply->timeout_s > 0 ? ", max=" : "max=");
        put_number(cursor, reply->more_answers);
    }
    put(cursor, "\r\n");
}

/* RFC 9110 6.4.1 and 8.6: a 204 has neither body nor length, a 304 no body. */
static bool bodiless(uint16_t status) {
    return status == 204 || status == 304;
}

static void put_head(struct answer_cursor *cursor, const struct exchange_reply *reply,
                     const struct answer_date *date) {
    put(cursor, "HTTP/1.1 ");
    put_number(cursor, reply->status);
    put(cursor, " ");
    put(cursor, reason_phrase(reply->status));
    put(cursor, "\r\nServer: holdfast-target\r\n");
    put(cursor, date->text);
    if (!bodiless(reply->status)) {
        put(cursor, "Content-Type: ");
        put(cursor, reply->type);
        put(cursor, "\r\nContent-Length: ");
        put_number(cursor, reply->body.length);
        put(cursor, "\r\n");
    }
    put_persistence(cursor, reply);
    if (reply->delayed)
        put_delay(cursor, reply->delay_ms);
    put(cursor, "\r\n");
}

/* Half of the body, or of the head where there is none: never all. */
static size_t cut(size_t length, size_t head, size_t body, struct exchange_bytes *rest) {
    size_t keep = body >= 2 ? head + body / 2 : head / 2;
    rest->length = keep > length ? keep - length : 0;
    return keep > length ? length : keep;
}

size_t answer_compose(const struct exchange_reply *reply, const struct answer_date *date,
                      char buffer[static ANSWER_BUFFER], struct exchange_bytes *rest) {
    struct answer_cursor cursor = {buffer};
    put_head(&cursor, reply, date);
    size_t head = (size_t)(cursor.at - buffer);
    require(head <= ANSWER_HEAD_MAX);
    bool no_body = (reply->kind & REQUEST_PARSER_TO_HEAD) != 0 || bodiless(reply->status);
    size_t body = no_body ? 0 : reply->body.length;
    *rest = (struct exchange_bytes){reply->body.bytes, 0};
    if (body <= ANSWER_SMALL_MAX)
        put_bytes(&cursor, reply->body.bytes, body);
    else
        rest->length = body;
    size_t length = (size_t)(cursor.at - buffer);
    return reply->cut ? cut(length, head, body, rest) : length;
}
