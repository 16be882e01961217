/* holdfast report: a saved run drawn again, and the schema of the JSON report. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/refuse.h"
#include "command/command.h"
#include "command/report_read.h"
#include "command/report_request.h"
#include "command/soak.h"
#include "options/secrets.h"
#include "report/export/json_comparison.h"
#include "report/export/writers.h"
#include "report/format/line_writer.h"
#include "report/format/style.h"
#include "report/saved/saved.h"
#include "report/terminal/capacity.h"
#include "report/terminal/comparison.h"
#include "report/terminal/summary.h"

static const char help[] =
    "Usage: holdfast report [OPTION FILE]... FILE\n"
    "       holdfast report --compare [--tolerance METRIC=VALUE]... [--json FILE]\n"
    "                       [--junit FILE] A B\n"
    "       holdfast report --merge [OPTION FILE]... FILE FILE...\n"
    "       holdfast report [--compare] --schema\n\n"
    "Prints the summary of a saved run: of a timeline (--timeline), also of one that\n"
    "was cut off by SIGKILL or a power loss, or of a JSON report (--json), also of\n"
    "capacity. Converts it:\n\n"
    "  --json FILE   the JSON report, from a timeline\n"
    "  --html FILE   one HTML page, with charts and without script\n"
    "  --junit FILE  JUnit XML, a case for each rule; of capacity one case\n"
    "  --hgrm FILE   the distribution of latencies as HdrHistogram prints it, in\n"
    "                milliseconds; not of a timeline that was cut off, which keeps no\n"
    "                histogram\n"
    "  --csv FILE    the timeline as CSV, a line a sample\n"
    "  --schema      print the JSON Schema of the JSON report; with --compare, of\n"
    "                what that writes\n"
    "  --help        print this help\n"
    "  --version     print the version and the optional parts built in\n\n"
    "  --compare     hold the run B against the baseline A: connections, endings,\n"
    "                survival, latencies, rates and cost, each within a tolerance;\n"
    "                --json FILE for machines, --junit FILE with a case for each\n"
    "                quantity\n"
    "  --tolerance METRIC=VALUE\n"
    "                how far B may be off, in place of the default; repeatable. A\n"
    "                metric of docs/rules.md or survival; points of a share\n"
    "                (lost=1%), percent of A's value (p99=20%), a value (p99=5ms),\n"
    "                the larger of both (p99=20%,5ms), or any\n"
    "  --merge       add up parts of one load, from several hosts or shards: the same\n"
    "                plan but for -c, -n and --rate, which are summed; judged anew by\n"
    "                its rules\n\n"
    "One of them may go to -, standard output; the summary then goes to standard\n"
    "error.\n\n"
    "Exit codes:\n"
    "  0  it was rendered; the verdict is that of the run, and in the report.\n"
    "     --compare: B is no worse than A\n"
    "  1  --compare: B is worse\n"
    "  2  usage error, or a file that is neither a timeline nor a JSON report\n"
    "  4  a report could not be written. --compare: the runs are not comparable,\n"
    "     because one of them is inconclusive or their plans differ\n";

/* Notes about the file for the reader of the summary. */
static void print_notes(const struct saved *saved, const char *name) {
    if (saved->torn_line > 0)
        report_complain("%s:%zu: the last line is cut, and left out", refuse_quote(name).text,
                        saved->torn_line);
    if (saved->judged_otherwise)
        report_complain(
            "%s: its own verdict was another: this is how this version judges the figures",
            refuse_quote(name).text);
}

/* Whether the file holds what was asked of it. */
static bool can_convert(const struct saved *saved, const struct report_request *request) {
    const struct record *record = saved->record;
    const struct refuse_quoted file = refuse_quote(request->files[0]);
    if (request->outputs.paths[OUTPUT_JSON] != NULL && saved->kind != SAVED_TIMELINE)
        return report_complain("--json: \"%s\" is a JSON report already: a timeline is accepted",
                               file.text);
    if (request->outputs.paths[OUTPUT_HGRM] != NULL && record != NULL &&
        record_figures(record, DISTRIBUTION_LATENCY).count > 0 &&
        record_histogram(record, DISTRIBUTION_LATENCY) == NULL)
        return report_complain(
            "--hgrm: \"%s\" keeps no histogram: a JSON report, or a timeline that was not "
            "cut off, is accepted",
            file.text);
    return true;
}

static int draw(const struct saved *saved, struct report_request *request) {
    struct outputs *outputs = &request->outputs;
    FILE *out = outputs_to_stdout(outputs) ? stderr : stdout;
    outputs->secret = secrets_any(saved->plan.options, saved->plan.target.url);
    if (!can_convert(saved, request) || !outputs_open(outputs)) {
        outputs_discard(outputs);
        return EXIT_USAGE;
    }
    bool written = outputs_write(outputs, &saved->plan, saved->record, &saved->judgement);
    print_notes(saved, request->files[0]);
    if (saved->judgement.capacity != NULL)
        report_capacity(out, style_for(fileno(out), COLOR_AUTO), &saved->plan, &saved->judgement);
    else
        report_summary(out, style_for(fileno(out), COLOR_AUTO), &saved->plan, saved->record,
                       &saved->judgement);
    if (fflush(out) != 0 || ferror(out))
        written =
            report_complain("the summary could not be written: %s", line_writer_error(-errno));
    return written ? 0 : EXIT_INCONCLUSIVE;
}

static int print(void (*what)(FILE *out)) {
    what(stdout);
    if (fflush(stdout) == 0)
        return 0;
    (void)report_complain("standard output: %s", line_writer_error(-errno));
    return EXIT_INCONCLUSIVE;
}

static void print_help(FILE *out) {
    fputs(help, out);
}

static int draw_one(struct report_request *request) {
    struct saved *saved =
        request->mode == REPORT_MERGE ? report_merge(request) : report_read(request->files[0]);
    int exit_code = saved != NULL ? draw(saved, request) : EXIT_USAGE;
    saved_free(saved);
    return exit_code;
}

static int carry_out(struct report_request *request) {
    bool answer = request->mode == REPORT_HELP || request->mode == REPORT_VERSION;
    if (request->schema && !answer)
        return print(request->mode == REPORT_COMPARE ? report_comparison_schema : report_schema);
    switch (request->mode) {
    case REPORT_HELP: return print(print_help);
    case REPORT_VERSION: return soak_answer(OPTIONS_VERSION, COMMAND_RUN, "");
    case REPORT_COMPARE: return report_compare(request);
    case REPORT_MERGE:
    case REPORT_DRAW: break;
    }
    return draw_one(request);
}

/* No timeout: no run waits for the end, and the reader may be a pager. */
static const duration FOREVER = INT64_MAX;

int command_report(int argc, char **argv) {
    struct report_request request = {
        .outputs = {.program_name = "holdfast report", .timeout = FOREVER}};
    bool asked = report_request_read(&request, argc, argv);
    request.outputs.inputs = request.files;
    request.outputs.input_count = request.file_count;
    int exit_code = asked ? carry_out(&request) : EXIT_USAGE;
    free(request.files);
    return exit_code;
}
