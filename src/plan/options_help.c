/* The help of a command and the page of all options, printed from the option table. */
#include <stdio.h>
#include <string.h>

#include "base/require.h"
#include "plan/options_row.h"

enum { PAGE_WIDTH = 80, LEFT_WIDTH = 28, WORDS_MAX = 640 };

/* What the help says of a command beside its options. */
struct entry {
    const char *left, *words;
};

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
static void describe(char facts[static ACCEPTED_MAX], const struct option_row *row,
                     const char *initial) {
    const struct bounds bounds = option_bounds(row);
    bool file = row->id == ROW_json || row->id == ROW_html || row->id == ROW_junit ||
                row->id == ROW_hgrm || row->id == ROW_timeline || row->id == ROW_config ||
                row->id == ROW_server_log || row->id == ROW_body ||
                row->id == ROW_urls; /* the bound is the system's */
    bool bounded = bounds.text[0] != '\0' && !file && row->kind != KIND_flag;
    snprintf(facts, ACCEPTED_MAX, "%s%s%s%s", initial != NULL ? "default " : "",
             initial != NULL ? initial : "", initial != NULL && bounded ? "; " : "",
             bounded ? bounds.text : "");
}

static void print_entry(FILE *out, const char *left, const char *words) {
    fprintf(out, "%-*s", LEFT_WIDTH, left);
    if (strlen(left) >= LEFT_WIDTH)
        fprintf(out, "\n%*s", LEFT_WIDTH, "");
    print_wrapped(out, words, LEFT_WIDTH, LEFT_WIDTH);
}

static void print_row(FILE *out, const struct option_row *row, enum command command) {
    char letter[8] = "    ", left[80], facts[ACCEPTED_MAX], words[WORDS_MAX];
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, option_name(row).text,
             row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
    describe(facts, row, option_initial(row, command));
    snprintf(words, sizeof words, "%s%s%s%s", row->help, facts[0] != '\0' ? " (" : "", facts,
             facts[0] != '\0' ? ")" : "");
    print_entry(out, left, words);
}

static const char run_text[] =
    "Opens keep-alive connections to a web server along a ramp, holds them, asks on each of them "
    "again and again, and accounts for every one that ends and for every request. A preflight says "
    "before any load whether this machine can hold the plan and whether the server answers.";
static const char check_text[] =
    "Says whether this plan fits this machine and this server: the preflight of a run, and nothing "
    "else. Sends at most one request.";
static const char capacity_text[] =
    "Searches for the largest number of connections that this server holds: runs of growing size, "
    "each ramped, held, judged by the rules of --require and closed, doubled until one gives and "
    "then "
    "halved in between. Says how many held, and what gave: the server, with the evidence, or this "
    "machine, in which case the answer is \"at least\".";
static const char forms_text[] =
    "DUR is a duration in ns us ms s m h d (250ms, 1h30m, 0.5s; a bare number is seconds). N is a "
    "count (10000, 10k, 1M).";
static const char config_text[] =
    "A config file holds lines `long-option = value`; true or false for an option without a value.";

static const char target_text[] = "A small keep-alive HTTP server of our own: it answers every "
                                  "request, as slowly, as briefly and "
                                  "as badly as you ask, and counts what it did: /_target/stats as "
                                  "JSON, /_target/status as nginx's "
                                  "stub_status page (for run --server-status).";
static const char demo_text[] = "A first run with nothing else installed: starts a target on a "
                                "free port of loopback, holds 1,000 "
                                "connections to it for 10 s (fewer where the descriptor limit is "
                                "low), and prints the summary. Its "
                                "own command lines are printed too.";

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

