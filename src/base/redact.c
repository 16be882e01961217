/* Hides what may be a secret in a URL, in a line with URLs and in a command. */
#include "base/redact.h"

#include <string.h>

#include "base/ascii.h"

/* --- a text being made --- */

struct shown_line {
    char *text;
    size_t size, length; /* length: of all that was added, whether there was room or not */
};

static void add_bytes(struct shown_line *out, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++, out->length++)
        if (out->length + 1 < out->size)
            out->text[out->length] = bytes[i];
}

static void add_text(struct shown_line *out, const char *text) {
    add_bytes(out, text, strlen(text));
}

static void finish(struct shown_line *out) {
    if (out->size > 0)
        out->text[out->length < out->size ? out->length : out->size - 1] = '\0';
}

/* --- a query --- */

/* How long the name of a parameter is: up to its '=', which may be percent-encoded. */
static size_t name_length(const char *part, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (part[i] == '=' || (length - i >= 3 && ascii_equal_bytes(part + i, 3, "%3d")))
            return i;
    return length;
}

/* Without '=' a part is a name, unless it is too long to be one. */
enum { BARE_NAME_MAX = 16 };

static void add_parameter(struct shown_line *out, const char *part, size_t length) {
    size_t name = name_length(part, length);
    size_t equals = name == length ? 0 : part[name] == '=' ? 1 : 3;
    if (equals == 0 && length > BARE_NAME_MAX) {
        add_text(out, REDACTED);
        return;
    }
    add_bytes(out, part, name + equals);
    if (name + equals < length)
        add_text(out, REDACTED);
}

static void add_query(struct shown_line *out, const char *query, size_t length) {
    const char *end = query + length;
    for (const char *part = query;;) {
        const char *stop = part;
        while (stop < end && *stop != '&' && *stop != ';')
            stop++;
        add_parameter(out, part, (size_t)(stop - part));
        if (stop == end)
            return;
        add_bytes(out, stop, 1);
        part = stop + 1;
    }
}

/* The place of any of these bytes, or the end. */
static const char *find_any(const char *text, const char *end, const char *bytes) {
    while (text < end && strchr(bytes, *text) == NULL)
        text++;
    return text;
}

static void add_url(struct shown_line *out, const char *url, size_t length) {
    const char *end = url + length, *query = find_any(url, end, "?#");
    const char *fragment = find_any(query, end, "#");
    add_bytes(out, url, (size_t)(query - url));
    if (query < fragment) {
        add_bytes(out, query, 1);
        add_query(out, query + 1, (size_t)(fragment - query) - 1);
    }
    if (fragment < end)
        add_text(out, fragment + 1 < end ? "#***" : "#");
}

char *redact_url(char *buffer, size_t size, const char *url) {
    struct shown_line out = {buffer, size, 0};
    add_url(&out, url, strlen(url));
    if (out.length >= size) {
        out.length = 0;
        add_bytes(&out, url, strcspn(url, "?#"));
        add_text(&out, "?***");
    }
    finish(&out);
    return buffer;
}

/* What stands around a URL in a line: blanks, quotation marks and brackets. */
static const char around[] = " \t\r\n\"'`<>|";

char *redact_urls(char *buffer, size_t size, const char *text) {
    struct shown_line out = {buffer, size, 0};
    const char *end = text + strlen(text);
    while (text < end) {
        const char *stop = find_any(text, end, around);
        if (find_any(text, stop, "/") < find_any(text, stop, "?#"))
            add_url(&out, text, (size_t)(stop - text));
        else
            add_bytes(&out, text, (size_t)(stop - text));
        if (stop < end)
            add_bytes(&out, stop++, 1);
        text = stop;
    }
    finish(&out);
    return buffer;
}

/* --- a command --- */

char *redact_command(char *buffer, size_t size, const char *command) {
    static const char of_a_word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_./+-@,:~";
    struct shown_line out = {buffer, size, 0};
    command += strspn(command, " \t\r\n");
    size_t word = strspn(command, of_a_word);
    const char *rest = command + word;
    add_bytes(&out, command, word);
    if (rest[strspn(rest, " \t\r\n")] != '\0')
        add_text(&out, word > 0 ? " ***" : REDACTED);
    finish(&out);
    return buffer;
}
