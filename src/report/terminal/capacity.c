/* The summary of a search for the capacity: the answer, the limit, and the steps. */
#include "report/terminal/capacity.h"

#include <math.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "base/units.h"
#include "judge/verdict/capacity.h"
#include "report/format/format.h"
#include "report/format/status_text.h"
#include "report/format/style.h"
#include "report/format/wrap.h"

static const char *const result_words[] = {"held", "broke", "gone", "cut"};

/* "3 830 connections". */
static void print_connections(FILE *out, uint64_t count) {
    fprintf(out, "%s connection%s", format_count(count).text, count == 1 ? "" : "s");
}

/* The step that the answer is of; where none held, the one that broke. */
static const struct capacity_step *answering_step(const struct capacity *capacity) {
    const struct capacity_step *found = capacity->answer == 0 ? capacity->broke : NULL;
    for (size_t i = 0; i < capacity->count && capacity->answer > 0; i++)
        if (capacity->steps[i].result == CAPACITY_HELD &&
            capacity->steps[i].connections == capacity->answer)
            found = &capacity->steps[i];
    return found;
}

static void print_headline(FILE *out, struct style style, const struct plan *plan,
                           const struct capacity *capacity) {
    bool none = capacity->answer == 0;
    const char *word = none ? "NONE HELD" : capacity->at_least ? "AT LEAST" : "CAPACITY";
    enum style_tint tint = none ? TINT_BAD : capacity->at_least ? TINT_WARN : TINT_GOOD;
    fprintf(out, "%s%s%s   ", style_start(style, tint), word, style_stop(style));
    if (none && capacity->broke == NULL)
        fputs("no step came to its end", out);
    else
        print_connections(out, none ? capacity->broke->connections : capacity->answer);
    fprintf(out, ", held for %s, on %s", format_duration(capacity->hold).text, plan->target.url);
    const struct capacity_step *step = answering_step(capacity);
    if (step != NULL && statuses_are_news(&step->statuses))
        fprintf(out, ", %sbut answered %s%s", style_start(style, TINT_WARN),
                status_words(&step->statuses).text, style_stop(style));
    fputs("\n\n", out);
}

/* An answer with an error is one that came: the line names what the number counts. */
static void print_answers(FILE *out, const struct capacity *capacity) {
    const struct capacity_step *step = answering_step(capacity);
    if (step == NULL || !statuses_are_news(&step->statuses))
        return;
    fprintf(out,
            "  answers       %s of %s: connections that stay open, not requests that are served; "
            "--require 'status_%s<=0' searches for these\n",
            status_words(&step->statuses).text, format_count(step->statuses.answered).text,
            step->statuses.errors == 0 ? "3xx" : "5xx");
}

static void print_regained(FILE *out, const struct capacity *capacity) {
    if (capacity->regained == 0)
        return;
    fprintf(out,
            "  got better    %s broke first, and held when tried again: a server that grows while "
            "it is loaded (a pool of processes?)%s\n",
            format_count(capacity->regained).text, capacity->at_least ? "; it may grow on" : "");
}

/* How fast they were opened: what a server holds may depend on it. */
static void print_ramp(FILE *out, const struct plan *plan, const struct capacity *capacity) {
    char rate[64];
    if (capacity->broke != NULL && capacity->cause.by_ramp)
        fprintf(
            out,
            "  ramp          %s was itself the limit: connects came faster than the server took "
            "them; a slower one (-r) tells how many it holds\n",
            units_format_rate(rate, sizeof rate, plan->ramp.rate));
    else
        fprintf(out, "  ramp          %s: what holds may be more with a slower one (-r)\n",
                units_format_rate(rate, sizeof rate, plan->ramp.rate));
}

static const char *whose(enum outcome_side side) {
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
    fprintf(out, " none opened (%s)\n", step->cause.text);
}

static void print_limit(FILE *out, const struct capacity *capacity) {
    const struct capacity_cause *cause = &capacity->cause;
    if (capacity->broke == NULL) {
        fprintf(out, "  limit         %s\n",
                capacity->end == CAPACITY_CEILING
                    ? "none found: --connections was the ceiling of the search, and it held"
                    : "none found yet: the search was cut short");
        print_gone(out, capacity);
        return;
    }
    fprintf(out, "  limit         %s, at ", whose(cause->side));
    print_connections(out, capacity->broke->connections);
    fprintf(out, ": %s\n", cause->code);
    fprintf(out, "  evidence      %s\n", cause->text);
    if (cause->advice[0] != '\0')
        fprintf(out, "  look at       %s\n", cause->advice);
    if (capacity->end == CAPACITY_INTERRUPTED)
        fputs("  cut short     the search was interrupted: more steps were to come\n", out);
    print_gone(out, capacity);
}

