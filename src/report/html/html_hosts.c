/* The HTML report's table of the hosts of a run on many. */
#include <math.h>
#include <stdio.h>

#include "report/format/format.h"
#include "report/html/page.h"

static void write_state(const struct html_page *page, const struct record_host *host) {
    html_cell_begin(page, "v", NULL);
    if (host->lost)
        html_format(page, "lost%s%s, and %s connections with it: %s",
                    isfinite(host->lost_seconds) ? " at " : "",
                    isfinite(host->lost_seconds) ? format_seconds(host->lost_seconds).text : "",
                    format_count(host->lost_connections).text, host->why);
    else
        html_text(page, host->verdict);
    fputs("</td></tr>\n", page->out);
}

static void write_host(const struct html_page *page, const struct record_host *host) {
    fputs("<tr>", page->out);
    html_cell(page, "k", NULL, host->name);
    html_cell(page, "n", "share", format_count(host->share).text);
    html_cell(page, "n", "live", format_count(host->live).text);
    html_cell(page, "n", "errored", format_count(host->errored).text);
    html_cell(page, "n", "answered", format_count(host->answered).text);
    html_cell(page, "n", "p99",
              isfinite(host->p99_seconds) ? format_seconds(host->p99_seconds).text : "");
    html_cell(page, "n", "began after",
              isfinite(host->started_seconds) ? format_seconds(host->started_seconds).text : "");
    write_state(page, host);
}

void html_hosts(const struct html_page *page) {
    const struct record *record = page->record;
    if (record->host_count == 0)
        return;
    fputs("<h2>Hosts</h2>\n<div class=\"wide\"><table class=\"stack\">\n<tr><th>host</th>"
          "<th class=\"n\">share</th><th class=\"n\">live</th><th class=\"n\">errored</th>"
          "<th class=\"n\">answered</th><th class=\"n\">p99</th><th class=\"n\">began after</th>"
          "<th class=\"v\">by its own figures</th></tr>\n",
          page->out);
    for (size_t i = 0; i < record->host_count; i++)
        write_host(page, &record->hosts[i]);
    fputs("</table></div>\n", page->out);
}
