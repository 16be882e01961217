/* The tables that a JSON Schema (draft 2020-12) is written from: one table of members for each
 * object. */
#ifndef REPORT_EXPORT_SCHEMA_H
#define REPORT_EXPORT_SCHEMA_H

#include <stdbool.h>
#include <stdio.h>

#include "base/json_write.h"

/* Kinds of values. An OR_NULL of a kind also allows "not measured". */
enum schema_kind {
    K_TEXT,
    K_TEXT_OR_NULL,
    K_TIME_OR_NULL,
    K_WHOLE_OR_NULL,
    K_COUNT, /* an integer, not negative */
    K_COUNT_OR_NULL,
    K_NUMBER_OR_NULL,
    K_FLAG,
    K_FLAG_OR_NULL,
    K_NULL,
    K_TEXTS, /* arrays of these */
    K_COUNTS,
    K_NUMBERS,
    K_NUMBERS_OR_NULL,
    K_PORTS_OR_NULL, /* [low, high] */
    K_CONST,         /* the one text of names[0] */
    K_ONE_OF,        /* one of names */
    K_ONE_OF_OR_NULL,
    K_OBJECT, /* of members */
    K_OBJECT_OR_NULL,
    K_OBJECTS,   /* an array of objects of members */
    K_COUNTS_BY, /* an object of counts whose names are restricted by write_names */
};

struct schema_member {
    const char *name; /* NULL ends a table */
    enum schema_kind kind;
    const char *const *names;
    const struct schema_member *members;
    void (*write_names)(struct json_writer *json);
    bool optional;
    bool absent; /* a row of a table that is no member */
};
#define MEMBER(called, of_kind, ...)                                                               \
    { .name = called, .kind = of_kind, __VA_ARGS__ }

/* Members that documents share. */
extern const struct schema_member schema_tool[], schema_target[], schema_finding[];
void schema_verdicts(struct json_writer *json);

/* A schema with its title, of a document of those members. closed: an object with a member that no
 * table names is refused, too. */
void schema_write(FILE *out, const char *title, const struct schema_member *members, bool closed);

#endif