static const struct entry capacity_codes[] = {
    {"  0", "held: an answer was found, or --connections held"},
    {"  1", "broke: not even the least number tried held"},
    {"  2", "usage or configuration error"},
    {"  3", "unfit: not even the first step fits this machine; no load was sent"},
    {"  4",
     "inconclusive: our own side gave first (the answer is \"at least\"), or it was cut short"},
    {"  5", "no target: it could not be reached"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second interrupt"},
    {NULL, NULL}};

static const struct entry target_codes[] = {{"  0", "ended by SIGINT, SIGTERM or SIGHUP"},
                                            {"  2", "usage error"},
                                            {"  3", "it could not listen, or not start"},
                                            {"  4", "a worker process was lost"},
                                            {"  70", "a bug of ours: says where"},
                                            {"  130", "second signal"},
                                            {NULL, NULL}};

static const struct manual {
    enum command command;
    const char *name, *usage, *text;
    bool forms; /* of durations and counts */
    const struct entry *codes;
} manuals[] = {
    {COMMAND_RUN, "run", "[run] [OPTION]... URL", run_text, true, run_codes},
    {COMMAND_CHECK, "check", "check [OPTION]... URL", check_text, true, check_codes},
    {COMMAND_CAPACITY, "capacity", "capacity [OPTION]... URL", capacity_text, true, capacity_codes},
    {COMMAND_TARGET, "target", "target [OPTION]...", target_text, true, target_codes},
    {COMMAND_DEMO, "demo", "demo [OPTION]...", demo_text, false, run_codes},
};

enum { MANUALS = sizeof manuals / sizeof *manuals };

static const struct manual *manual_of(enum command command) {
    size_t i = 0;
    while (i < MANUALS && manuals[i].command != command)
        i++;
    require(i < MANUALS);
    return &manuals[i];
}

const char *command_name(enum command command) {
    return manual_of(command)->name;
}

static void print_codes(FILE *out, const struct entry *codes) {
    for (; codes->left != NULL; codes++) {
        fprintf(out, "%-7s", codes->left);
        print_wrapped(out, codes->words, 7, 7);
    }
}

/* "check", "target", ...: what else the first argument may be. */
static void print_commands(FILE *out) {
    fputs("\nOther commands: report", out);
    for (size_t i = 0; i < MANUALS; i++)
        if (manuals[i].command != COMMAND_RUN)
            fprintf(out, ", %s", manuals[i].name);
    fputs(" (holdfast COMMAND --help)\n", out);
}

void options_print_help(FILE *out, enum command command) {
    const struct manual *manual = manual_of(command);
    fprintf(out, "Usage: holdfast %s\n\n", manual->usage);
    print_wrapped(out, manual->text, 0, 0);
    fputs("\nOptions:\n", out);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        if ((row->commands & command) != 0)
            print_row(out, row, command);
    print_entry(out, "      --help", "this text");
    print_entry(out, "      --version", "the version and the optional parts built in");
    if (manual->forms) {
        putc('\n', out);
        print_wrapped(out, forms_text, 0, 0);
        if ((command & COMMAND_LOAD) != 0)
            print_wrapped(out, config_text, 0, 0);
    }
    fputs("\nExit codes:\n", out);
    print_codes(out, manual->codes);
    if (command == COMMAND_RUN)
        print_commands(out);
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
    fprintf(out, "` | %s%s%s | %s | ", initial != NULL ? "`" : "", initial != NULL ? initial : "",
            initial != NULL ? "`" : "", bounds.text);
    const char *before = "";
    for (size_t i = 0; i < MANUALS; i++) {
        if ((row->commands & manuals[i].command) == 0)
            continue;
        fprintf(out, "%s%s", before, manuals[i].name);
        before = ", ";
    }
    fputs(" | ", out);
    print_cell(out, row->help);
    fputs(" |\n", out);
}

void options_print_markdown(FILE *out) {
    fputs(
        "<!-- Generated from src/plan/options.def by tools/generate-docs: do not edit. -->\n"
        "# Options\n\n"
        "`holdfast [run] [OPTION]... URL`, `holdfast check [OPTION]... URL`, `holdfast capacity "
        "[OPTION]... URL`,\n`holdfast target [OPTION]...` and `holdfast demo [OPTION]...`. Options "
        "and the URL stand in any order; `--` ends the\noptions; long names are not "
        "abbreviated.\n\n"
        "| option | default | bounds | commands | meaning |\n|---|---|---|---|---|\n",
        out);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        print_markdown_row(out, row);
    fputs("| `--help` | | | all | what the command does, its options, its exit codes |\n"
          "| `--version` | | | all | the version and the optional parts built in |\n\n"
          "Durations: `ns us ms s m h d`, joined (`1h30m`), decimals (`0.5s`); a bare number is "
          "seconds. Counts: `10000`,\n`10k`, `1M` (powers of ten). `N/DUR` also as `N` (a "
          "second).\n\n"
          "## Config files\n\n"
          "`-C FILE` reads lines `long-option = value`, at most 1 MiB of them. Blank lines and "
          "lines that begin with `#` are\nskipped; a value may hold a `#`. An option without a "
          "value is `true` or `false`. `header` and `require` may be\ngiven on several lines, "
          "everything else once; `config` is refused. The command line wins, for `require` with\n"
          "all its rules; headers add up, the file's first. Keys are the options of a run. Every "
          "key is judged for every\ncommand, and one that a command has no use for is not "
          "applied: one file serves all. `header = @FILE` reads\none header a line.\n",
          out);
}
