/* The steps that run, check and capacity share: options, plan, report files, preflight, and how
 * they end. */
#ifndef COMMAND_SOAK_H
#define COMMAND_SOAK_H

#include <stdbool.h>
#include <stdio.h>

#include "command/outputs.h"
#include "judge/verdict/judgement.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "report/format/style.h"
#include "run/scrape.h"
#include "run/session.h"
#include "stats/record.h"

struct probe_report;

struct soak {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct judgement judgement;
    struct outputs outputs;
    const char
        *inputs[7]; /* files of the options that outputs must not overwrite; NULL where not given */
    struct session_timeline timeline;
    struct scrape *scrape;      /* NULL: not asked for */
    struct probe_report *probe; /* of the command of that name; else NULL */
    int signals_fd;
};

/* Prints what the options asked for when that is help, the version, or a complaint: the exit code.
 */
int soak_answer(enum options_outcome outcome, enum option_command command, const char *error);
/* Ends an answer on standard output: the exit code. */
int soak_flush_answer(void);

/* One command from its command line to its exit code: options, plan, open report files and blocked
 * signals, then `carry_out`, then everything given back. */
int soak_command(enum option_command command, int argc, char **argv,
                 int (*carry_out)(struct soak *soak));

/* True, with a message, when the preflight found a mistake in what was asked (exit code 2). */
bool soak_misused(const struct soak *soak);

/* The timeline file, or NULL when it was not asked for. */
struct session_timeline *soak_timeline(struct soak *soak);

/* Draws a page on a stream. */
typedef void soak_page(FILE *out, struct style style, const struct soak *soak,
                       const struct record *record);
/* Prints one on standard output, or on standard error when a report goes there; its reader may be
 * slow. False, with a message, when it could not be written whole. */
bool soak_print(struct soak *soak, const char *what, soak_page *draw, const struct record *record);
/* What is always said: that epoll carries the run, and why. */
void soak_note_engine(const struct setup *setup);
/* The preflight's table, if there was one, on standard error; the run does not wait for its reader.
 */
void soak_print_preflight(const struct soak *soak, const struct plan *plan,
                          const struct findings *findings);

/* Writes the reports and returns the exit code: the judgement's, or 4 where that is 0 and a report
 * failed. record NULL: no load was sent. with_summary: the summary is printed too. */
int soak_report(struct soak *soak, const struct record *record, bool with_summary);

#endif
