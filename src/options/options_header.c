/* Headers of options: 'N: V' read strictly, one by one or from a file. */
#include "options/options_row.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"

static const char accepted[] = "'NAME: VALUE' or @FILE is accepted, such as 'X-Test: 1'";

static const char content_length[] = "Content-Length";

static bool check_value(const char *label, const char *name, const char *value,
                        struct refuse_buffer to) {
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (ascii_is_control(byte))
            return refuse(to,
                          "%s: the value of \"%s\" has a control character (0x%02X, byte %zu): %s",
                          label, refuse_quote(name).text, byte, (size_t)(at - value) + 1, accepted);
    }
    return true;
}

/* Headers that would promise a body that is never sent; the number of bytes is held against the
 * body when that is known. */
static bool check_framing(const char *label, const char *name, const char *value,
                          struct refuse_buffer to) {
    if (ascii_equal(name, "Transfer-Encoding"))
        return refuse(to, "%s: Transfer-Encoding is refused: a body is sent by its length", label);
    bool number = value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
    if (ascii_equal(name, content_length) && !number)
        return refuse(to, "%s: Content-Length \"%s\" is refused: a number is accepted", label,
                      refuse_quote(value).text);
    return true;
}

/* Fields whose value is no list: a request has each of them once (RFC 9110 5.3, RFC 9112 3.2; of
 * Cookie RFC 6265 5.4). */
static bool is_single(const char *name, size_t length) {
    static const char *const names[] = {
        "Host",
        "Content-Length",
        "Content-Type",
        "User-Agent",
        "From",
        "Referer",
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Origin",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "If-Range",
        "Range",
        "Max-Forwards",
        "Date",
        "Sec-WebSocket-Key",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ascii_equal_bytes(name, length, names[i]))
            return true;
    return false;
}

/* Whether the list has a header that may be there once, by the name of this one. */
static bool has_single(const struct option_text_list *headers, const char *header) {
    size_t length = strcspn(header, ":");
    if (!is_single(header, length))
        return false;
    for (size_t i = 0; i < headers->count; i++) {
        const char *other = headers->items[i];
        if (strcspn(other, ":") == length && ascii_begin_alike(other, header, length))
            return true;
    }
    return false;
}

void options_replace_headers(struct option_text_list *headers, const struct option_text_list *by) {
    size_t kept = 0;
    for (size_t i = 0; i < headers->count; i++)
        if (!has_single(by, headers->items[i]))
            headers->items[kept++] = headers->items[i];
    headers->count = kept;
}

/* Adds one 'N: V', kept as "N: V" with V trimmed. */
static bool add(struct options *options, const char *label, const char *text,
                struct refuse_buffer to) {
    size_t length = strlen(text);
    if (options->header.count >= HEADERS_MAX)
        return refuse(to, "%s: more than %d headers: at most %d are accepted in all", label,
                      HEADERS_MAX, HEADERS_MAX);
    if (length > OPTIONS_LINE_MAX)
        return refuse(to, "%s: a header of %zu bytes: at most 64 KiB are accepted", label, length);
    char *copy = options_room(options, length + 1), *header = options_room(options, length + 3);
    if (copy == NULL || header == NULL)
        return refuse(to, "%s: out of memory", label);
    memcpy(copy, text, length + 1);
    char *colon = strchr(copy, ':');
    if (colon == NULL)
        return refuse(to, "%s: \"%s\" has no ':': %s", label, refuse_word(text).text, accepted);
    *colon = '\0';
    char *value = options_lines_skip_blanks(colon + 1);
    options_lines_cut_blanks(value);
    if (!ascii_is_token(copy))
        return refuse(to, "%s: \"%s\" is not a header's name: %s", label, refuse_word(copy).text,
                      accepted);
    if (!check_value(label, copy, value, to) ||
        (!options->saved && !check_framing(label, copy, value, to)))
        return false;
    snprintf(header, length + 3, "%s:%s%s", copy, value[0] != '\0' ? " " : "", value);
    if (!options->saved && has_single(&options->header, header))
        return refuse(to, "%s: a second \"%s\" is refused: a request has it once", label, copy);
    options->header.items[options->header.count++] = header;
    return true;
}

static bool add_file(struct options *options, const char *label, const char *path,
                     struct refuse_buffer to) {
    char *text = NULL, *line = NULL;
    size_t length = 0;
    if (!options_slurp(options, label, path, OPTIONS_FILE_MAX, &text, &length, to))
        return false;
    const struct refuse_quoted file = refuse_quote(path);
    struct options_lines lines;
    options_lines_begin(&lines, options, file.text, text, length);
    for (;;) {
        enum options_lines_outcome outcome = options_lines_take(&lines, &line, to);
        if (outcome != LINES_TAKEN)
            return outcome == LINES_END;
        char where[REFUSE_QUOTE_MAX + 24];
        snprintf(where, sizeof where, "%s:%zu", file.text, lines.number);
        if (!add(options, where, line, to))
            return false;
    }
}

bool option_read_header(struct options *options, const char *label, const char *value,
                        struct refuse_buffer to) {
    if (value[0] != '@')
        return add(options, label, value, to);
    if (value[1] == '\0')
        return refuse(to, "%s: a file name is missing after '@': %s", label, accepted);
    return add_file(options, label, value + 1, to);
}
