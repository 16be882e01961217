/* The command line of `holdfast report`. */
#include "command/report_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/refuse.h"
#include "command/report_read.h"
#include "judge/human.h"

#define ACCEPTED                                                                                   \
    "accepted are FILE, --json, --html, --junit, --hgrm, --csv, --compare, --merge, --tolerance, " \
    "--schema, --help and --version"

static bool take_output(struct report_request *request, enum output output, const char *value) {
    const char *name = output_name(output);
    if (request->outputs.paths[output] != NULL)
        return report_complain("--%s: given twice: once is accepted", name);
    if (value == NULL || value[0] == '\0')
        return report_complain("--%s: the value is missing: a file's name is accepted", name);
    request->outputs.paths[output] = value;
    return true;
}

static bool take_tolerance(struct report_request *request, const char *value) {
    char error[PLAN_ERROR_MAX] = "";
    if (value == NULL)
        return report_complain("--tolerance: the value is missing: METRIC=VALUE is accepted");
    return compare_tolerance_parse(&request->tolerances, value,
                                   (struct refuse_buffer){error, sizeof error}) ||
           report_complain("%s", error);
}

/* Whether word is "--NAME" or "--NAME=VALUE". *value: behind "=", or NULL. */
static bool is_option(const char *word, const char *name, const char **value) {
    size_t length = strlen(name);
    if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, length) != 0)
        return false;
    const char *rest = word + 2 + length;
    *value = *rest == '=' ? rest + 1 : NULL;
    return *rest == '=' || *rest == '\0';
}

/* Which report it asks for; OUTPUT_COUNT: none. */
static enum output output_asked(const char *word, const char **value) {
    enum output output = 0;
    while (output < OUTPUT_COUNT && !is_option(word, output_name(output), value))
        output++;
    return output;
}

/* Help and version are answers, whatever else was asked for. */
static bool is_answer(enum report_mode mode) {
    return mode == REPORT_HELP || mode == REPORT_VERSION;
}

static bool take_mode(struct report_request *request, const char *word) {
    static const struct {
        const char *word;
        enum report_mode mode;
    } modes[] = {{"--compare", REPORT_COMPARE}, {"--merge", REPORT_MERGE},
                 {"--help", REPORT_HELP},       {"-h", REPORT_HELP},
                 {"--version", REPORT_VERSION}, {"-V", REPORT_VERSION}};
    if (strcmp(word, "--schema") == 0)
        return request->schema = true;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(word, modes[i].word) != 0)
            continue;
        if (is_answer(request->mode))
            return true;
        if (request->mode == REPORT_DRAW || is_answer(modes[i].mode))
            request->mode = modes[i].mode;
        else if (request->mode != modes[i].mode)
            return report_complain("%s: one of --compare and --merge is accepted", word);
        return true;
    }
    return report_complain("unknown option \"%s\": " ACCEPTED, refuse_quote(word).text);
}

/* One word that begins with "-", and its value. */
static bool take_option(struct report_request *request, int argc, char **argv, int *at) {
    const char *word = argv[*at], *value = NULL;
    enum output output = output_asked(word, &value);
    bool tolerance = output == OUTPUT_COUNT && is_option(word, "tolerance", &value);
    if (output == OUTPUT_COUNT && !tolerance)
        return take_mode(request, word);
    if (value == NULL && *at + 1 < argc)
        value = argv[++*at];
    return tolerance ? take_tolerance(request, value) : take_output(request, output, value);
}

static bool take_words(struct report_request *request, int argc, char **argv) {
    bool options = true, taken = true;
    for (int i = 1; i < argc && taken; i++) {
        if (!options || argv[i][0] != '-')
            request->files[request->file_count++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            options = false;
        else
            taken = take_option(request, argc, argv, &i);
    }
    return taken;
}

static bool asks_any_report(const struct report_request *request) {
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (request->outputs.paths[i] != NULL)
            return true;
    return false;
}

static bool check_draw(const struct report_request *request) {
    if (request->file_count == 0)
        return report_complain("no FILE: " ACCEPTED);
    return request->file_count == 1 ||
           report_complain("\"%s\" is one file too many: one FILE is accepted",
                           refuse_quote(request->files[1]).text);
}

static bool check_compare(const struct report_request *request) {
    if (request->file_count != 2)
        return report_complain("--compare: %zu file%s: two are accepted, the baseline first",
                               request->file_count, human_plural(request->file_count));
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (i != OUTPUT_JSON && i != OUTPUT_JUNIT && request->outputs.paths[i] != NULL)
            return report_complain("--%s: a comparison has none: --json and --junit are accepted",
                                   output_name((enum output)i));
    return true;
}

static bool check_schema(const struct report_request *request) {
    if (request->mode == REPORT_MERGE)
        return report_complain("--schema: what --merge writes is a report as any: --schema alone "
                               "is accepted");
    return (request->file_count == 0 && request->tolerances.count == 0 &&
            !asks_any_report(request)) ||
           report_complain(
               "--schema stands alone or with --compare: no FILE is accepted beside it");
}

static bool check(const struct report_request *request) {
    if (is_answer(request->mode))
        return true;
    if (request->tolerances.count > 0 && request->mode != REPORT_COMPARE)
        return report_complain("--tolerance is of --compare");
    if (request->schema)
        return check_schema(request);
    switch (request->mode) {
    case REPORT_DRAW: return check_draw(request);
    case REPORT_COMPARE: return check_compare(request);
    case REPORT_MERGE:
        return request->file_count >= 2 ||
               report_complain("--merge: %zu file%s: two or more are accepted", request->file_count,
                               human_plural(request->file_count));
    case REPORT_HELP:
    case REPORT_VERSION: break;
    }
    return true;
}

bool report_request_read(struct report_request *request, int argc, char **argv) {
    request->files = calloc((size_t)argc + 1, sizeof *request->files);
    if (request->files == NULL)
        return report_complain("out of memory");
    return take_words(request, argc, argv) && check(request);
}
