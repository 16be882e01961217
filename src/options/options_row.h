/* The option table as rows, and what the files of the option reader share. */
#ifndef OPTIONS_OPTIONS_ROW_H
#define OPTIONS_OPTIONS_ROW_H

#include "base/refuse.h"
#include "options/options.h"

/* As it is typed: "run", "check", ... */
const char *option_command_name(enum option_command command);

enum option_kind {
    KIND_count,
    KIND_rate,
    KIND_frequency,
    KIND_duration,
    KIND_span,
    KIND_interval,
    KIND_text,
    KIND_headers,
    KIND_list,
    KIND_rules,
    KIND_flag,
    KIND_ui,
    KIND_color,
    KIND_sequence,
    KIND_loss,
    KIND_engine,
    KIND_resume,
    KIND_reconnect,
    KIND_source,
    KIND_shard,
    KIND_wall_time
};

/* ROW_connections, ...: the place of each row in option_rows[]. */
enum option_id {
#define OPTION(field, letter, kind, initial, low, high, commands, group, argument, help)           \
    ROW_##field,
#include "options/options.def"
#undef OPTION
    OPTION_ROWS
};

/* What people do with options: the headings of the help, in its order. */
#define OPTION_GROUPS(GROUP)                                                                       \
    GROUP(load, "Load")                                                                            \
    GROUP(request, "Requests and answers")                                                         \
    GROUP(connection, "Connections")                                                               \
    GROUP(tls, "TLS")                                                                              \
    GROUP(faults, "Faults")                                                                        \
    GROUP(rules, "Rules")                                                                          \
    GROUP(api, "API")                                                                              \
    GROUP(server, "The server's side")                                                             \
    GROUP(reports, "Reports")                                                                      \
    GROUP(view, "View")                                                                            \
    GROUP(general, "General")

enum option_group {
#define GROUP(name, title) GROUP_##name,
    OPTION_GROUPS(GROUP)
#undef GROUP
        OPTION_GROUP_COUNT
};

/* "Load", "Connections", ... */
extern const char *const option_group_titles[OPTION_GROUP_COUNT];

struct option_row {
    enum option_id id;
    const char *field; /* snake_case */
    char letter;       /* 0: none */
    enum option_kind kind;
    const char *initial; /* NULL: not set; option_initial() knows what differs by command */
    uint64_t low, high;
    unsigned commands; /* of enum option_command */
    enum option_group group;
    const char *argument;
    const char *help;            /* option_help() knows what differs by command */
    size_t offset, given_offset; /* in struct options */
};

extern const struct option_row option_rows[OPTION_ROWS];

/* The long name: the field with '-' for '_', and none at its end. */
enum { OPTION_NAME_MAX = 24 };
struct option_name {
    char text[OPTION_NAME_MAX];
};
struct option_name option_name(const struct option_row *row);

/* An option of a command that plans a load: a member of a report's plan. */
static inline bool option_is_of_a_run(const struct option_row *row) {
    return (row->commands & COMMAND_LOAD) != 0;
}

/* An option of a command that reads config files: a key of theirs. Not --schema, which asks for
 * something else than the command. */
static inline bool option_is_key(const struct option_row *row) {
    return (row->commands & COMMAND_URL) != 0 && row->id != ROW_schema;
}

/* The row of a long name typed in full, or NULL. */
const struct option_row *option_find(const char *name);
/* The row whose name a mistyped or shortened one resembles, or NULL. */
const struct option_row *option_guess(const char *name);

enum { ACCEPTED_MAX = 400 };

/* Exit codes, or whatever else is a word and what it means; the last has no `left`. */
struct option_entry {
    const char *left, *words;
};

/* The help of a command beside its options. */
struct option_manual {
    enum option_command command;
    const char *name, *usage, *text;
    bool forms; /* of durations and counts */
    const struct option_entry *codes;
};
enum { OPTION_MANUALS = 8 };
extern const struct option_manual option_manuals[OPTION_MANUALS];
const struct option_manual *option_manual_of(enum option_command command);
extern const char option_forms_text[];

/* "default 100; 1..10M", "" when there is neither. */
void option_describe(char facts[static ACCEPTED_MAX], const struct option_row *row,
                     const char *initial);

/* A row of habits.def; the last has no `typed`. */
struct option_habit {
    const char *typed, *tools, *advice;
};
extern const struct option_habit option_habits[];
/* The row of what was typed, without a value; NULL: none. */
const struct option_habit *option_habit_of(const char *typed, size_t length);

bool *option_given(struct options *options, const struct option_row *row);
bool option_is_given(const struct options *options, const struct option_row *row);

