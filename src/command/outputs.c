/* The report files of a command, one row each. */
#include "command/outputs.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plan/refuse.h"
#include "report/outlet.h"
#include "report/voice.h"

static const struct row {
    const char *name;
    report_writer *write;
} rows[OUTPUT_COUNT] = {
    [OUTPUT_JSON] = {"json", report_json},    [OUTPUT_HTML] = {"html", report_html},
    [OUTPUT_JUNIT] = {"junit", report_junit}, [OUTPUT_HGRM] = {"hgrm", report_hgrm},
    [OUTPUT_CSV] = {"csv", report_csv},
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
        fprintf(voice(), "%s: --%s: cannot write to \"%s\": %s\n", outputs->said_by, rows[i].name,
                shown_text(outputs->paths[i]).text, outlet_error(error));
    return error == 0;
}

/* The file that a path leads to, also when it is not there yet; NULL where that cannot be told,
 * which opening it will say. Freed by the caller. */
static char *place_of(const char *path) {
    char *place = realpath(path, NULL), *copy = strdup(path);
    char *folder = place == NULL && copy != NULL ? realpath(dirname(copy), NULL) : NULL;
    const char *slash = strrchr(path, '/');
    if (folder != NULL && asprintf(&place, "%s/%s", folder, slash != NULL ? slash + 1 : path) < 0)
        place = NULL;
    free(folder);
    free(copy);
    return place;
}

/* One file may have many names. */
static bool is_same(const char *a, const char *b) {
    if (a == NULL || b == NULL)
        return false;
    if (strcmp(a, b) == 0)
        return true;
    if (is_output(a) || is_output(b))
        return false;
    char *place = place_of(a), *other = place_of(b);
    bool same = place != NULL && other != NULL && strcmp(place, other) == 0;
    free(place);
    free(other);
    return same;
}

static bool refuse_twins(const struct outputs *outputs, const char *name, const char *path,
                         int before) {
    for (int i = 0; i < before; i++) {
        if (!is_same(outputs->paths[i], path))
            continue;
        fprintf(voice(),
                "%s: --%s: \"%s\" is where --%s goes too: a place of its own is accepted\n",
                outputs->said_by, name, shown_text(path).text, rows[i].name);
        return false;
    }
    return true;
}

static bool spares(const struct outputs *outputs, const char *name, const char *path) {
    struct stat found;
    if (path == NULL || stat(path, &found) != 0 || !S_ISREG(found.st_mode))
        return true;
    for (size_t i = 0; i < outputs->input_count; i++) {
        if (!is_same(outputs->inputs[i], path))
            continue;
        fprintf(voice(), "%s: --%s: \"%s\" is read: a place of its own is accepted\n",
                outputs->said_by, name, shown_text(path).text);
        return false;
    }
    return true;
}

bool outputs_spare_inputs(const struct outputs *outputs) {
    bool spared = spares(outputs, "timeline", outputs->timeline);
    for (int i = 0; i < OUTPUT_COUNT && spared; i++)
        spared = spares(outputs, rows[i].name, outputs->paths[i]);
    return spared;
}

bool outputs_open(struct outputs *outputs) {
    bool apart = outputs_spare_inputs(outputs) &&
                 refuse_twins(outputs, "timeline", outputs->timeline, OUTPUT_COUNT);
    for (int i = 1; i < OUTPUT_COUNT && apart; i++)
        apart = refuse_twins(outputs, rows[i].name, outputs->paths[i], i);
    if (!apart)
        return false;
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (outputs->paths[i] != NULL && !open_one(outputs, i))
            return false;
    return true;
}

static bool write_one(struct outputs *outputs, int i, const struct plan *plan,
                      const struct record *record, const struct judgement *judgement) {
    struct report_file *file = &outputs->files[i];
    outputs->open[i] = false;
    int error = rows[i].write(file->stream, plan, record, judgement);
    if (error == 0)
        error = report_file_commit(file, outputs->patience);
    else
        report_file_discard(file);
    if (error != 0)
        fprintf(voice(), "%s: --%s: \"%s\" could not be written: %s\n", outputs->said_by,
                rows[i].name, shown_text(outputs->paths[i]).text, outlet_error(error));
    return error == 0;
}

bool outputs_write(struct outputs *outputs, const struct plan *plan, const struct record *record,
                   const struct judgement *judgement) {
    bool written = true;
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (outputs->open[i])
            written &= write_one(outputs, i, plan, record, judgement);
    return written;
}

void outputs_discard(struct outputs *outputs) {
    for (int i = 0; i < OUTPUT_COUNT; i++)
        if (outputs->open[i])
            report_file_discard(&outputs->files[i]);
    memset(outputs->open, 0, sizeof outputs->open);
}
