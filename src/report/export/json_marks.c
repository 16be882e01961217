/* The marks of a run, as JSON. */
#include "report/export/json_sections.h"

static void write_mark(struct json_writer *json, const struct mark *mark) {
    json_write_object(json);
    json_write_number_member(json, "t", mark->t);
    json_write_string_member(json, "text", mark->text);
    json_write_string_member(json, "kind", mark_kind_name(mark->kind));
    json_member_known_int(json, "exit_code", mark->exit_code);
    json_write_bool_member(json, "killed", mark->killed);
    json_write_uint_member(json, "lost_within", mark->lost_within);
    json_write_number_member(json, "window_seconds", mark->window_seconds);
    json_write_number_member(json, "refill_seconds", mark->refill_seconds);
    if (mark->number > 0)
        json_write_uint_member(json, "number", mark->number);
    json_write_object_end(json);
}

void json_section_marks(struct json_writer *json, const struct marks *marks) {
    json_write_name(json, "marks");
    json_write_array(json);
    for (size_t i = 0; i < marks->count; i++)
        write_mark(json, &marks->items[i]);
    json_write_array_end(json);
}
