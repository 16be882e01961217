/* The preflight sheet: one finding a line, and under a bad one what to do. */
#include <string.h>

#include "report/report.h"
#include "report/style.h"
#include "report/words.h"

enum { CODE_COLUMN = 18 };

static const struct {
    const char *mark;
    enum tint tint;
    bool quiet; /* shown with -q too */
} marks[] = {
    [FINDING_OK] = {"ok", TINT_GOOD, false},       [FINDING_WARN] = {"warn", TINT_WARN, true},
    [FINDING_FAIL] = {"FAIL", TINT_BAD, true},     [FINDING_UNKNOWN] = {"?", TINT_DIM, false},
    [FINDING_SKIPPED] = {"skip", TINT_DIM, false},
};

/* A code as people write it: "source ports"; a name that stands elsewhere too keeps its spelling.
 */
static void show_code(char *shown, size_t size, const char *code) {
    static const char *const kept[] = {"io_uring", "keepalive_time", "keepalive_requests"};
    snprintf(shown, size, "%s", strcmp(code, "keep_alive") == 0 ? "keep-alive" : code);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (strcmp(code, kept[i]) == 0)
            return;
    }
    for (char *at = shown; *at != '\0'; at++) {
        if (*at == '_')
            *at = ' ';
    }
}

static void print_finding(FILE *out, struct style style, const struct finding *finding) {
    char code[sizeof finding->code];
    show_code(code, sizeof code, finding->code);
    fprintf(out, "  %s%-4s%s  %-*s %s\n", style_start(style, marks[finding->status].tint),
            marks[finding->status].mark, style_stop(style), CODE_COLUMN, code, finding->text);
    for (size_t i = 0; i < finding->do_count; i++)
        fprintf(out, "          %-6s %s\n", i == 0 ? "do" : "or", finding->todo[i]);
}

static size_t count_of(const struct findings *findings, enum finding_status status) {
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].status == status;
    return count;
}

static void print_title(FILE *out, const struct plan *plan) {
    fprintf(out, "preflight: %s connection%s to %s", words_count(plan->connections).text,
            plan->connections == 1 ? "" : "s", plan->target.authority);
    if (plan->options->connect_to != NULL)
        fprintf(out, " by way of %s", plan->options->connect_to);
    fputc('\n', out);
}

/* What it comes to; a run that goes on says nothing here. */
static void print_end(FILE *out, const struct plan *plan, const struct findings *findings) {
    size_t problems = count_of(findings, FINDING_FAIL);
    bool check = plan->command == COMMAND_CHECK;
    if (problems > 0)
        fprintf(out, "%zu problem%s%s\n", problems, problems == 1 ? "" : "s",
                check ? "." : "; nothing was started.");
    else if (check)
        fputs("the plan fits.\n", out);
}

void report_sheet(FILE *out, struct style style, const struct plan *plan,
                  const struct findings *findings, bool quiet) {
    if (quiet && count_of(findings, FINDING_WARN) + count_of(findings, FINDING_FAIL) == 0)
        return;
    print_title(out, plan);
    for (size_t i = 0; i < findings->count; i++) {
        if (!quiet || marks[findings->items[i].status].quiet)
            print_finding(out, style, &findings->items[i]);
    }
    print_end(out, plan, findings);
    fflush(out);
}
