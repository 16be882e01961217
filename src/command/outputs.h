/* The report files of a command: opened before there is anything to report, written at the end. */
#ifndef COMMAND_OUTPUTS_H
#define COMMAND_OUTPUTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "judge/verdict/judgement.h"
#include "options/options.h"
#include "plan/plan.h"
#include "report/format/report_file.h"
#include "stats/record.h"

enum output { OUTPUT_JSON, OUTPUT_HTML, OUTPUT_JUNIT, OUTPUT_HGRM, OUTPUT_CSV, OUTPUT_COUNT };
const char *output_name(enum output output); /* "json": its option's */

struct outputs {
    const char *program_name;  /* begins every complaint: "holdfast" */
    duration timeout;          /* with a reader of one that takes nothing */
    const char *timeline;      /* where --timeline goes, which is not ours to write; NULL */
    const char *const *inputs; /* files that are read, and so not replaced; an item may be NULL */
    size_t input_count;
    bool secret; /* they have something hidden in them: new files are for their owner alone */
    const char *paths[OUTPUT_COUNT]; /* as asked for; "-": standard output; NULL: not asked for */
    struct report_file files[OUTPUT_COUNT];
    bool open[OUTPUT_COUNT];
};

/* The outputs that a run's options ask for: all but CSV, which is of saved runs. */
void outputs_ask(struct outputs *outputs, const struct options *options);

/* Opens all that was asked for. False, with a message, when one cannot be written to, when two go
 * to one place, or one to a file that is read. */
bool outputs_open(struct outputs *outputs);
/* Until umask(2) is given back what it returns, a file that is made is for its owner alone where
 * there is a secret; one that was there keeps its mode. */
mode_t outputs_mask(const struct outputs *outputs);
/* The last of these alone. */
bool outputs_check_not_inputs(const struct outputs *outputs);
/* Whether one of them, or the timeline, does. */
bool outputs_to_stdout(const struct outputs *outputs);

/* Writes all that are open into place. False, with a message, when one could not be written. */
bool outputs_write(struct outputs *outputs, const struct plan *plan, const struct record *record,
                   const struct judgement *judgement);
/* The end of one of them, once its writer was done: error is what the writer returned. False, with
 * a message, when it is not where it was asked for; then it is left elsewhere if it can be, which
 * the message names.
 */
bool output_finish(struct report_file *file, enum output output, const char *program_name,
                   int error, duration timeout);
void outputs_discard(struct outputs *outputs);

#endif
