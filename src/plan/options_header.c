/* Headers of options: 'N: V' read strictly, one by one or from a file. */
#include "plan/options_row.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char accepted[] = "'NAME: VALUE' or @FILE is accepted, such as 'X-Test: 1'";

static const char content_length[] = "Content-Length";

bool option_is_token(const char *text) {
    static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
                                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

/* RFC 9110 5.5: visible characters, space, tab, and bytes from 0x80 on. */
static bool check_value(const char *label, const char *name, const char *value, struct refusal to) {
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return refuse(to,
                          "%s: the value of \"%s\" has a control character (0x%02X, byte %zu): %s",
                          label, shown_text(name).text, byte, (size_t)(at - value) + 1, accepted);
    }
    return true;
}

/* Headers that would promise a body that is never sent; the number of bytes is held against the
 * body when that is known. */
static bool check_framing(const char *label, const char *name, const char *value,
                          struct refusal to) {
    if (strcasecmp(name, "Transfer-Encoding") == 0)
        return refuse(to, "%s: Transfer-Encoding is refused: a body is sent by its length", label);
    bool number = value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
    if (strcasecmp(name, content_length) == 0 && !number)
        return refuse(to, "%s: Content-Length \"%s\" is refused: a number is accepted", label,
                      shown_text(value).text);
    return true;
}

/* Adds one 'N: V', kept as "N: V" with V trimmed. */
static bool add(struct options *options, const char *label, const char *text, struct refusal to) {
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
        return refuse(to, "%s: \"%s\" has no ':': %s", label, shown_text(text).text, accepted);
    *colon = '\0';
    char *value = lines_skip_blanks(colon + 1);
    lines_cut_blanks(value);
    if (!option_is_token(copy))
        return refuse(to, "%s: \"%s\" is not a header's name: %s", label, shown_text(copy).text,
                      accepted);
    if (!check_value(label, copy, value, to) || !check_framing(label, copy, value, to))
        return false;
    snprintf(header, length + 3, "%s:%s%s", copy, value[0] != '\0' ? " " : "", value);
    options->header.items[options->header.count++] = header;
    return true;
}

static bool add_file(struct options *options, const char *label, const char *path,
                     struct refusal to) {
    char *text = NULL, *line = NULL;
    size_t length = 0;
    if (!options_slurp(options, label, path, OPTIONS_FILE_MAX, &text, &length, to))
        return false;
    const struct shown file = shown_text(path);
    struct lines lines;
    lines_begin(&lines, options, file.text, text, length);
    for (;;) {
        enum lines_outcome outcome = lines_take(&lines, &line, to);
        if (outcome != LINES_TAKEN)
            return outcome == LINES_END;
        char where[SHOWN_MAX + 24];
        snprintf(where, sizeof where, "%s:%zu", file.text, lines.number);
        if (!add(options, where, line, to))
            return false;
    }
}

bool option_read_header(struct options *options, const char *label, const char *value,
                        struct refusal to) {
    if (value[0] != '@')
        return add(options, label, value, to);
    if (value[1] == '\0')
        return refuse(to, "%s: a file name is missing after '@': %s", label, accepted);
    return add_file(options, label, value + 1, to);
}
