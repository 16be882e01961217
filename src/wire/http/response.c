/* Reads one answer: a strict scanner of its lines in front of llhttp, which frames its body.
 *
 * Why a scanner of our own: llhttp 8.1 and 9 disagree on bare CR and LF, tabs, versions, empty and
 * conflicting length headers, empty list elements, chunk extensions and trailers, accept RTSP,
 * HTTP/2.0 and status 000, and know no limit. Whatever they disagree on is decided here and hidden
 * from them: a tab in a value is shown as a space, HTTP/1.2 as 1.1, chunk extensions and trailers
 * not at all. The headers that frame the body and keep the connection are read here, shown under a
 * name that means nothing to llhttp, and what they came to is shown as one plain header. Bytes that
 * llhttp may still refuse (the digits of chunk sizes) are shown one at a time, so that the byte
 * that proves a fault is known whatever way the stream was cut. */
#include "wire/http/response.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/require.h"

enum response_at {
    AT_LEADING, /* empty lines before a status line */
    AT_LEADING_LF,
    AT_VERSION, /* HTTP/1.x and the space behind it */
    AT_STATUS,
    AT_PHRASE,
    AT_PHRASE_LF,
    AT_LINE, /* the first byte of a header line, or the CR that ends the head */
    AT_NAME,
    AT_VALUE,
    AT_VALUE_LF,
    AT_HEAD_LF,
    AT_CHUNK_SIZE,
    AT_CHUNK_BLANK, /* white space before a chunk extension */
    AT_CHUNK_EXTENSION,
    AT_CHUNK_LF,
    AT_CHUNK_DATA_CR,
    AT_CHUNK_DATA_LF,
    AT_CHUNK_DATA, /* from here on, bytes are not looked at one by one */
    AT_BODY,
    AT_INTERIM_OVER,
    AT_OVER,
};

/* What becomes of a byte of a line. */
enum response_view {
    VIEW_SHOW,  /* llhttp sees it, together with its neighbours */
    VIEW_NOW,   /* llhttp sees it at once: it may refuse it, or what follows depends on it */
    VIEW_SPACE, /* llhttp sees a space */
    VIEW_ONE,   /* llhttp sees the digit 1 */
    VIEW_MARK,  /* llhttp sees a '-' before it: the name of another header */
    VIEW_FRAME, /* llhttp sees the header that frames the body before it */
    VIEW_HIDE,
    VIEW_BAD, /* the reason is set */
};

enum field {
    FIELD_LENGTH,
    FIELD_CODING,
    FIELD_CONNECTION,
    FIELD_PROXY_CONNECTION,
    FIELD_KEEP_ALIVE,
    FIELD_SERVER,
    FIELD_VIA,
    FIELD_OTHER
};
static const char *const fields[] = {"content-length",
                                     "transfer-encoding",
                                     "connection",
                                     "proxy-connection",
                                     "keep-alive",
                                     "server",
                                     "via"};

enum { CODING_CHUNKED, CODING_OTHER, CODING_NONE };
static const char *const codings[] = {"chunked"};

enum { OPTION_CLOSE, OPTION_KEEP_ALIVE, OPTIONS };
static const char *const connection_options[OPTIONS] = {"close", "keep-alive"};

enum { NUMBER_NONE, NUMBER_DIGITS, NUMBER_OVER };

enum { KEPT_MAX = sizeof((struct exchange_kept *)0)->server - 1 };
_Static_assert(sizeof((struct exchange_kept *)0)->keep_alive == KEPT_MAX + 1, "one bound");
_Static_assert(sizeof((struct exchange_kept *)0)->via == KEPT_MAX + 1, "one bound");

static enum response_view bad(struct response *response, enum reason reason) {
    response->reason = reason;
    return VIEW_BAD;
}

/* The byte is the LF that a CR promised, or else that is the fault. */
static enum response_view scan_lf(struct response *response, unsigned char byte,
                                  enum response_at next, enum reason fault) {
    if (byte != '\n')
        return bad(response, fault);
    response->at = (uint8_t)next;
    return VIEW_SHOW;
}

