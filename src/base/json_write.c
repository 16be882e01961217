/* JSON written as it goes; what follows RFC 8259 here is enforced by require(). */
#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/require.h"
#include "base/utf8.h"

/* Punctuation and white space, which a visitor does not take. */
static void put(struct json_writer *json, const char *text) {
    if (json->out != NULL)
        fputs_unlocked(text, json->out);
}

static void new_line(struct json_writer *json) {
    if (json->out != NULL)
        fprintf(json->out, "\n%*s", 2 * json->depth, "");
}

static bool lines(const struct json_writer *json) {
    return json->pretty && json->depth > 0 && json->depth <= 2;
}

/* items[depth] counts what the container at this depth holds; depth 0 is the document, which holds
 * exactly one value. */
static void separate(struct json_writer *json) {
    bool first = json->items[json->depth]++ == 0;
    if (!first)
        put(json, ",");
    if (lines(json))
        new_line(json);
    else if (!first && json->pretty)
        put(json, " ");
}

static void value_begins(struct json_writer *json) {
    if (json->named) {
        json->named = false;
        return;
    }
    require(json->depth > 0 ? json->array[json->depth] : json->items[0] == 0);
    separate(json);
}

static void open_container(struct json_writer *json, bool array) {
    value_begins(json);
    require(json->depth + 1 < JSON_DEPTH_MAX);
    json->depth++;
    json->array[json->depth] = array;
    json->items[json->depth] = 0;
    put(json, array ? "[" : "{");
}

static void close_container(struct json_writer *json, bool array) {
    require(json->depth > 0 && json->array[json->depth] == array && !json->named);
    bool break_line = lines(json) && json->items[json->depth] > 0;
    json->depth--;
    if (break_line)
        new_line(json);
    put(json, array ? "]" : "}");
}

/* A number, true, false, or NULL for null. */
static void put_plain(struct json_writer *json, const char *text) {
    value_begins(json);
    if (json->visitor != NULL)
        json->visitor->take(json->visitor->context, json->name, text);
    else
        fputs_unlocked(text != NULL ? text : "null", json->out);
}

static void put_character(FILE *out, uint32_t character, const char *bytes, unsigned length) {
    switch (character) {
    case '"': fputs_unlocked("\\\"", out); break;
    case '\\': fputs_unlocked("\\\\", out); break;
    case '\n': fputs_unlocked("\\n", out); break;
    case '\r': fputs_unlocked("\\r", out); break;
    case '\t': fputs_unlocked("\\t", out); break;
    default:
        if (character < 0x20 || (character >= 0x7f && character <= 0x9f))
            fprintf(out, "\\u%04" PRIx32, character);
        else
            fwrite_unlocked(bytes, 1, length, out);
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
    putc_unlocked('"', out);
    for (;;) {
        size_t length_plain = plain(text);
        fwrite_unlocked(text, 1, length_plain, out);
        text += length_plain;
        if (*text == '\0')
            break;
        uint32_t character = 0;
        unsigned length = utf8_read(text, &character);
        if (length > 0)
            put_character(out, character, text, length);
        else
            fputs_unlocked("\xef\xbf\xbd", out); /* U+FFFD, one for each stray byte */
        text += length > 0 ? length : 1;
    }
    putc_unlocked('"', out);
}

void json_write_begin(struct json_writer *json, FILE *out, bool pretty) {
    *json = (struct json_writer){.out = out, .pretty = pretty};
}

void json_write_visit(struct json_writer *json, const struct json_visitor *visitor) {
    *json = (struct json_writer){.visitor = visitor};
}

void json_write_end(struct json_writer *json) {
    require(json->depth == 0 && json->items[0] == 1 && !json->named);
    put(json, "\n");
}

void json_write_object(struct json_writer *json) {
    open_container(json, false);
}

void json_write_object_end(struct json_writer *json) {
    close_container(json, false);
}

void json_write_array(struct json_writer *json) {
    open_container(json, true);
}

void json_write_array_end(struct json_writer *json) {
    close_container(json, true);
}

void json_write_name(struct json_writer *json, const char *name) {
    require(json->depth > 0 && !json->array[json->depth] && !json->named);
    separate(json);
    if (json->out != NULL)
        put_string(json->out, name);
    put(json, json->pretty ? ": " : ":");
    json->name = name;
    json->named = true;
}

void json_write_null(struct json_writer *json) {
    put_plain(json, NULL);
}

void json_write_raw(struct json_writer *json, const char *value) {
    put_plain(json, value);
}

void json_write_bool(struct json_writer *json, bool value) {
    put_plain(json, value ? "true" : "false");
}

void json_write_int(struct json_writer *json, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    put_plain(json, text);
}

void json_write_uint(struct json_writer *json, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    put_plain(json, text);
}

/* 15 digits always survive text and back for a decimal that came as one; 17 for any double. A
 * visitor draws for people, who read nine. */
void json_write_number(struct json_writer *json, double value) {
    char text[32];
    if (!isfinite(value)) {
        json_write_null(json);
        return;
    }
    for (int digits = json->visitor != NULL ? 9 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (json->visitor != NULL || strtod(text, NULL) == value)
            break;
    }
    put_plain(json, text);
}

void json_write_string(struct json_writer *json, const char *value) {
    if (value == NULL || json->visitor != NULL) {
        put_plain(json, value);
        return;
    }
    value_begins(json);
    put_string(json->out, value);
}

void json_write_null_member(struct json_writer *json, const char *name) {
    json_write_name(json, name);
    json_write_null(json);
}

void json_write_bool_member(struct json_writer *json, const char *name, bool value) {
    json_write_name(json, name);
    json_write_bool(json, value);
}

void json_write_int_member(struct json_writer *json, const char *name, int64_t value) {
    json_write_name(json, name);
    json_write_int(json, value);
}

void json_write_uint_member(struct json_writer *json, const char *name, uint64_t value) {
    json_write_name(json, name);
    json_write_uint(json, value);
}

void json_write_number_member(struct json_writer *json, const char *name, double value) {
    json_write_name(json, name);
    json_write_number(json, value);
}

void json_write_string_member(struct json_writer *json, const char *name, const char *value) {
    json_write_name(json, name);
    json_write_string(json, value);
}
