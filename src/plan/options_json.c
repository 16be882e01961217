/* The options as a report shows them: each under its long name, secrets hidden. */
#include "plan/options_row.h"

#include <string.h>
#include <strings.h>

static bool is_secret(const char *header) {
    static const char *const names[] = {"Authorization", "Proxy-Authorization", "Cookie"};
    size_t length = strcspn(header, ":");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncasecmp(names[i], header, length) == 0)
            return true;
    return false;
}

static void write_headers(struct json *json, const struct text_list *headers) {
    json_array(json);
    for (size_t i = 0; i < headers->count; i++) {
        const char *header = headers->items[i];
        char hidden[32]; /* the longest of the secret names and ": ***" */
        if (is_secret(header)) {
            snprintf(hidden, sizeof hidden, "%.*s: ***", (int)strcspn(header, ":"), header);
            header = hidden;
        }
        json_string(json, header);
    }
    json_array_end(json);
}

static void write_list(struct json *json, const struct text_list *list) {
    json_array(json);
    for (size_t i = 0; i < list->count; i++)
        json_string(json, list->items[i]);
    json_array_end(json);
}

static void write_rules(struct json *json, const struct rule_list *rules) {
    json_array(json);
    for (size_t i = 0; i < rules->count; i++)
        json_string(json, rules->items[i].text);
    json_array_end(json);
}

static void write_row(struct json *json, const struct options *options,
                      const struct option_row *row) {
    char buffer[OPTION_VALUE_MAX];
    const void *field = (const char *)options + row->offset;
    const char *text = option_value(options, row, buffer);
    json_name(json, row->field);
    bool foreign =
        (row->commands & options->command) == 0 && row->kind != KIND_flag && row->kind != KIND_list;
    if (foreign)
        json_null(json);
    else if (row->kind == KIND_headers)
        write_headers(json, field);
    else if (row->kind == KIND_list)
        write_list(json, field);
    else if (row->kind == KIND_rules)
        write_rules(json, field);
    else if (text == NULL)
        json_null(json);
    else if (row->kind == KIND_count)
        json_uint(json, *(const option_count *)field);
    else if (row->kind == KIND_flag)
        json_bool(json, *(const option_flag *)field);
    else
        json_string(json, text);
}

void options_write_json(struct json *json, const struct options *options) {
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if (option_is_of_a_run(row))
            write_row(json, options, row);
}