/* A minor version above 1 is read as the highest we speak (RFC 9110 2.5, 6.2). */
static enum response_view scan_version(struct response *response, unsigned char byte) {
    static const char pattern[] = "HTTP/1.x ";
    char wanted = pattern[response->matched++];
    if (wanted == 'x' && ascii_is_digit(byte)) {
        response->facts.minor = (uint8_t)(byte - '0');
        return byte > '1' ? VIEW_ONE : VIEW_SHOW;
    }
    if (wanted != 'x' && byte == (unsigned char)wanted) {
        if (wanted == ' ') {
            response->at = AT_STATUS;
            response->matched = 0;
        }
        return VIEW_SHOW;
    }
    bool version = ascii_is_digit(byte) && (wanted == '1' || wanted == ' ');
    return bad(response, version ? REASON_bad_version : REASON_bad_status_line);
}

/* Whole empty lines are skipped, a lone CR or LF is none. */
static enum response_view scan_leading(struct response *response, unsigned char byte) {
    if (byte == '\r') {
        response->at = AT_LEADING_LF;
        return VIEW_HIDE;
    }
    response->started = true;
    response->at = AT_VERSION;
    return scan_version(response, byte);
}

static enum response_view scan_leading_lf(struct response *response, unsigned char byte) {
    enum response_view view = scan_lf(response, byte, AT_LEADING, REASON_bad_status_line);
    return view == VIEW_SHOW ? VIEW_HIDE : view;
}

/* The status is whole: it is judged before the rest of the head comes. */
static enum response_view scan_status_end(struct response *response, unsigned char byte) {
    if (response->matched < 3)
        return bad(response, REASON_bad_status);
    if (response->facts.status == 101)
        return bad(response, response->upgrade ? REASON_upgraded : REASON_unasked_upgrade);
    if (response->facts.status < 200 && response->facts.interim == RESPONSE_INTERIM_MAX)
        return bad(response, REASON_too_many_interim);
    response->at = byte == ' ' ? AT_PHRASE : AT_PHRASE_LF;
    return VIEW_SHOW;
}

static enum response_view scan_status(struct response *response, unsigned char byte) {
    if (response->matched > 0 && (byte == ' ' || byte == '\r'))
        return scan_status_end(response, byte);
    if (!ascii_is_digit(byte))
        return bad(response, REASON_bad_status_line);
    if (response->matched == 3 || (response->matched == 0 && byte == '0'))
        return bad(response, REASON_bad_status);
    response->facts.status = (uint16_t)(response->facts.status * 10 + (byte - '0'));
    response->matched++;
    return VIEW_SHOW;
}

static enum response_view scan_phrase(struct response *response, unsigned char byte) {
    if (byte == '\r')
        response->at = AT_PHRASE_LF;
    else if (ascii_is_control(byte))
        return bad(response, REASON_bad_status_line);
    return VIEW_SHOW;
}

/* A length beside a coding, either of them behind the body: framing that two readers may see
 * differently (RFC 9112 6.3, RFC 9110 6.5.1). */
static enum reason framing_fault(const struct response *response, enum field field) {
    if (field == FIELD_LENGTH)
        return response->has_coding ? REASON_bad_length : REASON_none;
    if (field != FIELD_CODING)
        return REASON_none;
    if (response->has_length)
        return REASON_bad_length;
    return response->trailer ? REASON_bad_transfer_encoding : REASON_none;
}

/* Where the field's value is kept: of a header that comes twice, the first value that is not empty.
 */
static char *keep_buffer(const struct response *response, enum field field) {
    struct exchange_kept *keep = response->keep;
    char *buffer = keep == NULL                ? NULL
                   : field == FIELD_SERVER     ? keep->server
                   : field == FIELD_KEEP_ALIVE ? keep->keep_alive
                   : field == FIELD_VIA        ? keep->via
                                               : NULL;
    return buffer != NULL && buffer[0] == '\0' ? buffer : NULL;
}

