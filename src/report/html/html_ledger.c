/* The HTML report's tables of what became of connections, requests and times, and what was found.
 */

#include "report/format/format.h"
#include "report/format/report_names.h"
#include "report/html/page.h"

static void write_cell(const struct html_page *page, const char *class, const char *text) {
    fprintf(page->out, "<td class=\"%s\">", class);
    html_text(page, text);
    fputs("</td>", page->out);
}

/* --- connections --- */

/* With its cause where one was found; without, what it means. */
static void write_meaning(const struct html_page *page, enum outcome outcome) {
    const struct closing *closing = closings_find(&page->judgement->closings, outcome);
    fputs("<td class=\"v\">", page->out);
    if (closing != NULL)
        html_text(page, closing->text);
    else
        html_text(page, outcome_text(outcome));
    fputs("</td></tr>\n", page->out);
}

static void write_place(const struct html_page *page, const char *name, const char *side,
                        uint64_t count) {
    uint64_t attempted = page->record->total.counts.attempted;
    double part = attempted > 0 ? 100 * (double)count / (double)attempted : 0;
    fputs("<tr>", page->out);
    write_cell(page, "k", name);
    write_cell(page, "n", format_count(count).text);
    write_cell(page, "n", attempted > 0 ? format_percent(part).text : "");
    fprintf(page->out, "<td class=\"gauge\"><div style=\"width:%.2f%%\"></div></td>", part);
    write_cell(page, "k soft", side);
}

static void write_outcomes(const struct html_page *page) {
    const struct tally_counts *counts = &page->record->total.counts;
    fputs("<div class=\"wide\"><table class=\"stack\">\n<tr><th>where it is</th><th "
          "class=\"n\">connections</th>"
          "<th class=\"n\">of attempted</th><th class=\"gauge\"></th><th>side</th>"
          "<th class=\"v\">what happened</th></tr>\n",
          page->out);
    write_place(page, "live", "", counts->live);
    fputs("<td class=\"v\">open and usable at the end of the hold</td></tr>\n", page->out);
    if (counts->connecting > 0) {
        write_place(page, "connecting", "", counts->connecting);
        fputs("<td class=\"v\">not up yet at the end of the hold</td></tr>\n", page->out);
    }
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        if (counts->outcomes[i] == 0)
            continue;
        write_place(page, outcome_name(outcome), outcome_side_name(outcome_side(outcome)),
                    counts->outcomes[i]);
        write_meaning(page, outcome);
    }
    fputs("</table></div>\n", page->out);
}

static void write_identity(const struct html_page *page) {
    const struct record *record = page->record;
    const struct tally_counts *counts = &record->total.counts;
    fputs("<p>", page->out);
    html_format(page, "attempted %s = connecting %s + live %s + closed %s + errored %s",
                format_count(counts->attempted).text, format_count(counts->connecting).text,
                format_count(counts->live).text, format_count(tally_closed(counts)).text,
                format_count(tally_errored(counts)).text);
    fputs(". ", page->out);
    if (record->balanced)
        html_format(page, "It added up at each of %s samples.", format_count(record->samples).text);
    else
        html_format(page, "NOT BALANCED: %s: this is a bug of holdfast.",
                    record->imbalance != NULL ? record->imbalance : "reason not kept");
    fputs("</p>\n<p class=\"soft\">", page->out);
    if (record->cut_off)
        fputs("The drain was not seen: the run was cut off before its end.", page->out);
    else
        html_format(page, "Drain: %s closed by us with %s in %s.",
                    format_count(counts->drain[OUTCOME_drained]).text,
                    record->drain_by_reset ? "RST" : "FIN",
                    format_seconds(record->drain_seconds).text);
    fputs("</p>\n", page->out);
}

/* --- requests and times --- */

static void write_times(const struct html_page *page, const char *name, struct figures figures) {
    const double values[] = {figures.min, figures.mean, figures.p50,  figures.p90,
                             figures.p95, figures.p99,  figures.p999, figures.max};
    if (figures.count == 0)
        return;
    fputs("<tr>", page->out);
    write_cell(page, "k", name);
    write_cell(page, "n", format_count(figures.count).text);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        write_cell(page, "n", format_seconds(values[i]).text);
    fputs("</tr>\n", page->out);
}

