/* Config files: `long-option = value` lines over the option table. */
#include "options/options_row.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/url.h"

/* One file being read. */
struct config {
    struct options *options;
    enum option_command command;
    struct refuse_quoted file;
    struct refuse_buffer to;
    size_t line, url_line;     /* of the URL: 0: not yet */
    size_t lines[OPTION_ROWS]; /* where this file gave each row; 0: not yet */
    bool given[OPTION_ROWS];   /* on the command line: stays */
    struct options aside;      /* takes the values that are judged and not applied */
};

/* -q is --ui none: whoever gives one of the two has decided on both. */
static void fix_given(struct config *config) {
    for (size_t i = 0; i < OPTION_ROWS; i++)
        config->given[i] = option_is_given(config->options, &option_rows[i]);
    config->given[ROW_ui] = config->given[ROW_quiet] =
        config->given[ROW_ui] || config->given[ROW_quiet];
}

static bool unknown_key(struct config *config, const char *key) {
    const struct option_row *near = option_guess(key);
    if (near == NULL || near->id == ROW_config || !option_is_key(near))
        return refuse(config->to, "%s:%zu: unknown key \"%s\": a long option is accepted",
                      config->file.text, config->line, refuse_word(key).text);
    return refuse(config->to, "%s:%zu: unknown key \"%s\" (did you mean \"%s\"?)",
                  config->file.text, config->line, refuse_word(key).text, option_name(near).text);
}

/* Values of the file for these are added to those of the command line. */
static bool is_cumulative(const struct option_row *row) {
    return row->kind == KIND_headers || row->id == ROW_hide;
}

static bool take_value(struct config *config, const struct option_row *row, const char *value) {
    size_t *first = &config->lines[row->id];
    char label[REFUSE_QUOTE_MAX + OPTION_NAME_MAX + 32];
    snprintf(label, sizeof label, "%s:%zu: %s", config->file.text, config->line,
             option_name(row).text);
    if (row->id == ROW_config)
        return refuse(config->to, "%s: refused inside a config file", label);
    if (*first != 0 && !option_is_list(row))
        return refuse(config->to, "%s: already given in line %zu: once is accepted", label, *first);
    *first = config->line;
    bool applies =
        (row->commands & config->command) != 0 && (!config->given[row->id] || is_cumulative(row));
    if (applies)
        *option_given(config->options, row) = true;
    return option_read(applies ? config->options : &config->aside, row, label, value, config->to);
}

/* A profile may be whole: the one operand of a run, where the command line has none. */
static bool take_url(struct config *config, const char *value) {
    struct options *options = config->options;
    if (config->url_line != 0)
        return refuse(config->to, "%s:%zu: url: already given in line %zu: once is accepted",
                      config->file.text, config->line, config->url_line);
    if (value[0] == '\0')
        return refuse(config->to,
                      "%s:%zu: url: no URL: one is needed, such as http://127.0.0.1:8080/",
                      config->file.text, config->line);
    config->url_line = config->line;
    struct url url;
    char error[URL_ERROR_MAX];
    if (!url_parse(&url, value, error))
        return refuse(config->to, "%s:%zu: url: %s", config->file.text, config->line, error);
    if (options->url == NULL && (config->command & COMMAND_URL) != 0)
        options->url = value;
    return true;
}

static bool take_line(struct config *config, char *line) {
    char *key = options_lines_skip_blanks(line), *equals = strchr(key, '=');
    if (equals == NULL) {
        options_lines_cut_blanks(key);
        return refuse(config->to, "%s:%zu: \"%s\" has no '=': `long-option = value` is accepted",
                      config->file.text, config->line, refuse_word(key).text);
    }
    *equals = '\0';
    char *value = options_lines_skip_blanks(equals + 1);
    options_lines_cut_blanks(key);
    options_lines_cut_blanks(value);
    if (key[0] == '\0')
        return refuse(config->to,
                      "%s:%zu: the key before '=' is empty: `long-option = value` is accepted",
                      config->file.text, config->line);
    if (strcmp(key, "url") == 0)
        return take_url(config, value);
    const struct option_row *row = option_find(key);
    return row != NULL && option_is_key(row) ? take_value(config, row, value)
                                             : unknown_key(config, key);
}

static bool take_lines(struct config *config, const char *text, size_t length) {
    struct options_lines lines;
    options_lines_begin(&lines, config->options, config->file.text, text, length);
    for (;;) {
        char *line = NULL;
        enum options_lines_outcome outcome = options_lines_take(&lines, &line, config->to);
        config->line = lines.number;
        if (outcome != LINES_TAKEN)
            return outcome == LINES_END;
        if (!take_line(config, line))
            return false;
    }
}

/* After the file's headers, those that were there before it; of what may be there once, theirs. */
static bool add_headers(struct config *config, const struct option_text_list *before) {
    struct option_text_list *headers = &config->options->header;
    options_replace_headers(headers, before);
    if (headers->count + before->count > HEADERS_MAX)
        return refuse(config->to,
                      "%s: %zu headers with those of the command line: at most %d are accepted",
                      config->file.text, headers->count + before->count, HEADERS_MAX);
    for (size_t i = 0; i < before->count; i++)
        headers->items[headers->count++] = before->items[i];
    return true;
}

bool options_read_config(struct options *options, enum option_command command, const char *name,
                         const char *text, size_t length, char error[static OPTIONS_ERROR_MAX]) {
    struct config config = {.options = options,
                            .command = command,
                            .file = refuse_quote(name),
                            .to = {error, OPTIONS_ERROR_MAX}};
    const struct option_text_list before = options->header;
    options->header.count = 0;
    fix_given(&config);
    bool good = take_lines(&config, text, length) && add_headers(&config, &before);
    if (good) {
        char where[REFUSE_QUOTE_MAX + 32];
        snprintf(where, sizeof where, "%s:%zu: ui", config.file.text, config.lines[ROW_ui]);
        good = options_check_ui(options, where, config.to);
    }
    options_free(&config.aside);
    return good;
}

/* A name without '/' that is no file here: the profile of that name that is installed beside the
 * program. */
static bool find_profile(char profile[static PATH_MAX], const char *name) {
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (strchr(name, '/') != NULL || access(name, F_OK) == 0 || length <= 0)
        return false;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    int written =
        snprintf(profile, PATH_MAX, "%s/../share/holdfast/profiles/%s.conf", program, name);
    return written > 0 && written < PATH_MAX && access(profile, R_OK) == 0;
}

static const char *keep_text(struct options *options, const char *text) {
    size_t size = strlen(text) + 1;
    char *kept = options_room(options, size);
    return kept != NULL ? memcpy(kept, text, size) : NULL;
}

bool options_load_config(struct options *options, enum option_command command, const char *label,
                         const char *path, char error[static OPTIONS_ERROR_MAX]) {
    char *text = NULL, profile[PATH_MAX];
    size_t length = 0;
    if (find_profile(profile, path))
        path = keep_text(options, profile);
    options->config = path; /* what was read is what no report may replace */
    if (path == NULL)
        return refuse((struct refuse_buffer){error, OPTIONS_ERROR_MAX}, "%s: out of memory", label);
    return options_slurp(options, label, path, OPTIONS_FILE_MAX, &text, &length,
                         (struct refuse_buffer){error, OPTIONS_ERROR_MAX}) &&
           options_read_config(options, command, path, text, length, error);
}