/* "2xx" where every answer was one. */
static struct status_words answers_of(const struct capacity_step *step) {
    struct status_words words = {"-"};
    if (step->statuses.others > 0)
        return status_words(&step->statuses);
    if (step->statuses.answered > 0)
        snprintf(words.text, sizeof words.text, "2xx");
    return words;
}

static void print_step(FILE *out, const struct capacity_step *step) {
    fprintf(out, "  %10s  %-5s", format_count(step->connections).text, result_words[step->result]);
    if (step->ran)
        fprintf(out, "  %10s  %10s  %8s  %8s  %12s  %-14s", format_count(step->opened).text,
                format_count(step->live).text, format_count(step->lost).text,
                format_count(step->errored).text, format_seconds(step->p99_seconds).text,
                answers_of(step).text);
    else
        fprintf(out, "  %10s  %10s  %8s  %8s  %12s  %-14s", "-", "-", "-", "-", "-", "-");
    if (step->cause.known)
        fprintf(out, "  %s: %s", outcome_side_name(step->cause.side), step->cause.code);
    fputc('\n', out);
}

static void print_search(FILE *out, struct style style, const struct plan *plan,
                         const struct judgement *judgement) {
    const struct capacity *capacity = judgement->capacity;
    print_headline(out, style, plan, capacity);
    bool cut = judgement->exit_code != 0 && capacity->cause.text[0] == '\0';
    bool ends_all = judgement->exit_code == EXIT_BUG || judgement->exit_code == EXIT_SECOND_SIGNAL;
    for (size_t i = 0; i < judgement->reason_count && (cut || ends_all); i++)
        fprintf(out, "  %s\n", judgement->reasons[i]);
    print_answers(out, capacity);
    print_limit(out, capacity);
    print_regained(out, capacity);
    print_ramp(out, plan, capacity);
    fputs("  rules        ", out);
    for (size_t i = 0; i < judgement->requirement_count; i++)
        fprintf(out, " %s", judgement->requirements[i].rule.expression);
    fprintf(out, "\n\n  %10s  %-5s  %10s  %10s  %8s  %8s  %12s  %-14s  %s\n", "asked", "", "opened",
            "live", "lost", "errored", "p99", "answered", "cause");
    for (size_t i = 0; i < capacity->count; i++)
        print_step(out, &capacity->steps[i]);
}

void report_capacity(FILE *out, struct style style, const struct plan *plan,
                     const struct judgement *judgement) {
    struct wrap wrap;
    print_search(wrap_begin(&wrap, out, style.width), style, plan, judgement);
    wrap_end(&wrap);
    fflush(out);
}

/* Halvings until the gap is no more than the precision. */
static unsigned halvings_left(const struct bisect *search) {
    uint64_t precision = search->precision > 0 ? search->precision : search->held / 200;
    unsigned count = 0;
    for (uint64_t gap = search->broke - search->held; gap > (precision > 0 ? precision : 1);
         gap -= gap / 2)
        count++;
    return count;
}

/* Its ramp, its hold, and a second for the rest. */
static duration step_length(const struct capacity *capacity, const struct plan *plan,
                            uint64_t connections) {
    double ramp = (double)connections / (double)plan->ramp.rate.count;
    return (duration)(ramp * (double)plan->ramp.rate.per) + capacity->hold + SECOND;
}

void report_capacity_next(FILE *out, const struct capacity *capacity, const struct plan *plan,
                          uint64_t next) {
    const struct bisect *search = &capacity->search;
    duration length = step_length(capacity, plan, next);
    fputs("next    ", out);
    print_connections(out, next);
    fprintf(out, " (step %zu): about %s", capacity->count + 1, format_duration(length).text);
    if (search->broke == 0)
        fprintf(out, "; %s held, and more are tried until a step breaks",
                format_count(search->held).text);
    else if (next == search->broke)
        fputs("; it broke, and is tried again", out);
    else if (search->step == 0) {
        unsigned left = halvings_left(search);
        fprintf(out, "; %s held, %s broke: at most %u step%s, about %s in all",
                format_count(search->held).text, format_count(search->broke).text, left + 1,
                left == 0 ? "" : "s", format_duration((duration)(left + 1) * length).text);
    }
    fputc('\n', out);
    fflush(out);
}

void report_capacity_step(FILE *out, const struct capacity_step *step) {
    fputs("step    ", out);
    print_connections(out, step->connections);
    fprintf(out, ": %s", result_words[step->result]);
    if (step->ran)
        fprintf(out, "   opened %s   live %s   lost %s   errored %s   p99 %s",
                format_count(step->opened).text, format_count(step->live).text,
                format_count(step->lost).text, format_count(step->errored).text,
                format_seconds(step->p99_seconds).text);
    if (step->statuses.others > 0)
        fprintf(out, "   answered %s", status_words(&step->statuses).text);
    if (step->cause.known)
        fprintf(out, "   %s: %s: %s", outcome_side_name(step->cause.side), step->cause.code,
                step->cause.text);
    fputc('\n', out);
    fflush(out);
}