static enum response_view scan_colon(struct response *response) {
    enum field field = (enum field)token_found(&response->name, fields, FIELD_OTHER);
    enum reason fault = framing_fault(response, field);
    if (fault != REASON_none)
        return bad(response, fault);
    if (response->trailer)
        field = FIELD_OTHER;
    response->has_coding |= field == FIELD_CODING;
    response->field = (uint8_t)field;
    response->keeping = keep_buffer(response, field);
    response->kept = 0;
    response->blank = true;
    response->at = AT_VALUE;
    return field <= FIELD_PROXY_CONNECTION ? VIEW_MARK : VIEW_SHOW;
}

static enum response_view scan_name(struct response *response, unsigned char byte) {
    if (byte == ':')
        return scan_colon(response);
    if (!ascii_is_token_char(byte))
        return bad(response, REASON_bad_header);
    token_byte(&response->name, fields, FIELD_OTHER, byte);
    return VIEW_SHOW;
}

/* Lists without an element cannot be framed. */
static enum response_view scan_head_end(struct response *response) {
    response->at = AT_HEAD_LF;
    if (response->trailer)
        return VIEW_SHOW;
    if (response->has_coding && response->coding == CODING_NONE)
        return bad(response, REASON_bad_transfer_encoding);
    return response->has_coding || response->has_length ? VIEW_FRAME : VIEW_SHOW;
}

/* White space here would fold the line into the one before; as a name it is refused. */
static enum response_view scan_line(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return scan_head_end(response);
    if (byte == ':')
        return bad(response, REASON_bad_header);
    response->at = AT_NAME;
    response->name = (struct token){0};
    return scan_name(response, byte);
}

static void keep_byte(struct response *response, unsigned char byte) {
    if (response->keeping == NULL || response->blank || response->kept == KEPT_MAX)
        return;
    response->keeping[response->kept++] = (char)byte;
    response->keeping[response->kept] = '\0';
}

static void keep_end(struct response *response) {
    if (response->keeping == NULL)
        return;
    while (response->kept > 0 &&
           ascii_is_blank((unsigned char)response->keeping[response->kept - 1]))
        response->keeping[--response->kept] = '\0';
}

/* A length is one, however often it is said (RFC 9112 6.3, item 5). */
static bool length_end(struct response *response) {
    bool said = response->number_at != NUMBER_NONE;
    bool differs = said && response->has_length && response->number != response->length;
    if (said)
        response->length = response->number;
    response->has_length |= said;
    response->number = 0;
    response->number_at = NUMBER_NONE;
    return !differs;
}

static bool length_digit(struct response *response, uint64_t digit) {
    bool fits = response->number <= (UINT64_MAX - digit) / 10;
    if (response->number_at == NUMBER_OVER || !fits)
        return false;
    response->number_at = NUMBER_DIGITS;
    response->number = response->number * 10 + digit;
    return true;
}

static bool length_byte(struct response *response, unsigned char byte) {
    if (byte == ',')
        return length_end(response);
    if (ascii_is_digit(byte))
        return length_digit(response, byte - (uint64_t)'0');
    if (ascii_is_blank(byte) && response->number_at == NUMBER_DIGITS)
        response->number_at = NUMBER_OVER;
    return ascii_is_blank(byte);
}

static void coding_found(struct response *response, int coding) {
    if (coding != FIELD_LIST_NONE)
        response->coding = (uint8_t)coding; /* the last one frames the body */
}

static void option_found(struct response *response, int option) {
    response->close |= option == OPTION_CLOSE;
    response->persist |= option == OPTION_KEEP_ALIVE;
}

/* False when the byte proves a fault. */
static bool value_byte(struct response *response, unsigned char byte) {
    switch ((enum field)response->field) {
    case FIELD_LENGTH: return length_byte(response, byte);
    case FIELD_CODING:
        coding_found(response, field_list_byte(&response->list, codings, CODING_OTHER, byte));
        break;
    case FIELD_CONNECTION:
    case FIELD_PROXY_CONNECTION:
        option_found(response, field_list_byte(&response->list, connection_options, OPTIONS, byte));
        break;
    case FIELD_KEEP_ALIVE: keep_alive_byte(&response->keep_alive, byte); break;
    case FIELD_SERVER:
    case FIELD_VIA:
    case FIELD_OTHER: break;
    }
    return true;
}

