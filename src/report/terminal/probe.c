/* What a probe learned: four answers, how sure each is, and what to type next. */
#include "report/terminal/probe.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/exit_code.h"
#include "base/redact.h"
#include "options/options.h"
#include "report/format/format.h"
#include "report/format/wrap.h"

enum { LABEL_COLUMN = 18, VALUE_COLUMNS = 8 };

/* ---- One answer ---- */

static const char *end_words(enum probe_end end) {
    static const char *const words[PROBE_ENDS] = {
        [PROBE_END_FIN] = "closed (FIN)",
        [PROBE_END_RST] = "reset (RST)",
        [PROBE_END_ANNOUNCED] = "announced (Connection: close)",
        [PROBE_END_408] = "ended with status 408",
        [PROBE_END_CLOSE_NOTIFY] = "closed (close_notify)",
        [PROBE_END_SILENT] = "not ended: requests are lost",
        [PROBE_END_OTHER] = "broken off",
    };
    return words[end];
}

/* Seconds stay seconds: a timeout of 75 s is written so. */
static struct format_text number(double value, bool counts) {
    static const double minute = 60;
    struct format_text text;
    if (counts)
        return format_count((uint64_t)llround(value));
    if (value < minute)
        return format_seconds(value);
    snprintf(text.text, sizeof text.text, "%.1f s", value);
    return text;
}

static void print_number(FILE *out, double value, bool counts) {
    fputs(number(value, counts).text, out);
}

static void print_range(FILE *out, const struct probe_value *value, bool counts) {
    print_number(out, value->low, counts);
    fputs(" to ", out);
    print_number(out, value->high, counts);
}

static void print_agreeing(FILE *out, const struct probe_value *value) {
    fprintf(out, "%" PRIu32 " connection%s %s", value->agreeing, value->agreeing == 1 ? "" : "s",
            value->agreeing == 1 ? "says so" : "agree");
}

static void print_found(FILE *out, const struct probe_value *value, bool counts) {
    struct format_text found = number(value->value, counts);
    fprintf(out, "%-*s  found: ", format_width(VALUE_COLUMNS, found.text), found.text);
    print_agreeing(out, value);
    if (strcmp(number(value->low, counts).text, number(value->high, counts).text) != 0) {
        fputs(", ", out);
        print_range(out, value, counts);
    }
    if (value->by_clock)
        fputs("; looked at now and then", out);
    if (value->by_clock && isfinite(value->period))
        fprintf(out, ", each %s or more often", format_seconds(value->period).text);
}

static void print_unknown(FILE *out, const struct probe_value *value, bool counts) {
    fputs("not told", out);
    if (!isfinite(value->low) || !isfinite(value->high))
        return;
    fputs(": one limit lies at ", out);
    print_range(out, value, counts);
    fprintf(out, ", or it was a moment (%" PRIu32 " ended)", value->agreeing);
}

void report_probe_value(FILE *out, const struct probe_value *value, bool counts) {
    switch (value->status) {
    case PROBE_FOUND: print_found(out, value, counts); break;
    case PROBE_AT_LEAST:
        fputs("at least ", out);
        print_number(out, value->value, counts);
        break;
    case PROBE_JITTERED:
        print_range(out, value, counts);
        fprintf(out, "   scattered: %" PRIu32 " ended", value->agreeing);
        break;
    case PROBE_UNKNOWN:
    case PROBE_STATUSES: print_unknown(out, value, counts); break;
    }
}

static void print_answer(FILE *out, const struct probe_report *report,
                         enum probe_question question) {
    const struct probe_value *value = &report->result.values[question];
    bool counts = question == PROBE_REQUESTS;
    const char *directive = probe_directive(report->target, question);
    fprintf(out, "  %-*s", LABEL_COLUMN - 2, probe_question_label(question));
    report_probe_value(out, value, counts);
    if (value->ended_by != PROBE_OPEN && value->status != PROBE_AT_LEAST)
        fprintf(out, "; %s", end_words(value->ended_by));
    if (isfinite(value->announced)) {
        fputs("; announced ", out);
        print_number(out, value->announced, counts);
    }
    if (directive != NULL && value->status == PROBE_FOUND)
        fprintf(out, "   (%s)", directive);
    fputc('\n', out);
}

/* ---- The sheet ---- */

static void print_headline(FILE *out, struct style style, const struct plan *plan,
                           const struct probe_report *report) {
    const struct probe_facts *facts = &report->facts;
    bool told = report->exit_code == EXIT_HELD;
    const char *word = told                                  ? "PROBED"
                       : report->exit_code == EXIT_NO_TARGET ? "NO TARGET"
                       : report->exit_code == EXIT_UNFIT     ? "UNFIT"
                                                             : "NOT TOLD";
    fprintf(out, "%s%s%s   %s",
            style_start(style, told            ? TINT_GOOD
                               : report->asked ? TINT_WARN
                                               : TINT_BAD),
            word, style_stop(style), plan->target.url);
    if (plan->target.tls && plan->options->insecure)
        fputs(" (--insecure: its certificate is not verified)", out);
    if (report->asked)
        fprintf(out, ", in %s, with %" PRIu32 " connections (%" PRIu32 " at once) and %s requests",
                format_duration(facts->elapsed).text, facts->connections, facts->open_peak,
                format_count(facts->requests).text);
    fputs("\n\n", out);
}

