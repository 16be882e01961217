/* Reads one answer: a strict scanner of its lines in front of llhttp, which frames its body.
 *
 * Why a scanner of our own: llhttp 8.1 and 9 disagree on bare CR and LF, tabs, empty and
 * conflicting length headers, chunk extensions and trailers, accept RTSP, HTTP/2.0 and status 000,
 * and know no limit. Whatever they disagree on is decided here and hidden from them: a tab in a
 * value is shown as a space, chunk extensions and trailers are not shown at all. Bytes that llhttp
 * may still refuse (the digits of Content-Length and of chunk sizes) are shown one at a time, so
 * that the byte that proves a fault is known whatever way the stream was cut. */
#include "http/response.h"

#include <string.h>

#include "base/require.h"

enum at {
    AT_LEADING, /* CR and LF before a status line */
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
enum view {
    VIEW_SHOW,  /* llhttp sees it, together with its neighbours */
    VIEW_NOW,   /* llhttp sees it at once: it may refuse it, or what follows depends on it */
    VIEW_SPACE, /* llhttp sees a space */
    VIEW_HIDE,
    VIEW_BAD, /* the reason is set */
};

enum field { FIELD_LENGTH, FIELD_CODING, FIELD_KEEP_ALIVE, FIELD_SERVER, FIELD_OTHER };
static const char *const fields[] = {"content-length", "transfer-encoding", "keep-alive", "server"};

enum { KEPT_MAX = sizeof((struct response_headers *)0)->server - 1 };
_Static_assert(sizeof((struct response_headers *)0)->keep_alive == KEPT_MAX + 1, "one bound");

static enum view bad(struct response *response, enum reason reason) {
    response->reason = reason;
    return VIEW_BAD;
}

/* The byte is the LF that a CR promised, or else that is the fault. */
static enum view scan_lf(struct response *response, unsigned char byte, enum at next,
                         enum reason fault) {
    if (byte != '\n')
        return bad(response, fault);
    response->at = (uint8_t)next;
    return VIEW_SHOW;
}

static enum view scan_version(struct response *response, unsigned char byte) {
    static const char pattern[] = "HTTP/1.x ";
    char wanted = pattern[response->matched++];
    if (wanted == 'x' ? byte == '0' || byte == '1' : byte == (unsigned char)wanted) {
        if (wanted == 'x')
            response->facts.minor = (uint8_t)(byte - '0');
        if (wanted == ' ') {
            response->at = AT_STATUS;
            response->matched = 0;
        }
        return VIEW_SHOW;
    }
    bool version = byte_is_digit(byte) && (wanted == '1' || wanted == 'x' || wanted == ' ');
    return bad(response, version ? REASON_bad_version : REASON_bad_status_line);
}

static enum view scan_leading(struct response *response, unsigned char byte) {
    if (byte == '\r' || byte == '\n')
        return VIEW_HIDE;
    response->started = true;
    response->at = AT_VERSION;
    return scan_version(response, byte);
}

/* The status is whole: it is judged before the rest of the head comes. */
static enum view scan_status_end(struct response *response, unsigned char byte) {
    if (response->matched < 3)
        return bad(response, REASON_bad_status);
    if (response->facts.status == 101)
        return bad(response, REASON_unasked_upgrade);
    if (response->facts.status < 200 && response->facts.interim == RESPONSE_INTERIM_MAX)
        return bad(response, REASON_too_many_interim);
    response->at = byte == ' ' ? AT_PHRASE : AT_PHRASE_LF;
    return VIEW_SHOW;
}

static enum view scan_status(struct response *response, unsigned char byte) {
    if (response->matched > 0 && (byte == ' ' || byte == '\r'))
        return scan_status_end(response, byte);
    if (!byte_is_digit(byte))
        return bad(response, REASON_bad_status_line);
    if (response->matched == 3 || (response->matched == 0 && byte == '0'))
        return bad(response, REASON_bad_status);
    response->facts.status = (uint16_t)(response->facts.status * 10 + (byte - '0'));
    response->matched++;
    return VIEW_SHOW;
}

static enum view scan_phrase(struct response *response, unsigned char byte) {
    if (byte == '\r')
        response->at = AT_PHRASE_LF;
    else if (!byte_is_text(byte))
        return bad(response, REASON_bad_status_line);
    return VIEW_SHOW;
}

/* A second length, a length beside a coding, either of them behind the body: framing that two
 * readers may see differently (RFC 9112 6.3, RFC 9110 6.5.1). */
static enum reason framing_fault(const struct response *response, enum field field) {
    bool doubled = response->has_length || (field == FIELD_LENGTH && response->has_coding);
    if (field != FIELD_LENGTH && field != FIELD_CODING)
        return REASON_none;
    if (doubled)
        return REASON_bad_length;
    return response->trailer ? REASON_bad_transfer_encoding : REASON_none;
}

/* Where the field's value is kept: of a header that comes twice, the first value that is not empty.
 */
static char *keep_buffer(const struct response *response, enum field field) {
    if (response->keep == NULL || (field != FIELD_SERVER && field != FIELD_KEEP_ALIVE))
        return NULL;
    char *buffer = field == FIELD_SERVER ? response->keep->server : response->keep->keep_alive;
    return buffer[0] == '\0' ? buffer : NULL;
}

static enum view scan_colon(struct response *response) {
    enum field field = (enum field)word_found(&response->name, fields, FIELD_OTHER);
    enum reason fault = framing_fault(response, field);
    if (fault != REASON_none)
        return bad(response, fault);
    if (response->trailer)
        field = FIELD_OTHER;
    response->has_length |= field == FIELD_LENGTH;
    response->has_coding |= field == FIELD_CODING;
    response->field = (uint8_t)field;
    response->keeping = keep_buffer(response, field);
    response->kept = 0;
    response->blank = true;
    response->at = AT_VALUE;
    return VIEW_SHOW;
}

static enum view scan_name(struct response *response, unsigned char byte) {
    if (byte == ':')
        return scan_colon(response);
    if (!byte_is_token(byte))
        return bad(response, REASON_bad_header);
    word_byte(&response->name, fields, FIELD_OTHER, byte);
    return VIEW_SHOW;
}

/* White space here would fold the line into the one before; as a name it is refused. */
static enum view scan_line(struct response *response, unsigned char byte) {
    if (byte == '\r') {
        response->at = AT_HEAD_LF;
        return VIEW_SHOW;
    }
    if (byte == ':')
        return bad(response, REASON_bad_header);
    response->at = AT_NAME;
    response->name = (struct word){0};
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
           byte_is_blank((unsigned char)response->keeping[response->kept - 1]))
        response->keeping[--response->kept] = '\0';
}

