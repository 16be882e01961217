/* The preflight table: one finding a line, and under a bad one what to do. */
#include "report/terminal/preflight_table.h"

#include <string.h>

#include "options/options.h"
#include "report/format/format.h"
#include "report/format/style.h"
#include "report/format/wrap.h"

enum { MARK_COLUMNS = 6, CODE_COLUMN = 18 };

static const struct {
    const char *mark;
    enum style_tint tint;
    bool quiet; /* shown in run and with -q too */
} marks[] = {
    [FINDING_OK] = {"ok", TINT_GOOD, false},       [FINDING_WARN] = {"warn", TINT_WARN, true},
    [FINDING_FAIL] = {"FAIL", TINT_BAD, true},     [FINDING_UNKNOWN] = {"?", TINT_DIM, false},
    [FINDING_SKIPPED] = {"skip", TINT_DIM, false},
};

static void print_finding(FILE *out, struct style style, const struct finding *finding) {
    const char *mark = marks[finding->status].mark;
    const char *label = finding_label(finding);
    const char *gap = strlen(label) < CODE_COLUMN ? " " : "  "; /* as all items stand apart */
    fprintf(out, "  %s%s%s%*s%-*s%s%s\n", style_start(style, marks[finding->status].tint), mark,
            style_stop(style), MARK_COLUMNS - (int)strlen(mark), "", CODE_COLUMN, label, gap,
            finding->text);
    for (size_t i = 0; i < finding->do_count; i++)
        fprintf(out, "          %-6s %s\n", i == 0 ? "do" : "or", finding->todo[i]);
}

static size_t count_with_status(const struct findings *findings, enum finding_status status) {
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].status == status;
    return count;
}

static void print_title(FILE *out, const struct plan *plan) {
    fprintf(out, "preflight: %s connection%s to %s", format_count(plan->connections).text,
            plan->connections == 1 ? "" : "s", plan->target.authority);
    if (plan->options->connect_to != NULL)
        fprintf(out, " by way of %s", plan->options->connect_to);
}

/* "15 checks ok, 1 unknown": in place of rows that ask nothing of the reader. */
static void print_folded(FILE *out, const struct findings *findings) {
    size_t good = count_with_status(findings, FINDING_OK);
    size_t unknown = count_with_status(findings, FINDING_UNKNOWN);
    size_t skipped = count_with_status(findings, FINDING_SKIPPED);
    fprintf(out, ": %zu check%s ok", good, good == 1 ? "" : "s");
    if (unknown > 0)
        fprintf(out, ", %zu unknown", unknown);
    if (skipped > 0)
        fprintf(out, ", %zu skipped", skipped);
}

static void print_warnings(FILE *out, const struct findings *findings, size_t warnings) {
    const char *before = ": ";
    fprintf(out, ", with %zu warning%s", warnings, warnings == 1 ? "" : "s");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (finding->status != FINDING_WARN)
            continue;
        fprintf(out, "%s%s", before, finding_label(finding));
        before = ", ";
    }
}

/* The line would repeat those above it. */
static void print_fit(FILE *out, const struct findings *findings) {
    const struct finding *unheld = findings_unheld(findings);
    size_t warnings = count_with_status(findings, FINDING_WARN);
    fputs(unheld != NULL ? "the plan fits this machine" : "the plan fits", out);
    if (unheld != NULL)
        fprintf(out, "; the server will not hold it: %s", unheld->text);
    else if (warnings > 0)
        print_warnings(out, findings, warnings);
    fputs(".\n", out);
}

/* Whether the target was not asked: without a problem before that, it was interrupted. */
static bool is_unasked(const struct findings *findings) {
    const struct finding *target = findings_first(findings, FINDING_target);
    return target != NULL && target->status == FINDING_SKIPPED;
}

/* The result; of a run that goes on nothing is printed. */
static void print_end(FILE *out, const struct plan *plan, const struct findings *findings) {
    size_t problems = count_with_status(findings, FINDING_FAIL);
    bool check = plan->options->command == COMMAND_CHECK;
    if (problems > 0)
        fprintf(out, "%zu problem%s%s\n", problems, problems == 1 ? "" : "s",
                check ? "." : "; nothing was started.");
    else if (check && is_unasked(findings))
        fputs("not all was checked.\n", out);
    else if (check)
        print_fit(out, findings);
}

void preflight_table_print(FILE *out, struct style style, const struct plan *plan,
                           const struct findings *findings, bool quiet) {
    if (quiet &&
        count_with_status(findings, FINDING_WARN) + count_with_status(findings, FINDING_FAIL) == 0)
        return;
    struct wrap wrap;
    FILE *lines = wrap_begin(&wrap, out, style);
    bool whole = plan->options->command == COMMAND_CHECK && !quiet;
    print_title(lines, plan);
    if (!whole && !quiet)
        print_folded(lines, findings);
    fputc('\n', lines);
    for (size_t i = 0; i < findings->count; i++) {
        if (whole || marks[findings->items[i].status].quiet)
            print_finding(lines, style, &findings->items[i]);
    }
    print_end(lines, plan, findings);
    wrap_end(&wrap);
    fflush(out);
}