static bool value_end(struct response *response) {
    switch ((enum field)response->field) {
    case FIELD_LENGTH: return length_end(response) && response->has_length;
    case FIELD_CODING:
        coding_found(response, field_list_end(&response->list, codings, CODING_OTHER));
        break;
    case FIELD_CONNECTION:
    case FIELD_PROXY_CONNECTION:
        option_found(response, field_list_end(&response->list, connection_options, OPTIONS));
        break;
    case FIELD_KEEP_ALIVE: keep_alive_value_end(&response->keep_alive); break;
    case FIELD_SERVER:
    case FIELD_VIA:
    case FIELD_OTHER: break;
    }
    return true;
}

static enum response_view scan_value_end(struct response *response) {
    if (!value_end(response))
        return bad(response, REASON_bad_length);
    keep_end(response);
    response->at = AT_VALUE_LF;
    return VIEW_SHOW;
}

static enum response_view scan_value(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return scan_value_end(response);
    if (ascii_is_control(byte))
        return bad(response, REASON_bad_header);
    response->blank &= ascii_is_blank(byte);
    keep_byte(response, byte);
    if (!value_byte(response, byte))
        return bad(response, REASON_bad_length);
    return byte == '\t' ? VIEW_SPACE : VIEW_SHOW;
}

/* Where the answer goes on behind the empty line is for the callbacks to say. */
static enum response_view scan_head_lf(struct response *response, unsigned char byte) {
    return byte == '\n' ? VIEW_NOW : bad(response, REASON_bad_header);
}

/* At least one digit; llhttp reads the number and refuses one beyond 64 bits. */
static enum response_view scan_chunk_size(struct response *response, unsigned char byte) {
    bool digits = response->matched > 0;
    response->matched = 1;
    if (ascii_is_hex(byte))
        return VIEW_NOW;
    if (digits && byte == '\r') {
        response->at = AT_CHUNK_LF;
        return VIEW_SHOW;
    }
    if (!digits || !(byte == ';' || ascii_is_blank(byte)))
        return bad(response, REASON_bad_chunk);
    response->at = byte == ';' ? AT_CHUNK_EXTENSION : AT_CHUNK_BLANK;
    return VIEW_HIDE;
}

static enum response_view scan_chunk_blank(struct response *response, unsigned char byte) {
    if (byte == ';')
        response->at = AT_CHUNK_EXTENSION;
    else if (!ascii_is_blank(byte))
        return bad(response, REASON_bad_chunk);
    return VIEW_HIDE;
}

/* The text is of no interest (RFC 9112 7.1.1), and neither CR nor LF can be quoted in it. */
static enum response_view scan_chunk_extension(struct response *response, unsigned char byte) {
    if (byte == '\r') {
        response->at = AT_CHUNK_LF;
        return VIEW_SHOW;
    }
    return ascii_is_control(byte) ? bad(response, REASON_bad_chunk) : VIEW_HIDE;
}

static enum response_view scan_chunk_lf(struct response *response, unsigned char byte) {
    if (byte != '\n')
        return bad(response, REASON_bad_chunk);
    response->trailer = response->parser.content_length == 0;
    response->at = response->trailer ? AT_LINE : AT_CHUNK_DATA;
    response->head_bytes = 0;
    return VIEW_NOW;
}

static enum response_view scan_chunk_data_cr(struct response *response, unsigned char byte) {
    if (byte != '\r')
        return bad(response, REASON_bad_chunk);
    response->at = AT_CHUNK_DATA_LF;
    response->matched = 0;
    return VIEW_SHOW;
}

