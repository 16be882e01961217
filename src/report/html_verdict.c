/* The top of the HTML report: verdict, reasons, rules, and the figures one wants to know first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "report/markup.h"
#include "report/requirement.h"
#include "report/summary.h"
#include "report/words.h"

static const char *class_of(enum verdict verdict) {
    if (verdict == VERDICT_HELD)
        return "good";
    return verdict == VERDICT_INCONCLUSIVE ? "warn" : "bad";
}

/* What the summary says, in one line, less the column that names the row. */
static void write_look_at(const struct page *page) {
    char *line = NULL;
    size_t length;
    FILE *kept = open_memstream(&line, &length);
    if (kept == NULL)
        return;
    summary_look_at(kept, page->record, page->judgement);
    fclose(kept);
    if (line != NULL && length > SUMMARY_INDENT) {
        line[length - 1] = '\0'; /* its line feed */
        fputs("<p><b>Look at</b> ", page->out);
        html_text(page, line + SUMMARY_INDENT);
        fputs("</p>\n", page->out);
    }
    free(line);
}

static void write_reasons(const struct page *page) {
    const struct judgement *judgement = page->judgement;
    if (judgement->reason_count == 0)
        return;
    fputs("<ul>\n", page->out);
    for (size_t i = 0; i < judgement->reason_count; i++) {
        fputs("<li>", page->out);
        html_text(page, judgement->reasons[i]);
        fputs("</li>\n", page->out);
    }
    fputs("</ul>\n", page->out);
}

static void write_moment(const struct page *page) {
    char text[64];
    struct tm utc;
    const struct record *record = page->record;
    fputs("<p class=\"soft\">", page->out);
    if (page->plan->options->label != NULL) {
        html_text(page, page->plan->options->label);
        fputs(" · ", page->out);
    }
    if (record != NULL && gmtime_r(&record->started_at.tv_sec, &utc) != NULL) {
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
        html_format(page, "%s · took %s · ", text, words_seconds(record_wall_seconds(record)).text);
    }
    html_format(page, "exit code %d · seed %llu", page->judgement->exit_code,
                (unsigned long long)page->plan->seed);
    fputs("</p>\n", page->out);
}

static void write_heading(const struct page *page) {
    const struct judgement *judgement = page->judgement;
    fprintf(page->out, "<header class=\"verdict %s\">\n<h1>", class_of(judgement->verdict));
    html_text(page, summary_word(judgement->verdict));
    fputs("</h1>\n<p class=\"where\">", page->out);
    FILE *escaped = markup_stream(page->out);
    if (escaped != NULL) {
        summary_headline(escaped, page->plan, page->record, judgement);
        fclose(escaped);
    }
    fputs("</p>\n", page->out);
    write_moment(page);
    write_reasons(page);
    if (judgement->verdict != VERDICT_HELD)
        write_look_at(page);
    fputs("</header>\n", page->out);
}

/* --- rules --- */

static void write_rule(const struct page *page, const struct requirement *requirement) {
    static const struct {
        const char *class, *mark, *word;
    } results[] = {[RULE_OK] = {"good", "✓", "holds"},
                   [RULE_BROKEN] = {"bad", "✗", "broken"},
                   [RULE_NOT_JUDGED] = {"soft", "–", "not judged"}};
    FILE *out = page->out;
    fprintf(out, "<tr><td class=\"k %s\">%s %s</td><td class=\"k\"><code>",
            results[requirement->result].class, results[requirement->result].mark,
            results[requirement->result].word);
    html_text(page, requirement->rule.expression);
    fputs("</code></td><td class=\"n\">", out);
    html_text(page, requirement_measured(requirement).text);
    fputs("</td><td class=\"k opt\">", out);
    html_text(page, requirement_bound(requirement).text);
    fputs("</td><td class=\"k soft\">", out);
    if (requirement->rule.percent && isfinite(requirement->part) && isfinite(requirement->whole))
        html_format(page, "%s of %s", words_count((uint64_t)llround(requirement->part)).text,
                    words_count((uint64_t)llround(requirement->whole)).text);
    fputs("</td></tr>\n", out);
}

static void write_rules(const struct page *page) {
    const struct judgement *judgement = page->judgement;
    if (judgement->requirement_count == 0)
        return;
    fputs("<h2>Requirements</h2>\n<div class=\"wide\"><table>\n<tr><th>result</th><th>rule</th>"
          "<th class=\"n\">measured</th><th class=\"opt\">required</th><th></th></tr>\n",
          page->out);
    for (size_t i = 0; i < judgement->requirement_count; i++)
        write_rule(page, &judgement->requirements[i]);
    fputs("</table></div>\n", page->out);
}

/* --- figures --- */

static void write_tile(const struct page *page, const char *name, const char *value,
                       const char *note) {
    fputs("<li><span>", page->out);
    html_text(page, name);
    fputs("</span><b>", page->out);
    html_text(page, value);
    fputs("</b><small>", page->out);
    html_text(page, note);
    fputs("</small></li>\n", page->out);
}

static void write_server_tile(const struct page *page) {
    const struct record *record = page->record;
    struct server_whole whole =
        server_whole(&record->server, &record->server_log, &record->server_process);
    char note[96];
    if (!whole.counted)
        return;
    snprintf(note, sizeof note, "by %s; client sent %s", server_source_name(whole.by),
             words_count(whole.client_sent).text);
    write_tile(page, "Server counted", words_count(whole.requests).text, note);
}

static void write_our_tile(const struct page *page) {
    const struct record *record = page->record;
    char value[64], note[160];
    double cpu = record->cpu_user_seconds + record->cpu_system_seconds;
    double wall = record_wall_seconds(record);
    snprintf(value, sizeof value, "%s",
             wall > 0 && isfinite(cpu) ? words_percent(100 * cpu / wall).text : "not measured");
    snprintf(note, sizeof note, "of one core, %s: %s", words_bytes(record->pss_bytes_max).text,
             summary_generator(record));
    write_tile(page, "Generator", value, note);
}

static void write_tiles(const struct page *page) {
    const struct record *record = page->record;
    const struct counts *counts = &record->total.counts;
    struct figures latency = record_figures(record, DISTRIBUTION_LATENCY);
    char note[160];
    fputs("<ul class=\"tiles\">\n", page->out);
    snprintf(note, sizeof note, "of %s; %s opened", words_count(page->plan->connections).text,
             words_count(counts->opened).text);
    write_tile(page, "Live at the end", words_count(counts->live).text, note);
    snprintf(note, sizeof note, "closed %s, errored %s", words_count(tally_closed(counts)).text,
             words_count(tally_errored(counts)).text);
    write_tile(page, "Lost", words_count(counts->lost).text, note);
    snprintf(note, sizeof note, "mean over the hold; peak %s",
             words_rate(record->per_second_peak).text);
    write_tile(page, "Requests", words_rate(record->per_second_mean).text, note);
    write_server_tile(page);
    snprintf(note, sizeof note, "p50 %s, max %s", words_seconds(latency.p50).text,
             words_seconds(latency.max).text);
    write_tile(page, "Latency p99", words_seconds(latency.p99).text, note);
    write_our_tile(page);
    fputs("</ul>\n", page->out);
}

void html_verdict(const struct page *page) {
    write_heading(page);
    write_rules(page);
    if (page->record != NULL)
        write_tiles(page);
}
