/* The source addresses of --source: one list with commas, read into a set. */
#include <string.h>

#include "options/options_row.h"

static size_t count_items(const char *value) {
    size_t count = 1;
    for (; *value != '\0'; value++)
        count += *value == ',';
    return count;
}

bool option_read_source(struct options *options, const struct option_row *row, const char *label,
                        const char *value, struct refuse_buffer to) {
    struct option_source_choice choice = {.text = value, .automatic = strcmp(value, "auto") == 0};
    size_t count = count_items(value);
    if (choice.automatic) {
        options->source = choice;
        return true;
    }
    if (count > row->high)
        return refuse(to, "%s: %zu addresses: %s", label, count, option_accepted(row).text);
    void *room = options_room(options, count * sizeof(struct address_range));
    struct address_range *ranges = room;
    if (ranges == NULL)
        return refuse(to, "%s: out of memory", label);
    const char *at = value, *why = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(at, ",");
        why = address_range_parse(&ranges[i], at, length);
        if (why != NULL)
            return refuse(to, "%s: \"%s\" %s: %s", label, refuse_quote_bytes(at, length).text, why,
                          option_accepted(row).text);
        at += length + 1;
    }
    why = address_set_make(&choice.set, ranges, count);
    if (why != NULL)
        return refuse(to, "%s: \"%s\" %s: %s", label, refuse_quote(value).text, why,
                      option_accepted(row).text);
    options->source = choice;
    return true;
}
