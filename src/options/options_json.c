/* The options as a report shows them: each under its long name, secrets hidden. */
#include <stdlib.h>

#include "options/secrets.h"

static void write_text(struct json_writer *json, const struct options *options,
                       const struct option_row *row, const char *text) {
    char *shown = secrets_shown(options, row->id, text);
    json_write_string(json, shown != NULL ? shown : "***");
    free(shown);
}

static void write_list(struct json_writer *json, const struct options *options,
                       const struct option_row *row, const struct option_text_list *list) {
    json_write_array(json);
    for (size_t i = 0; i < list->count; i++)
        write_text(json, options, row, list->items[i]);
    json_write_array_end(json);
}

static void write_rules(struct json_writer *json, const struct option_rule_list *rules) {
    json_write_array(json);
    for (size_t i = 0; i < rules->count; i++)
        json_write_string(json, rules->items[i].text);
    json_write_array_end(json);
}

static void write_row(struct json_writer *json, const struct options *options,
                      const struct option_row *row) {
    char buffer[OPTION_VALUE_MAX];
    const void *field = (const char *)options + row->offset;
    const char *text = option_value(options, row, buffer);
    json_write_name(json, row->field);
    bool foreign =
        (row->commands & options->command) == 0 && row->kind != KIND_flag && row->kind != KIND_list;
    if (foreign)
        json_write_null(json);
    else if (row->kind == KIND_headers || row->kind == KIND_list)
        write_list(json, options, row, field);
    else if (row->kind == KIND_rules)
        write_rules(json, field);
    else if (text == NULL)
        json_write_null(json);
    else if (row->kind == KIND_count)
        json_write_uint(json, *(const option_count *)field);
    else if (row->kind == KIND_flag)
        json_write_bool(json, *(const option_flag *)field);
    else
        write_text(json, options, row, text);
}

void options_write_json(struct json_writer *json, const struct options *options) {
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if (option_is_of_a_run(row))
            write_row(json, options, row);
}
