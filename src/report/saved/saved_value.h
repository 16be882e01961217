/* Values of a JSON document from outside: each is of the kind and within the bounds that its reader
 * names, or the reading fails with one line. */
#ifndef REPORT_SAVED_SAVED_VALUE_H
#define REPORT_SAVED_SAVED_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/refuse.h"

/* A value of jansson's, which only saved_value.c knows. */
struct json_t;

/* A document, freed with saved_value_free(); NULL when the text is no JSON, with the fault and its
 * line. A member that is there twice is a fault. */
struct saved_value_fault {
    size_t line;
    struct refuse_quoted text;
};
struct json_t *saved_value_parse(const char *text, size_t length, struct saved_value_fault *fault);
/* One more owner of a document, who frees it too. */
struct json_t *saved_value_keep(const struct json_t *document);
void saved_value_free(struct json_t *document);

/* From now on memory that runs out while a document is parsed calls end(), which does not return:
 * jansson 2.14 does not look whether it could keep a string, and crashes. */
void saved_value_end_without_memory(void (*end)(void));

/* Where reading stands. The first failure is kept; after it every value is its "missing". */
struct saved_place {
    struct refuse_buffer to;
    struct refuse_quoted file;
    size_t line; /* 0: of the whole file */
    bool failed;
};

/* Notes the failure (printf style), and returns false. */
bool saved_place_refuse(struct saved_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum { SAVED_SECONDS_MAX = 1000000000 }; /* thirty years: in nanoseconds it fits an int64_t */

/* The member of an object; NULL parents have none. Unknown members are ignored. */
const struct json_t *saved_value_object(struct saved_place *place, const struct json_t *parent,
                                        const char *name); /* required */
const struct json_t *saved_value_object_if(struct saved_place *place, const struct json_t *parent,
                                           const char *name);
const struct json_t *saved_value_array_if(struct saved_place *place, const struct json_t *parent,
                                          const char *name);

uint64_t saved_value_count(struct saved_place *place, const struct json_t *parent,
                           const char *name); /* required */
/* 0 where it is null or not there. */
uint64_t saved_value_count_if(struct saved_place *place, const struct json_t *parent,
                              const char *name);
/* At least 0 and at most high; where it is null or not there, missing. */
int64_t saved_value_whole_if(struct saved_place *place, const struct json_t *parent,
                             const char *name, int64_t high, int64_t missing);
/* Any integer, or missing. */
int64_t saved_value_integer_if(struct saved_place *place, const struct json_t *parent,
                               const char *name, int64_t missing);
/* 0..10^15, or NAN. */
double saved_value_number_if(struct saved_place *place, const struct json_t *parent,
                             const char *name);
/* 0..SAVED_SECONDS_MAX, or NAN. */
double saved_value_seconds_if(struct saved_place *place, const struct json_t *parent,
                              const char *name);
bool saved_value_flag_if(struct saved_place *place, const struct json_t *parent, const char *name);
/* NULL where there is none. It lives as long as the document. */
const char *saved_value_text_if(struct saved_place *place, const struct json_t *parent,
                                const char *name);
/* 16 hexadecimal digits; 0 where there is none. */
uint64_t saved_value_id_if(struct saved_place *place, const struct json_t *parent,
                           const char *name);
/* "2023-11-14T22:13:20.123Z"; all zero where there is none. */
struct timespec saved_value_time_if(struct saved_place *place, const struct json_t *parent,
                                    const char *name);

/* Plain looks, which never fail: NULL values are empty. */
bool saved_value_is_object(const struct json_t *value);
bool saved_value_is_list(const struct json_t *value);
const struct json_t *saved_value_member(const struct json_t *parent, const char *name);
bool saved_value_has(const struct json_t *parent, const char *name);
size_t saved_value_size(const struct json_t *list);
const struct json_t *saved_value_at(const struct json_t *list, size_t index);
const char *saved_value_string(const struct json_t *value); /* NULL: not a text */
/* A text, true, false or a number as an option's value is written; NULL for all else. */
const char *saved_value_written(const struct json_t *value, char buffer[static 32]);
bool saved_value_is_null(const struct json_t *value);
/* As JSON on one line, the caller's to free; NULL: no memory, or no value. */
char *saved_value_text(const struct json_t *value);

/* The members of an object, one after another; begin with a zeroed one. */
struct saved_value_step {
    void *iterator;
    const char *name;
    const struct json_t *value;
};
bool saved_value_next(const struct json_t *object, struct saved_value_step *step);

/* A value that is itself a count, under the name of its member. */
uint64_t saved_value_to_count(struct saved_place *place, const struct json_t *value,
                              const char *name);
/* 0..10^15. */
double saved_value_number(struct saved_place *place, const struct json_t *value, const char *name);
/* Seconds that a number stands for. */
double saved_value_seconds(struct saved_place *place, const struct json_t *value, const char *name);

#endif
