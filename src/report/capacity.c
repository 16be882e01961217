/* The summary of a search for the capacity: the answer, what gave, and the steps. */
#include "judge/capacity.h"

#include <math.h>

#include "base/require.h"
#include "report/report.h"
#include "report/style.h"
#include "report/words.h"

/* "3 830 connections". */
static void print_connections(FILE *out, uint64_t count) {
    fprintf(out, "%s connection%s", words_count(count).text, count == 1 ? "" : "s");
}

static void print_headline(FILE *out, struct style style, const struct plan *plan,
                           const struct capacity *capacity) {
    bool none = capacity->answer == 0;
    const char *word = none ? "NONE HELD" : capacity->at_least ? "AT LEAST" : "CAPACITY";
    enum tint tint = none ? TINT_BAD : capacity->at_least ? TINT_WARN : TINT_GOOD;
    fprintf(out, "%s%s%s   ", style_start(style, tint), word, style_stop(style));
    if (none && capacity->gave == NULL)
        fputs("no step came to its end", out);
    else
        print_connections(out, none ? capacity->gave->connections : capacity->answer);
    fprintf(out, ", held for %s, on %s\n\n", words_duration(capacity->hold).text, plan->target.url);
}

static const char *whose(enum side side) {
    static const char *const words[] = {"this machine, not the server", "the network", "the server",
                                        "what was measured"};
    return words[side];
}

static void print_gone(FILE *out, const struct capacity *capacity) {
    if (capacity->end != CAPACITY_TARGET_GONE)
        return;
    const struct capacity_step *step = capacity_gone(capacity);
    fputs("  cut short     the target was gone: of ", out);
    print_connections(out, step->connections);
    fprintf(out, " none opened (%s)\n", step->gave.text);
}

static void print_gave(FILE *out, const struct capacity *capacity) {
    const struct capacity_cause *cause = &capacity->cause;
    if (capacity->gave == NULL) {
        fprintf(out, "  gave          %s\n",
                capacity->end == CAPACITY_CEILING
                    ? "nothing: --connections was the ceiling of the search, and it held"
                    : "nothing yet: it was cut short");
        print_gone(out, capacity);
        return;
    }
    fprintf(out, "  gave          %s, at ", whose(cause->side));
    print_connections(out, capacity->gave->connections);
    fprintf(out, ": %s\n", cause->code);
    fprintf(out, "  evidence      %s\n", cause->text);
    if (cause->advice[0] != '\0')
        fprintf(out, "  look at       %s\n", cause->advice);
    if (capacity->end == CAPACITY_INTERRUPTED)
        fputs("  cut short     the search was interrupted: more steps were to come\n", out);
    print_gone(out, capacity);
}

static void print_step(FILE *out, const struct capacity_step *step) {
    fprintf(out, "  %10s  %-5s", words_count(step->connections).text,
            capacity_result_name(step->result));
    if (step->ran)
        fprintf(out, "  %10s  %10s  %8s  %8s  %12s", words_count(step->opened).text,
                words_count(step->live).text, words_count(step->lost).text,
                words_count(step->errored).text, words_seconds(step->p99_seconds).text);
    else
        fprintf(out, "  %10s  %10s  %8s  %8s  %12s", "-", "-", "-", "-", "-");
    if (step->gave.known)
        fprintf(out, "  %s: %s", side_name(step->gave.side), step->gave.code);
    fputc('\n', out);
}

void report_capacity(FILE *out, struct style style, const struct plan *plan,
                     const struct judgement *judgement) {
    const struct capacity *capacity = judgement->capacity;
    print_headline(out, style, plan, capacity);
    bool cut = judgement->exit_code != 0 && capacity->cause.text[0] == '\0';
    bool ends_all = judgement->exit_code == EXIT_BUG || judgement->exit_code == 130;
    for (size_t i = 0; i < judgement->reason_count && (cut || ends_all); i++)
        fprintf(out, "  %s\n", judgement->reasons[i]);
    print_gave(out, capacity);
    fputs("  rules        ", out);
    for (size_t i = 0; i < judgement->requirement_count; i++)
        fprintf(out, " %s", judgement->requirements[i].rule.expression);
    fprintf(out, "\n\n  %10s  %-5s  %10s  %10s  %8s  %8s  %12s  %s\n", "asked", "", "opened",
            "live", "lost", "errored", "p99", "what gave");
    for (size_t i = 0; i < capacity->count; i++)
        print_step(out, &capacity->steps[i]);
    fflush(out);
}

void report_capacity_step(FILE *out, const struct capacity_step *step) {
    fputs("step    ", out);
    print_connections(out, step->connections);
    fprintf(out, ": %s", capacity_result_name(step->result));
    if (step->ran)
        fprintf(out, "   opened %s   live %s   lost %s   errored %s   p99 %s",
                words_count(step->opened).text, words_count(step->live).text,
                words_count(step->lost).text, words_count(step->errored).text,
                words_seconds(step->p99_seconds).text);
    if (step->gave.known)
        fprintf(out, "   %s: %s: %s", side_name(step->gave.side), step->gave.code, step->gave.text);
    fputc('\n', out);
    fflush(out);
}
