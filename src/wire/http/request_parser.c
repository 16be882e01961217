/* Reads one request: llhttp does the framing, with a limit and a scanner of lines in front of it.
 *
 * The scanner reads what llhttp would refuse and RFC 9110 asks a server to take: a minor version
 * above 1, shown as 1, and empty elements among the transfer codings, which are shown as one plain
 * header. It steps through a head that llhttp checks: what is malformed is llhttp's to refuse. */
#include "wire/http/request_parser.h"

#include <string.h>

#include "base/ascii.h"

enum at { AT_REQUEST, AT_LINE, AT_NAME, AT_VALUE, AT_END };

enum { NAME_EXPECT, NAME_HOST, NAME_CODING, NAMES };
static const char *const names[NAMES] = {"expect", "host", "transfer-encoding"};
static const char *const expectations[] = {"100-continue"};
static const char *const codings[] = {"chunked"};

static struct request_parser *of(llhttp_t *parser) {
    return parser->data;
}

/* origin-form or absolute-form; of the latter nothing is kept, which no page of ours has. */
static int on_url(llhttp_t *parser, const char *bytes, size_t length) {
    struct request_parser *inbound = of(parser);
    inbound->asterisk |= inbound->path_length == 0 && length > 0 && bytes[0] == '*';
    for (size_t i = 0; i < length && !inbound->path_over; i++) {
        if (bytes[i] == '?') {
            inbound->path_over = true;
        } else if (inbound->path_length == EXCHANGE_PATH_MAX) {
            inbound->path_over = true;
            inbound->request.path[0] = '\0';
        } else {
            inbound->request.path[inbound->path_length++] = bytes[i];
        }
    }
    return 0;
}

/* What RFC 9112 asks a server to answer with 400: 3.2 (Host), 3.2.4, 6.1 and 6.3. */
static bool is_faulty(const struct request_parser *inbound, const llhttp_t *parser) {
    bool hosts = inbound->hosts > 1 || (parser->http_minor == 1 && inbound->hosts == 0);
    bool framing = inbound->has_coding && (!inbound->chunked || parser->http_minor == 0);
    bool asterisk = inbound->asterisk && parser->method != HTTP_OPTIONS;
    return hosts || inbound->bad_host || framing || asterisk;
}

/* llhttp takes RTSP, ICE and HTTP/2.0 for requests too. An upgrade is an offer that we do not take
 * (RFC 9110 7.8): what follows is the next request. */
static int on_headers_complete(llhttp_t *parser) {
    struct request_parser *inbound = of(parser);
    inbound->head_done = true;
    inbound->request.kind = (uint16_t)((parser->method == HTTP_HEAD ? REQUEST_PARSER_TO_HEAD : 0) |
                                       (parser->http_minor == 0 ? REQUEST_PARSER_TO_OLD : 0));
    if (parser->http_major != 1)
        inbound->refusal = 505;
    else if (parser->method == HTTP_CONNECT)
        inbound->refusal = 501;
    else if (is_faulty(inbound, parser))
        inbound->refusal = 400;
    if (parser->http_minor == 0)
        inbound->expects = false;
    parser->upgrade = 0;
    return inbound->refusal == 0 ? 0 : -1;
}

static int on_body(llhttp_t *parser, const char *bytes, size_t length) {
    (void)bytes;
    of(parser)->request.body_bytes += length;
    return 0;
}

