/* Reads one request: llhttp does the framing, with a limit in front of it and few facts kept. */
#include "http/inbound.h"

#include <string.h>

enum { NAME_EXPECT, NAME_HOST, NAMES };
static const char *const names[NAMES] = {"expect", "host"};
static const char *const values[] = {"100-continue"};

static struct inbound *of(llhttp_t *parser) {
    return parser->data;
}

/* origin-form or absolute-form; of the latter nothing is kept, which no page of ours has. */
static int on_url(llhttp_t *parser, const char *bytes, size_t length) {
    struct inbound *inbound = of(parser);
    for (size_t i = 0; i < length && !inbound->path_over; i++) {
        if (bytes[i] == '?') {
            inbound->path_over = true;
        } else if (inbound->path_length == INBOUND_PATH_MAX) {
            inbound->path_over = true;
            inbound->facts.path[0] = '\0';
        } else {
            inbound->facts.path[inbound->path_length++] = bytes[i];
        }
    }
    return 0;
}

static int on_header_field(llhttp_t *parser, const char *bytes, size_t length) {
    struct inbound *inbound = of(parser);
    for (size_t i = 0; i < length && !word_is_other(&inbound->name, NAMES); i++)
        word_byte(&inbound->name, names, NAMES, (unsigned char)bytes[i]);
    return 0;
}

static int on_header_field_complete(llhttp_t *parser) {
    struct inbound *inbound = of(parser);
    int name = word_found(&inbound->name, names, NAMES);
    inbound->expect = name == NAME_EXPECT;
    if (name == NAME_HOST && !inbound->head_done && inbound->hosts < 2)
        inbound->hosts++;
    inbound->name = inbound->value = (struct word){0};
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *bytes, size_t length) {
    struct inbound *inbound = of(parser);
    for (size_t i = 0; inbound->expect && i < length; i++)
        word_byte(&inbound->value, values, 1, (unsigned char)bytes[i]);
    return 0;
}

static int on_header_value_complete(llhttp_t *parser) {
    struct inbound *inbound = of(parser);
    if (inbound->expect && !inbound->head_done)
        inbound->facts.expects |= word_found(&inbound->value, values, 1) == 0;
    return 0;
}

/* llhttp takes RTSP, ICE and HTTP/2.0 for requests too. An upgrade is an offer that we do not take
 * (RFC 9110 7.8): what follows is the next request. */
static int on_headers_complete(llhttp_t *parser) {
    struct inbound *inbound = of(parser);
    inbound->head_done = true;
    inbound->facts.minor = parser->http_minor;
    inbound->facts.head = parser->method == HTTP_HEAD;
    if (parser->http_major != 1 || parser->http_minor > 1)
        inbound->facts.refusal = 505;
    else if (parser->method == HTTP_CONNECT)
        inbound->facts.refusal = 501;
    else if (inbound->hosts > 1 || (parser->http_minor == 1 && inbound->hosts == 0))
        inbound->facts.refusal = 400; /* RFC 9112 3.2 */
    if (parser->http_minor == 0)
        inbound->facts.expects = false;
    parser->upgrade = 0;
    return inbound->facts.refusal == 0 ? 0 : -1;
}

static int on_body(llhttp_t *parser, const char *bytes, size_t length) {
    (void)bytes;
    of(parser)->facts.body_bytes += length;
    return 0;
}

/* llhttp_should_keep_alive() is right here alone. Pausing leaves the next request unread. */
static int on_message_complete(llhttp_t *parser) {
    struct inbound *inbound = of(parser);
    inbound->facts.keep_alive = llhttp_should_keep_alive(parser) != 0;
    inbound->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void inbound_begin(struct inbound *inbound) {
    memset(inbound, 0, sizeof *inbound);
    llhttp_init(&inbound->parser, HTTP_REQUEST, &callbacks);
}

static enum inbound_result bad(struct inbound *inbound, uint16_t refusal) {
    if (inbound->facts.refusal == 0)
        inbound->facts.refusal = refusal;
    return INBOUND_BAD;
}

/* Within the head no more is shown to llhttp than the limit leaves. */
static enum inbound_result feed_some(struct inbound *inbound, const char *bytes, size_t length,
                                     size_t *taken) {
    llhttp_errno_t error = llhttp_execute(&inbound->parser, bytes, length);
    *taken = length;
    if (inbound->complete) {
        *taken = (size_t)(llhttp_get_error_pos(&inbound->parser) - bytes);
        return INBOUND_COMPLETE;
    }
    if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE)
        return bad(inbound, 505);
    if (error != HPE_OK)
        return bad(inbound, 400);
    if (!inbound->head_done)
        inbound->head_bytes += (uint32_t)length;
    return !inbound->head_done && inbound->head_bytes >= INBOUND_HEAD_MAX ? bad(inbound, 431)
                                                                          : INBOUND_MORE;
}

enum inbound_result inbound_feed(struct inbound *inbound, const void *bytes, size_t length,
                                 size_t *taken) {
    const char *at = bytes, *end = at + length;
    while (!inbound->started && at < end && (*at == '\r' || *at == '\n'))
        at++;
    inbound->started |= at < end;
    inbound->parser.data = inbound;
    enum inbound_result result = INBOUND_MORE;
    while (result == INBOUND_MORE && at < end) {
        size_t some = (size_t)(end - at), took;
        size_t room = INBOUND_HEAD_MAX - inbound->head_bytes;
        if (!inbound->head_done && some > room)
            some = room;
        result = feed_some(inbound, at, some, &took);
        at += took;
    }
    *taken = (size_t)(at - (const char *)bytes);
    return result;
}
