/* holdfast capacity: whole runs of growing size until one breaks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "command/command.h"
#include "command/soak.h"
#include "host/host.h"
#include "judge/verdict/capacity.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/format/log.h"
#include "report/format/wrap.h"
#include "report/terminal/capacity.h"
#include "run/cooldown.h"
#include "run/engine_probe.h"
#include "run/preflight.h"
#include "run/session.h"

/* A step: a plan of its own, and its result. */
struct capacity_run {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct judgement judgement;
    struct record record;
    bool ran; /* the record holds */
};

struct capacity_search {
    struct soak *soak;
    struct capacity capacity;
    struct setup found; /* by the first preflight, of the server */
    struct record_target target;
    struct capacity_run *best; /* the one that the report is of: the largest that held, else the
                          least that broke */
    int64_t active_before;     /* connections at the server before our first; -1: not measured */
    bool interrupted, failed;
};

/* As many steps as anybody would want to read of. */
enum { STEPS_MAX = 10000 };

static bool set_search(struct capacity_search *search, const struct options *options) {
    struct bisect *bisect = &search->capacity.search;
    *bisect = bisect_begin(options->from, options->given.step ? options->step : 0,
                           options->connections, options->given.precision ? options->precision : 0);
    search->capacity.hold = options->hold_each;
    if (!options->given.from && bisect->first > bisect->ceiling)
        bisect->first = bisect->ceiling;
    if (bisect->first > bisect->ceiling) {
        fprintf(log_at(LOG_LEVEL_ERROR),
                "holdfast: --from: %" PRIu64 " is out of bounds: at most --connections (%" PRIu64
                ") is accepted\n",
                bisect->first, bisect->ceiling);
        return false;
    }
    if (bisect->step > 0 && bisect_steps_max(bisect) > STEPS_MAX) {
        fprintf(log_at(LOG_LEVEL_ERROR),
                "holdfast: --step: it would take up to %" PRIu64 " steps: at most %d are accepted; "
                "a larger step, or a lower --connections\n",
                bisect_steps_max(bisect), STEPS_MAX);
        return false;
    }
    return true;
}

/* --- one step --- */

static void free_step(struct capacity_run *step) {
    if (step == NULL)
        return;
    session_free_record(&step->record);
    setup_free(&step->setup);
    free(step);
}

/* The plan as asked, but for this step's size and hold. NULL, with a message, when there is none.
 */
static struct capacity_run *make_step(const struct capacity_search *search, uint32_t connections) {
    const struct soak *soak = search->soak;
    struct capacity_run *step = calloc(1, sizeof *step);
    char error[PLAN_ERROR_MAX] = "out of memory";
    if (step != NULL) {
        step->options = soak->options;
        step->options.connections = connections;
        step->options.duration = soak->options.hold_each;
        if (step->options.given.workers && step->options.workers > connections)
            step->options.workers = connections;
        step->options.seed = soak->plan.seed; /* all steps from the one that is reported */
        step->options.given.seed = true;
        struct host host;
        host_read(&host, "");
        step->judgement.setup = &step->setup;
        step->judgement.findings = soak->judgement.findings; /* of -k auto */
        step->setup.tls = soak->setup.tls;
        step->setup.interrupted = soak->setup.interrupted;
        if (plan_make(&step->plan, &step->options, &host, error))
            return step;
    }
    fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: a step of %" PRIu32 " connections: %s\n",
            connections, error);
    free(step);
    return NULL;
}

/* The findings of the first preflight hold for all steps. */
static void inherit(struct capacity_run *step, const struct capacity_search *search) {
    setup_copy_server(&step->setup, &search->found);
    step->judgement.target = search->target;
}

/* Ramp, hold, freeze, drain, judged. */
static void load(struct capacity_search *search, struct capacity_run *step) {
    int error =
        session_run(&step->record, &step->plan, &step->setup, search->soak->signals_fd, NULL, NULL);
    if (error < 0) {
        findings_add(&step->judgement.findings, FINDING_workers, FINDING_FAIL,
                     "no worker could be started: %s", strerror(-error));
        step->judgement.verdict = VERDICT_UNFIT;
        step->judgement.exit_code = EXIT_UNFIT;
        return;
    }
    step->ran = true;
    judge_run(&step->judgement, &step->plan, &step->record);
    search->interrupted |= step->record.stopped;
}

/* The report is of the largest that held; as long as none did, of the least that broke. */
static bool is_better(const struct capacity_search *search, const struct capacity_run *step) {
    const struct capacity_run *best = search->best;
    if (best == NULL)
        return true;
    if (step->judgement.verdict == VERDICT_NO_TARGET)
        return false;
    bool held = step->judgement.verdict == VERDICT_HELD;
    if (held != (best->judgement.verdict == VERDICT_HELD))
        return held;
    return held == (step->plan.connections > best->plan.connections);
}

/* A bug of ours, and a second interrupt, end all at once. */
static bool ends_all(const struct capacity_run *step) {
    return step->judgement.exit_code == EXIT_BUG || step->judgement.exit_code == EXIT_SECOND_SIGNAL;
}

