/* The top of the HTML report: verdict, reasons, rules, and the most important figures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "options/options.h"
#include "report/format/format.h"
#include "report/format/look_at.h"
#include "report/format/markup.h"
#include "report/format/requirement_text.h"
#include "report/format/status_text.h"
#include "report/format/style.h"
#include "report/html/page.h"
#include "report/terminal/capacity.h"
#include "report/terminal/summary.h"

static const char *class_of(enum style_tint tint) {
    if (tint == TINT_GOOD)
        return "good";
    return tint == TINT_WARN ? "warn" : "bad";
}

/* The line "look at" of the summary, without its label. */
static void write_look_at(const struct html_page *page) {
    char *text = look_at_text(page->record, page->judgement);
    if (text == NULL)
        return;
    fputs("<p><b>Look at</b> ", page->out);
    html_text(page, text);
    fputs("</p>\n", page->out);
    free(text);
}

static void write_reasons(const struct html_page *page) {
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

static void write_moment(const struct html_page *page) {
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
        html_format(page, "%s · %s %s · ", text,
                    page->judgement->capacity != NULL ? "the step that held took" : "took",
                    format_seconds(record_wall_seconds(record)).text);
    }
    html_format(page, "exit code %d · seed %llu", page->judgement->exit_code,
                (unsigned long long)page->plan->seed);
    fputs("</p>\n", page->out);
}

static void write_run_title(const struct html_page *page) {
    struct summary_title title = summary_title(page->record, page->judgement);
    fprintf(page->out, "<header class=\"verdict %s\">\n<h1>", class_of(title.tint));
    html_text(page, title.text);
    fputs("</h1>\n<p class=\"where\">", page->out);
    FILE *escaped = markup_stream(page->out);
    if (escaped != NULL) {
        summary_headline(escaped, page->plan, page->record, page->judgement);
        fclose(escaped);
    }
}

static void write_search_title(const struct html_page *page) {
    const struct capacity *capacity = page->judgement->capacity;
    struct capacity_title title = capacity_title(capacity);
    struct status_words answers = capacity_answers(capacity);
    fprintf(page->out, "<header class=\"verdict %s\">\n<h1>", class_of(title.tint));
    html_format(page, "%s %s", title.word, title.count);
    fputs("</h1>\n<p class=\"where\">", page->out);
    html_format(page, "held for %s, on %s", format_duration(capacity->hold).text,
                page->plan->target.url);
    if (answers.text[0] != '\0')
        html_format(page, ", but answered %s", answers.text);
}

static void write_heading(const struct html_page *page) {
    const struct judgement *judgement = page->judgement;
    if (judgement->capacity != NULL)
        write_search_title(page);
    else
        write_run_title(page);
    fputs("</p>\n", page->out);
    write_moment(page);
    write_reasons(page);
    if (judgement->verdict != VERDICT_HELD && judgement->capacity == NULL)
        write_look_at(page);
    fputs("</header>\n", page->out);
}

/* --- rules --- */

static void write_rule(const struct html_page *page, const struct rule_requirement *requirement) {
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
    fputs("</code></td>", out);
    html_cell(page, "n", "measured", requirement_text_measured(requirement).text);
    html_cell(page, "k", "required", requirement_text_bound(requirement).text);
    if (requirement->rule.percent && isfinite(requirement->part) && isfinite(requirement->whole)) {
        html_cell_begin(page, "k soft", "counted");
        html_format(page, "%s of %s", format_count((uint64_t)llround(requirement->part)).text,
                    format_count((uint64_t)llround(requirement->whole)).text);
        fputs("</td></tr>\n", out);
    } else {
        fputs("<td></td></tr>\n", out);
    }
}

static void write_rules(const struct html_page *page) {
    const struct judgement *judgement = page->judgement;
    if (judgement->requirement_count == 0)
        return;
    fputs("<h2>Requirements</h2>\n<div class=\"wide\"><table class=\"stack\">\n<tr><th>result</th>"
          "<th>rule</th><th class=\"n\">measured</th><th>required</th><th>counted</th></tr>\n",
          page->out);
    for (size_t i = 0; i < judgement->requirement_count; i++)
        write_rule(page, &judgement->requirements[i]);
    fputs("</table></div>\n", page->out);
}

