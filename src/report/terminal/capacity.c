/* The summary of a search for the capacity: the answer, the limit, and the steps. */
#include "report/terminal/capacity.h"

#include <math.h>
#include <stdarg.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "base/units.h"
#include "judge/verdict/capacity.h"
#include "options/options.h"
#include "report/format/format.h"
#include "report/format/style.h"
#include "report/format/wrap.h"

static const char *const result_words[] = {"held", "broke", "gone", "cut"};

/* "3 830 connections". */
static void connections_text(char *text, size_t size, uint64_t count) {
    snprintf(text, size, "%s connection%s", format_count(count).text, count == 1 ? "" : "s");
}

static void print_connections(FILE *out, uint64_t count) {
    char text[64];
    connections_text(text, sizeof text, count);
    fputs(text, out);
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

struct capacity_title capacity_title(const struct capacity *capacity) {
    bool none = capacity->answer == 0;
    struct capacity_title title = {.word = none                 ? "NONE HELD"
                                           : capacity->at_least ? "AT LEAST"
                                                                : "CAPACITY",
                                   .tint = none                 ? TINT_BAD
                                           : capacity->at_least ? TINT_WARN
                                                                : TINT_GOOD};
    if (none && capacity->broke == NULL)
        snprintf(title.count, sizeof title.count, "no step came to its end");
    else
        connections_text(title.count, sizeof title.count,
                         none ? capacity->broke->connections : capacity->answer);
    return title;
}

struct status_words capacity_answers(const struct capacity *capacity) {
    const struct capacity_step *step = answering_step(capacity);
    struct status_words words = {""};
    if (step != NULL && statuses_are_news(&step->statuses))
        words = status_words(&step->statuses);
    return words;
}

static void print_headline(FILE *out, struct style style, const struct plan *plan,
                           const struct capacity *capacity, const struct findings *findings) {
    struct capacity_title title = capacity_title(capacity);
    struct status_words answers = capacity_answers(capacity);
    fprintf(out, "%s%s%s   %s, held for %s, on %s", style_start(style, title.tint), title.word,
            style_stop(style), title.count, format_duration(capacity->hold).text, plan->target.url);
    if (findings_first(findings, FINDING_keep_alive_probed) != NULL)
        fprintf(out, ", -k auto: %s", format_duration(plan->options->keepalive).text);
    if (answers.text[0] != '\0')
        fprintf(out, ", %sbut answered %s%s", style_start(style, TINT_WARN), answers.text,
                style_stop(style));
    fputs("\n\n", out);
}

/* --- facts --- */

enum { FACT_MAX = 1024 };

/* Where facts go, and what they are of. */
struct facts {
    const struct plan *plan;
    const struct judgement *judgement;
    capacity_fact *take;
    void *with;
};

static void tell(const struct facts *facts, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(const struct facts *facts, const char *label, const char *format, ...) {
    char text[FACT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    facts->take(facts->with, label, text);
}

/* An answer with an error is one that came: the line names what the number counts. */
static void tell_answers(const struct facts *facts) {
    const struct capacity_step *step = answering_step(facts->judgement->capacity);
    if (step == NULL || !statuses_are_news(&step->statuses))
        return;
    tell(facts, "answers",
         "%s of %s: connections that stay open, not requests that are served; --require "
         "'status_%s<=0' searches for these",
         status_words(&step->statuses).text, format_count(step->statuses.answered).text,
         step->statuses.errors == 0 ? "3xx" : "5xx");
}

static void tell_regained(const struct facts *facts) {
    const struct capacity *capacity = facts->judgement->capacity;
    if (capacity->regained > 0)
        tell(facts, "got better",
             "%s broke first, and held when tried again: a server that grows while it is loaded (a "
             "pool of processes?)%s",
             format_count(capacity->regained).text, capacity->at_least ? "; it may grow on" : "");
}

/* How fast they were opened: what a server holds may depend on it. */
static void tell_ramp(const struct facts *facts) {
    const struct capacity *capacity = facts->judgement->capacity;
    char rate[64];
    bool limit = capacity->broke != NULL && capacity->cause.by_ramp;
    tell(facts, "ramp",
         limit
             ? "%s was itself the limit: connects came faster than the server took them; a slower "
               "one (-r) tells how many it holds"
             : "%s: what holds may be more with a slower one (-r)",
         units_format_rate(rate, sizeof rate, facts->plan->ramp.rate));
}

static const char *whose(enum outcome_side side) {
    static const char *const words[] = {"this machine, not the server", "the network", "the server",
                                        "what was measured"};
    return words[side];
}

static void tell_gone(const struct facts *facts) {
    const struct capacity *capacity = facts->judgement->capacity;
    char count[64];
    if (capacity->end != CAPACITY_TARGET_GONE)
        return;
    const struct capacity_step *step = capacity_gone(capacity);
    connections_text(count, sizeof count, step->connections);
    tell(facts, "cut short", "the target was gone: of %s none opened (%s)", count,
         step->cause.text);
}

static void tell_limit(const struct facts *facts) {
    const struct capacity *capacity = facts->judgement->capacity;
    const struct capacity_cause *cause = &capacity->cause;
    char count[64];
    if (capacity->broke == NULL) {
        tell(facts, "limit", "%s",
             capacity->end == CAPACITY_CEILING
                 ? "none found: --connections was the ceiling of the search, and it held"
                 : "none found yet: the search was cut short");
        tell_gone(facts);
        return;
    }
    connections_text(count, sizeof count, capacity->broke->connections);
    tell(facts, "limit", "%s, at %s: %s", whose(cause->side), count, cause->code);
    tell(facts, "evidence", "%s", cause->text);
    if (cause->advice[0] != '\0')
        tell(facts, "look at", "%s", cause->advice);
    if (capacity->end == CAPACITY_INTERRUPTED)
        tell(facts, "cut short", "the search was interrupted: more steps were to come");
    tell_gone(facts);
}

static void tell_rules(const struct facts *facts) {
    const struct judgement *judgement = facts->judgement;
    char text[FACT_MAX] = "";
    size_t length = 0;
    for (size_t i = 0; i < judgement->requirement_count && length < sizeof text; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? " " : "",
                                   judgement->requirements[i].rule.expression);
    tell(facts, "rules", "%s", text);
}

void capacity_facts(const struct plan *plan, const struct judgement *judgement, capacity_fact *take,
                    void *with) {
    const struct facts facts = {plan, judgement, take, with};
    tell_answers(&facts);
    tell_limit(&facts);
    tell_regained(&facts);
    tell_ramp(&facts);
    tell_rules(&facts);
}

static void print_fact(void *with, const char *label, const char *text) {
    fprintf(with, "  %-13s %s\n", label, text);
}

/* --- steps --- */

/* "2xx" where every answer was one. */
struct status_words capacity_step_answers(const struct capacity_step *step) {
    struct status_words words = {"-"};
    if (step->statuses.others > 0)
        return status_words(&step->statuses);
    if (step->statuses.answered > 0)
        snprintf(words.text, sizeof words.text, "2xx");
    return words;
}

/* The columns of the table; closer together in a terminal that is narrower than its rows. */
struct capacity_layout {
    int count, few, time, answered;
};

static const struct capacity_layout *layout_of(struct style style) {
    enum { WIDE = 120 };
    static const struct capacity_layout wide = {10, 8, 12, 14}, narrow = {8, 7, 9, 8};
    return style.width == 0 || style.width >= WIDE ? &wide : &narrow;
}

static void print_count(FILE *out, int columns, uint64_t count) {
    struct format_text words = format_count(count);
    fprintf(out, "  %*s", format_width(columns, words.text), words.text);
}

static void print_step(FILE *out, const struct capacity_layout *layout,
                       const struct capacity_step *step) {
    print_count(out, layout->count, step->connections);
    fprintf(out, "  %-5s", result_words[step->result]);
    if (step->ran) {
        print_count(out, layout->count, step->opened);
        print_count(out, layout->count, step->live);
        print_count(out, layout->few, step->lost);
        print_count(out, layout->few, step->errored);
        fprintf(out, "  %*s  %-*s", layout->time, format_seconds(step->p99_seconds).text,
                layout->answered, capacity_step_answers(step).text);
    } else
        fprintf(out, "  %*s  %*s  %*s  %*s  %*s  %-*s", layout->count, "-", layout->count, "-",
                layout->few, "-", layout->few, "-", layout->time, "-", layout->answered, "-");
    if (step->cause.known)
        fprintf(out, "  %s: %s", outcome_side_name(step->cause.side), step->cause.code);
    fputc('\n', out);
}

static void print_search(FILE *out, struct style style, const struct plan *plan,
                         const struct judgement *judgement) {
    const struct capacity *capacity = judgement->capacity;
    print_headline(out, style, plan, capacity, &judgement->findings);
    bool cut = judgement->exit_code != 0 && capacity->cause.text[0] == '\0';
    bool ends_all = judgement->exit_code == EXIT_BUG || judgement->exit_code == EXIT_SECOND_SIGNAL;
    for (size_t i = 0; i < judgement->reason_count && (cut || ends_all); i++)
        fprintf(out, "  %s\n", judgement->reasons[i]);
    capacity_facts(plan, judgement, print_fact, out);
    const struct capacity_layout *layout = layout_of(style);
    fprintf(out, "\n  %*s  %-5s  %*s  %*s  %*s  %*s  %*s  %-*s  %s\n", layout->count, "asked", "",
            layout->count, "opened", layout->count, "live", layout->few, "lost", layout->few,
            "errored", layout->time, "p99", layout->answered, "answered", "cause");
    for (size_t i = 0; i < capacity->count; i++)
        print_step(out, layout, &capacity->steps[i]);
}

void report_capacity(FILE *out, struct style style, const struct plan *plan,
                     const struct judgement *judgement) {
    struct wrap wrap;
    print_search(wrap_begin(&wrap, out, style), style, plan, judgement);
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
