/* Values of a JSON document from outside: each is of the kind and within the bounds that its reader
 * names, or the reading fails with one line. */
#ifndef REPORT_SAVED_VALUE_H
#define REPORT_SAVED_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "plan/refuse.h"

/* A value of jansson's, which only saved_value.c knows. */
struct json_t;

/* A document, freed with value_free(); NULL when the text is no JSON, with the fault and its line.
 * A member that is there twice is a fault. */
struct value_fault {
    size_t line;
    struct shown text;
};
struct json_t *value_parse(const char *text, size_t length, struct value_fault *fault);
void value_free(struct json_t *document);

/* Where reading stands. The first failure is kept; after it every value is its "missing". */
struct place {
    struct refusal to;
    struct shown file;
    size_t line; /* 0: of the whole file */
    bool failed;
};

/* Notes the failure (printf style), and returns false. */
bool place_refuse(struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum { SAVED_SECONDS_MAX = 1000000000 }; /* thirty years: in nanoseconds it fits an int64_t */

/* The member of an object; NULL parents have none. Unknown members are nobody's business. */
const struct json_t *value_object(struct place *place, const struct json_t *parent,
                                  const char *name); /* required */
const struct json_t *value_object_if(struct place *place, const struct json_t *parent,
                                     const char *name);
const struct json_t *value_array_if(struct place *place, const struct json_t *parent,
                                    const char *name);

uint64_t value_count(struct place *place, const struct json_t *parent,
                     const char *name); /* required */
/* At least 0 and at most high; where it is null or not there, missing. */
int64_t value_whole_if(struct place *place, const struct json_t *parent, const char *name,
                       int64_t high, int64_t missing);
/* Any integer, or missing. */
int64_t value_integer_if(struct place *place, const struct json_t *parent, const char *name,
                         int64_t missing);
/* 0..10^15, or NAN. */
double value_number_if(struct place *place, const struct json_t *parent, const char *name);
/* 0..SAVED_SECONDS_MAX, or NAN. */
double value_seconds_if(struct place *place, const struct json_t *parent, const char *name);
bool value_flag_if(struct place *place, const struct json_t *parent, const char *name);
/* NULL where there is none. It lives as long as the document. */
const char *value_text_if(struct place *place, const struct json_t *parent, const char *name);
/* 16 hexadecimal digits; 0 where there is none. */
uint64_t value_id_if(struct place *place, const struct json_t *parent, const char *name);
/* "2023-11-14T22:13:20.123Z"; all zero where there is none. */
struct timespec value_time_if(struct place *place, const struct json_t *parent, const char *name);

/* Plain looks, which never fail: NULL values are empty. */
bool value_is_object(const struct json_t *value);
bool value_is_list(const struct json_t *value);
const struct json_t *value_member(const struct json_t *parent, const char *name);
bool value_has(const struct json_t *parent, const char *name);
size_t value_size(const struct json_t *list);
const struct json_t *value_at(const struct json_t *list, size_t index);
const char *value_string(const struct json_t *value); /* NULL: not a text */
/* A text, true, false or a number as an option's value is written; NULL for all else. */
const char *value_written(const struct json_t *value, char buffer[static 32]);
bool value_is_null(const struct json_t *value);

/* The members of an object, one after another; begin with a zeroed one. */
struct value_step {
    void *iterator;
    const char *name;
    const struct json_t *value;
};
bool value_next(const struct json_t *object, struct value_step *step);

/* A value that is itself a count, under the name of its member. */
uint64_t count_of(struct place *place, const struct json_t *value, const char *name);
/* 0..10^15. */
double number_of(struct place *place, const struct json_t *value, const char *name);
/* Seconds that a number stands for. */
double seconds_of(struct place *place, const struct json_t *value, const char *name);

#endif