static enum response_view scan_state(struct response *response, unsigned char byte) {
    switch ((enum response_at)response->at) {
    case AT_LEADING: return scan_leading(response, byte);
    case AT_LEADING_LF: return scan_leading_lf(response, byte);
    case AT_VERSION: return scan_version(response, byte);
    case AT_STATUS: return scan_status(response, byte);
    case AT_PHRASE: return scan_phrase(response, byte);
    case AT_PHRASE_LF: return scan_lf(response, byte, AT_LINE, REASON_bad_status_line);
    case AT_LINE: return scan_line(response, byte);
    case AT_NAME: return scan_name(response, byte);
    case AT_VALUE: return scan_value(response, byte);
    case AT_VALUE_LF: return scan_lf(response, byte, AT_LINE, REASON_bad_header);
    case AT_HEAD_LF: return scan_head_lf(response, byte);
    case AT_CHUNK_SIZE: return scan_chunk_size(response, byte);
    case AT_CHUNK_BLANK: return scan_chunk_blank(response, byte);
    case AT_CHUNK_EXTENSION: return scan_chunk_extension(response, byte);
    case AT_CHUNK_LF: return scan_chunk_lf(response, byte);
    case AT_CHUNK_DATA_CR: return scan_chunk_data_cr(response, byte);
    case AT_CHUNK_DATA_LF: return scan_lf(response, byte, AT_CHUNK_SIZE, REASON_bad_chunk);
    case AT_CHUNK_DATA:
    case AT_BODY:
    case AT_INTERIM_OVER:
    case AT_OVER: break;
    }
    require(false);
    return VIEW_BAD;
}

static enum response_view scan(struct response *response, unsigned char byte) {
    if (response->at == AT_LEADING && byte != '\r')
        response->head_bytes = 0; /* the empty lines so far have a limit of their own */
    if (response->head_bytes == RESPONSE_HEAD_MAX)
        return bad(response,
                   response->at >= AT_CHUNK_SIZE ? REASON_bad_chunk : REASON_head_too_large);
    response->head_bytes++;
    bool trailer = response->trailer;
    enum response_view view = scan_state(response, byte);
    if (trailer && view != VIEW_BAD && response->at != AT_HEAD_LF)
        return VIEW_HIDE; /* of a trailer section, llhttp sees the empty line only */
    return view;
}

static enum reason reason_of(llhttp_errno_t error) {
    switch (error) {
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH: return REASON_bad_length;
    case HPE_INVALID_CHUNK_SIZE: return REASON_bad_chunk;
    case HPE_INVALID_TRANSFER_ENCODING: return REASON_bad_transfer_encoding;
    default: return REASON_other;
    }
}

static bool show(struct response *response, const char *bytes, size_t length) {
    if (length == 0)
        return true;
    response->parser.data = response; /* set each time: the struct may have moved */
    llhttp_errno_t error = llhttp_execute(&response->parser, bytes, length);
    if (error == HPE_OK || error == HPE_PAUSED) /* paused by on_message_complete() only */
        return true;
    response->reason = reason_of(error);
    return false;
}

/* What the headers that frame the body came to, as one of them. */
static bool show_framing(struct response *response) {
    char line[64];
    int length =
        response->has_coding
            ? snprintf(line, sizeof line, "Transfer-Encoding: %s\r\n",
                       response->coding == CODING_CHUNKED ? codings[0] : "other")
            : snprintf(line, sizeof line, "Content-Length: %" PRIu64 "\r\n", response->length);
    return show(response, line, (size_t)length);
}

/* What llhttp sees in place of a byte, or before it. */
static bool show_instead(struct response *response, enum response_view view) {
    switch (view) {
    case VIEW_SPACE: return show(response, " ", 1);
    case VIEW_ONE: return show(response, "1", 1);
    case VIEW_MARK: return show(response, "-", 1);
    case VIEW_FRAME: return show_framing(response);
    case VIEW_SHOW:
    case VIEW_NOW:
    case VIEW_HIDE:
    case VIEW_BAD: break;
    }
    return true;
}

/* Most bytes of a head belong to names and values that are not looked into: steps over those that
 * come next, in one run. */
static const char *step_over(struct response *response, const char *from, const char *end) {
    bool name = response->at == AT_NAME && token_is_other(&response->name, FIELD_OTHER);
    bool value = response->at == AT_VALUE && response->field == FIELD_OTHER;
    size_t room = RESPONSE_HEAD_MAX - response->head_bytes;
    const char *start = from;
    if ((size_t)(end - from) > room)
        end = from + room;
    if (name)
        while (from < end && ascii_is_token_char((unsigned char)*from))
            from++;
    else if (value)
        while (from < end && *from != '\t' && !ascii_is_control((unsigned char)*from))
            from++;
    response->head_bytes += (uint32_t)(from - start);
    return from;
}

