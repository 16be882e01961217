/* Writes a JSON Schema (draft 2020-12) from tables of members. */
#include "report/schema.h"

#include "report/sections.h"

static const char *const tool_names[] = {"holdfast", NULL};

const struct member schema_tool[] = {
    MEMBER("name", K_CONST, .names = tool_names),
    MEMBER("version", K_TEXT),
    MEMBER("commit", K_TEXT),
    {0},
};

void schema_verdicts(struct json *json) {
    for (int i = 0; i < VERDICT_COUNT; i++)
        json_string(json, verdict_name((enum verdict)i));
}

static void write_type(struct json *json, const char *type, bool or_null) {
    json_name(json, "type");
    if (!or_null) {
        json_string(json, type);
        return;
    }
    json_array(json);
    json_string(json, type);
    json_string(json, "null");
    json_array_end(json);
}

static void write_count(struct json *json, bool or_null) {
    write_type(json, "integer", or_null);
    json_int_member(json, "minimum", 0);
}

static void write_enum(struct json *json, const struct member *member, bool or_null) {
    json_name(json, "enum");
    json_array(json);
    for (const char *const *name = member->names; name != NULL && *name != NULL; name++)
        json_string(json, *name);
    if (member->write_names != NULL)
        member->write_names(json);
    if (or_null)
        json_null(json);
    json_array_end(json);
}

static void begin_items(struct json *json) {
    write_type(json, "array", false);
    json_name(json, "items");
    json_object(json);
}

static void write_ports(struct json *json) {
    write_type(json, "array", true);
    json_int_member(json, "minItems", 2);
    json_int_member(json, "maxItems", 2);
    json_name(json, "items");
    json_object(json);
    write_count(json, false);
    json_object_end(json);
}

static void write_counts_by(struct json *json, const struct member *member) {
    write_type(json, "object", false);
    member->write_names(json);
    json_name(json, "additionalProperties");
    json_object(json);
    write_count(json, false);
    json_object_end(json);
}

static void write_members(struct json *json, const struct member *members, bool or_null,
                          bool closed);

static void write_array(struct json *json, const struct member *member, bool closed) {
    begin_items(json);
    switch (member->kind) {
    case K_TEXTS: write_type(json, "string", false); break;
    case K_COUNTS: write_count(json, false); break;
    case K_NUMBERS: write_type(json, "number", false); break;
    case K_NUMBERS_OR_NULL: write_type(json, "number", true); break;
    default: write_members(json, member->members, false, closed);
    }
    json_object_end(json);
}

static void write_kind(struct json *json, const struct member *member, bool closed) {
    switch (member->kind) {
    case K_TEXT: write_type(json, "string", false); break;
    case K_TEXT_OR_NULL: write_type(json, "string", true); break;
    case K_TIME_OR_NULL:
        write_type(json, "string", true);
        json_string_member(json, "pattern",
                           "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$");
        break;
    case K_WHOLE_OR_NULL: write_type(json, "integer", true); break;
    case K_COUNT: write_count(json, false); break;
    case K_COUNT_OR_NULL: write_count(json, true); break;
    case K_NUMBER_OR_NULL: write_type(json, "number", true); break;
    case K_FLAG: write_type(json, "boolean", false); break;
    case K_FLAG_OR_NULL: write_type(json, "boolean", true); break;
    case K_NULL: write_type(json, "null", false); break;
    case K_PORTS_OR_NULL: write_ports(json); break;
    case K_CONST: json_string_member(json, "const", member->names[0]); break;
    case K_ONE_OF: write_enum(json, member, false); break;
    case K_ONE_OF_OR_NULL: write_enum(json, member, true); break;
    case K_OBJECT: write_members(json, member->members, false, closed); break;
    case K_OBJECT_OR_NULL: write_members(json, member->members, true, closed); break;
    case K_COUNTS_BY: write_counts_by(json, member); break;
    case K_TEXTS:
    case K_COUNTS:
    case K_NUMBERS:
    case K_NUMBERS_OR_NULL:
    case K_OBJECTS: write_array(json, member, closed); break;
    }
}

static void write_members(struct json *json, const struct member *members, bool or_null,
                          bool closed) {
    write_type(json, "object", or_null);
    json_name(json, "required");
    json_array(json);
    for (const struct member *member = members; member->name != NULL; member++) {
        if (!member->optional && !member->absent)
            json_string(json, member->name);
    }
    json_array_end(json);
    json_name(json, "properties");
    json_object(json);
    for (const struct member *member = members; member->name != NULL; member++) {
        if (member->absent)
            continue;
        json_name(json, member->name);
        json_object(json);
        write_kind(json, member, closed);
        json_object_end(json);
    }
    json_object_end(json);
    if (closed)
        json_bool_member(json, "additionalProperties", false);
}

void schema_write(FILE *out, const char *title, const struct member *members, bool closed) {
    struct json json;
    json_begin(&json, out, true);
    json_object(&json);
    json_string_member(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_string_member(&json, "title", title);
    write_members(&json, members, false, closed);
    json_object_end(&json);
    json_end(&json);
}
