/* holdfast report --compare: a run against a baseline. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/exit_code.h"
#include "command/report_read.h"
#include "command/report_request.h"
#include "options/secrets.h"
#include "report/export/json_comparison.h"
#include "report/format/line_writer.h"
#include "report/format/report_file.h"
#include "report/format/style.h"
#include "report/junit/junit.h"
#include "report/terminal/comparison.h"

static struct report_comparison_side file_of(const char *name, const struct saved *saved) {
    return (struct report_comparison_side){name, {&saved->plan, saved->record, &saved->judgement}};
}

/* False, with a message, when one of them could not be written. */
static bool write_all(struct outputs *outputs, const struct compare_result *comparison,
                      const struct report_comparison_side *a,
                      const struct report_comparison_side *b) {
    static const struct {
        enum output output;
        int (*write)(FILE *out, const struct compare_result *comparison,
                     const struct report_comparison_side *a,
                     const struct report_comparison_side *b);
    } rows[] = {{OUTPUT_JSON, report_comparison_json}, {OUTPUT_JUNIT, report_comparison_junit}};
    bool written = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum output output = rows[i].output;
        struct report_file *file = &outputs->files[output];
        if (!outputs->open[output])
            continue;
        outputs->open[output] = false;
        int error = rows[i].write(file->text.out, comparison, a, b);
        written &= output_finish(file, output, outputs->program_name, error, outputs->timeout);
    }
    return written;
}

static int compare(struct report_request *request, const struct report_comparison_side *a,
                   const struct report_comparison_side *b) {
    FILE *out = outputs_to_stdout(&request->outputs) ? stderr : stdout;
    struct compare_result *comparison = malloc(sizeof *comparison);
    if (comparison == NULL) {
        report_complain("out of memory");
        return EXIT_USAGE;
    }
    if (!outputs_open(&request->outputs)) {
        outputs_discard(&request->outputs);
        free(comparison);
        return EXIT_USAGE;
    }
    judge_compare(comparison, &a->run, &b->run, &request->tolerances);
    int exit_code = comparison->exit_code;
    bool written = write_all(&request->outputs, comparison, a, b);
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
