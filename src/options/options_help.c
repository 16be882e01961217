/* The usage (--help) of a command and the page of all options, printed from the option table. */
#include <stdio.h>
#include <string.h>

#include "base/require.h"
#include "options/options_row.h"

enum { PAGE_WIDTH = 80, LEFT_WIDTH = 28, WORDS_MAX = 640 };

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
void option_describe(char facts[static ACCEPTED_MAX], const struct option_row *row,
                     const char *initial) {
    const struct option_bounds_text bounds = option_bounds(row);
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

static void print_row(FILE *out, const struct option_row *row, enum option_command command) {
    char letter[8] = "    ", left[80], facts[ACCEPTED_MAX], words[WORDS_MAX];
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, option_name(row).text,
             row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
    option_describe(facts, row, option_initial(row, command));
    snprintf(words, sizeof words, "%s%s%s%s", option_help(row, command),
             facts[0] != '\0' ? " (" : "", facts, facts[0] != '\0' ? ")" : "");
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
    "each ramped, held, judged by the rules of --require and closed, doubled until one breaks and "
    "then halved in between. Says how many held, and what the limit was: the server, with the "
    "evidence, or this machine, in which case the answer is \"at least\".";
const char option_forms_text[] =
    "DUR is a duration in ns us ms s m h d (250ms, 1h30m, 0.5s; a bare number is seconds). N is a "
    "count (10000, 10k, 1M).";
static const char probe_text[] =
    "Learns a server's keep-alive policy before any load: how long a connection may be idle, how "
    "long "
    "it may wait before its first request, how many requests it may carry, how old it may become, "
    "and how it is ended. A few connections, opened one by one, wait or ask each in its own way; "
    "what "
    "two of them agree on and none contradicts is told, else a range, or that it could not be "
    "told. "
    "Ends with the options that follow for a run.";
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

static const char serve_text[] =
    "Answers an HTTP API and a page on loopback: checks, runs (one at a time, each a process of "
    "its "
    "own), their events, reports and charts. The first line on standard output is its address, "
    "with "
    "the token that everything but the page needs. Neither a page of another site nor a rebound "
    "name can use it.";

static const char part_text[] =
    "One host's part of a run with --hosts, which starts it there: it reads its plan and its "
    "orders "
    "from standard input, a JSON object a line, and prints what it holds to standard output. When "
    "its leader is gone it ends its load in order within 2 s, and leaves its report in the folder "
    "that it was started in.";

static const struct option_entry serve_codes[] = {
    {"  0", "ended by SIGINT, SIGTERM or SIGHUP, after the run that went on"},
    {"  2", "usage error, or it could not listen"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second signal"},
    {NULL, NULL}};
static const struct option_entry run_codes[] = {
    {"  0", "held: the plan was carried out and every rule holds"},
    {"  1", "broke: a rule is broken"},
    {"  2", "usage or configuration error"},
    {"  3", "unfit: the plan does not fit this machine; no load was sent"},
    {"  4", "inconclusive: our own side was the limit, or the run was cut short"},
    {"  5", "no target: it could not be reached"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second interrupt"},
    {NULL, NULL}};
static const struct option_entry check_codes[] = {
    {"  0", "held: the plan fits"},
    {"  1", "broke: the server closes idle connections too early for this plan"},
    {"  2", "usage or configuration error"},
    {"  3", "unfit: the plan does not fit this machine"},
    {"  4", "inconclusive: interrupted"},
    {"  5", "no target: it could not be reached"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second interrupt"},
    {NULL, NULL}};

static const struct option_entry capacity_codes[] = {
    {"  0", "held: an answer was found, or --connections held"},
    {"  1", "broke: not even the least number tried held"},
    {"  2", "usage or configuration error"},
    {"  3", "unfit: not even the first step fits this machine; no load was sent"},
    {"  4",
     "inconclusive: our own side was the limit (the answer is \"at least\"), or it was cut short"},
    {"  5", "no target: it could not be reached"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second interrupt"},
    {NULL, NULL}};

static const struct option_entry probe_codes[] = {
    {"  0", "the idle timeout was found, or is at least --for"},
    {"  2", "usage or configuration error"},
    {"  3", "unfit: this machine cannot open the connections"},
    {"  4", "the idle timeout could not be told, or the report not be written"},
    {"  5", "no target: it could not be reached"},
    {"  70", "a bug of ours: says where"},
    {"  130", "second interrupt"},
    {NULL, NULL}};

static const struct option_entry target_codes[] = {{"  0", "ended by SIGINT, SIGTERM or SIGHUP"},
                                                   {"  2", "usage error"},
                                                   {"  3", "it could not listen, or not start"},
                                                   {"  4", "a worker process was lost"},
                                                   {"  70", "a bug of ours: says where"},
                                                   {"  130", "second signal"},
                                                   {NULL, NULL}};

const struct option_manual option_manuals[OPTION_MANUALS] = {
    {COMMAND_RUN, "run", "[run] [OPTION]... URL", run_text, true, run_codes},
    {COMMAND_CHECK, "check", "check [OPTION]... URL", check_text, true, check_codes},
    {COMMAND_CAPACITY, "capacity", "capacity [OPTION]... URL", capacity_text, true, capacity_codes},
    {COMMAND_TARGET, "target", "target [OPTION]... [[ADDR:]PORT]", target_text, true, target_codes},
    {COMMAND_DEMO, "demo", "demo [OPTION]...", demo_text, false, run_codes},
    {COMMAND_PROBE, "probe", "probe [OPTION]... URL", probe_text, true, probe_codes},
    {COMMAND_SERVE, "serve", "serve [OPTION]...", serve_text, true, serve_codes},
    {COMMAND_PART, "part", "part", part_text, false, run_codes},
};

const struct option_manual *option_manual_of(enum option_command command) {
    size_t i = 0;
    while (i < OPTION_MANUALS && option_manuals[i].command != command)
        i++;
    require(i < OPTION_MANUALS);
    return &option_manuals[i];
}

const char *option_command_name(enum option_command command) {
    return option_manual_of(command)->name;
}

static void print_codes(FILE *out, const struct option_entry *codes) {
    for (; codes->left != NULL; codes++) {
        fprintf(out, "%-7s", codes->left);
        print_wrapped(out, codes->words, 7, 7);
    }
}

/* "check", "target", ...: what else the first argument may be. */
static void print_commands(FILE *out) {
    char words[WORDS_MAX] = "Other commands: report";
    size_t length = strlen(words);
    for (size_t i = 0; i < OPTION_MANUALS; i++)
        if (option_manuals[i].command != COMMAND_RUN)
            length += (size_t)snprintf(words + length, sizeof words - length, ", %s",
                                       option_manuals[i].name);
    snprintf(words + length, sizeof words - length, " (holdfast COMMAND --help)");
    putc('\n', out);
    print_wrapped(out, words, 0, 0);
}

/* The command's own options of one group, under its title; nothing where there is none. */
static void print_group(FILE *out, enum option_group group, enum option_command command) {
    bool titled = false;
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        if (row->group != group || (row->commands & command) == 0)
            continue;
        if (!titled)
            fprintf(out, "\n%s:\n", option_group_titles[group]);
        titled = true;
        print_row(out, row, command);
    }
    if (group != GROUP_general)
        return;
    if (!titled)
        fprintf(out, "\n%s:\n", option_group_titles[group]);
    print_entry(out, "  -h, --help", "this text");
    print_entry(out, "  -V, --version", "the version and the optional parts built in");
}

void options_print_help(FILE *out, enum option_command command) {
    const struct option_manual *manual = option_manual_of(command);
    fprintf(out, "Usage: holdfast %s\n\n", manual->usage);
    print_wrapped(out, manual->text, 0, 0);
    for (enum option_group group = 0; group < OPTION_GROUP_COUNT; group++)
        print_group(out, group, command);
    if (manual->forms) {
        putc('\n', out);
        print_wrapped(out, option_forms_text, 0, 0);
        if ((command & COMMAND_URL) != 0)
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
    const struct option_bounds_text bounds = option_bounds(row);
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
    for (size_t i = 0; i < OPTION_MANUALS; i++) {
        if ((row->commands & option_manuals[i].command) == 0)
            continue;
        fprintf(out, "%s%s", before, option_manuals[i].name);
        before = ", ";
    }
    fputs(" | ", out);
    print_cell(out, row->help);
    for (size_t i = 0; i < OPTION_MANUALS; i++) {
        const char *help = option_help(row, option_manuals[i].command);
        if (help == row->help)
            continue;
        fprintf(out, "; in `%s`: ", option_manuals[i].name);
        print_cell(out, help);
    }
    fputs(" |\n", out);
}

void options_print_markdown(FILE *out) {
    fputs("<!-- Generated from src/options/options.def by tools/generate-docs: do not edit. -->\n"
          "# Options\n\n"
          "`holdfast [run] [OPTION]... URL`, `holdfast check [OPTION]... URL`, `holdfast capacity "
          "[OPTION]... URL`,\n`holdfast probe [OPTION]... URL`, `holdfast target [OPTION]... "
          "[[ADDR:]PORT]`, `holdfast demo "
          "[OPTION]...` and `holdfast serve\n[OPTION]...`; `holdfast part` has none. Options and "
          "the URL stand in any order; "
          "`--` ends the options; long names are not\nabbreviated.\n\n"
          "| option | default | bounds | commands | meaning |\n|---|---|---|---|---|\n",
          out);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        print_markdown_row(out, row);
    fputs("| `-h`, `--help` | | | all | what the command does, its options, its exit codes |\n"
          "| `-V`, `--version` | | | all | the version and the optional parts built in |\n\n"
          "Durations: `ns us ms s m h d`, joined (`1h30m`), decimals (`0.5s`); a bare number is "
          "seconds. Counts: `10000`,\n`10k`, `1M` (powers of ten). `N/DUR` also as `N` (a "
          "second).\n\n"
          "## Config files\n\n"
          "`-C FILE` reads lines `long-option = value`, at most 1 MiB of them. Blank lines "
          "and lines that begin with `#` are\n"
          "skipped; a value may hold a `#`. An option without a value is `true` or `false`. "
          "`header`, `hide`, `resolve`,\n"
          "`require` and `exec-at` may be given on several lines, everything else once; "
          "`config` is refused. The command line\n"
          "wins, for `require` with all its rules; headers add up, the file's first, but one "
          "that a request has once, such as\n"
          "`Host`, is the command line's; names to `hide` add up. Keys are the options of "
          "`run`, `check`, `capacity` and `probe`,\n"
          "and `url`, the URL where the command line has none. Every key is judged for every "
          "command, and one that a command has\n"
          "no use for is not applied: one file serves all. `header = @FILE` reads one header "
          "a line.\n",
          out);
}