/* Returns where it stopped: at the end, behind a bad byte, or where bytes are no longer lines. */
static const char *read_lines(struct response *response, const char *from, const char *end) {
    const char *unseen = from;
    while (response->at < AT_CHUNK_DATA) {
        const char *run = from;
        from = step_over(response, from, end);
        if (response->trailer && from > run)
            unseen = from; /* hidden, like all of a trailer section but its empty line */
        if (from == end)
            break;
        enum response_view view = scan(response, (unsigned char)*from++);
        if (view == VIEW_SHOW)
            continue;
        if (view == VIEW_BAD)
            return from;
        const char *until = view == VIEW_NOW ? from : from - 1;
        if (!show(response, unseen, (size_t)(until - unseen)) || !show_instead(response, view))
            return from;
        unseen = view == VIEW_MARK || view == VIEW_FRAME ? until : from;
    }
    show(response, unseen, (size_t)(from - unseen));
    return from;
}

/* Shows no byte behind the body or the chunk: what is there is not looked at. */
static const char *read_body(struct response *response, const char *from, const char *end) {
    uint64_t length = (uint64_t)(end - from);
    if (!response->until_close && length > response->parser.content_length)
        length = response->parser.content_length;
    if (show(response, from, (size_t)length) && response->at == AT_CHUNK_DATA &&
        response->parser.content_length == 0)
        response->at = AT_CHUNK_DATA_CR;
    return from + length;
}

/* Which answers have no body whatever their headers say: RFC 9112 6.3, item 1. How the answer ends
 * the connection is settled here, where no trailer has touched llhttp's flags yet; its own
 * llhttp_should_keep_alive() is wrong for HEAD here, and behind a body it is too late. A coding
 * under HTTP/1.0 is faulty framing and ends the connection, too (RFC 9112 6.1). */
static int on_headers_complete(llhttp_t *parser) {
    struct response *response = parser->data;
    struct exchange_answer *facts = &response->facts;
    bool bodiless =
        response->head || facts->status < 200 || facts->status == 204 || facts->status == 304;
    bool persistent = facts->minor > 0 || (response->persist && !response->has_coding);
    response->until_close = !bodiless && llhttp_message_needs_eof(parser) != 0;
    facts->announced_end = response->until_close || !persistent || response->close;
    facts->has_head = facts->status >= 200;
    facts->has_length = response->has_length && !bodiless;
    facts->body_length = facts->has_length ? response->length : 0;
    facts->keep_alive_timeout_s = response->keep_alive.timeout_s;
    facts->keep_alive_max = response->keep_alive.max;
    response->at = (parser->flags & F_CHUNKED) != 0 ? AT_CHUNK_SIZE : AT_BODY;
    response->matched = 0;
    response->head_bytes = 0;
    return bodiless ? 1 : 0;
}

static void keep_body(struct exchange_kept *keep, const char *bytes, size_t length) {
    size_t room = sizeof keep->body - keep->body_length;
    if (length > room)
        length = room;
    memcpy(keep->body + keep->body_length, bytes, length);
    keep->body_length += length;
}

static int on_body(llhttp_t *parser, const char *bytes, size_t length) {
    struct response *response = parser->data;
    response->facts.body_bytes += length;
    if (response->keep != NULL)
        keep_body(response->keep, bytes, length);
    return 0;
}

/* Paused behind an interim answer, too: a new head is read by a fresh parser, because llhttp takes
 * `Connection: close` on an interim answer for the end of everything. */
static int on_message_complete(llhttp_t *parser) {
    struct response *response = parser->data;
    if (response->facts.status < 200) {
        response->facts.interim++;
        response->at = AT_INTERIM_OVER;
    } else {
        response->at = AT_OVER;
        response->complete = true;
    }
    return HPE_PAUSED;
}

