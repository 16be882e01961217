/* The page of all metrics, printed from their tables: docs/rules.md. */
#include "judge/rules/rules.h"

/* The VALUE of a rule, in a cell. */
static void print_values(FILE *out, const struct rule_metric *metric) {
    static const char *const plain[] = {"count", "duration", "a second", "bytes", "number", ""};
    const char *base = rule_base_name(metric->base);
    if (metric->unit == RULE_UNIT_SHARE)
        fputs("% of one core", out);
    else if (base != NULL)
        fprintf(out, "%s, %% of %s%s%s", plain[metric->unit], base[0] == '-' ? "`" : "", base,
                base[0] == '-' ? "`" : "");
    else
        fputs(plain[metric->unit], out);
}

static void print_metric(FILE *out, const struct rule_metric *metric) {
    fprintf(out, "| `%s` | ", metric->name);
    print_values(out, metric);
    fprintf(out, " | %s%s |\n", metric->help,
            metric->of_ramp ? "; not judged when the ramp was cut short" : "");
}

static void print_kind(FILE *out, int kind, const char *title) {
    struct rule_metric metric;
    fprintf(out, "\n## %s\n\n| metric | VALUE | what it is |\n|---|---|---|\n", title);
    for (size_t i = 0; rule_metric_at(&metric, i); i++)
        if ((int)metric.kind == kind)
            print_metric(out, &metric);
}

void rules_markdown(FILE *out) {
    fputs(
        "<!-- Generated from src/judge/rules/rule_metrics.def by tools/generate-docs: do not edit. "
        "-->\n"
        "# Rules\n\n"
        "`--require 'METRIC OP VALUE'` says what a run must come to; it may be given up to 48 "
        "times, also as `require =` in\na config file (whose rules those of the command line "
        "replace). A rule that is broken makes the verdict `broke`,\nexit code 1. OP is one of "
        "`>=` `<=` `>` `<` `==`; blanks may stand around it.\n\n"
        "    holdfast -c 10k -d 30m --require 'live>=99.9%' --require 'lost<=10' \\\n"
        "        --require 'p99<50ms' --require 'status_5xx<=0' http://127.0.0.1:8080/\n\n"
        "* Without `--require` the rules are `opened>=100%` and `lost<=0`; with `--reconnect`, "
        "`live>=100%` and `errored<=0`.\n"
        "* What was not measured breaks a rule, and the summary says so.\n"
        "* A count is `100` or `10k`; a time `50ms` or `1m30s`, never without its unit (`p99<500` "
        "is refused;\n  0 needs none); a rate `640`, `1.5k` or `10/10ms`; bytes `1M` or `20MiB`. A "
        "percentage of a count is of "
        "what its row names.\n"
        "* In the JSON report `requirements` holds each rule with what was measured: percent where "
        "the rule says `%`, else\n  seconds, bytes, a second, a count.\n"
        "* A broken rule becomes `inconclusive`, exit code 4, where any connection ended by our "
        "own "
        "side's fault, and where\n  every broken rule rests on a deadline or a latency while we "
        "ourselves were late by more than a tenth of it (a latency: where it might\n  have held "
        "without what of each value is known to be ours).\n",
        out);
    print_kind(out, RULE_OF_ROW, "The run");
    print_kind(out, RULE_OF_FIGURE, "Latencies");
    print_kind(out, RULE_OF_OUTCOME, "Outcomes");
    fputs("\n## Statuses\n\n| metric | VALUE | what it is |\n|---|---|---|\n", out);
    static const char *const statuses[] = {"status_200", "status_5xx"};
    for (size_t i = 0; i < 2; i++) {
        struct rule_metric metric;
        if (rule_metric_find(&metric, statuses[i]))
            print_metric(out, &metric);
    }
    fputs("\nAny status from `status_100` to `status_999`, and any class from `status_1xx` to "
          "`status_9xx`.\n",
          out);
}
