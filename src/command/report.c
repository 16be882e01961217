/* holdfast report: a saved run drawn again, and the schema of the JSON report. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "plan/refuse.h"
#include "report/outlet.h"
#include "report/report.h"
#include "report/saved.h"

enum { EXIT_USAGE = 2, EXIT_UNWRITTEN = 4 };

static const char help[] =
    "Usage: holdfast report [--json FILE] FILE\n"
    "       holdfast report --schema\n\n"
    "Prints the summary of a saved run: of a timeline (--timeline), also of one that was cut off\n"
    "by SIGKILL or a power loss, or of a JSON report (--json).\n\n"
    "  --json FILE  write a JSON report from a timeline to FILE; - is standard output (the\n"
    "               summary then goes to standard error)\n"
    "  --schema     print the JSON Schema of the JSON report\n"
    "  --help       print this help\n\n"
    "Exit codes:\n"
    "  0  it was rendered; the verdict is that of the run, and in the report\n"
    "  2  usage error, or a file that is neither a timeline nor a JSON report\n"
    "  4  a report could not be written\n";

/* What was asked for. */
struct request {
    const char *file, *json;
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

static bool take_json(struct request *request, const char *value) {
    if (request->json != NULL)
        return complain("--json: given twice: once is accepted");
    if (value == NULL || value[0] == '\0')
        return complain("--json: the value is missing: a file's name is accepted");
    request->json = value;
    return true;
}

static bool take_file(struct request *request, const char *name) {
    if (request->file != NULL)
        return complain("\"%s\" is one file too many: one FILE is accepted", shown_text(name).text);
    request->file = name;
    return true;
}

static bool take_arguments(struct request *request, int argc, char **argv) {
    bool options = true, taken = true;
    for (int i = 1; i < argc && taken; i++) {
        const char *word = argv[i];
        if (!options || word[0] != '-') {
            taken = take_file(request, word);
        } else if (strcmp(word, "--") == 0) {
            options = false;
        } else if (strcmp(word, "--json") == 0) {
            i++;
            taken = take_json(request, argv[i]);
        } else if (strncmp(word, "--json=", strlen("--json=")) == 0) {
            taken = take_json(request, word + strlen("--json="));
        } else if (strcmp(word, "--schema") == 0) {
            request->schema = true;
        } else if (strcmp(word, "--help") == 0) {
            request->help = true;
        } else {
            taken = complain("unknown option \"%s\": accepted are FILE, --json FILE, --schema and "
                             "--help",
                             shown_text(word).text);
        }
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

static bool write_json(const struct saved *saved, struct report_file *file) {
    int error = report_json(file->stream, &saved->plan, saved->record, &saved->judgement);
    if (error == 0)
        error = report_file_commit(file);
    else
        report_file_discard(file);
    return error == 0 || complain("--json: \"%s\" could not be written: %s",
                                  shown_text(file->path).text, outlet_error(error));
}

static int draw(const struct saved *saved, const struct request *request) {
    bool to_output = request->json != NULL && strcmp(request->json, "-") == 0;
    FILE *out = to_output ? stderr : stdout;
    struct report_file file;
    bool written = true;
    if (request->json != NULL) {
        if (saved->kind != SAVED_TIMELINE) {
            complain("--json: \"%s\" is a JSON report already: a timeline is accepted",
                     shown_text(request->file).text);
            return EXIT_USAGE;
        }
        int error = report_file_open(&file, request->json);
        if (error != 0) {
            complain("--json: cannot write to \"%s\": %s", shown_text(request->json).text,
                     outlet_error(error));
            return EXIT_USAGE;
        }
        written = write_json(saved, &file);
    }
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

static void print_help(FILE *out) {
    fputs(help, out);
}

int command_report(int argc, char **argv) {
    struct request request = {0};
    if (!take_arguments(&request, argc, argv))
        return EXIT_USAGE;
    if (request.help)
        return print(print_help);
    if (request.schema && (request.file != NULL || request.json != NULL)) {
        complain("--schema stands alone: no FILE is accepted beside it");
        return EXIT_USAGE;
    }
    if (request.schema)
        return print(report_schema);
    if (request.file == NULL) {
        complain("no FILE: accepted are FILE, --json FILE, --schema and --help");
        return EXIT_USAGE;
    }
    struct saved *saved = read_saved(request.file);
    int exit_code = saved != NULL ? draw(saved, &request) : EXIT_USAGE;
    saved_free(saved);
    return exit_code;
}
