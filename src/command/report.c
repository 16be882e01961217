/* holdfast report: a saved run drawn again, and the schema of the JSON report. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/outputs.h"
#include "plan/refuse.h"
#include "report/report.h"
#include "report/saved.h"

enum { EXIT_USAGE = 2, EXIT_UNWRITTEN = 4 };

static const char help[] =
    "Usage: holdfast report [OPTION FILE]... FILE\n"
    "       holdfast report --schema\n\n"
    "Prints the summary of a saved run: of a timeline (--timeline), also of one that was cut off\n"
    "by SIGKILL or a power loss, or of a JSON report (--json). Converts it:\n\n"
    "  --json FILE   the JSON report, from a timeline\n"
    "  --html FILE   one HTML page, with charts and without script\n"
    "  --junit FILE  JUnit XML, a case for each rule\n"
    "  --hgrm FILE   the distribution of latencies as HdrHistogram prints it, in milliseconds;\n"
    "                not of a timeline that was cut off, which keeps no histogram\n"
    "  --csv FILE    the timeline as CSV, a line a sample\n"
    "  --schema      print the JSON Schema of the JSON report\n"
    "  --help        print this help\n\n"
    "One of them may go to -, standard output; the summary then goes to standard error.\n\n"
    "Exit codes:\n"
    "  0  it was rendered; the verdict is that of the run, and in the report\n"
    "  2  usage error, or a file that is neither a timeline nor a JSON report\n"
    "  4  a report could not be written\n";

#define ACCEPTED "accepted are FILE, --json, --html, --junit, --hgrm, --csv, --schema and --help"

/* What was asked for. */
struct request {
    const char *file;
    struct outputs outputs;
    bool schema, help;
};

__attribute__((format(printf, 1, 2))) static bool complain(const char *format, ...) {
    va_list arguments;
    fputs("holdfast report: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return false;
}

static bool take_output(struct request *request, enum output output, const char *value) {
    const char *name = output_name(output);
    if (request->outputs.paths[output] != NULL)
        return complain("--%s: given twice: once is accepted", name);
    if (value == NULL || value[0] == '\0')
        return complain("--%s: the value is missing: a file's name is accepted", name);
    request->outputs.paths[output] = value;
    return true;
}

/* Which report "--NAME" or "--NAME=FILE" asks for; OUTPUT_COUNT: none. *value: behind "=", or NULL.
 */
static enum output output_asked(const char *word, const char **value) {
    enum output output = 0;
    for (; output < OUTPUT_COUNT; output++) {
        size_t length = strlen(output_name(output));
        const char *rest = word + strlen("--") + length;
        if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, output_name(output), length) != 0 ||
            (*rest != '=' && *rest != '\0'))
            continue;
        *value = *rest == '=' ? rest + 1 : NULL;
        break;
    }
    return output;
}

static bool take_file(struct request *request, const char *name) {
    if (request->file != NULL)
        return complain("\"%s\" is one file too many: one FILE is accepted", shown_text(name).text);
    request->file = name;
    return true;
}

static bool take_flag(struct request *request, const char *word) {
    if (strcmp(word, "--schema") == 0)
        request->schema = true;
    else if (strcmp(word, "--help") == 0)
        request->help = true;
    else
        return complain("unknown option \"%s\": " ACCEPTED, shown_text(word).text);
    return true;
}

static bool take_arguments(struct request *request, int argc, char **argv) {
    bool options = true, taken = true;
    for (int i = 1; i < argc && taken; i++) {
        const char *word = argv[i], *value = NULL;
        enum output output = output_asked(word, &value);
        if (!options || word[0] != '-')
            taken = take_file(request, word);
        else if (strcmp(word, "--") == 0)
            options = false;
        else if (output == OUTPUT_COUNT)
            taken = take_flag(request, word);
        else
            taken = take_output(request, output, value != NULL ? value : argv[++i]);
    }
    return taken;
}

static struct saved *read_saved(const char *name) {
    char error[SAVED_ERROR_MAX];
    FILE *in = fopen(name, "re");
    if (in == NULL) {
        complain("cannot open \"%s\": %s", shown_text(name).text, strerror(errno));
        return NULL;
    }
    struct saved *saved = saved_read(in, name, error);
    fclose(in);
    if (saved == NULL)
        complain("%s", error);
    return saved;
}

/* What the reader of the summary should know of the file. */
static void say_notes(const struct saved *saved, const char *name) {
    if (saved->torn_line > 0)
        complain("%s:%zu: the last line is cut, and left out", shown_text(name).text,
                 saved->torn_line);
    if (saved->judged_otherwise)
        complain("%s: its own verdict was another: this is how this version judges the figures",
                 shown_text(name).text);
}

/* Whether the file holds what was asked of it. */
static bool can_convert(const struct saved *saved, const struct request *request) {
    const struct record *record = saved->record;
    const struct shown file = shown_text(request->file);
    if (request->outputs.paths[OUTPUT_JSON] != NULL && saved->kind != SAVED_TIMELINE)
        return complain("--json: \"%s\" is a JSON report already: a timeline is accepted",
                        file.text);
    if (request->outputs.paths[OUTPUT_HGRM] != NULL && record != NULL &&
        record_figures(record, DISTRIBUTION_LATENCY).count > 0 &&
        record_histogram(record, DISTRIBUTION_LATENCY) == NULL)
        return complain(
            "--hgrm: \"%s\" keeps no histogram: a JSON report, or a timeline that was not "
            "cut off, is accepted",
            file.text);
    return true;
}

static int draw(const struct saved *saved, struct request *request) {
    struct outputs *outputs = &request->outputs;
    FILE *out = outputs_to_stdout(outputs) ? stderr : stdout;
    if (!can_convert(saved, request) || !outputs_open(outputs)) {
        outputs_discard(outputs);
        return EXIT_USAGE;
    }
    bool written = outputs_write(outputs, &saved->plan, saved->record, &saved->judgement);
    say_notes(saved, request->file);
    report_summary(out, style_for(out, COLOR_AUTO), &saved->plan, saved->record, &saved->judgement);
    if (fflush(out) != 0 || ferror(out))
        written = complain("the summary could not be written: %s", strerror(errno));
    return written ? 0 : EXIT_UNWRITTEN;
}

static int print(void (*what)(FILE *out)) {
    what(stdout);
    if (fflush(stdout) == 0)
        return 0;
    perror("holdfast report: standard output");
    return 1;
}

static bool asks_any(const struct outputs *outputs) {
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (outputs->paths[i] != NULL)
            return true;
    return false;
}

static void print_help(FILE *out) {
    fputs(help, out);
}

int command_report(int argc, char **argv) {
    struct request request = {.outputs.said_by = "holdfast report"};
    if (!take_arguments(&request, argc, argv))
        return EXIT_USAGE;
    if (request.help)
        return print(print_help);
    if (request.schema && (request.file != NULL || asks_any(&request.outputs))) {
        complain("--schema stands alone: no FILE is accepted beside it");
        return EXIT_USAGE;
    }
    if (request.schema)
        return print(report_schema);
    if (request.file == NULL) {
        complain("no FILE: " ACCEPTED);
        return EXIT_USAGE;
    }
    struct saved *saved = read_saved(request.file);
    int exit_code = saved != NULL ? draw(saved, &request) : EXIT_USAGE;
    saved_free(saved);
    return exit_code;
}
