/* Options: one table, from which the struct, the parser, the config keys and the help come. */
#ifndef OPTIONS_OPTIONS_H
#define OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/address_set.h"
#include "base/engine_kind.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/tls_resume.h"
#include "base/units.h"
#include "base/wall_time.h"
#include "options/exec_at.h"

/* Bits: where an option is accepted. */
enum option_command {
    COMMAND_RUN = 1,
    COMMAND_CHECK = 2,
    COMMAND_CAPACITY = 4,
    COMMAND_TARGET = 8,
    COMMAND_DEMO = 16,
    COMMAND_SERVE = 32,
    COMMAND_PART = 64,
    COMMAND_PROBE = 128,
    COMMAND_LOAD = COMMAND_RUN | COMMAND_CHECK | COMMAND_CAPACITY, /* where a plan is asked for */
    COMMAND_URL = COMMAND_LOAD | COMMAND_PROBE                     /* where the operand is one */
};

enum option_ui { UI_AUTO, UI_BLOCK, UI_LINE, UI_NONE };
enum option_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum option_order { SEQUENCE_TURN, SEQUENCE_RANDOM };
enum option_host_loss { LOSS_CONTINUE, LOSS_STOP };

enum {
    HEADERS_MAX = 100,
    LABEL_MAX = 200,
    BODY_MAX = 64 * 1024 * 1024,
    URLS_MAX = 10000,
    URL_WEIGHT_MAX = 1000000
};

/* A request's body; empty is one too. */
struct options_request_body {
    const char *bytes;
    size_t length;
};

struct option_text_list {
    size_t count;
    const char *items[HEADERS_MAX];
};

/* Where connections come from, as asked. */
struct option_source_choice {
    const char *text; /* NULL: the kernel's choice */
    bool automatic;   /* then the set is empty */
    struct address_set set;
};

/* Part `part` (1..parts) of one plan that is cut into so many, as equal as they can be, or of these
 * sizes. */
struct option_shard_choice {
    uint32_t part, parts;
    const uint32_t *sizes; /* of each part, in connections; NULL: equal */
    const char *text;      /* as it was typed, where there are sizes */
};

/* One line of --urls. */
struct option_url_line {
    const char *method; /* a token; NULL: that of -X */
    const char *path;   /* begins with '/' */
    uint32_t weight;    /* 1..URL_WEIGHT_MAX */
};
struct option_url_list {
    const struct option_url_line *items;
    uint32_t count; /* 0: no --urls */
};

/* A rule as it was written; its grammar is judge/'s, whose refusals name where it stands. */
struct option_written_rule {
    const char *text, *where; /* where: "--require", "soak.conf:3: require" */
    bool bare_seconds;        /* of a saved run: a time without a unit is seconds, as it once was */
};
struct option_rule_list {
    size_t count;
    struct option_written_rule items[RULES_MAX];
};

/* How each kind of options.def is kept. */
typedef uint64_t option_count;
typedef struct units_rate option_rate;
typedef frequency option_frequency;
typedef duration option_duration;
typedef struct units_span option_span;
typedef struct units_interval option_interval;
typedef const char *option_text; /* NULL when not given and without a default */
typedef struct option_text_list option_headers;
typedef struct option_text_list option_list; /* texts, judged by whoever takes them */
typedef struct option_rule_list option_rules;
typedef bool option_flag;
typedef struct option_source_choice option_source;
typedef enum option_ui option_ui;
typedef enum option_color option_color;
typedef enum option_order option_sequence;
typedef enum option_host_loss option_loss;
typedef enum engine_kind option_engine;
typedef enum tls_resume option_resume;
typedef struct units_span option_reconnect; /* the backoff; 0..0: never */
typedef struct option_shard_choice option_shard;
typedef wall_time option_wall_time; /* 0 when not given */

/* The options as asked, defaults filled in: a field for each row of options.def, and in `given`
 * whether the command line or a config file named it. Strings live as long as the struct's
 * arena: until options_free(). */
