/* The marks of a run, as JSON. */
#include "report/sections.h"

static void write_mark(struct json *json, const struct mark *mark) {
    json_object(json);
    json_number_member(json, "t", mark->t);
    json_string_member(json, "text", mark->text);
    json_string_member(json, "kind", mark_kind_name(mark->kind));
    member_known_int(json, "exit_code", mark->exit_code);
    json_bool_member(json, "killed", mark->killed);
    json_uint_member(json, "lost_within", mark->lost_within);
    json_number_member(json, "window_seconds", mark->window_seconds);
    json_number_member(json, "refill_seconds", mark->refill_seconds);
    json_object_end(json);
}

void section_marks(struct json *json, const struct marks *marks) {
    json_name(json, "marks");
    json_array(json);
    for (size_t i = 0; i < marks->count; i++)
        write_mark(json, &marks->items[i]);
    json_array_end(json);
}
