/* The option table as rows: names, and which name a mistyped one resembles. */
#include "options/options_row.h"

#include <stddef.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

const struct option_row option_rows[OPTION_ROWS] = {
#define OPTION(field_, letter_, kind_, initial_, low_, high_, commands_, group_, argument_, help_) \
    {.id = ROW_##field_,                                                                           \
     .field = #field_,                                                                             \
     .letter = letter_,                                                                            \
     .kind = KIND_##kind_,                                                                         \
     .initial = initial_,                                                                          \
     .low = low_,                                                                                  \
     .high = high_,                                                                                \
     .commands = commands_,                                                                        \
     .group = GROUP_##group_,                                                                      \
     .argument = argument_,                                                                        \
     .help = help_,                                                                                \
     .offset = offsetof(struct options, field_),                                                   \
     .given_offset = offsetof(struct options, given.field_)},
#include "options/options.def"
#undef OPTION
};

#define OPTION(field, letter, kind, initial, low, high, commands, group, argument, help)           \
    _Static_assert(sizeof #field <= OPTION_NAME_MAX, "room for the name of " #field);
#include "options/options.def"
#undef OPTION

const char *const option_group_titles[OPTION_GROUP_COUNT] = {
#define GROUP(name, title) [GROUP_##name] = title,
    OPTION_GROUPS(GROUP)
#undef GROUP
};

const char *const option_ui_names[4] = {
    [UI_AUTO] = "auto", [UI_BLOCK] = "block", [UI_LINE] = "line", [UI_NONE] = "none"};
const char *const option_color_names[3] = {
    [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
const char *const option_sequence_names[2] = {"turn", "random"};
const char *const option_loss_names[2] = {"continue", "stop"};
const char *const option_engine_names[3] = {
    [ENGINE_AUTO] = "auto", [ENGINE_URING] = "uring", [ENGINE_EPOLL] = "epoll"};
const char *const option_resume_names[3] = {[TLS_RESUME_NEVER] = "never",
                                            [TLS_RESUME_RECONNECT] = "reconnect",
                                            [TLS_RESUME_ALWAYS] = "always"};

/* A '_' at the end is not of the name: C has the word for itself. */
struct option_name option_name(const struct option_row *row) {
    struct option_name name = {{0}};
    for (size_t i = 0; row->field[i] != '\0'; i++)
        if (row->field[i] != '_')
            name.text[i] = row->field[i];
        else if (row->field[i + 1] != '\0')
            name.text[i] = '-';
    return name;
}

const struct option_row *option_find(const char *name) {
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if (strcmp(option_name(row).text, name) == 0)
            return row;
    return NULL;
}

/* A search goes up to a ceiling that is only there to end it. */
const char *option_initial(const struct option_row *row, enum option_command command) {
    if (command == COMMAND_SERVE)
        return row->id == ROW_listen            ? "127.0.0.1:0"
               : row->id == ROW_max_connections ? "10k"
                                                : row->initial;
    if (row->id == ROW_connections && command == COMMAND_PROBE)
        return "32";
    return row->id == ROW_connections && command == COMMAND_CAPACITY ? "1M" : row->initial;
}

const char *option_help(const struct option_row *row, enum option_command command) {
    static const struct {
        enum option_id id;
        enum option_command command;
        const char *help;
    } others[] = {
        {ROW_connections, COMMAND_CAPACITY, "largest number of connections to try"},
        {ROW_connections, COMMAND_PROBE,
         "open no more than N connections in all, at least 4, 16 of them at once; with fewer than "
         "16 in all less is told"},
        {ROW_timeout, COMMAND_PROBE, "an answer must be complete within this, and within 2s"},
        {ROW_label, COMMAND_PROBE, "kept in the JSON"},
        {ROW_json, COMMAND_PROBE,
         "write what was learned to FILE as JSON; - is standard output (the result then goes to "
         "standard error)"},
        {ROW_quiet, COMMAND_PROBE, "no progress on standard error"},
        {ROW_body, COMMAND_TARGET,
         "the body of every answer: of a file, or a size, so many bytes; 5 bytes unless given"},
        {ROW_hosts, COMMAND_SERVE,
         "the hosts that a run of the API may be spread over, h1,h2,...: a run names those of them "
         "that it takes (docs/serve.md); none unless given"},
        {ROW_remote, COMMAND_SERVE,
         "with --hosts: the command that runs another on a host, by /bin/sh, {host} replaced; no "
         "run "
         "of the API says another; 'ssh -oBatchMode=yes {host}' unless given"},
        {ROW_workers, COMMAND_TARGET,
         "worker processes, at most 256; as descriptors allow unless given"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].id == row->id && others[i].command == command)
            return others[i].help;
    return row->help;
}

bool option_is_list(const struct option_row *row) {
    return row->kind == KIND_headers || row->kind == KIND_rules || row->kind == KIND_list;
}

const struct option_row *option_guess(const char *name) {
    const struct option_row *best = NULL;
    size_t length = strlen(name), best_distance = 3;
    if (length < 3 || length > OPTION_NAME_MAX + 2)
        return NULL;
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        struct option_name whole = option_name(row);
        size_t away = strncmp(whole.text, name, length) == 0 ? 1 : text_distance(name, whole.text);
        if (away < best_distance && away < length / 2 + 1) {
            best = row;
            best_distance = away;
        }
    }
    return best;
}

bool *option_given(struct options *options, const struct option_row *row) {
    return (bool *)((char *)options + row->given_offset);
}

bool option_is_given(const struct options *options, const struct option_row *row) {
    return *(const bool *)((const char *)options + row->given_offset);
}
