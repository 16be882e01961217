/* Writes a JSON Schema (draft 2020-12) from tables of members. */
#include "report/export/schema.h"
#include "report/format/report_names.h"

static const char *const tool_names[] = {"holdfast", NULL};

const struct schema_member schema_tool[] = {
    MEMBER("name", K_CONST, .names = tool_names),
    MEMBER("version", K_TEXT),
    MEMBER("commit", K_TEXT),
    {0},
};

void schema_verdicts(struct json_writer *json) {
    for (int i = 0; i < VERDICT_COUNT; i++)
        json_write_string(json, verdict_name((enum verdict)i));
}

static void write_type(struct json_writer *json, const char *type, bool or_null) {
    json_write_name(json, "type");
    if (!or_null) {
        json_write_string(json, type);
        return;
    }
    json_write_array(json);
    json_write_string(json, type);
    json_write_string(json, "null");
    json_write_array_end(json);
}

static void write_count(struct json_writer *json, bool or_null) {
    write_type(json, "integer", or_null);
    json_write_int_member(json, "minimum", 0);
}

static void write_enum(struct json_writer *json, const struct schema_member *member, bool or_null) {
    json_write_name(json, "enum");
    json_write_array(json);
    for (const char *const *name = member->names; name != NULL && *name != NULL; name++)
        json_write_string(json, *name);
    if (member->write_names != NULL)
        member->write_names(json);
    if (or_null)
        json_write_null(json);
    json_write_array_end(json);
}

static void begin_items(struct json_writer *json) {
    write_type(json, "array", false);
    json_write_name(json, "items");
    json_write_object(json);
}

static void write_ports(struct json_writer *json) {
    write_type(json, "array", true);
    json_write_int_member(json, "minItems", 2);
    json_write_int_member(json, "maxItems", 2);
    json_write_name(json, "items");
    json_write_object(json);
    write_count(json, false);
    json_write_object_end(json);
}

static void write_counts_by(struct json_writer *json, const struct schema_member *member) {
    write_type(json, "object", false);
    member->write_names(json);
    json_write_name(json, "additionalProperties");
    json_write_object(json);
    write_count(json, false);
    json_write_object_end(json);
}

static void write_members(struct json_writer *json, const struct schema_member *members,
                          bool or_null, bool closed);

static void write_array(struct json_writer *json, const struct schema_member *member, bool closed) {
    begin_items(json);
    switch (member->kind) {
    case K_TEXTS: write_type(json, "string", false); break;
    case K_COUNTS: write_count(json, false); break;
    case K_NUMBERS: write_type(json, "number", false); break;
    case K_NUMBERS_OR_NULL: write_type(json, "number", true); break;
    default: write_members(json, member->members, false, closed);
    }
    json_write_object_end(json);
}

static void write_kind(struct json_writer *json, const struct schema_member *member, bool closed) {
    switch (member->kind) {
    case K_TEXT: write_type(json, "string", false); break;
    case K_TEXT_OR_NULL: write_type(json, "string", true); break;
    case K_TIME_OR_NULL:
        write_type(json, "string", true);
        json_write_string_member(
            json, "pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$");
        break;
    case K_WHOLE_OR_NULL: write_type(json, "integer", true); break;
    case K_COUNT: write_count(json, false); break;
    case K_COUNT_OR_NULL: write_count(json, true); break;
    case K_NUMBER_OR_NULL: write_type(json, "number", true); break;
    case K_FLAG: write_type(json, "boolean", false); break;
    case K_FLAG_OR_NULL: write_type(json, "boolean", true); break;
    case K_NULL: write_type(json, "null", false); break;
    case K_PORTS_OR_NULL: write_ports(json); break;
    case K_CONST: json_write_string_member(json, "const", member->names[0]); break;
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

static void write_members(struct json_writer *json, const struct schema_member *members,
                          bool or_null, bool closed) {
    write_type(json, "object", or_null);
    json_write_name(json, "required");
    json_write_array(json);
    for (const struct schema_member *member = members; member->name != NULL; member++) {
        if (!member->optional && !member->absent)
            json_write_string(json, member->name);
    }
    json_write_array_end(json);
    json_write_name(json, "properties");
    json_write_object(json);
    for (const struct schema_member *member = members; member->name != NULL; member++) {
        if (member->absent)
            continue;
        json_write_name(json, member->name);
        json_write_object(json);
        write_kind(json, member, closed);
        json_write_object_end(json);
    }
    json_write_object_end(json);
    if (closed)
        json_write_bool_member(json, "additionalProperties", false);
}

void schema_write(FILE *out, const char *title, const struct schema_member *members, bool closed) {
    struct json_writer json;
    json_write_begin(&json, out, true);
    json_write_object(&json);
    json_write_string_member(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_write_string_member(&json, "title", title);
    write_members(&json, members, false, closed);
    json_write_object_end(&json);
    json_write_end(&json);
}
