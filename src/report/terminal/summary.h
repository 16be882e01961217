/* The summary of a run on a terminal, and its parts, shared by the files that print them. */
#ifndef REPORT_TERMINAL_SUMMARY_H
#define REPORT_TERMINAL_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "report/format/style.h"
#include "stats/record.h"

/* record may be NULL when no load was sent: then of the preflight's end. */
void report_summary(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement);

/* The ERROR block of a limit that was met, as far as it is known in mid-run: several lines. Only of
 * outcomes of our own side. */
void report_error_short(FILE *out, struct style style, const struct finding *finding,
                        const struct record *record);

/* The ERROR blocks: one for each outcome that was our own side's; where the run broke, one for each
 * thing that the server ran out of. summary_errors.c */
void summary_errors(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement);

/* The figures, one row a subject. summary_figures.c */
void summary_figures(FILE *out, const struct plan *plan, const struct setup *setup,
                     const struct record *record, const struct judgement *judgement);

/* The rows of the hosts of a run on many; nothing of a run of one. summary_hosts.c */
void summary_hosts(FILE *out, const struct record *record);

/* The rows of the server, one a source. summary_server.c */
void summary_server(FILE *out, const struct record *record, const struct findings *findings);
enum { SUMMARY_INDENT = 16 };

/* The title is "HELD", or "HELD, but answered 503: 100 %"; the headline is the rest of that line.
 */
struct summary_title {
    char text[200];
    enum style_tint tint;
};
struct summary_title summary_title(const struct record *record, const struct judgement *judgement);
void summary_headline(FILE *out, const struct plan *plan, const struct record *record,
                      const struct judgement *judgement);

/* Our own share in what was measured: "not the limit". */
const char *summary_generator(const struct record *record);

/* True when any outcome of side tester was counted before the drain. */
bool summary_blames_us(const struct tally_counts *counts);

#endif
