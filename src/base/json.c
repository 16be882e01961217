/* JSON written as it goes; what follows RFC 8259 here is enforced by require(). */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/require.h"
#include "base/utf8.h"

static void new_line(struct json *json) {
    fprintf(json->out, "\n%*s", 2 * json->depth, "");
}

static bool lines(const struct json *json) {
    return json->pretty && json->depth > 0 && json->depth <= 2;
}

/* items[depth] counts what the container at this depth holds; depth 0 is the document, which holds
 * exactly one value. */
static void separate(struct json *json) {
    bool first = json->items[json->depth]++ == 0;
    if (!first)
        putc(',', json->out);
    if (lines(json))
        new_line(json);
    else if (!first && json->pretty)
        putc(' ', json->out);
}

static void value_begins(struct json *json) {
    if (json->named) {
        json->named = false;
        return;
    }
    require(json->depth > 0 ? json->array[json->depth] : json->items[0] == 0);
    separate(json);
}

static void open_container(struct json *json, bool array) {
    value_begins(json);
    require(json->depth + 1 < JSON_DEPTH_MAX);
    json->depth++;
    json->array[json->depth] = array;
    json->items[json->depth] = 0;
    putc(array ? '[' : '{', json->out);
}

static void close_container(struct json *json, bool array) {
    require(json->depth > 0 && json->array[json->depth] == array && !json->named);
    bool break_line = lines(json) && json->items[json->depth] > 0;
    json->depth--;
    if (break_line)
        new_line(json);
    putc(array ? ']' : '}', json->out);
}

static void put_character(FILE *out, uint32_t character, const char *bytes, unsigned length) {
    switch (character) {
    case '"': fputs("\\\"", out); break;
    case '\\': fputs("\\\\", out); break;
    case '\n': fputs("\\n", out); break;
    case '\r': fputs("\\r", out); break;
    case '\t': fputs("\\t", out); break;
    default:
        if (character < 0x20 || (character >= 0x7f && character <= 0x9f))
            fprintf(out, "\\u%04" PRIx32, character);
        else
            fwrite(bytes, 1, length, out);
    }
}

/* How many bytes from here on stand for themselves in a string. */
static size_t plain(const char *text) {
    size_t length = 0;
    while (text[length] >= ' ' && text[length] < 0x7f && text[length] != '"' &&
           text[length] != '\\')
        length++;
    return length;
}

static void put_string(FILE *out, const char *text) {
    putc('"', out);
    for (;;) {
        size_t length_plain = plain(text);
        fwrite(text, 1, length_plain, out);
        text += length_plain;
        if (*text == '\0')
            break;
        uint32_t character = 0;
        unsigned length = utf8_read(text, &character);
        if (length > 0)
            put_character(out, character, text, length);
        else
            fputs("\xef\xbf\xbd", out); /* U+FFFD, one for each stray byte */
        text += length > 0 ? length : 1;
    }
    putc('"', out);
}

void json_begin(struct json *json, FILE *out, bool pretty) {
    *json = (struct json){.out = out, .pretty = pretty};
}

void json_end(struct json *json) {
    require(json->depth == 0 && json->items[0] == 1 && !json->named);
    putc('\n', json->out);
}

void json_object(struct json *json) {
    open_container(json, false);
}

void json_object_end(struct json *json) {
    close_container(json, false);
}

void json_array(struct json *json) {
    open_container(json, true);
}

void json_array_end(struct json *json) {
    close_container(json, true);
}

void json_name(struct json *json, const char *name) {
    require(json->depth > 0 && !json->array[json->depth] && !json->named);
    separate(json);
    put_string(json->out, name);
    fputs(json->pretty ? ": " : ":", json->out);
    json->named = true;
}

void json_null(struct json *json) {
    value_begins(json);
    fputs("null", json->out);
}

void json_bool(struct json *json, bool value) {
    value_begins(json);
    fputs(value ? "true" : "false", json->out);
}

void json_int(struct json *json, int64_t value) {
    value_begins(json);
    fprintf(json->out, "%" PRId64, value);
}

void json_uint(struct json *json, uint64_t value) {
    value_begins(json);
    fprintf(json->out, "%" PRIu64, value);
}

/* 15 digits always survive text and back for a decimal that came as one; 17 for any double. */
void json_number(struct json *json, double value) {
    char text[32];
    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    value_begins(json);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, json->out);
}

void json_string(struct json *json, const char *value) {
    if (value == NULL) {
        json_null(json);
        return;
    }
    value_begins(json);
    put_string(json->out, value);
}

void json_null_member(struct json *json, const char *name) {
    json_name(json, name);
    json_null(json);
}

void json_bool_member(struct json *json, const char *name, bool value) {
    json_name(json, name);
    json_bool(json, value);
}

void json_int_member(struct json *json, const char *name, int64_t value) {
    json_name(json, name);
    json_int(json, value);
}

void json_uint_member(struct json *json, const char *name, uint64_t value) {
    json_name(json, name);
    json_uint(json, value);
}

void json_number_member(struct json *json, const char *name, double value) {
    json_name(json, name);
    json_number(json, value);
}

void json_string_member(struct json *json, const char *name, const char *value) {
    json_name(json, name);
    json_string(json, value);
}