struct options {
    enum option_command command; /* whose they are */
    const char *url;             /* the one operand, of those that load */
    bool saved; /* read back from a report: what was asked for then is not judged again */
#define OPTION(field, letter, kind, initial, low, high, commands, group, argument, help)           \
    option_##kind field;
#include "options/options.def"
#undef OPTION
    struct {
#define OPTION(field, letter, kind, initial, low, high, commands, group, argument, help) bool field;
#include "options/options.def"
#undef OPTION
    } given;
    struct options_request_body
        content;                   /* of the file that `body` names, read by options_parse() */
    struct option_url_list listed; /* of the file that `urls` names, read by options_parse() */
    void *arena;
};

/* The outcome of parsing. */
enum options_outcome { OPTIONS_OK, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_BAD };

enum { OPTIONS_ERROR_MAX = 1024 };

/* Reads argv[1..] of one command, and the config file it names with -C (the command line wins; -C
 * is given once, and is no key of a config file). Options and the operand stand in any order, "--"
 * ends the options; names are not abbreviated. On OPTIONS_BAD, error holds one line: what, where
 * (option, or FILE:LINE), and what would be accepted. The caller frees with options_free() in every
 * case. argv must outlive the struct. */
enum options_outcome options_parse(struct options *options, enum option_command command, int argc,
                                   char **argv, char error[static OPTIONS_ERROR_MAX]);
void options_free(struct options *options);

/* Reads one config file's text (`name` stands in error messages) over options: lines
 * `long-option = value`, blank lines, and comments (lines that begin with '#'; a value may hold
 * one). Rows already given stay (headers add up, the file's first). Every key of `run` is read and
 * judged for every command, so that one profile serves all; a row that this command does not accept
 * is not applied. For options_parse(), tests and the fuzzer. */
bool options_read_config(struct options *options, enum option_command command, const char *name,
                         const char *text, size_t length, char error[static OPTIONS_ERROR_MAX]);

/* Reads the text of a --urls file (`name` stands in error messages) into options->listed: lines
 * `[WEIGHT] [METHOD] PATH`, blank lines and lines that begin with '#' skipped; at least one, and at
 * most URLS_MAX. A first word of digits before another is a weight. For options_parse(), tests and
 * the fuzzer. */
bool options_read_urls(struct options *options, const char *name, const char *text, size_t length,
                       char error[static OPTIONS_ERROR_MAX]);

/* One member of a report's "plan" read back: the value as options_write_json() shows it, one of the
 * items where it shows a list. Opens no file, whatever the value names. A field that is no option's
 * is left alone. false and one line in error when the value is not accepted. */
bool options_read_member(struct options *options, const char *field, const char *value,
                         char error[static OPTIONS_ERROR_MAX]);

/* The request's body; NULL: none was asked for. */
const struct options_request_body *options_body(const struct options *options);
/* Whether it goes with a request of this method: POST, PUT, PATCH, or the one of -X. */
bool options_sends_body(const struct options *options, const char *method);
/* The headers without those that describe a body: Content-Length and Expect. */
void options_drop_length(struct option_text_list *headers);

/* --help of a command: an entry for each option with its default and bounds; and docs/options.md.
 */
void options_print_help(FILE *out, enum option_command command);
void options_print_markdown(FILE *out);

/* The man page of a command of the option table (holdfast-run.1 for "run" and so on), and
 * completions for "bash", "zsh" or "fish"; false: no such command, another shell. */
bool options_print_man(FILE *out, const char *command);
bool options_print_completion(FILE *out, const char *shell);

/* The members of a report's "plan": every effective option of a run under its long name in
 * snake_case:
 * counts as integers, flags as booleans, lists as arrays, the rest as the canonical text its parser
 * reads back, null when not set. What may be a secret is shown as "***"
 * (options/secrets.h). What is no option of the command is null, or an empty list. */
void options_write_json(struct json_writer *json, const struct options *options);

#endif