/* --- figures --- */

/* A number stays on one line with its digits, its sign and its unit a second: those blanks are
 * U+00A0. */
static void write_unbroken(const struct html_page *page, const char *text) {
    char joined[512] = "";
    size_t length = 0;
    for (const char *at = text; *at != '\0' && length + 2 < sizeof joined; at++) {
        bool joins = *at == ' ' && at > text && ascii_is_digit((unsigned char)at[-1]) &&
                     at[1] != '\0' &&
                     (ascii_is_digit((unsigned char)at[1]) || strchr("%/", at[1]) != NULL);
        if (joins)
            joined[length++] = '\xc2';
        joined[length++] = joins ? '\xa0' : *at;
    }
    html_text(page, joined);
}

static void write_tile(const struct html_page *page, const char *name, const char *value,
                       const char *note) {
    fputs("<li><span>", page->out);
    html_text(page, name);
    fputs("</span><b>", page->out);
    write_unbroken(page, value);
    fputs("</b><small>", page->out);
    write_unbroken(page, note);
    fputs("</small></li>\n", page->out);
}

static void write_server_tile(const struct html_page *page) {
    const struct record *record = page->record;
    struct server_whole whole =
        server_whole(&record->server, &record->server_log, &record->server_process);
    char note[96];
    if (!whole.counted)
        return;
    snprintf(note, sizeof note, "by %s; client sent %s", server_source_name(whole.by),
             format_count(whole.client_sent).text);
    write_tile(page, "Server counted", format_count(whole.requests).text, note);
}

/* In words alone: what is not 2xx is named. */
static void write_status_tile(const struct html_page *page) {
    struct statuses statuses = statuses_of(&page->record->total.counts);
    char note[64];
    if (statuses.answered == 0)
        return;
    snprintf(note, sizeof note, "of %s answers", format_count(statuses.answered).text);
    write_tile(page, "Statuses", statuses.others == 0 ? "all 2xx" : status_words(&statuses).text,
               note);
}

static void write_our_tile(const struct html_page *page) {
    const struct record *record = page->record;
    char value[64], note[160];
    double cpu = record->cpu_user_seconds + record->cpu_system_seconds;
    double wall = record_wall_seconds(record);
    snprintf(value, sizeof value, "%s",
             wall > 0 && isfinite(cpu) ? format_percent(100 * cpu / wall).text : "not measured");
    snprintf(note, sizeof note, "of one core, %s: %s", format_bytes(record->pss_bytes_max).text,
             summary_generator(record));
    write_tile(page, "Generator", value, note);
}

static void write_tiles(const struct html_page *page) {
    const struct record *record = page->record;
    const struct tally_counts *counts = &record->total.counts;
    struct figures latency = record_figures(record, DISTRIBUTION_LATENCY);
    char note[160];
    fputs("<ul class=\"tiles\">\n", page->out);
    snprintf(note, sizeof note, "of %s; %s opened", format_count(page->plan->connections).text,
             format_count(counts->opened).text);
    write_tile(page, "Live at the end", format_count(counts->live).text, note);
    snprintf(note, sizeof note, "closed %s, errored %s", format_count(tally_closed(counts)).text,
             format_count(tally_errored(counts)).text);
    write_tile(page, "Lost", format_count(counts->lost).text, note);
    snprintf(note, sizeof note, "mean over the hold; peak %s",
             format_rate(record->per_second_peak).text);
    write_tile(page, "Requests", format_rate(record->per_second_mean).text, note);
    write_status_tile(page);
    write_server_tile(page);
    snprintf(note, sizeof note, "p50 %s, max %s", format_seconds(latency.p50).text,
             format_seconds(latency.max).text);
    write_tile(page, "Latency p99", format_seconds(latency.p99).text, note);
    write_our_tile(page);
    fputs("</ul>\n", page->out);
}

int html_verdict(const struct html_page *page) {
    write_heading(page);
    int error = page->judgement->capacity != NULL ? html_capacity(page) : 0;
    write_rules(page);
    if (page->record != NULL)
        write_tiles(page);
    return error;
}
