/* The report files of a command: opened before there is anything to report, written at the end. */
#ifndef COMMAND_OUTPUTS_H
#define COMMAND_OUTPUTS_H

#include <stdbool.h>

#include "plan/options.h"
#include "report/report.h"

enum output { OUTPUT_JSON, OUTPUT_HTML, OUTPUT_JUNIT, OUTPUT_HGRM, OUTPUT_CSV, OUTPUT_COUNT };
const char *output_name(enum output output); /* "json": its option's */

struct outputs {
    const char *said_by;       /* begins every complaint: "holdfast" */
    duration patience;         /* with a reader of one that takes nothing */
    const char *timeline;      /* where --timeline goes, which is not ours to write; NULL */
    const char *const *inputs; /* files that are read, and so not replaced; an item may be NULL */
    size_t input_count;
    const char *paths[OUTPUT_COUNT]; /* as asked for; "-": standard output; NULL: not asked for */
    struct report_file files[OUTPUT_COUNT];
    bool open[OUTPUT_COUNT];
};

/* What a run's options ask for: all but CSV, which is of saved runs. */
void outputs_ask(struct outputs *outputs, const struct options *options);

/* Opens all that was asked for. False, and said, when one cannot be written to, when two go to one
 * place, or one to a file that is read. */
bool outputs_open(struct outputs *outputs);
/* The last of these alone. */
bool outputs_spare_inputs(const struct outputs *outputs);
/* Whether one of them, or the timeline, does. */
bool outputs_to_stdout(const struct outputs *outputs);

/* Writes all that are open into place. False, and said, when one could not be written. */
bool outputs_write(struct outputs *outputs, const struct plan *plan, const struct record *record,
                   const struct judgement *judgement);
void outputs_discard(struct outputs *outputs);

#endif
