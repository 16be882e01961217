/* The command line: getopt_long(3) driven by the option table, exact where it is lenient. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/url.h"
#include "options/options_row.h"

/* The value that getopt_long() returns: a letter, or LONG + row for a long name, so that a refusal
 * can name what was typed. OPERAND is its own number for an argument that is no option. */
enum { OPERAND = 1, LONG = 256, LONG_HELP = LONG + OPTION_ROWS, LONG_VERSION, LONG_END };

/* One command line being read. */
struct command_line {
    struct options *options;
    enum option_command command;
    char **argv;
    struct refuse_buffer to;
    char letters[2 * OPTION_ROWS + 5];
    struct option_name names[OPTION_ROWS];
    struct option long_options[OPTION_ROWS + 3];
    char typed[OPTION_ROWS][OPTION_NAME_MAX + 2]; /* "-c" or "--connections", where given */
};

/* "-" first: operands come in their place, whatever POSIXLY_CORRECT says, and argv stays as it is.
 * ":" then: a missing value is reported apart from an unknown option, and getopt prints nothing. */
static void make_tables(struct command_line *line) {
    char *letter = stpcpy(line->letters, "-:");
    for (int i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = &option_rows[i];
        bool valued = row->kind != KIND_flag;
        line->names[i] = option_name(row);
        line->long_options[i] = (struct option){
            line->names[i].text, valued ? required_argument : no_argument, NULL, LONG + i};
        if (row->letter == 0)
            continue;
        *letter++ = row->letter;
        if (valued)
            *letter++ = ':';
    }
    stpcpy(letter, "hV");
    line->long_options[OPTION_ROWS] = (struct option){"help", no_argument, NULL, LONG_HELP};
    line->long_options[OPTION_ROWS + 1] =
        (struct option){"version", no_argument, NULL, LONG_VERSION};
}

static const struct option_row *row_of(int code) {
    if (code >= LONG && code < LONG + OPTION_ROWS)
        return &option_rows[code - LONG];
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if (row->letter != 0 && row->letter == code)
            return row;
    return NULL;
}

/* The argument that holds the option just taken: its value may be the argument after it. */
static const char *taken(const struct command_line *line) {
    bool apart = optarg != NULL && optarg == line->argv[optind - 1];
    return line->argv[optind - (apart ? 2 : 1)];
}

/* Whether another tool calls something so that has another name here; then that is said. */
static bool is_habit(const struct command_line *line, const char *typed, size_t length) {
    const struct option_habit *habit =
        (line->command & COMMAND_URL) != 0 ? option_habit_of(typed, length) : NULL;
    if (habit == NULL)
        return false;
    refuse(line->to, "unknown option \"%s\": %s (of %s)", habit->typed, habit->advice,
           habit->tools);
    return true;
}

static enum options_outcome unknown_option(const struct command_line *line) {
    if (optopt != 0) {
        if (is_habit(line, (char[]){'-', (char)optopt}, 2))
            return OPTIONS_BAD;
        refuse(line->to, "unknown option \"-%s\" (see holdfast %s --help)",
               refuse_quote_bytes(&(char){(char)optopt}, 1).text,
               option_command_name(line->command));
        return OPTIONS_BAD;
    }
    const char *word = line->argv[optind - 1];
    struct refuse_quoted name =
        refuse_quote_bytes(word, strcspn(word, "=")); /* a value may be a secret */
    if (is_habit(line, word, strcspn(word, "=")))
        return OPTIONS_BAD;
    const struct option_row *near = option_guess(name.text + 2);
    if (near != NULL && (near->commands & line->command) != 0)
        refuse(line->to, "unknown option \"%s\" (did you mean \"--%s\"?)", name.text,
               option_name(near).text);
    else
        refuse(line->to, "unknown option \"%s\" (see holdfast %s --help)", name.text,
               option_command_name(line->command));
    return OPTIONS_BAD;
}

/* getopt_long() takes a unique beginning for the whole name; we do not. */
static bool is_whole(const struct command_line *line, int code) {
    const char *word = taken(line), *name = line->long_options[code - LONG].name;
    size_t length = strcspn(word, "=");
    const struct option_row *row = row_of(code);
    if (strlen(name) + 2 == length)
        return true;
    if (is_habit(line, word, length))
        return false;
    if (row != NULL && (row->commands & line->command) == 0)
        return refuse(line->to, "unknown option \"%s\" (see holdfast %s --help)",
                      refuse_quote_bytes(word, length).text, option_command_name(line->command));
    return refuse(line->to, "unknown option \"%s\" (did you mean \"--%s\"?)",
                  refuse_quote_bytes(word, length).text, name);
}

static void name_typed(char typed[static OPTION_NAME_MAX + 2], int code) {
    if (code >= LONG)
        snprintf(typed, OPTION_NAME_MAX + 2, "--%s", option_name(row_of(code)).text);
    else
        snprintf(typed, OPTION_NAME_MAX + 2, "-%c", code);
}

/* The next option, taken for the name of a file. */
static bool is_option_for_file(const struct command_line *line, const struct option_row *row) {
    return row->argument != NULL && strcmp(row->argument, "FILE") == 0 &&
           optarg == line->argv[optind - 1] && optarg[0] == '-' && optarg[1] != '\0';
}

