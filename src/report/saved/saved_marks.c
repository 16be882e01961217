/* A saved run's marks. */
#include <math.h>
#include <string.h>

#include "base/redact.h"
#include "base/text.h"
#include "report/saved/saved_parts.h"

static bool kind_named(const char *name, enum mark_kind *kind) {
    for (int i = 0; name != NULL && i < MARK_KINDS; i++) {
        if (strcmp(name, mark_kind_name((enum mark_kind)i)) == 0) {
            *kind = (enum mark_kind)i;
            return true;
        }
    }
    return false;
}

static void read_mark(struct mark *mark, struct saved_place *place, const struct json_t *from) {
    const char *text =
        saved_value_is_object(from) ? saved_value_text_if(place, from, "text") : NULL;
    if (text == NULL || !kind_named(saved_value_text_if(place, from, "kind"), &mark->kind)) {
        saved_place_refuse(place, "\"marks\": objects with a text and a kind are accepted");
        return;
    }
    if (mark->kind == MARK_EXEC) /* an older report may hold the whole command */
        redact_command(mark->text, sizeof mark->text, text);
    else
        text_cut(mark->text, sizeof mark->text, text);
    mark->t = saved_value_seconds_if(place, from, "t");
    mark->exit_code = (int)saved_value_whole_if(place, from, "exit_code", 255, -1);
    mark->killed = saved_value_flag_if(place, from, "killed");
    mark->lost_within = saved_value_count(place, from, "lost_within");
    mark->window_seconds = saved_value_seconds_if(place, from, "window_seconds");
    mark->refill_seconds = saved_value_seconds_if(place, from, "refill_seconds");
    mark->number = (uint32_t)saved_value_whole_if(place, from, "number", UINT32_MAX, 0);
    if (isnan(mark->t))
        saved_place_refuse(place, "\"marks\": \"t\" in seconds is accepted");
}

/* Where the document has none, they stay. */
void saved_marks(struct marks *marks, struct saved_place *place, const struct json_t *document) {
    if (!saved_value_has(document, "marks"))
        return;
    const struct json_t *list = saved_value_array_if(place, document, "marks");
    memset(marks, 0, sizeof *marks);
    if (saved_value_size(list) > MARKS_MAX)
        saved_place_refuse(place, "\"marks\": at most %d are accepted", MARKS_MAX);
    for (size_t i = 0; i < saved_value_size(list) && !place->failed; i++)
        read_mark(&marks->items[marks->count++], place, saved_value_at(list, i));
}
