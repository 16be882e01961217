/* Options: one table, from which the struct, the parser, the config keys and the help come. */
#ifndef PLAN_OPTIONS_H
#define PLAN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/address_set.h"
#include "base/json.h"
#include "base/units.h"
#include "plan/exec_at.h"

/* Bits: where an option is accepted. */
enum command {
    COMMAND_RUN = 1,
    COMMAND_CHECK = 2,
    COMMAND_CAPACITY = 4,
    COMMAND_TARGET = 8,
    COMMAND_DEMO = 16,
    COMMAND_LOAD = COMMAND_RUN | COMMAND_CHECK | COMMAND_CAPACITY /* where a plan is asked for */
};

enum ui { UI_AUTO, UI_BLOCK, UI_LINE, UI_NONE };
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum sequence { SEQUENCE_TURN, SEQUENCE_RANDOM };

enum {
    HEADERS_MAX = 100,
    LABEL_MAX = 200,
    RULES_MAX = 48,
    RULE_TEXT_MAX = 120,
    BODY_MAX = 64 * 1024 * 1024,
    URLS_MAX = 10000,
    URL_WEIGHT_MAX = 1000000
};

/* A request's body; empty is one too. */
struct body {
    const char *bytes;
    size_t length;
};

struct text_list {
    size_t count;
    const char *items[HEADERS_MAX];
};

/* Where connections come from, as asked. */
struct source_choice {
    const char *text; /* NULL: the kernel's choice */
    bool automatic;   /* then the set is empty */
    struct address_set set;
};

/* One line of --urls. */
struct url_line {
    const char *method; /* a token; NULL: that of -X */
    const char *path;   /* begins with '/' */
    uint32_t weight;    /* 1..URL_WEIGHT_MAX */
};
struct url_list {
    const struct url_line *items;
    uint32_t count; /* 0: no --urls */
};

/* A rule as it was written; its grammar is judge/'s, whose refusals name where it stands. */
struct written_rule {
    const char *text, *where; /* where: "--require", "soak.conf:3: require" */
};
struct rule_list {
    size_t count;
    struct written_rule items[RULES_MAX];
};

/* How each kind of options.def is kept. */
typedef uint64_t option_count;
typedef struct rate option_rate;
typedef frequency option_frequency;
typedef duration option_duration;
typedef struct span option_span;
typedef struct interval option_interval;
typedef const char *option_text; /* NULL when not given and without a default */
typedef struct text_list option_headers;
typedef struct text_list option_list; /* texts, judged by whoever takes them */
typedef struct rule_list option_rules;
typedef bool option_flag;
typedef struct source_choice option_source;
typedef enum ui option_ui;
typedef enum color option_color;
typedef enum sequence option_sequence;
typedef struct span option_reconnect; /* the backoff; 0..0: never */

/* The options as asked, defaults filled in: a field for each row of options.def, and in `given`
 * whether the command line or a config file named it. Strings live as long as the struct's
 * arena: until options_free(). */
struct options {
    enum command command; /* whose they are */
    const char *url;      /* the one operand, of those that load */
#define OPTION(field, letter, kind, initial, low, high, commands, argument, help)                  \
    option_##kind field;
#include "plan/options.def"
#undef OPTION
    struct {
#define OPTION(field, letter, kind, initial, low, high, commands, argument, help) bool field;
#include "plan/options.def"
#undef OPTION
    } given;
    struct body content;    /* of the file that `body` names, read by options_parse() */
    struct url_list listed; /* of the file that `urls` names, read by options_parse() */
    void *arena;
};

/* What parsing came to. */
enum options_outcome { OPTIONS_OK, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_BAD };

enum { OPTIONS_ERROR_MAX = 1024 };

/* Reads argv[1..] of one command, and the config file it names with -C (the command line wins; -C
 * is given once, and is no key of a config file). Options and the operand stand in any order, "--"
 * ends the options; names are not abbreviated. On OPTIONS_BAD, error holds one line: what, where
 * (option, or FILE:LINE), and what would be accepted. The caller frees with options_free() in every
 * case. argv must outlive the struct. */
enum options_outcome options_parse(struct options *options, enum command command, int argc,
                                   char **argv, char error[static OPTIONS_ERROR_MAX]);
void options_free(struct options *options);

/* Reads one config file's text (`name` stands in error messages) over options: lines
 * `long-option = value`, blank lines, and comments (lines that begin with '#'; a value may hold
 * one). Rows already given stay (headers add up, the file's first). Every key of `run` is read and
 * judged for every command, so that one profile serves all; a row that this command does not accept
 * is not applied. For options_parse(), tests and the fuzzer. */
bool options_read_config(struct options *options, enum command command, const char *name,
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
const struct body *options_body(const struct options *options);
/* Whether it goes with a request of this method: POST, PUT, PATCH, or the one of -X. */
bool options_sends_body(const struct options *options, const char *method);
/* The headers without a Content-Length. */
void options_drop_length(struct text_list *headers);

/* --help of a command: an entry for each option with its default and bounds; and docs/options.md.
 */
void options_print_help(FILE *out, enum command command);
void options_print_markdown(FILE *out);

/* The members of a report's "plan": every effective option of a run under its long name in
 * snake_case:
 * counts as integers, flags as booleans, lists as arrays, the rest as the canonical text its parser
 * reads back, null when not set. Values of Authorization, Proxy-Authorization and Cookie headers
 * are shown as "***". What is no option of the command is null, or an empty list. */
void options_write_json(struct json *json, const struct options *options);

#endif
