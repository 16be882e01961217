/* The page of the HTML report: what its parts draw on, and those parts. */
#ifndef REPORT_HTML_PAGE_H
#define REPORT_HTML_PAGE_H

#include <stdio.h>

#include "judge/verdict/judgement.h"
#include "plan/plan.h"
#include "stats/record.h"

/* The page that every part writes to, and the run that it shows. */
struct html_page {
    FILE *out;
    const struct plan *plan;
    const struct record *record; /* NULL: no load was sent */
    const struct judgement *judgement;
};

/* Text of any origin, escaped. */
void html_text(const struct html_page *page, const char *text);
/* printf for texts that are no markup: all of it is escaped. */
void html_format(const struct html_page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A cell of a table; label: its column's name, which stands before it in a narrow window; NULL: no
 * name is needed. */
void html_cell(const struct html_page *page, const char *class, const char *label,
               const char *text);
/* The beginning of one, to be ended with "</td>". */
void html_cell_begin(const struct html_page *page, const char *class, const char *label);

/* html_style.c: the style sheet, for light and dark, narrow and wide, screen and paper; and what
 * of it a picture has. */
extern const char html_style[];
extern const char html_picture_style[];

/* html_verdict.c: the verdict, its reasons, the rules, the figures to know. */
int html_verdict(const struct html_page *page); /* 0 or -ENOMEM */

/* html_capacity.c: the search, whose step the rest of the page is of. 0 or -ENOMEM. */
int html_capacity(const struct html_page *page);

/* html_charts.c: charts on one time axis; the same as one SVG. 0 or -ENOMEM. */
int html_charts(const struct html_page *page);
int html_charts_svg(const struct html_page *page, int width);

/* html_ledger.c: how connections ended, and what was found. */
void html_ledger(const struct html_page *page);
void html_findings(const struct html_page *page);

/* html_hosts.c: the hosts of a run on many; nothing of a run of one. */
void html_hosts(const struct html_page *page);

/* html_curves.c: the survival of connections, the spectrum of percentiles. 0 or -ENOMEM. */
int html_survival(const struct html_page *page);
int html_spectrum(const struct html_page *page);

/* html_setting.c: plan, target and environment; the JSON report, folded. 0 or -ENOMEM. */
int html_setting(const struct html_page *page);

#endif