static void write_distributions(const struct html_page *page) {
    static const char *const heads[] = {"count", "min", "mean",  "p50", "p90",
                                        "p95",   "p99", "p99.9", "max"};
    const struct record *record = page->record;
    fputs("<h3>Times</h3>\n<div class=\"wide\"><table>\n<tr><th></th>", page->out);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        fprintf(page->out, "<th class=\"n\">%s</th>", heads[i]);
    fputs("</tr>\n", page->out);
    write_times(page, "latency, from due", record_figures(record, DISTRIBUTION_LATENCY));
    write_times(page, "service, from send", record_figures(record, DISTRIBUTION_SERVICE));
    write_times(page, "connect", record_figures(record, DISTRIBUTION_CONNECT));
    write_times(page, "refill", record_figures(record, DISTRIBUTION_REFILL));
    fputs("</table></div>\n", page->out);
}

static void write_requests(const struct html_page *page) {
    const struct record *record = page->record;
    const struct tally_counts *counts = &record->total.counts;
    fputs("<h3>Requests</h3>\n<p>", page->out);
    html_format(page, "sent %s = answered %s + timed out %s + lost %s + unfinished %s",
                format_count(counts->sent).text, format_count(counts->answered).text,
                format_count(counts->timed_out).text, format_count(counts->requests_lost).text,
                format_count(record->unfinished).text);
    fputs(".", page->out);
    const char *before = " Answers by status: ";
    for (int i = 0; i < TALLY_STATUS_MAX; i++) {
        if (counts->statuses[i] == 0)
            continue;
        html_format(page, "%s%s of %d", before, format_count(counts->statuses[i]).text, i);
        before = ", ";
    }
    fputs("</p>\n", page->out);
}

void html_ledger(const struct html_page *page) {
    fputs("<h2>How connections ended</h2>\n", page->out);
    write_identity(page);
    write_outcomes(page);
    write_requests(page);
    write_distributions(page);
}

/* --- findings --- */

static void write_finding(const struct html_page *page, const struct finding *finding) {
    static const struct {
        const char *class, *mark;
    } statuses[FINDING_STATUS_COUNT] = {[FINDING_OK] = {"good", "✓"},
                                        [FINDING_WARN] = {"warn", "!"},
                                        [FINDING_FAIL] = {"bad", "✗"},
                                        [FINDING_UNKNOWN] = {"soft", "?"},
                                        [FINDING_SKIPPED] = {"soft", "–"}};
    FILE *out = page->out;
    fprintf(out, "<tr><td class=\"k %s\">%s %s</td>", statuses[finding->status].class,
            statuses[finding->status].mark, report_finding_status_name(finding->status));
    write_cell(page, "k", finding->name);
    write_cell(page, "k soft", outcome_side_name(finding->side));
    fputs("<td class=\"v\">", out);
    html_text(page, finding->text);
    if (finding->do_count > 0)
        fputs("<ul>", out);
    for (size_t i = 0; i < finding->do_count; i++) {
        fprintf(out, "<li class=\"soft\">%s <code>", i == 0 ? "do" : "or");
        html_text(page, finding->todo[i]);
        fputs("</code></li>", out);
    }
    fputs(finding->do_count > 0 ? "</ul></td></tr>\n" : "</td></tr>\n", out);
}

/* Outcomes that need a look first. */
void html_findings(const struct html_page *page) {
    static const enum finding_status order[] = {FINDING_FAIL, FINDING_WARN, FINDING_UNKNOWN,
                                                FINDING_OK, FINDING_SKIPPED};
    const struct findings *findings = &page->judgement->findings;
    fputs("<h2>Findings</h2>\n", page->out);
    if (findings->count == 0) {
        fputs("<p>None.</p>\n", page->out);
        return;
    }
    fputs("<div class=\"wide\"><table class=\"stack\">\n<tr><th>status</th><th>finding</th>"
          "<th>side</th><th class=\"v\">what, and what to do</th></tr>\n",
          page->out);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        for (size_t j = 0; j < findings->count; j++)
            if (findings->items[j].status == order[i])
                write_finding(page, &findings->items[j]);
    fputs("</table></div>\n", page->out);
}