static bool take_option(struct command_line *line, int code) {
    const struct option_row *row = row_of(code);
    char label[OPTION_NAME_MAX + 2], *before = line->typed[row->id];
    name_typed(label, code);
    if ((row->commands & line->command) == 0)
        return !is_habit(line, label, strlen(label)) &&
               refuse(line->to, "%s: not an option of holdfast %s", label,
                      option_command_name(line->command));
    if (before[0] != '\0' && !option_is_list(row))
        return refuse(line->to, "%s: given twice (%s before): once is accepted", label, before);
    if (is_option_for_file(line, row))
        return refuse(line->to, "%s: the value is missing: \"%s\" is no file, but ./%s is one",
                      label, refuse_quote(optarg).text, refuse_quote(optarg).text);
    memcpy(before, label, sizeof label);
    *option_given(line->options, row) = true;
    return option_read(line->options, row, label, row->kind == KIND_flag ? "true" : optarg,
                       line->to);
}

/* Letters alone: meant as a command where a URL comes after it. */
static bool is_bare_word(const char *text) {
    return text[strcspn(text, "./:?[0123456789")] == '\0';
}

/* A file of another tool's words. */
static bool is_script(const char *text) {
    const char *end = strrchr(text, '.');
    return end != NULL && text[strcspn(text, "/:")] == '\0' &&
           (strcmp(end, ".js") == 0 || strcmp(end, ".lua") == 0 || strcmp(end, ".jmx") == 0);
}

/* Dashes that an editor or a web page made of '-': U+2010 to U+2015, and the minus sign. */
static bool is_dashed(const char *text) {
    return (strncmp(text, "\xe2\x80", 2) == 0 && (unsigned char)text[2] - 0x90U <= 5) ||
           strncmp(text, "\u2212", 3) == 0;
}

static bool is_among(const char *word, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ascii_equal(word, words[i]))
            return true;
    return false;
}

static bool is_unit(const char *word) {
    static const char *const units[] = {"ns", "us", "ms", "s", "m", "h", "d", "min", "sec", "k"};
    return is_among(word, units, sizeof units / sizeof units[0]);
}

static bool is_method(const char *word) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"};
    return is_among(word, methods, sizeof methods / sizeof methods[0]);
}

/* Of two operands, one that is no URL, and what it was meant to be. */
static bool check_first_of_two(const struct command_line *line, const char *first,
                               const char *second) {
    if (line->options->given.quiet && first[strspn(first, "0123456789")] == '\0')
        return refuse(
            line->to,
            "\"%s\": '-q' is --quiet here and takes no value; a rate is --rate R (of hey, oha)",
            url_quote(first).text);
    if (is_unit(first) || is_unit(second))
        return refuse(line->to, "\"%s\": a unit stands right behind its number, such as 30s",
                      is_unit(first) ? first : second);
    if (is_method(first)) {
        char method[8] = "";
        for (size_t i = 0; i < sizeof method - 1 && first[i] != '\0'; i++)
            method[i] = (char)ascii_upper((unsigned char)first[i]);
        return refuse(line->to, "\"%s\": the method is an option: -X %s", first, method);
    }
    if (is_bare_word(first) && !is_bare_word(second))
        return refuse(line->to, "unknown command \"%s\" (see holdfast help)",
                      refuse_quote(first).text);
    return true;
}

/* Operands that other tools or other pages would have, and no URL. */
static bool check_words(const struct command_line *line, const char *operand) {
    if (is_dashed(operand))
        return refuse(line->to,
                      "\"%s\" begins with a dash that is no '-': options begin with '-' or '--'",
                      refuse_quote(operand).text);
    if (is_script(operand))
        return refuse(
            line->to,
            "\"%s\": no script is run: a URL is accepted, and --urls FILE asks for several",
            url_quote(operand).text);
    return line->options->url == NULL || check_first_of_two(line, line->options->url, operand);
}

static bool take_operand(struct command_line *line, const char *operand) {
    if (line->command == COMMAND_TARGET && !line->options->given.listen) {
        line->options->given.listen = true;
        return option_read(line->options, &option_rows[ROW_listen], "the place to listen at",
                           operand, line->to);
    }
    if ((line->command & COMMAND_URL) == 0)
        return refuse(line->to, "\"%s\" is one operand too many: holdfast %s takes %s",
                      url_quote(operand).text, option_command_name(line->command),
                      line->command == COMMAND_TARGET ? "one, or --listen" : "none");
    if (!check_words(line, operand))
        return false;
    if (line->options->url != NULL)
        return refuse(line->to, "\"%s\" is one operand too many: one URL is accepted",
                      url_quote(operand).text);
    line->options->url = operand;
    return true;
}

