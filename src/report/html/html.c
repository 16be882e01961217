/* The HTML report: one file, without script and without a request to anywhere. */
#include "report/html/html.h"

#include "base/version.h"
#include "report/format/format.h"
#include "report/format/report_file.h"
#include "report/html/page.h"
#include "report/terminal/capacity.h"

/* Of a search the answer. */
static void write_title(const struct html_page *page) {
    const struct capacity *capacity = page->judgement->capacity;
    struct capacity_title title = {.word = verdict_name(page->judgement->verdict)};
    if (capacity != NULL)
        title = capacity_title(capacity);
    html_format(page, "holdfast: %s %s%s%s", title.word, title.count,
                title.count[0] != '\0' ? ", " : "", page->plan->target.url);
}

static void write_head(const struct html_page *page) {
    FILE *out = page->out;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; img-src data:\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>",
          out);
    write_title(page);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", html_style);
}

static void write_foot(const struct html_page *page) {
    fputs("<footer>", page->out);
    html_format(page, "holdfast %s (%s)", HOLDFAST_VERSION, version_commit);
    fputs("</footer>\n</main>\n</body>\n</html>\n", page->out);
}

static int write_measured(const struct html_page *page) {
    int error = html_charts(page);
    html_ledger(page);
    html_hosts(page);
    if (error == 0)
        error = html_survival(page);
    html_findings(page);
    return error == 0 ? html_spectrum(page) : error;
}

int report_html(FILE *out, const struct plan *plan, const struct record *record,
                const struct judgement *judgement) {
    struct html_page page = {out, plan, record, judgement};
    bool grouped_before = format_group_digits(true);
    write_head(&page);
    int error = html_verdict(&page);
    if (record != NULL && error == 0)
        error = write_measured(&page);
    else
        html_findings(&page);
    if (error == 0)
        error = html_setting(&page);
    write_foot(&page);
    format_group_digits(grouped_before);
    return error != 0 ? error : report_file_flush(out);
}