static enum view scan_value_end(struct response *response) {
    if (response->blank && response->field == FIELD_LENGTH)
        return bad(response, REASON_bad_length);
    if (response->blank && response->field == FIELD_CODING)
        return bad(response, REASON_bad_transfer_encoding);
    if (response->field == FIELD_KEEP_ALIVE)
        keep_alive_value_end(&response->keep_alive);
    keep_end(response);
    response->at = AT_VALUE_LF;
    return VIEW_SHOW;
}

static enum view scan_value(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return scan_value_end(response);
    if (!byte_is_text(byte))
        return bad(response, REASON_bad_header);
    response->blank &= byte_is_blank(byte);
    keep_byte(response, byte);
    if (response->field == FIELD_KEEP_ALIVE)
        keep_alive_byte(&response->keep_alive, byte);
    if (byte == '\t')
        return VIEW_SPACE;
    return response->field == FIELD_LENGTH ? VIEW_NOW : VIEW_SHOW;
}

/* Where the answer goes on behind the empty line is for the callbacks to say. */
static enum view scan_head_lf(struct response *response, unsigned char byte) {
    return byte == '\n' ? VIEW_NOW : bad(response, REASON_bad_header);
}

/* At least one digit; llhttp reads the number and refuses one beyond 64 bits. */
static enum view scan_chunk_size(struct response *response, unsigned char byte) {
    bool digits = response->matched > 0;
    response->matched = 1;
    if (byte_is_hex(byte))
        return VIEW_NOW;
    if (digits && byte == '\r') {
        response->at = AT_CHUNK_LF;
        return VIEW_SHOW;
    }
    if (!digits || !(byte == ';' || byte_is_blank(byte)))
        return bad(response, REASON_bad_chunk);
    response->at = byte == ';' ? AT_CHUNK_EXTENSION : AT_CHUNK_BLANK;
    return VIEW_HIDE;
}

static enum view scan_chunk_blank(struct response *response, unsigned char byte) {
    if (byte == ';')
        response->at = AT_CHUNK_EXTENSION;
    else if (!byte_is_blank(byte))
        return bad(response, REASON_bad_chunk);
    return VIEW_HIDE;
}

/* The text is of no interest (RFC 9112 7.1.1), and neither CR nor LF can be quoted in it. */
static enum view scan_chunk_extension(struct response *response, unsigned char byte) {
    if (byte == '\r') {
        response->at = AT_CHUNK_LF;
        return VIEW_SHOW;
    }
    return byte_is_text(byte) ? VIEW_HIDE : bad(response, REASON_bad_chunk);
}

