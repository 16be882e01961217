/* Config files: `long-option = value` lines over the option table. */
#include "plan/options_row.h"

#include <stdio.h>
#include <string.h>

/* One file being read. */
struct config {
    struct options *options;
    enum command command;
    struct shown file;
    struct refusal to;
    size_t line;
    size_t lines[OPTION_ROWS]; /* where this file gave each row; 0: not yet */
    bool fixed[OPTION_ROWS];   /* given before: stays */
    struct options aside;      /* takes the values that are judged and not applied */
};

/* -q is --ui none: whoever gives one of the two has decided on both. */
static void fix_given(struct config *config) {
    for (size_t i = 0; i < OPTION_ROWS; i++)
        config->fixed[i] = option_is_given(config->options, &option_rows[i]);
    config->fixed[ROW_ui] = config->fixed[ROW_quiet] =
        config->fixed[ROW_ui] || config->fixed[ROW_quiet];
}

static bool unknown_key(struct config *config, const char *key) {
    const struct option_row *near = option_guess(key);
    if (near == NULL || near->id == ROW_config || !option_is_of_a_run(near))
        return refuse(config->to, "%s:%zu: unknown key \"%s\": a long option is accepted",
                      config->file.text, config->line, shown_text(key).text);
    return refuse(config->to, "%s:%zu: unknown key \"%s\" (did you mean \"%s\"?)",
                  config->file.text, config->line, shown_text(key).text, option_name(near).text);
}

static bool take_value(struct config *config, const struct option_row *row, const char *value) {
    size_t *first = &config->lines[row->id];
    char label[SHOWN_MAX + OPTION_NAME_MAX + 32];
    snprintf(label, sizeof label, "%s:%zu: %s", config->file.text, config->line,
             option_name(row).text);
    if (row->id == ROW_config)
        return refuse(config->to, "%s: refused inside a config file", label);
    if (*first != 0 && !option_is_list(row))
        return refuse(config->to, "%s: already given in line %zu: once is accepted", label, *first);
    *first = config->line;
    bool applies = (row->commands & config->command) != 0 &&
                   (!config->fixed[row->id] || row->kind == KIND_headers);
    if (applies)
        *option_given(config->options, row) = true;
    return option_read(applies ? config->options : &config->aside, row, label, value, config->to);
}

static bool take_line(struct config *config, char *line) {
    char *key = lines_skip_blanks(line), *equals = strchr(key, '=');
    if (equals == NULL) {
        lines_cut_blanks(key);
        return refuse(config->to, "%s:%zu: \"%s\" has no '=': `long-option = value` is accepted",
                      config->file.text, config->line, shown_text(key).text);
    }
    *equals = '\0';
    char *value = lines_skip_blanks(equals + 1);
    lines_cut_blanks(key);
    lines_cut_blanks(value);
    if (key[0] == '\0')
        return refuse(config->to,
                      "%s:%zu: the key before '=' is empty: `long-option = value` is accepted",
                      config->file.text, config->line);
    const struct option_row *row = option_find(key);
    return row != NULL && option_is_of_a_run(row) ? take_value(config, row, value)
                                                  : unknown_key(config, key);
}

static bool take_lines(struct config *config, const char *text, size_t length) {
    struct lines lines;
    lines_begin(&lines, config->options, config->file.text, text, length);
    for (;;) {
        char *line = NULL;
        enum lines_outcome outcome = lines_take(&lines, &line, config->to);
        config->line = lines.number;
        if (outcome != LINES_TAKEN)
            return outcome == LINES_END;
        if (!take_line(config, line))
            return false;
    }
}

/* After the file's headers, those that were there before it. */
static bool add_headers(struct config *config, const struct text_list *before) {
    struct text_list *headers = &config->options->header;
    if (headers->count + before->count > HEADERS_MAX)
        return refuse(config->to,
                      "%s: %zu headers with those of the command line: at most %d are accepted",
                      config->file.text, headers->count + before->count, HEADERS_MAX);
    for (size_t i = 0; i < before->count; i++)
        headers->items[headers->count++] = before->items[i];
    return true;
}

bool options_read_config(struct options *options, enum command command, const char *name,
                         const char *text, size_t length, char error[static OPTIONS_ERROR_MAX]) {
    struct config config = {.options = options,
                            .command = command,
                            .file = shown_text(name),
                            .to = {error, OPTIONS_ERROR_MAX}};
    const struct text_list before = options->header;
    options->header.count = 0;
    fix_given(&config);
    bool good = take_lines(&config, text, length) && add_headers(&config, &before);
    if (good) {
        char where[SHOWN_MAX + 32];
        snprintf(where, sizeof where, "%s:%zu: ui", config.file.text, config.lines[ROW_ui]);
        good = options_check_ui(options, where, config.to);
    }
    options_free(&config.aside);
    return good;
}

bool options_load_config(struct options *options, enum command command, const char *label,
                         const char *path, char error[static OPTIONS_ERROR_MAX]) {
    char *text = NULL;
    size_t length = 0;
    return options_slurp(options, label, path, OPTIONS_FILE_MAX, &text, &length,
                         (struct refusal){error, OPTIONS_ERROR_MAX}) &&
           options_read_config(options, command, path, text, length, error);
}
