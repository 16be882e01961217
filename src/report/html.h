/* The parts of the HTML report, shared by the files that write them. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "report/report.h"

/* What all of them are about. */
struct page {
    FILE *out;
    const struct plan *plan;
    const struct record *record; /* NULL: no load was sent */
    const struct judgement *judgement;
};

/* html_style.c: the style sheet, for light and dark, narrow and wide, screen and paper. */
extern const char html_style[];

/* html_verdict.c: what came of it, first: the verdict, its reasons, the rules, the figures to know.
 */
void html_verdict(const struct page *page);

/* html_charts.c: charts on one time axis. 0 or -ENOMEM. */
int html_charts(const struct page *page);

/* html_ledger.c: how connections ended, and what was found. */
void html_ledger(const struct page *page);
void html_findings(const struct page *page);

/* html_curves.c: the survival of connections, the spectrum of percentiles. 0 or -ENOMEM. */
int html_survival(const struct page *page);
int html_spectrum(const struct page *page);

/* html_setting.c: what was asked, of whom and where; the JSON report, folded. 0 or -ENOMEM. */
int html_setting(const struct page *page);

/* Text of whatever origin. */
void html_text(const struct page *page, const char *text);
/* printf for texts that are no markup: all of it is escaped. */
void html_format(const struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
