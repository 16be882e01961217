/* The help of a command and the page of all options, printed from the option table. */
#include <stdio.h>
#include <string.h>

#include "plan/options_row.h"

enum { PAGE_WIDTH = 80, LEFT_WIDTH = 28, WORDS_MAX = 640 };

const char *command_name(enum command command) {
    return command == COMMAND_CHECK ? "check" : "run";
}

/* Prints words from column `column` (where the cursor stands) in lines of PAGE_WIDTH, each next one
 * indented by `indent`. */
static void print_wrapped(FILE *out, const char *words, size_t column, size_t indent) {
    bool first = true;
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (!first && column + 1 + length > PAGE_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            putc(' ', out);
            column++;
        }
        fwrite(words, 1, length, out);
        column += length;
        first = false;
        words += length;
        words += strspn(words, " ");
    }
    putc('\n', out);
}

/* "default 100; 1..10M", "" when there is neither. */
static void describe(char facts[static ACCEPTED_MAX], const struct option_row *row) {
    const struct bounds bounds = option_bounds(row);
    bool file = row->id == ROW_json || row->id == ROW_html || row->id == ROW_junit ||
                row->id == ROW_hgrm || row->id == ROW_timeline || row->id == ROW_config ||
                row->id == ROW_server_log; /* the bound is the system's */
    bool bounded = bounds.text[0] != '\0' && !file && row->kind != KIND_flag;
    snprintf(facts, ACCEPTED_MAX, "%s%s%s%s", row->initial != NULL ? "default " : "",
             row->initial != NULL ? row->initial : "", row->initial != NULL && bounded ? "; " : "",
             bounded ? bounds.text : "");
}

static void print_entry(FILE *out, const char *left, const char *words) {
    fprintf(out, "%-*s", LEFT_WIDTH, left);
    if (strlen(left) >= LEFT_WIDTH)
        fprintf(out, "\n%*s", LEFT_WIDTH, "");
    print_wrapped(out, words, LEFT_WIDTH, LEFT_WIDTH);
}

static void print_row(FILE *out, const struct option_row *row) {
    char letter[8] = "    ", left[80], facts[ACCEPTED_MAX], words[WORDS_MAX];
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, option_name(row).text,
             row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
    describe(facts, row);
    snprintf(words, sizeof words, "%s%s%s%s", row->help, facts[0] != '\0' ? " (" : "", facts,
             facts[0] != '\0' ? ")" : "");
    print_entry(out, left, words);
}

struct entry {
    const char *left, *words;
};

static const char run_text[] =
    "Opens keep-alive connections to a web server along a ramp, holds them, asks on each of them "
    "again and again, and accounts for every one that ends and for every request. A preflight says "
    "before any load whether this machine can hold the plan and whether the server answers.";
static const char check_text[] =
    "Says whether this plan fits this machine and this server: the preflight of a run, and nothing "
    "else. Sends at most one request.";
static const char forms_text[] =
    "DUR is a duration in ns us ms s m h d (250ms, 1h30m, 0.5s; a bare number is seconds). N is a "
    "count (10000, 10k, 1M). A config file holds lines `long-option = value`; true or false for an "
    "option without a value.";

static const struct entry run_codes[] = {
    {"  0", "held: the plan was carried out and every rule holds"},
    {"  1", "broke: a rule is broken"},
    {"  2", "usage or configuration error"},
    {"  3", "unfit: the plan does not fit this machine; no load was sent"},
    {"  4", "inconclusive: our own side was the limit, or the run was cut short"},
    {"  5", "no target: it could not be reached"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second interrupt"},
    {NULL, NULL}};
static const struct entry check_codes[] = {
    {"  0", "held: the plan fits"},
    {"  1", "broke: the server closes idle connections too early for this plan"},
    {"  2", "usage or configuration error"},
    {"  3", "unfit: the plan does not fit this machine"},
    {"  4", "inconclusive: interrupted"},
    {"  5", "no target: it could not be reached"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second interrupt"},
    {NULL, NULL}};

static void print_codes(FILE *out, const struct entry *codes) {
    for (; codes->left != NULL; codes++) {
        fprintf(out, "%-7s", codes->left);
        print_wrapped(out, codes->words, 7, 7);
    }
}

void options_print_help(FILE *out, enum command command) {
    bool check = command == COMMAND_CHECK;
    fprintf(out, "Usage: holdfast %s [OPTION]... URL\n\n", check ? "check" : "[run]");
    print_wrapped(out, check ? check_text : run_text, 0, 0);
    fputs("\nOptions:\n", out);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if ((row->commands & command) != 0)
            print_row(out, row);
    print_entry(out, "      --help", "this text");
    print_entry(out, "      --version", "the version and the optional parts built in");
    putc('\n', out);
    print_wrapped(out, forms_text, 0, 0);
    fputs("\nExit codes:\n", out);
    print_codes(out, check ? check_codes : run_codes);
}

/* A cell of a table: '|' would end it. */
static void print_cell(FILE *out, const char *text) {
    for (; *text != '\0'; text++)
        fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

static void print_markdown_row(FILE *out, const struct option_row *row) {
    const char *initial = row->initial;
    const struct bounds bounds = option_bounds(row);
    fputs("| `", out);
    if (row->letter != 0)
        fprintf(out, "-%c`, `", row->letter);
    fprintf(out, "--%s", option_name(row).text);
    if (row->argument != NULL) {
        putc(' ', out);
        print_cell(out, row->argument);
    }
    fprintf(out, "` | %s%s%s | %s | %s%s%s | ", initial != NULL ? "`" : "",
            initial != NULL ? initial : "", initial != NULL ? "`" : "", bounds.text,
            (row->commands & COMMAND_RUN) != 0 ? "run" : "",
            row->commands == (COMMAND_RUN | COMMAND_CHECK) ? ", " : "",
            (row->commands & COMMAND_CHECK) != 0 ? "check" : "");
    print_cell(out, row->help);
    fputs(" |\n", out);
}

void options_print_markdown(FILE *out) {
    fputs("<!-- Generated from src/plan/options.def by tools/generate-docs: do not edit. -->\n"
          "# Options\n\n"
          "`holdfast [run] [OPTION]... URL` and `holdfast check [OPTION]... URL`. Options and the "
          "URL stand in any\norder; `--` ends the options; long names are not abbreviated.\n\n"
          "| option | default | bounds | commands | meaning |\n|---|---|---|---|---|\n",
          out);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        print_markdown_row(out, row);
    fputs(
        "| `--help` | | | run, check | what the command does, its options, its exit codes |\n"
        "| `--version` | | | run, check | the version and the optional parts built in |\n\n"
        "Durations: `ns us ms s m h d`, joined (`1h30m`), decimals (`0.5s`); a bare number is "
        "seconds. Counts: `10000`,\n`10k`, `1M` (powers of ten). `N/DUR` also as `N` (a "
        "second).\n\n"
        "## Config files\n\n"
        "`-C FILE` reads lines `long-option = value`, at most 1 MiB of them. Blank lines and "
        "lines that begin with `#` are\nskipped; a value may hold a `#`. An option without a "
        "value is `true` or `false`. `header` and `require` may be\ngiven on several lines, "
        "everything "
        "else once; `config` is refused. The command line wins, for `require` with\nall its rules; "
        "headers add up, the file's first. "
        "Every key is judged for every command, and a key that a command has no use for is not "
        "applied: one\nfile serves both. `header = @FILE` reads one header a line.\n",
        out);
}
