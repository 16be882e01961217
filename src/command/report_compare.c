/* holdfast report --compare: a run against a baseline. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/exit_code.h"
#include "base/refuse.h"
#include "command/report_read.h"
#include "command/report_request.h"
#include "options/secrets.h"
#include "report/export/json_comparison.h"
#include "report/format/line_writer.h"
#include "report/format/report_file.h"
#include "report/format/style.h"
#include "report/terminal/comparison.h"

static struct report_comparison_side file_of(const char *name, const struct saved *saved) {
    return (struct report_comparison_side){name, {&saved->plan, saved->record, &saved->judgement}};
}

/* False, with a message, when it cannot be opened (*exit_code) or written. */
static bool write_json(const struct report_request *request, struct report_file *file,
                       const struct compare_result *comparison,
                       const struct report_comparison_side *a,
                       const struct report_comparison_side *b) {
    if (request->outputs.paths[OUTPUT_JSON] == NULL)
        return true;
    int error = report_comparison_json(file->text.out, comparison, a, b);
    return output_finish(file, OUTPUT_JSON, request->outputs.program_name, error,
                         request->outputs.timeout);
}

static bool open_json(const struct report_request *request, struct report_file *file) {
    const char *path = request->outputs.paths[OUTPUT_JSON];
    int error = path != NULL ? report_file_open(file, path) : 0;
    return error == 0 || report_complain("--json: cannot write to \"%s\": %s",
                                         refuse_quote(path).text, line_writer_error(error));
}

static int compare(const struct report_request *request, const struct report_comparison_side *a,
                   const struct report_comparison_side *b) {
    const char *path = request->outputs.paths[OUTPUT_JSON];
    FILE *out = path != NULL && strcmp(path, "-") == 0 ? stderr : stdout;
    struct report_file file = {.out = -1};
    struct compare_result *comparison = malloc(sizeof *comparison);
    if (comparison == NULL) {
        report_complain("out of memory");
        return EXIT_USAGE;
    }
    if (!outputs_check_not_inputs(&request->outputs) || !open_json(request, &file)) {
        free(comparison);
        return EXIT_USAGE;
    }
    judge_compare(comparison, &a->run, &b->run, &request->tolerances);
    int exit_code = comparison->exit_code;
    bool written = write_json(request, &file, comparison, a, b);
    report_comparison(out, style_for(fileno(out), COLOR_AUTO), comparison, a, b);
    if (fflush(out) != 0 || ferror(out))
        written = report_complain("the table could not be written: %s", line_writer_error(-errno));
    free(comparison);
    return written || exit_code != 0 ? exit_code : EXIT_INCONCLUSIVE;
}

int report_compare(struct report_request *request) {
    struct saved *a = report_read(request->files[0]);
    struct saved *b = a != NULL ? report_read(request->files[1]) : NULL;
    int exit_code = EXIT_USAGE;
    if (b != NULL) {
        struct report_comparison_side of_a = file_of(request->files[0], a);
        struct report_comparison_side of_b = file_of(request->files[1], b);
        request->outputs.secret = secrets_any(a->plan.options, a->plan.target.url) ||
                                  secrets_any(b->plan.options, b->plan.target.url);
        mode_t before = outputs_mask(&request->outputs);
        exit_code = compare(request, &of_a, &of_b);
        umask(before);
    }
    saved_free(a);
    saved_free(b);
    return exit_code;
}