static void print_findings(FILE *out, struct style style, const struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        bool fails = finding->status == FINDING_FAIL;
        fprintf(out, "  %s%s%s%*s%s\n", style_start(style, fails ? TINT_BAD : TINT_WARN),
                fails ? "FAIL" : "warn", style_stop(style), LABEL_COLUMN - 6, "", finding->text);
    }
}

static void print_untried(FILE *out, const struct probe_report *report) {
    for (size_t i = 0; i < report->untried_count; i++)
        fprintf(out, "  %-*s%s\n", LABEL_COLUMN - 2, i == 0 ? "not tried" : "", report->untried[i]);
}

/* One word of a shell's; what is hidden in it can only be given anew. */
static void print_url(FILE *out, const char *url) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._-";
    bool hidden = strstr(url, REDACTED) != NULL, quoted = url[strspn(url, plain)] != '\0';
    if (hidden || !quoted) {
        fputs(hidden ? "URL" : url, out);
        return;
    }
    fputc('\'', out);
    for (; *url != '\0'; url++)
        fputs(*url == '\'' ? "'\\''" : (char[]){*url, '\0'}, out);
    fputc('\'', out);
}

/* What it was probed with is what a run needs too. */
static void print_others(FILE *out, const struct options *options, bool other_method) {
    const struct {
        bool given;
        const char *name;
    } others[] = {
        {options->given.header, "-H"},           {options->given.connect_to, "--connect-to"},
        {options->given.resolve, "--resolve"},   {options->given.source, "--source"},
        {options->given.insecure, "--insecure"}, {options->given.cacert, "--cacert"},
        {options->given.cert, "--cert"},         {options->given.key, "--key"},
        {options->given.sni, "--sni"},           {options->given.method && !other_method, "-X"},
    };
    bool any = false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i].given)
            fprintf(out, "%s%s", any ? ", " : "   # and your ", others[i].name);
        any |= others[i].given;
    }
}

static void print_next(FILE *out, const struct plan *plan, const struct probe_report *report) {
    if (report->advice_count == 0)
        return;
    fprintf(out, "  %-*sholdfast run", LABEL_COLUMN - 2, "next");
    for (size_t i = 0; i < report->advice_count; i++)
        fprintf(out, " %s", report->advice[i]);
    fputc(' ', out);
    print_url(out, plan->target.url);
    print_others(out, plan->options, report->facts.other_kept);
    fputc('\n', out);
}

static void print_answers(FILE *out, struct style style, const struct plan *plan,
                          const struct probe_report *report) {
    if (report->interrupted)
        fputs("  interrupted: this is what was known by then\n", out);
    for (int i = 0; i < PROBE_QUESTIONS; i++)
        if (!report->gentle || i != PROBE_REQUESTS ||
            report->result.values[i].status == PROBE_FOUND)
            print_answer(out, report, (enum probe_question)i);
    fputc('\n', out);
    print_findings(out, style, &report->findings);
    print_untried(out, report);
    print_next(out, plan, report);
}

void report_probe(FILE *out, struct style style, const struct plan *plan,
                  const struct probe_report *report, const char *reason) {
    struct wrap wrap;
    FILE *lines = wrap_begin(&wrap, out, style);
    print_headline(lines, style, plan, report);
    if (report->asked)
        print_answers(lines, style, plan, report);
    else
        fprintf(lines, "  %s\n", reason);
    wrap_end(&wrap);
    fflush(out);
}

/* ---- Progress ---- */

/* In nine columns, of a day too. */
static void print_short(FILE *out, const struct probe_value *value, bool counts) {
    static const double long_enough = 1000;
    bool lower = value->status == PROBE_AT_LEAST;
    if (value->status == PROBE_UNKNOWN)
        fputc('-', out);
    else if (!counts && value->value >= long_enough)
        fprintf(out, "%s%.0f s", lower ? ">=" : "", value->value);
    else
        fprintf(out, "%s%s", lower ? ">=" : "", number(value->value, counts).text);
}

void report_probe_progress(FILE *out, const struct probe_result *result,
                           const struct probe_facts *facts, duration most) {
    static const char *const labels[] = {"idle", "first", "req", "age"};
    for (int i = 0; i < PROBE_QUESTIONS; i++) {
        fprintf(out, "%s ", labels[i]);
        print_short(out, &result->values[i], i == PROBE_REQUESTS);
        fputc(' ', out);
    }
    fprintf(out, "%s of %s", format_duration(facts->elapsed).text, format_duration(most).text);
}

static void print_member(FILE *out, const char *name, const struct probe_value *value) {
    fprintf(out, " %s=%s", name, probe_status_name(value->status));
    if (value->status != PROBE_UNKNOWN)
        fprintf(out, ":%.6g", value->value);
}

void report_probe_line(FILE *out, const struct probe_result *result,
                       const struct probe_facts *facts) {
    char when[32];
    struct tm utc;
    time_t now = time(NULL);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    fprintf(out,
            "time=%s phase=probe t=%.1f open=%" PRIu32 " connections=%" PRIu32 " requests=%" PRIu32
            " idle_so_far=%.1f",
            when, duration_seconds(facts->elapsed), facts->open, facts->connections,
            facts->requests, duration_seconds(facts->longest));
    for (int i = 0; i < PROBE_QUESTIONS; i++)
        print_member(out, probe_question_name((enum probe_question)i), &result->values[i]);
    fputc('\n', out);
}