/* The row's default in this command; NULL: not set. */
const char *option_initial(const struct option_row *row, enum option_command command);

/* What the row does in this command. */
const char *option_help(const struct option_row *row, enum option_command command);

/* May be given again and again. */
bool option_is_list(const struct option_row *row);

/* Reads value into the row's field. label is where the value stands ("-c", "soak.conf:3:
 * connections"). value must live as long as the options do. */
bool option_read(struct options *options, const struct option_row *row, const char *label,
                 const char *value, struct refuse_buffer to);

/* The values the row accepts, for a refusal: "1..10M is accepted, such as 100 or 10k". */
struct option_accepted_text {
    char text[ACCEPTED_MAX];
};
struct option_accepted_text option_accepted(const struct option_row *row);

/* The row's bounds as a table shows them ("1..10M", "N 1..1M, DUR 1ms..1h"); "" for none. */
struct option_bounds_text {
    char text[160];
};
struct option_bounds_text option_bounds(const struct option_row *row);

/* The value as its reader reads it back; NULL when not set. Not for lists, which are many. The
 * result is in buffer or in the options. */
enum { OPTION_VALUE_MAX = 64 };
const char *option_value(const struct options *options, const struct option_row *row,
                         char buffer[static OPTION_VALUE_MAX]);

/* One 'N: V' or @FILE onto the list of headers. */
bool option_read_header(struct options *options, const char *label, const char *value,
                        struct refuse_buffer to);

/* Drops the headers that may be there once and are among the others too. */
void options_replace_headers(struct option_text_list *headers, const struct option_text_list *by);

/* Whether a request of this method can be sent on a connection that is kept: not CONNECT. */
bool option_check_method(const char *method, const char *label, struct refuse_buffer to);

/* auto, or addresses with commas between them, into the options' arena. */
bool option_read_source(struct options *options, const struct option_row *row, const char *label,
                        const char *value, struct refuse_buffer to);

/* I/N, /N, or auto: the rank that a batch engine gave this process; or I/S1+S2+..., the parts'
 * sizes (src/options/options_shard.c). */
bool option_read_shard(struct options *options, const struct option_row *row, const char *label,
                       const char *value, struct refuse_buffer to);

/* Reads the config file of -C; label is how it was typed. */
bool options_load_config(struct options *options, enum option_command command, const char *label,
                         const char *path, char error[static OPTIONS_ERROR_MAX]);

/* Reads the file of --body, and holds a Content-Length among the headers against it. label is how
 * --body was typed. */
bool options_load_body(struct options *options, const char *label, struct refuse_buffer to);

/* Reads the file of --urls; label is how it was typed. After the body. */
bool options_load_urls(struct options *options, const char *label, struct refuse_buffer to);

/* -q is --ui none: makes it so, and refuses another --ui beside it. label is of the --ui. */
bool options_check_ui(struct options *options, const char *label, struct refuse_buffer to);

/* Room in the options' arena: freed by options_free(). NULL when there is no memory. */
char *options_room(struct options *options, size_t size);

/* A file of lines: config files and @FILE. */
enum { OPTIONS_LINE_MAX = 64 * 1024, OPTIONS_FILE_MAX = 1024 * 1024 };

/* Reads a whole file of at most so many bytes (whole MiB) into the arena. */
bool options_slurp(struct options *options, const char *label, const char *path, size_t most,
                   char **text, size_t *length, struct refuse_buffer to);

struct options_lines {
    struct options *options; /* whose arena keeps them */
    const char *name;        /* of the file, as refusals show it */
    const char *at, *end;
    size_t number; /* of the line last taken */
};

/* text may begin with a UTF-8 byte order mark, which is skipped. */
void options_lines_begin(struct options_lines *lines, struct options *options, const char *name,
                         const char *text, size_t length);

enum options_lines_outcome { LINES_END, LINES_TAKEN, LINES_BAD };

/* The next line that is neither blank nor a comment, without its LF or CR LF; it lives in the
 * arena. */
enum options_lines_outcome options_lines_take(struct options_lines *lines, char **line,
                                              struct refuse_buffer to);

/* Choices by number, as they are written. */
extern const char *const option_ui_names[4], *const option_color_names[3],
                                                 *const option_sequence_names[2],
                                                     *const option_engine_names[3],
                                                         *const option_loss_names[2],
                                                             *const option_resume_names[3];

/* Past SP and HTAB at the beginning; those at the end cut off. */
char *options_lines_skip_blanks(char *text);
void options_lines_cut_blanks(char *text);

#endif
