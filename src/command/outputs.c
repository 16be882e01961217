/* The report files of a command, one row each. */
#include "command/outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/refuse.h"
#include "options/options.h"
#include "report/export/writers.h"
#include "report/format/line_writer.h"
#include "report/format/log.h"
#include "report/html/html.h"
#include "report/junit/junit.h"

static const struct outputs_row {
    const char *name;
    const char *extension; /* of its files' names */
    report_writer *write;
} rows[OUTPUT_COUNT] = {
    [OUTPUT_JSON] = {"json", "json", report_json},   [OUTPUT_HTML] = {"html", "html", report_html},
    [OUTPUT_JUNIT] = {"junit", "xml", report_junit}, [OUTPUT_HGRM] = {"hgrm", "hgrm", report_hgrm},
    [OUTPUT_CSV] = {"csv", "csv", report_csv},
};

const char *output_name(enum output output) {
    return rows[output].name;
}

void outputs_ask(struct outputs *outputs, const struct options *options) {
    outputs->timeline = options->timeline;
    outputs->paths[OUTPUT_JSON] = options->json;
    outputs->paths[OUTPUT_HTML] = options->html;
    outputs->paths[OUTPUT_JUNIT] = options->junit;
    outputs->paths[OUTPUT_HGRM] = options->hgrm;
}

static bool is_output(const char *path) {
    return path != NULL && strcmp(path, "-") == 0;
}

bool outputs_to_stdout(const struct outputs *outputs) {
    bool any = is_output(outputs->timeline);
    for (int i = 0; i < OUTPUT_COUNT && !any; i++)
        any = is_output(outputs->paths[i]);
    return any;
}

static bool open_one(struct outputs *outputs, int i) {
    int error = report_file_open(&outputs->files[i], outputs->paths[i]);
    outputs->open[i] = error == 0;
    if (error != 0)
        fprintf(log_at(LOG_LEVEL_ERROR), "%s: --%s: cannot write to \"%s\": %s\n",
                outputs->program_name, rows[i].name, refuse_quote(outputs->paths[i]).text,
                line_writer_error(error));
    return error == 0;
}

static bool find(const char *path, struct stat *found) {
    return (is_output(path) ? fstat(STDOUT_FILENO, found) : stat(path, found)) == 0;
}

/* Of files that are not there yet: which of them would be the same. */
static bool is_same_location(const char *a, const char *b) {
    struct file_location of_a, of_b;
    bool same = file_location_open(&of_a, a) == 0;
    same = file_location_open(&of_b, b) == 0 && same && file_location_same(&of_a, &of_b);
    file_location_close(&of_a);
    file_location_close(&of_b);
    return same;
}

/* One file may have many names: links of both kinds, mounts, descriptors. */
static bool is_same(const char *a, const char *b) {
    struct stat of_a, of_b;
    if (a == NULL || b == NULL)
        return false;
    if (strcmp(a, b) == 0)
        return true;
    bool a_found = find(a, &of_a), b_found = find(b, &of_b);
    if (a_found && b_found)
        return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino && !S_ISCHR(of_a.st_mode);
    return !a_found && !b_found && is_same_location(a, b);
}

static bool reject_duplicate_paths(const struct outputs *outputs, const char *name,
                                   const char *path, int before) {
    for (int i = 0; i < before; i++) {
        if (!is_same(outputs->paths[i], path))
            continue;
        fprintf(log_at(LOG_LEVEL_ERROR),
                "%s: --%s: \"%s\" is where --%s goes too: a place of its own is accepted\n",
                outputs->program_name, name, refuse_quote(path).text, rows[i].name);
        return false;
    }
    return true;
}

static bool differs_from_inputs(const struct outputs *outputs, const char *name, const char *path) {
    struct stat found;
    if (path == NULL || stat(path, &found) != 0 || !S_ISREG(found.st_mode))
        return true;
    for (size_t i = 0; i < outputs->input_count; i++) {
        if (!is_same(outputs->inputs[i], path))
            continue;
        fprintf(log_at(LOG_LEVEL_ERROR),
                "%s: --%s: \"%s\" is read: a place of its own is accepted\n", outputs->program_name,
                name, refuse_quote(path).text);
        return false;
    }
    return true;
}

bool outputs_check_not_inputs(const struct outputs *outputs) {
    bool differ = differs_from_inputs(outputs, "timeline", outputs->timeline);
    for (int i = 0; i < OUTPUT_COUNT && differ; i++)
        differ = differs_from_inputs(outputs, rows[i].name, outputs->paths[i]);
    return differ;
}

mode_t outputs_mask(const struct outputs *outputs) {
    mode_t before = umask(S_IRWXG | S_IRWXO);
    if (!outputs->secret)
        umask(before);
    return before;
}

static bool open_all(struct outputs *outputs) {
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (outputs->paths[i] != NULL && !open_one(outputs, i))
            return false;
    return true;
}

bool outputs_open(struct outputs *outputs) {
    bool apart = outputs_check_not_inputs(outputs) &&
                 reject_duplicate_paths(outputs, "timeline", outputs->timeline, OUTPUT_COUNT);
    for (int i = 1; i < OUTPUT_COUNT && apart; i++)
        apart = reject_duplicate_paths(outputs, rows[i].name, outputs->paths[i], i);
    mode_t before = outputs_mask(outputs);
    bool opened = apart && open_all(outputs);
    umask(before);
    return opened;
}

/* Why it is not where it was asked for, and where it is. */
static void print_unwritten(const struct report_file *file, enum output output,
                            const char *program_name, int error) {
    char where[PATH_MAX], extension[16];
    snprintf(extension, sizeof extension, ".%s", rows[output].extension);
    bool kept = report_file_keep(file, extension, where);
    fprintf(log_at(LOG_LEVEL_ERROR), "%s: --%s: \"%s\" could not be written: %s; ", program_name,
            rows[output].name, refuse_quote(file->path).text, line_writer_error(error));
    if (kept)
        fprintf(log_at(LOG_LEVEL_ERROR), "left as \"%s\"\n", where);
    else
        fputs("nor could it be left anywhere else\n", log_at(LOG_LEVEL_ERROR));
}

bool output_finish(struct report_file *file, enum output output, const char *program_name,
                   int error, duration timeout) {
    if (error == 0)
        error = report_file_commit(file, timeout);
    if (error != 0)
        print_unwritten(file, output, program_name, error);
    report_file_discard(file);
    return error == 0;
}

static bool write_one(struct outputs *outputs, int i, const struct plan *plan,
                      const struct record *record, const struct judgement *judgement) {
    struct report_file *file = &outputs->files[i];
    outputs->open[i] = false;
    int error = rows[i].write(file->text.out, plan, record, judgement);
    return output_finish(file, (enum output)i, outputs->program_name, error, outputs->timeout);
}

bool outputs_write(struct outputs *outputs, const struct plan *plan, const struct record *record,
                   const struct judgement *judgement) {
    bool written = true;
    mode_t before = outputs_mask(outputs);
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (outputs->open[i])
            written &= write_one(outputs, i, plan, record, judgement);
    umask(before);
    return written;
}

void outputs_discard(struct outputs *outputs) {
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (outputs->open[i])
            report_file_discard(&outputs->files[i]);
    memset(outputs->open, 0, sizeof outputs->open);
}
