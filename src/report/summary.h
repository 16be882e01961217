/* The parts of the summary, shared by the files that print them, and its words for other reports.
 */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "report/report.h"
#include "report/style.h"

/* The ERROR blocks: one for each outcome that was our own side's; where the run broke, one for each
 * thing that the server ran out of. summary_errors.c */
void summary_errors(FILE *out, struct style style, const struct plan *plan,
                    const struct record *record, const struct judgement *judgement);

/* The figures, one row a subject. summary_figures.c */
void summary_figures(FILE *out, const struct plan *plan, const struct record *record,
                     const struct judgement *judgement);

/* The rows of the server, one a source. summary_server.c */
void summary_server(FILE *out, const struct record *record, const struct findings *findings);
enum { SUMMARY_INDENT = 16 };

/* "HELD", as the summary begins with it; what it says behind that; and its row "look at". */
const char *summary_word(enum verdict verdict);
void summary_headline(FILE *out, const struct plan *plan, const struct record *record,
                      const struct judgement *judgement);
void summary_look_at(FILE *out, const struct record *record, const struct judgement *judgement);

/* Our own share in what was measured: "not the limit". */
const char *summary_generator(const struct record *record);

/* True when any outcome of side tester was counted before the drain. */
bool summary_blames_us(const struct counts *counts);

#endif