static enum view scan_chunk_lf(struct response *response, unsigned char byte) {
    if (byte != '\n')
        return bad(response, REASON_bad_chunk);
    response->trailer = response->parser.content_length == 0;
    response->at = response->trailer ? AT_LINE : AT_CHUNK_DATA;
    response->head_bytes = 0;
    return VIEW_NOW;
}

static enum view scan_chunk_data_cr(struct response *response, unsigned char byte) {
    if (byte != '\r')
        return bad(response, REASON_bad_chunk);
    response->at = AT_CHUNK_DATA_LF;
    response->matched = 0;
    return VIEW_SHOW;
}

static enum view scan_state(struct response *response, unsigned char byte) {
    switch ((enum at)response->at) {
    case AT_LEADING: return scan_leading(response, byte);
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

static enum view scan(struct response *response, unsigned char byte) {
    if (response->head_bytes == RESPONSE_HEAD_MAX)
        return bad(response,
                   response->at >= AT_CHUNK_SIZE ? REASON_bad_chunk : REASON_head_too_large);
    response->head_bytes++;
    bool trailer = response->trailer;
    enum view view = scan_state(response, byte);
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

/* Most bytes of a head belong to names and values that are not looked into: steps over those that
 * come next, in one run. */
static const char *step_over(struct response *response, const char *from, const char *end) {
    bool name = response->at == AT_NAME && word_is_other(&response->name, FIELD_OTHER);
    bool value = response->at == AT_VALUE && response->field == FIELD_OTHER;
    size_t room = RESPONSE_HEAD_MAX - response->head_bytes;
    const char *start = from;
    if ((size_t)(end - from) > room)
        end = from + room;
    if (name)
        while (from < end && byte_is_token((unsigned char)*from))
            from++;
    else if (value)
        while (from < end && *from != '\t' && byte_is_text((unsigned char)*from))
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
        enum view view = scan(response, (unsigned char)*from++);
        if (view == VIEW_SHOW)
            continue;
        if (view == VIEW_BAD)
            return from;
        const char *until = view == VIEW_NOW ? from : from - 1;
        if (!show(response, unseen, (size_t)(until - unseen)))
            return from;
        if (view == VIEW_SPACE && !show(response, " ", 1))
            return from;
        unseen = from;
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
    struct response_facts *facts = &response->facts;
    bool bodiless =
        response->head || facts->status < 200 || facts->status == 204 || facts->status == 304;
    bool persistent = facts->minor == 1 ||
                      ((parser->flags & F_CONNECTION_KEEP_ALIVE) != 0 && !response->has_coding);
    response->until_close = !bodiless && llhttp_message_needs_eof(parser) != 0;
    facts->announced_end =
        response->until_close || !persistent || (parser->flags & F_CONNECTION_CLOSE) != 0;
    facts->keep_alive_timeout_s = response->keep_alive.timeout_s;
    facts->keep_alive_max = response->keep_alive.max;
    response->at = (parser->flags & F_CHUNKED) != 0 ? AT_CHUNK_SIZE : AT_BODY;
    response->matched = 0;
    response->head_bytes = 0;
    return bodiless ? 1 : 0;
}

static void keep_body(struct response_headers *keep, const char *bytes, size_t length) {
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
        *response->keep = (struct response_headers){.server = ""};
    response->facts.status = 0;
    response->head_bytes = 0;
    response->matched = 0;
    response->has_length = false;
    response->has_coding = false;
    response->at = AT_LEADING;
}

void response_begin(struct response *response, bool head, struct response_headers *keep) {
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

enum unasked response_unasked(uint8_t *progress, const void *bytes, size_t length) {
    static const char pattern[] = "HTTP/1.x 408";
    enum { WHOLE = sizeof pattern - 1 };
    const unsigned char *next = bytes;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = next[i];
        bool line_end = byte == '\r' || byte == '\n';
        if (*progress == WHOLE)
            return line_end || byte == ' ' ? UNASKED_408 : UNASKED_UNSOLICITED;
        if (*progress == 0 && line_end)
            continue;
        char wanted = pattern[*progress];
        if (wanted == 'x' ? byte != '0' && byte != '1' : byte != (unsigned char)wanted)
            return UNASKED_UNSOLICITED;
        ++*progress;
    }
    return *progress == 0 ? UNASKED_NOTHING : UNASKED_MORE;
}