/* llhttp_should_keep_alive() is right here alone. Pausing leaves the next request unread. */
static int on_message_complete(llhttp_t *parser) {
    struct request_parser *inbound = of(parser);
    inbound->request.keep_alive = llhttp_should_keep_alive(parser) != 0;
    inbound->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_url,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void request_parser_begin(struct request_parser *inbound) {
    memset(inbound, 0, sizeof *inbound);
    llhttp_init(&inbound->parser, HTTP_REQUEST, &callbacks);
}

static enum request_parser_result bad(struct request_parser *inbound, uint16_t refusal) {
    if (inbound->refusal == 0)
        inbound->refusal = refusal;
    return REQUEST_PARSER_BAD;
}

/* --- the scanner --- */

/* Whether the byte is a minor version above 1, behind " HTTP/1.": a target holds no space. */
static bool version_byte(struct request_parser *inbound, unsigned char byte) {
    static const char pattern[] = " HTTP/1.";
    if (pattern[inbound->matched] == '\0') {
        inbound->matched = 0;
        return ascii_is_digit(byte) && byte > '1';
    }
    if (byte == (unsigned char)pattern[inbound->matched])
        inbound->matched++;
    else
        inbound->matched = byte == ' ';
    return false;
}

/* reg-name, IPv6 in brackets and a port (RFC 3986 3.2.2); white space is for the ends only, which a
 * list of one word tells. */
static bool byte_is_host(unsigned char byte) {
    return ascii_is_blank(byte) || (ascii_is_token_char(byte) && strchr("#^`|", byte) == NULL) ||
           (byte != '\0' && strchr("(),;=:[]", byte) != NULL);
}

static void value_byte(struct request_parser *inbound, unsigned char byte) {
    int found;
    switch (inbound->field) {
    case NAME_EXPECT:
        inbound->expects |= field_list_byte(&inbound->list, expectations, 1, byte) == 0;
        break;
    case NAME_HOST:
        inbound->bad_host |= !byte_is_host(byte) || (inbound->list.over && !ascii_is_blank(byte));
        inbound->list.begun |= !ascii_is_blank(byte);
        inbound->list.over |= inbound->list.begun && ascii_is_blank(byte);
        break;
    case NAME_CODING:
        found = field_list_byte(&inbound->list, codings, 1, byte);
        inbound->chunked = found == FIELD_LIST_NONE ? inbound->chunked : found == 0;
        break;
    }
}

static void value_end(struct request_parser *inbound) {
    int found = inbound->field == NAME_EXPECT ? field_list_end(&inbound->list, expectations, 1)
                                              : field_list_end(&inbound->list, codings, 1);
    if (inbound->field == NAME_EXPECT)
        inbound->expects |= found == 0;
    if (inbound->field == NAME_CODING && found != FIELD_LIST_NONE)
        inbound->chunked = found == 0;
}

static void name_end(struct request_parser *inbound) {
    inbound->field = (uint8_t)token_found(&inbound->name, names, NAMES);
    inbound->list = (struct field_list){.begun = false};
    inbound->has_coding |= inbound->field == NAME_CODING;
    if (inbound->field == NAME_HOST && inbound->hosts < 2)
        inbound->hosts++;
    inbound->at = AT_VALUE;
}

/* What llhttp sees in place of a byte: of its own, or before it. */
struct view {
    const char *before; /* NULL: nothing */
    bool hidden;        /* the byte itself */
};

static struct view scan_line(struct request_parser *inbound, unsigned char byte) {
    inbound->malformed = ascii_is_blank(byte); /* folded: to be refused (RFC 9112 5.2) */
    if (inbound->malformed)
        return (struct view){NULL, false};
    inbound->at = byte == '\r' ? AT_END : AT_NAME;
    inbound->name = (struct token){0};
    token_byte(&inbound->name, names, NAMES, byte);
    bool framed = byte == '\r' && inbound->has_coding && inbound->chunked;
    return (struct view){framed ? "Transfer-Encoding: chunked\r\n" : NULL, false};
}

/* Each line ends with CR LF, and neither stands alone (RFC 9112 2.2): llhttp 8.1 takes "CR x LF"
 * and an LF at the beginning of a line for the end of the head. */
static bool breaks_line(struct request_parser *inbound, unsigned char byte) {
    bool wrong = inbound->carriage_return != (byte == '\n');
    inbound->carriage_return = byte == '\r';
    return wrong;
}

static struct view scan(struct request_parser *inbound, unsigned char byte) {
    inbound->malformed = breaks_line(inbound, byte);
    if (inbound->malformed)
        return (struct view){NULL, false};
    if (inbound->at == AT_REQUEST && version_byte(inbound, byte))
        return (struct view){"1", true};
    if (inbound->at == AT_LINE)
        return scan_line(inbound, byte);
    if (inbound->at == AT_NAME && byte == ':') {
        name_end(inbound);
        return (struct view){inbound->field == NAME_CODING ? "-" : NULL, false};
    }
    if (inbound->at == AT_NAME)
        token_byte(&inbound->name, names, NAMES, byte);
    if (inbound->at == AT_VALUE && byte == '\r')
        value_end(inbound);
    else if (inbound->at == AT_VALUE && byte != '\n')
        value_byte(inbound, byte);
    if (byte == '\n' && inbound->at != AT_END)
        inbound->at = AT_LINE;
    return (struct view){NULL, false};
}

/* --- feeding --- */

static enum request_parser_result show(struct request_parser *inbound, const char *bytes,
                                       size_t length, size_t *taken) {
    *taken = length;
    if (length == 0)
        return REQUEST_PARSER_MORE;
    llhttp_errno_t error = llhttp_execute(&inbound->parser, bytes, length);
    if (inbound->complete) {
        *taken = (size_t)(llhttp_get_error_pos(&inbound->parser) - bytes);
        return REQUEST_PARSER_COMPLETE;
    }
    if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE)
        return bad(inbound, 505);
    return error != HPE_OK ? bad(inbound, 400) : REQUEST_PARSER_MORE;
}