/* ':' and '?': an option without its value, a flag with one, or no option of ours. */
static enum options_outcome refuse_option(const struct command_line *line, int code) {
    char label[OPTION_NAME_MAX + 2] = "--help";
    const struct option_row *row = row_of(optopt);
    if (optopt == LONG_VERSION)
        memcpy(label, "--version", sizeof "--version");
    if (row == NULL && optopt != LONG_HELP && optopt != LONG_VERSION)
        return unknown_option(line);
    if (row != NULL)
        name_typed(label, optopt);
    if (code == ':')
        refuse(line->to, "%s: the value is missing: %s", label, option_accepted(row).text);
    else
        refuse(line->to, "%s: takes no value", label);
    return OPTIONS_BAD;
}

/* A long option with one dash, as Go's flags have it, was read as letters, and these did not do:
 * what was meant is said instead. */
static void name_long_option(const struct command_line *line, const char *word) {
    char twice[OPTION_NAME_MAX + 2];
    size_t length = strcspn(word, "=");
    if (word[0] != '-' || word[1] == '-' || length < 4 || length + 2 > sizeof twice)
        return;
    snprintf(twice, sizeof twice, "-%.*s", (int)length, word);
    if (is_habit(line, twice, length + 1))
        return;
    for (const struct option *option = line->long_options; option->name != NULL; option++) {
        const struct option_row *row = row_of(option->val);
        if (strcmp(option->name, twice + 2) == 0 &&
            (row == NULL || (row->commands & line->command) != 0))
            refuse(line->to, "\"%s\": a long option has two dashes: %s", twice + 1, twice);
    }
}

/* One step of getopt_long(): OPTIONS_OK to go on. */
static enum options_outcome take(struct command_line *line, int code) {
    if (code == ':' || code == '?')
        return refuse_option(line, code);
    if (code == OPERAND)
        return take_operand(line, optarg) ? OPTIONS_OK : OPTIONS_BAD;
    if (code >= LONG && !is_whole(line, code))
        return OPTIONS_BAD;
    if (code == LONG_HELP || code == 'h')
        return OPTIONS_HELP;
    if (code == LONG_VERSION || code == 'V')
        return OPTIONS_VERSION;
    return take_option(line, code) ? OPTIONS_OK : OPTIONS_BAD;
}

static enum options_outcome take_all(struct command_line *line, int argc) {
    int code, at = 1;
    enum options_outcome outcome = OPTIONS_OK;
    optind = 0; /* 0, not 1: start anew, tables too */
    opterr = 0;
    while (outcome == OPTIONS_OK &&
           (code = getopt_long(argc, line->argv, line->letters, line->long_options, NULL)) != -1) {
        outcome = take(line, code);
        if (outcome == OPTIONS_BAD && code != OPERAND)
            name_long_option(line, line->argv[at]);
        at = optind;
    }
    while (outcome == OPTIONS_OK && optind < argc) /* after "--" */
        if (!take_operand(line, line->argv[optind++]))
            outcome = OPTIONS_BAD;
    return outcome;
}

/* Checks that need the whole of the command line and the file. */
static bool finish(struct command_line *line) {
    struct options *options = line->options;
    if (!options_check_ui(options, "--ui", line->to))
        return false;
    if (options->config != NULL &&
        !options_load_config(options, line->command, line->typed[ROW_config], options->config,
                             line->to.text))
        return false;
    bool load = (line->command & COMMAND_LOAD) != 0;
    if (load &&
        !options_load_body(
            options, line->typed[ROW_body][0] != '\0' ? line->typed[ROW_body] : "body", line->to))
        return false;
    if (load &&
        !options_load_urls(
            options, line->typed[ROW_urls][0] != '\0' ? line->typed[ROW_urls] : "urls", line->to))
        return false;
    if (options->given.rate && options->given.interval)
        return refuse(line->to, "--interval: refused with --rate, which sets the pace of all "
                                "connections together: one of the two is accepted");
    if (options->given.requests && !options->given.duration)
        options->duration = 0;
    if (options->keepalive == 0 && line->command == COMMAND_CHECK)
        return refuse(line->to,
                      "--keepalive: auto asks more than the one request of a check: a DUR "
                      "is accepted, such as the one that holdfast probe tells");
    if (options->schema)
        return refuse(line->to, "--schema stands alone: no other option and no URL is accepted");
    return options->url != NULL || (line->command & COMMAND_URL) == 0 ||
           refuse(line->to,
                  "no URL: one is needed, such as http://127.0.0.1:8080/ (see holdfast %s --help)",
                  option_command_name(line->command));
}

static bool set_initial(struct options *options, enum option_command command,
                        struct refuse_buffer to) {
    *options = (struct options){.command = command};
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if (option_initial(row, command) != NULL &&
            !option_read(options, row, option_name(row).text, option_initial(row, command), to))
            return false;
    return true;
}

enum options_outcome options_parse(struct options *options, enum option_command command, int argc,
                                   char **argv, char error[static OPTIONS_ERROR_MAX]) {
    struct command_line line = {
        .options = options, .command = command, .argv = argv, .to = {error, OPTIONS_ERROR_MAX}};
    error[0] = '\0';
    if (!set_initial(options, command, line.to))
        return OPTIONS_BAD;
    make_tables(&line);
    enum options_outcome outcome = take_all(&line, argc);
    if (outcome == OPTIONS_OK && !finish(&line))
        return OPTIONS_BAD;
    return outcome;
}
