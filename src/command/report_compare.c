/* holdfast report --compare: a run against a baseline. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/report_request.h"
#include "plan/refuse.h"
#include "report/comparison.h"
#include "report/outlet.h"

static struct compared_file file_of(const char *name, const struct saved *saved) {
    return (struct compared_file){name, {&saved->plan, saved->record, &saved->judgement}};
}

/* False, and said, when it cannot be opened (*exit_code) or written. */
static bool write_json(const struct report_request *request, struct report_file *file,
                       const struct comparison *comparison, const struct compared_file *a,
                       const struct compared_file *b) {
    const char *path = request->outputs.paths[OUTPUT_JSON];
    if (path == NULL)
        return true;
    int error = report_comparison_json(file->stream, comparison, a, b);
    if (error == 0)
        error = report_file_commit(file, request->outputs.patience);
    else
        report_file_discard(file);
    return error == 0 || report_complain("--json: \"%s\" could not be written: %s",
                                         shown_text(path).text, outlet_error(error));
}

static bool open_json(const struct report_request *request, struct report_file *file) {
    const char *path = request->outputs.paths[OUTPUT_JSON];
    int error = path != NULL ? report_file_open(file, path) : 0;
    return error == 0 || report_complain("--json: cannot write to \"%s\": %s",
                                         shown_text(path).text, outlet_error(error));
}

static int compare(const struct report_request *request, const struct compared_file *a,
                   const struct compared_file *b) {
    const char *path = request->outputs.paths[OUTPUT_JSON];
    FILE *out = path != NULL && strcmp(path, "-") == 0 ? stderr : stdout;
    struct report_file file = {.out = -1};
    struct comparison *comparison = malloc(sizeof *comparison);
    if (comparison == NULL || !outputs_spare_inputs(&request->outputs) ||
        !open_json(request, &file)) {
        free(comparison);
        return REPORT_USAGE;
    }
    judge_compare(comparison, &a->run, &b->run, &request->tolerances);
    int exit_code = comparison->exit_code;
    bool written = write_json(request, &file, comparison, a, b);
    report_comparison(out, style_for(fileno(out), COLOR_AUTO), comparison, a, b);
    if (fflush(out) != 0 || ferror(out))
        written = report_complain("the table could not be written: %s", strerror(errno));
    free(comparison);
    return written || exit_code != 0 ? exit_code : REPORT_UNWRITTEN;
}

int report_compare(struct report_request *request) {
    struct saved *a = report_read(request->files[0]);
    struct saved *b = a != NULL ? report_read(request->files[1]) : NULL;
    int exit_code = REPORT_USAGE;
    if (b != NULL) {
        struct compared_file of_a = file_of(request->files[0], a);
        struct compared_file of_b = file_of(request->files[1], b);
        exit_code = compare(request, &of_a, &of_b);
    }
    saved_free(a);
    saved_free(b);
    return exit_code;
}
