/* A saved run's marks. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/saved_parts.h"

static bool kind_named(const char *name, enum mark_kind *kind) {
    for (int i = 0; name != NULL && i < MARK_KINDS; i++) {
        if (strcmp(name, mark_kind_name((enum mark_kind)i)) == 0) {
            *kind = (enum mark_kind)i;
            return true;
        }
    }
    return false;
}

static void read_mark(struct mark *mark, struct place *place, const struct json_t *from) {
    const char *text = value_is_object(from) ? value_text_if(place, from, "text") : NULL;
    if (text == NULL || !kind_named(value_text_if(place, from, "kind"), &mark->kind)) {
        place_refuse(place, "\"marks\": objects with a text and a kind are accepted");
        return;
    }
    text_cut(mark->text, sizeof mark->text, text);
    mark->t = value_seconds_if(place, from, "t");
    mark->exit_code = (int)value_whole_if(place, from, "exit_code", 255, -1);
    mark->killed = value_flag_if(place, from, "killed");
    mark->lost_within = value_count(place, from, "lost_within");
    mark->window_seconds = value_seconds_if(place, from, "window_seconds");
    mark->refill_seconds = value_seconds_if(place, from, "refill_seconds");
    if (isnan(mark->t))
        place_refuse(place, "\"marks\": \"t\" in seconds is accepted");
}

/* Where the document does not say, they stay. */
void saved_marks(struct marks *marks, struct place *place, const struct json_t *document) {
    if (!value_has(document, "marks"))
        return;
    const struct json_t *list = value_array_if(place, document, "marks");
    memset(marks, 0, sizeof *marks);
    if (value_size(list) > MARKS_MAX)
        place_refuse(place, "\"marks\": at most %d are accepted", MARKS_MAX);
    for (size_t i = 0; i < value_size(list) && !place->failed; i++)
        read_mark(&marks->items[marks->count++], place, value_at(list, i));
}
