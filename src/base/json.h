/* A streaming JSON writer (RFC 8259): written as it goes, commas and escapes its own business. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* jansson, which reads JSON for us, has functions of these names: in one program they must differ.
 */
#define json_object holdfast_json_object
#define json_array  holdfast_json_array
#define json_null   holdfast_json_null
#define json_string holdfast_json_string

/* Nesting is bounded; the writer require()s well-formed use. Write errors are the stream's: the
 * caller checks ferror() and fflush() at the end. */
enum { JSON_DEPTH_MAX = 16 };

struct json {
    FILE *out;
    int depth;
    bool pretty;                /* two-space indent, one member a line at depth <= 2 */
    bool array[JSON_DEPTH_MAX]; /* the container at this depth is an array */
    uint64_t items[JSON_DEPTH_MAX];
    bool named; /* a name was written and waits for its value */
};

void json_begin(struct json *json, FILE *out, bool pretty);
void json_end(struct json *json); /* require()s that all containers are closed; ends the line */

void json_object(struct json *json);
void json_object_end(struct json *json);
void json_array(struct json *json);
void json_array_end(struct json *json);
void json_name(struct json *json, const char *name);

void json_null(struct json *json);
void json_bool(struct json *json, bool value);
void json_int(struct json *json, int64_t value);
void json_uint(struct json *json, uint64_t value);
/* The shortest form that reads back; null when not finite. */
void json_number(struct json *json, double value);
/* Bytes that are not UTF-8 become U+FFFD; control characters are escaped. NULL: null. */
void json_string(struct json *json, const char *value);

/* name and value in one call. */
void json_null_member(struct json *json, const char *name);
void json_bool_member(struct json *json, const char *name, bool value);
void json_int_member(struct json *json, const char *name, int64_t value);
void json_uint_member(struct json *json, const char *name, uint64_t value);
void json_number_member(struct json *json, const char *name, double value);
void json_string_member(struct json *json, const char *name, const char *value);

#endif
