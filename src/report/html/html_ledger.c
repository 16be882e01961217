/* The HTML report's tables of what became of connections, requests and times, and what was found.
 */

#include <stddef.h>

#include "report/format/format.h"
#include "report/format/report_names.h"
#include "report/html/page.h"

/* --- connections --- */

/* With its cause where one was found; without, what it means. */
static void write_meaning(const struct html_page *page, enum outcome outcome) {
    const struct closing *closing = closings_find(&page->judgement->closings, outcome);
    html_cell_begin(page, "v", NULL);
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
    html_cell(page, "k", NULL, name);
    html_cell(page, "n", "connections", format_count(count).text);
    html_cell(page, "n", "of attempted", attempted > 0 ? format_percent(part).text : "");
    fprintf(page->out, "<td class=\"gauge\"><div style=\"width:%.2f%%\"></div></td>", part);
    html_cell(page, "k soft", "side", side);
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

/* A column for each distribution that has values, so that all of them fit a phone. */
static const struct {
    const char *name;
    enum tally_distribution distribution;
} columns[] = {{"latency, from due", DISTRIBUTION_LATENCY},
               {"service, from send", DISTRIBUTION_SERVICE},
               {"connect", DISTRIBUTION_CONNECT},
               {"TLS handshake", DISTRIBUTION_HANDSHAKE},
               {"refill", DISTRIBUTION_REFILL},
               {"sent late", DISTRIBUTION_LATENESS}};

static const struct {
    const char *name;
    size_t offset; /* of a double in struct figures */
} levels[] = {{"min", offsetof(struct figures, min)},    {"mean", offsetof(struct figures, mean)},
              {"p50", offsetof(struct figures, p50)},    {"p90", offsetof(struct figures, p90)},
              {"p95", offsetof(struct figures, p95)},    {"p99", offsetof(struct figures, p99)},
              {"p99.9", offsetof(struct figures, p999)}, {"max", offsetof(struct figures, max)}};

enum { COLUMNS = sizeof columns / sizeof columns[0], LEVELS = sizeof levels / sizeof levels[0] };

static double level_of(const struct figures *figures, size_t level) {
    const void *value = (const char *)figures + levels[level].offset;
    return *(const double *)value;
}

static void write_level(const struct html_page *page, const struct figures figures[COLUMNS],
                        size_t level) {
    fprintf(page->out, "<tr><td class=\"k\">%s</td>", levels[level].name);
    for (size_t i = 0; i < COLUMNS; i++)
        if (figures[i].count > 0)
            html_cell(page, "n", NULL, format_seconds(level_of(&figures[i], level)).text);
    fputs("</tr>\n", page->out);
}

static void write_distributions(const struct html_page *page) {
    struct figures figures[COLUMNS];
    fputs("<h3>Times</h3>\n<div class=\"wide\"><table class=\"times\">\n<tr><th></th>", page->out);
    for (size_t i = 0; i < COLUMNS; i++) {
        figures[i] = record_figures(page->record, columns[i].distribution);
        if (figures[i].count > 0)
            fprintf(page->out, "<th class=\"n\">%s</th>", columns[i].name);
    }
    fputs("</tr>\n<tr><td class=\"k\">count</td>", page->out);
    for (size_t i = 0; i < COLUMNS; i++)
        if (figures[i].count > 0)
            html_cell(page, "n", NULL, format_count(figures[i].count).text);
    fputs("</tr>\n", page->out);
    for (size_t i = 0; i < LEVELS; i++)
        write_level(page, figures, i);
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
    html_cell(page, "k", NULL, finding->name);
    html_cell(page, "k soft", "side", outcome_side_name(finding->side));
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
