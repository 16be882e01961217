/* A streaming JSON writer (RFC 8259): written as it goes, commas and escapes its own business. */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Nesting is bounded; the writer require()s well-formed use. Write errors are the stream's: the
 * caller checks ferror() and fflush() at the end. */
enum { JSON_DEPTH_MAX = 16 };

/* Takes values in place of a stream: each under the name of its member, of an array one call an
 * item; text is NULL for null, and without quotes or escapes. */
struct json_visitor {
    void (*take)(void *context, const char *name, const char *text);
    void *context;
};

struct json_writer {
    FILE *out;                          /* NULL where there is a visitor */
    const struct json_visitor *visitor; /* NULL where there is a stream */
    const char *name;                   /* of the latest member */
    int depth;
    bool pretty;                /* two-space indent, one member a line at depth <= 2 */
    bool array[JSON_DEPTH_MAX]; /* the container at this depth is an array */
    uint64_t items[JSON_DEPTH_MAX];
    bool named; /* a name was written and waits for its value */
};

void json_write_begin(struct json_writer *json, FILE *out, bool pretty);
void json_write_visit(struct json_writer *json, const struct json_visitor *visitor);
/* require()s that all containers are closed; ends the line */
void json_write_end(struct json_writer *json);

void json_write_object(struct json_writer *json);
void json_write_object_end(struct json_writer *json);
void json_write_array(struct json_writer *json);
void json_write_array_end(struct json_writer *json);
void json_write_name(struct json_writer *json, const char *name);

void json_write_null(struct json_writer *json);
void json_write_bool(struct json_writer *json, bool value);
void json_write_int(struct json_writer *json, int64_t value);
void json_write_uint(struct json_writer *json, uint64_t value);
/* The shortest form that reads back; null when not finite. */
void json_write_number(struct json_writer *json, double value);
/* Bytes that are not UTF-8 become U+FFFD; control characters are escaped. NULL: null. */
void json_write_string(struct json_writer *json, const char *value);
/* A value that is JSON already, on one line. */
void json_write_raw(struct json_writer *json, const char *value);

/* name and value in one call. */
void json_write_null_member(struct json_writer *json, const char *name);
void json_write_bool_member(struct json_writer *json, const char *name, bool value);
void json_write_int_member(struct json_writer *json, const char *name, int64_t value);
void json_write_uint_member(struct json_writer *json, const char *name, uint64_t value);
void json_write_number_member(struct json_writer *json, const char *name, double value);
void json_write_string_member(struct json_writer *json, const char *name, const char *value);

#endif