/* Folded at the terminal's width, as the summary is. */
static void print_step(const struct capacity_search *search, const struct capacity_step *step) {
    struct wrap wrap;
    struct style style = style_for(STDERR_FILENO, search->soak->options.color);
    report_capacity_step(wrap_begin(&wrap, log_stream(), style), step);
    wrap_end(&wrap);
    fflush(log_stream());
}

static void print_next(const struct capacity_search *search, uint64_t next) {
    struct wrap wrap;
    struct style style = style_for(STDERR_FILENO, search->soak->options.color);
    report_capacity_next(wrap_begin(&wrap, log_stream(), style), &search->capacity,
                         &search->soak->plan, next);
    wrap_end(&wrap);
    fflush(log_stream());
}

/* Adds the step to the search, prints it, and keeps or frees it. */
static void take_step(struct capacity_search *search, struct capacity_run *step) {
    struct capacity *capacity = &search->capacity;
    const struct record *record = step->ran ? &step->record : NULL;
    if (!capacity_add(capacity, &step->plan, &step->judgement, record))
        search->failed = true;
    else if (!search->soak->options.quiet)
        print_step(search, &capacity->steps[capacity->count - 1]);
    search->failed |= ends_all(step);
    if (!ends_all(step) && !is_better(search, step)) {
        free_step(step);
        return;
    }
    free_step(search->best);
    search->best = step;
}

/* --- the bisect --- */

static enum preflight_scope scope_of(const struct soak *soak) {
    return soak->options.no_check ? PREFLIGHT_NONE : PREFLIGHT_ALL;
}

/* Where no connection ever opened there is no capacity to speak of. */
static bool has_no_target(const struct capacity_search *search) {
    return search->capacity.count == 1 && capacity_gone(&search->capacity) != NULL;
}

static void search_on(struct capacity_search *search) {
    struct soak *soak = search->soak;
    for (uint64_t next; !search->interrupted && !search->failed &&
                        capacity_gone(&search->capacity) == NULL &&
                        (next = bisect_next(&search->capacity.search)) != 0;) {
        if (!soak->options.quiet)
            print_next(search, next);
        if (!cooldown_wait(&soak->plan, &search->found, soak->signals_fd, search->active_before)) {
            search->interrupted = true;
            break;
        }
        struct capacity_run *step = make_step(search, (uint32_t)next);
        if (step == NULL) {
            search->failed = true;
            break;
        }
        inherit(step, search);
        if (preflight_local(&step->judgement, &step->plan, &step->setup, scope_of(soak)))
            load(search, step);
        take_step(search, step);
    }
}

static void draw_summary(FILE *out, struct style style, const struct soak *soak,
                         const struct record *record) {
    (void)record;
    report_capacity(out, style, &soak->plan, &soak->judgement);
}

static int finish(struct capacity_search *search) {
    struct soak *soak = search->soak;
    struct capacity_run *best = search->best;
    soak->plan = best->plan;
    soak->judgement = best->judgement;
    if (has_no_target(search))
        return soak_report(soak, &best->record, true);
    capacity_conclude(&search->capacity, search->interrupted, &soak->judgement);
    soak->judgement.capacity = &search->capacity;
    bool printed = soak_print(soak, "summary", draw_summary, NULL);
    int exit_code = soak_report(soak, best->ran ? &best->record : NULL, false);
    return !printed && exit_code == EXIT_HELD ? EXIT_INCONCLUSIVE : exit_code;
}

/* Once, for as many workers as the largest step would have: all steps are carried by the same. */
static void choose_engine(struct capacity_run *step, const struct soak *soak) {
    engine_probe(&step->setup.choice, soak->options.engine, &soak->plan.host,
                 soak->options.no_check ? 0 : soak->plan.workers);
}

/* The first step's preflight is the whole one, with the one request. */
static int begin_search(struct capacity_search *search, struct capacity_run *step) {
    struct soak *soak = search->soak;
    choose_engine(step, soak);
    bool may_run = preflight_make(&step->judgement, &step->plan, &step->setup, scope_of(soak),
                                  soak->signals_fd);
    soak_print_preflight(soak, &step->plan, &step->judgement.findings);
    setup_copy_server(&search->found, &step->setup);
    search->target = step->judgement.target;
    if (!may_run) {
        soak->plan = step->plan;
        soak->judgement = step->judgement;
        int exit_code = soak_misused(soak) ? EXIT_USAGE : soak_report(soak, NULL, true);
        free_step(step);
        return exit_code;
    }
    soak_note_engine(&step->setup);
    search->active_before = cooldown_active(&soak->plan, &search->found, soak->signals_fd);
    load(search, step);
    take_step(search, step);
    search_on(search);
    return finish(search);
}

static int capacity(struct soak *soak) {
    struct capacity_search *search = calloc(1, sizeof *search);
    int exit_code = EXIT_USAGE;
    if (search == NULL)
        return EXIT_UNFIT;
    search->soak = soak;
    if (set_search(search, &soak->options)) {
        struct capacity_run *step = make_step(search, (uint32_t)search->capacity.search.first);
        exit_code = step != NULL ? begin_search(search, step) : EXIT_USAGE;
    }
    free_step(search->best);
    capacity_free(&search->capacity);
    free(search);
    return exit_code;
}

int command_capacity(int argc, char **argv) {
    return soak_command(COMMAND_CAPACITY, argc, argv, capacity);
}
