/* The option table as rows, and what the files of the option reader share. */
#ifndef PLAN_OPTIONS_ROW_H
#define PLAN_OPTIONS_ROW_H

#include "plan/options.h"
#include "plan/refuse.h"

/* As it is typed: "run", "check", ... */
const char *command_name(enum command command);

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
    KIND_reconnect,
    KIND_source
};

/* ROW_connections, ...: the place of each row in option_rows[]. */
enum option_id {
#define OPTION(field, letter, kind, initial, low, high, commands, argument, help) ROW_##field,
#include "plan/options.def"
#undef OPTION
    OPTION_ROWS
};

struct option_row {
    enum option_id id;
    const char *field; /* snake_case */
    char letter;       /* 0: none */
    enum option_kind kind;
    const char *initial; /* NULL: not set; option_initial() knows what differs by command */
    uint64_t low, high;
    unsigned commands; /* of enum command */
    const char *argument, *help;
    size_t offset, given_offset; /* in struct options */
};

extern const struct option_row option_rows[OPTION_ROWS];

/* The long name: the field with '-' for '_'. */
enum { OPTION_NAME_MAX = 24 };
struct option_name {
    char text[OPTION_NAME_MAX];
};
struct option_name option_name(const struct option_row *row);

/* An option of run or check: a key of config files, a member of a report's plan. */
static inline bool option_is_of_a_run(const struct option_row *row) {
    return (row->commands & COMMAND_LOAD) != 0;
}

/* The row of a long name typed in full, or NULL. */
const struct option_row *option_find(const char *name);
/* The row whose name a mistyped or shortened one resembles, or NULL. */
const struct option_row *option_guess(const char *name);

bool *option_given(struct options *options, const struct option_row *row);
bool option_is_given(const struct options *options, const struct option_row *row);

/* The row's default in this command; NULL: not set. */
const char *option_initial(const struct option_row *row, enum command command);

/* May be given again and again. */
bool option_is_list(const struct option_row *row);

/* Reads value into the row's field. label is where it was said ("-c", "soak.conf:3: connections").
 * value must live as long as the options do. */
bool option_read(struct options *options, const struct option_row *row, const char *label,
                 const char *value, struct refusal to);

/* What the row accepts, for a refusal: "1..10M is accepted, such as 100 or 10k". */
enum { ACCEPTED_MAX = 320 };
struct accepted {
    char text[ACCEPTED_MAX];
};
struct accepted option_accepted(const struct option_row *row);

/* The row's bounds as a table shows them ("1..10M", "N 1..1M, DUR 1ms..1h"); "" for none. */
struct bounds {
    char text[160];
};
struct bounds option_bounds(const struct option_row *row);

/* The value as its reader reads it back; NULL when not set. Not for lists, which are many. The
 * result is in buffer or in the options. */
enum { OPTION_VALUE_MAX = 64 };
const char *option_value(const struct options *options, const struct option_row *row,
                         char buffer[static OPTION_VALUE_MAX]);

/* One 'N: V' or @FILE onto the list of headers. */
bool option_read_header(struct options *options, const char *label, const char *value,
                        struct refusal to);

/* auto, or addresses with commas between them, into the options' arena. */
bool option_read_source(struct options *options, const struct option_row *row, const char *label,
                        const char *value, struct refusal to);

/* Reads the config file of -C; label is how it was typed. */
bool options_load_config(struct options *options, enum command command, const char *label,
                         const char *path, char error[static OPTIONS_ERROR_MAX]);

/* Reads the file of --body, and holds a Content-Length among the headers against it. label is how
 * --body was typed. */
bool options_load_body(struct options *options, const char *label, struct refusal to);

/* Reads the file of --urls; label is how it was typed. After the body. */
bool options_load_urls(struct options *options, const char *label, struct refusal to);

/* -q is --ui none: makes it so, and refuses another --ui beside it. label is of the --ui. */
bool options_check_ui(struct options *options, const char *label, struct refusal to);

/* Room in the options' arena: freed by options_free(). NULL when there is no memory. */
char *options_room(struct options *options, size_t size);

/* A file of lines: config files and @FILE. */
enum { OPTIONS_LINE_MAX = 64 * 1024, OPTIONS_FILE_MAX = 1024 * 1024 };

/* Reads a whole file of at most so many bytes (whole MiB) into the arena. */
bool options_slurp(struct options *options, const char *label, const char *path, size_t most,
                   char **text, size_t *length, struct refusal to);

struct lines {
    struct options *options; /* whose arena keeps them */
    const char *name;        /* of the file, as refusals show it */
    const char *at, *end;
    size_t number; /* of the line last taken */
};

/* text may begin with a UTF-8 byte order mark, which is skipped. */
void lines_begin(struct lines *lines, struct options *options, const char *name, const char *text,
                 size_t length);

enum lines_outcome { LINES_END, LINES_TAKEN, LINES_BAD };

/* The next line that is neither blank nor a comment, without its LF or CR LF; it lives in the
 * arena. */
enum lines_outcome lines_take(struct lines *lines, char **line, struct refusal to);

/* Choices by number, as they are written. */
extern const char *const option_ui_names[4], *const option_color_names[3],
                                                 *const option_sequence_names[2];

/* A token of RFC 9110 5.6.2: method and header names. */
bool option_is_token(const char *text);

/* White space of HTTP and of config files: space and tab. */
bool lines_is_blank(char c);
char *lines_skip_blanks(char *text);
void lines_cut_blanks(char *text);

#endif