/* Shows bytes of the head up to where it ends, or llhttp is to see something else. */
static enum request_parser_result feed_head(struct request_parser *inbound, const char *bytes,
                                            size_t length, size_t *taken) {
    struct view view = {NULL, false};
    size_t at = 0, shown; /* of a piece that is not complete: all of it */
    while (at < length && view.before == NULL && !inbound->malformed &&
           (at == 0 || inbound->at != AT_END))
        view = scan(inbound, (unsigned char)bytes[at++]);
    *taken = at;
    bool apart = view.before != NULL || inbound->malformed;
    enum request_parser_result result = show(inbound, bytes, at - apart, &shown);
    if (result == REQUEST_PARSER_MORE && inbound->malformed)
        result = bad(inbound, 400);
    if (result == REQUEST_PARSER_MORE && view.before != NULL)
        result = show(inbound, view.before, strlen(view.before), &shown);
    if (result == REQUEST_PARSER_MORE && view.before != NULL && !view.hidden)
        result = show(inbound, bytes + at - 1, 1, &shown);
    inbound->head_bytes += (uint32_t)at;
    bool endless = !inbound->head_done && inbound->head_bytes >= REQUEST_PARSER_HEAD_MAX;
    return result == REQUEST_PARSER_MORE && endless ? bad(inbound, 431) : result;
}

enum request_parser_result request_parser_feed(struct request_parser *inbound, const void *bytes,
                                               size_t length, size_t *taken) {
    const char *at = bytes, *end = at + length;
    while (!inbound->started && at < end && (*at == '\r' || *at == '\n'))
        at++;
    inbound->started |= at < end;
    inbound->parser.data = inbound;
    enum request_parser_result result = REQUEST_PARSER_MORE;
    while (result == REQUEST_PARSER_MORE && at < end) {
        size_t some = (size_t)(end - at), took;
        size_t room = REQUEST_PARSER_HEAD_MAX - inbound->head_bytes;
        if (inbound->head_done)
            result = show(inbound, at, some, &took);
        else
            result = feed_head(inbound, at, some < room ? some : room, &took);
        at += took;
    }
    *taken = (size_t)(at - (const char *)bytes);
    return result;
}