static void head_begin(struct response *response) {
    static const llhttp_settings_t settings = {.on_headers_complete = on_headers_complete,
                                               .on_body = on_body,
                                               .on_message_complete = on_message_complete};
    llhttp_init(&response->parser, HTTP_RESPONSE, &settings);
    keep_alive_begin(&response->keep_alive);
    if (response->keep != NULL)
        *response->keep = (struct exchange_kept){.server = ""};
    response->facts.status = 0;
    response->head_bytes = 0;
    response->matched = 0;
    response->has_length = false;
    response->has_coding = false;
    response->coding = CODING_NONE;
    response->close = response->persist = false;
    response->number_at = NUMBER_NONE;
    response->number = 0;
    response->list = (struct field_list){.begun = false};
    response->at = AT_LEADING;
}

void response_begin(struct response *response, bool head, struct exchange_kept *keep) {
    *response = (struct response){.head = head, .keep = keep};
    response->facts.keep_alive_timeout_s = -1;
    response->facts.keep_alive_max = -1;
    head_begin(response);
}

enum response_result response_feed(struct response *response, const void *bytes, size_t length,
                                   size_t *taken) {
    require(response->at != AT_OVER);
    *taken = 0;
    if (length == 0)
        return RESPONSE_MORE;
    const char *start = bytes, *from = start, *end = start + length;
    while (from < end && response->at != AT_OVER && response->reason == REASON_none) {
        bool lines = response->at < AT_CHUNK_DATA;
        from = lines ? read_lines(response, from, end) : read_body(response, from, end);
        if (response->at == AT_INTERIM_OVER)
            head_begin(response);
    }
    *taken = (size_t)(from - start);
    if (response->reason != REASON_none)
        response->at = AT_OVER;
    if (response->at != AT_OVER)
        return RESPONSE_MORE;
    return response->complete ? RESPONSE_COMPLETE : RESPONSE_BAD;
}

/* llhttp_finish() is not asked: it calls an end clean where no byte has come, and one unclean where
 * a head has come and no byte of a body that the end completes. */
enum response_result response_finish(struct response *response) {
    if (response->until_close) {
        response->at = AT_OVER;
        response->complete = true;
    }
    return response->complete ? RESPONSE_COMPLETE : RESPONSE_MORE;
}

void response_follow(struct response *response, uint32_t unsolicited) {
    require(unsolicited <= RESPONSE_BLANK_MAX);
    response->head_bytes = unsolicited;
    response->at = response_unsolicited_half(unsolicited) ? AT_LEADING_LF : AT_LEADING;
}

/* Behind the row of empty lines comes what may be a status line: its bytes are counted on from the
 * row's bound. */
static bool unsolicited_line(uint32_t *progress, unsigned char byte) {
    static const char pattern[] = "HTTP/1.x 408";
    uint32_t matched = *progress > RESPONSE_BLANK_MAX ? *progress - RESPONSE_BLANK_MAX : 0;
    char wanted = pattern[matched];
    *progress = RESPONSE_BLANK_MAX + matched + 1;
    return wanted == 'x' ? ascii_is_digit(byte) : byte == (unsigned char)wanted;
}

/* One more byte of a row of empty lines: CR and LF in turn, and not endless. */
static bool unsolicited_blank(uint32_t *progress, unsigned char byte) {
    bool turn = byte == (response_unsolicited_half(*progress) ? '\n' : '\r');
    return turn && (*progress)++ < RESPONSE_BLANK_MAX;
}

enum response_unsolicited_kind response_unsolicited(uint32_t *progress, const void *bytes,
                                                    size_t length) {
    enum { WHOLE = RESPONSE_BLANK_MAX + sizeof "HTTP/1.x 408" - 1 };
    const unsigned char *next = bytes;
    for (size_t i = 0; i < length; i++) {
        bool line_end = next[i] == '\r' || next[i] == '\n';
        if (*progress == WHOLE)
            return line_end || next[i] == ' ' ? UNSOLICITED_408 : UNSOLICITED_BYTES;
        bool blank =
            *progress <= RESPONSE_BLANK_MAX && (line_end || response_unsolicited_half(*progress));
        if (!(blank ? unsolicited_blank : unsolicited_line)(progress, next[i]))
            return UNSOLICITED_BYTES;
    }
    return *progress <= RESPONSE_BLANK_MAX && !response_unsolicited_half(*progress)
               ? UNSOLICITED_NOTHING
               : UNSOLICITED_MORE;
}
