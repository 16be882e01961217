/* holdfast capacity: whole runs of growing size until one gives. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/require.h"
#include "command/command.h"
#include "command/soak.h"
#include "judge/capacity.h"
#include "report/voice.h"
#include "run/preflight.h"
#include "run/session.h"
#include "run/settle.h"

/* One step: a plan of its own, and what became of it. */
struct step {
    struct options options;
    struct plan plan;
    struct judgement judgement;
    struct record record;
    bool ran; /* the record holds */
};

struct hunt {
    struct soak *soak;
    struct capacity capacity;
    struct plan first; /* whose preflight was asked: addresses, seed */
    struct target_facts target;
    struct step *best;     /* the one that the report is of: the largest that held, else the least
                              that gave */
    int64_t active_before; /* connections at the server before our first; -1: not measured */
    bool interrupted, failed;
};

/* As many steps as anybody would want to read of. */
enum { STEPS_MAX = 10000 };

static bool set_search(struct hunt *hunt, const struct options *options) {
    struct search *search = &hunt->capacity.search;
    *search = (struct search){.first = options->from,
                              .step = options->given.step ? options->step : 0,
                              .ceiling = options->connections,
                              .precision = options->given.precision ? options->precision : 0};
    hunt->capacity.hold = options->hold_each;
    if (!options->given.from && search->first > search->ceiling)
        search->first = search->ceiling;
    if (search->first > search->ceiling) {
        fprintf(voice(),
                "holdfast: --from: %" PRIu64 " is out of bounds: at most --connections (%" PRIu64
                ") is accepted\n",
                search->first, search->ceiling);
        return false;
    }
    if (search->step > 0 && search_steps_max(search) > STEPS_MAX) {
        fprintf(voice(),
                "holdfast: --step: it would take up to %" PRIu64 " steps: at most %d are accepted; "
                "a larger step, or a lower --connections\n",
                search_steps_max(search), STEPS_MAX);
        return false;
    }
    return true;
}

/* --- one step --- */

static void free_step(struct step *step) {
    if (step == NULL)
        return;
    session_free_record(&step->record);
    free(step);
}

/* The plan as asked, but for this step's size and hold. NULL, and said, when there is none. */
static struct step *make_step(const struct hunt *hunt, uint32_t connections) {
    const struct soak *soak = hunt->soak;
    struct step *step = calloc(1, sizeof *step);
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
        if (plan_make(&step->plan, &step->options, COMMAND_CAPACITY, &host, error))
            return step;
    }
    fprintf(voice(), "holdfast: a step of %" PRIu32 " connections: %s\n", connections, error);
    free(step);
    return NULL;
}

/* What the first preflight found out holds for all steps. */
static void inherit(struct step *step, const struct hunt *hunt) {
    struct plan *plan = &step->plan;
    memcpy(plan->addresses, hunt->first.addresses, sizeof plan->addresses);
    plan->address_count = hunt->first.address_count;
    plan->status_address = hunt->first.status_address;
    step->judgement.target = hunt->target;
}

/* CPU of this process in earlier steps is none of this one's. */
static void subtract_own(struct record *record, const struct rusage *before) {
    record->cpu_user_seconds -=
        (double)before->ru_utime.tv_sec + (double)before->ru_utime.tv_usec / 1e6;
    record->cpu_system_seconds -=
        (double)before->ru_stime.tv_sec + (double)before->ru_stime.tv_usec / 1e6;
}

/* Ramp, hold, freeze, drain, judged. */
static void load(struct hunt *hunt, struct step *step) {
    struct rusage before;
    getrusage(RUSAGE_SELF, &before);
    int error = session_run(&step->record, &step->plan, hunt->soak->signals_fd, NULL, NULL);
    if (error < 0) {
        findings_add(&step->judgement.findings, "workers", SIDE_TESTER, FINDING_FAIL,
                     "no worker could be started: %s", strerror(-error));
        step->judgement.verdict = VERDICT_UNFIT;
        step->judgement.exit_code = EXIT_UNFIT;
        return;
    }
    subtract_own(&step->record, &before);
    step->ran = true;
    judge_run(&step->judgement, &step->plan, &step->record);
    hunt->interrupted |= step->record.stopped;
}

/* The report is of the largest that held; as long as none did, of the least that gave. */
static bool is_better(const struct hunt *hunt, const struct step *step) {
    const struct step *best = hunt->best;
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
static bool ends_all(const struct step *step) {
    return step->judgement.exit_code == EXIT_BUG || step->judgement.exit_code == EXIT_SECOND;
}

/* Notes it, says it, and keeps it or lets it go. */
static void take_step(struct hunt *hunt, struct step *step) {
    struct capacity *capacity = &hunt->capacity;
    const struct record *record = step->ran ? &step->record : NULL;
    if (!capacity_add(capacity, &step->plan, &step->judgement, record))
        hunt->failed = true;
    else if (!hunt->soak->options.quiet)
        report_capacity_step(voice(), &capacity->steps[capacity->count - 1]);
    hunt->failed |= ends_all(step);
    if (!ends_all(step) && !is_better(hunt, step)) {
        free_step(step);
        return;
    }
    free_step(hunt->best);
    hunt->best = step;
}

/* --- the search --- */

static enum preflight_scope scope_of(const struct soak *soak) {
    return soak->options.no_check ? PREFLIGHT_NONE : PREFLIGHT_ALL;
}

/* Where no connection ever opened there is no capacity to speak of. */
static bool has_no_target(const struct hunt *hunt) {
    return hunt->capacity.count == 1 && capacity_gone(&hunt->capacity) != NULL;
}

static void search_on(struct hunt *hunt) {
    struct soak *soak = hunt->soak;
    for (uint64_t next; !hunt->interrupted && !hunt->failed &&
                        capacity_gone(&hunt->capacity) == NULL &&
                        (next = search_next(&hunt->capacity.search)) != 0;) {
        if (!settle_wait(&hunt->first, soak->signals_fd, hunt->active_before)) {
            hunt->interrupted = true;
            break;
        }
        struct step *step = make_step(hunt, (uint32_t)next);
        if (step == NULL) {
            hunt->failed = true;
            break;
        }
        inherit(step, hunt);
        if (preflight_local(&step->judgement, &step->plan, scope_of(soak)))
            load(hunt, step);
        take_step(hunt, step);
    }
}

static void draw_summary(FILE *out, struct style style, const struct soak *soak,
                         const struct record *record) {
    (void)record;
    report_capacity(out, style, &soak->plan, &soak->judgement);
}

static int finish(struct hunt *hunt) {
    struct soak *soak = hunt->soak;
    struct step *best = hunt->best;
    soak->plan = best->plan;
    soak->judgement = best->judgement;
    if (has_no_target(hunt))
        return soak_report(soak, &best->record, true);
    capacity_conclude(&hunt->capacity, hunt->interrupted, &soak->judgement);
    soak->judgement.capacity = &hunt->capacity;
    bool printed = soak_print(soak, "summary", draw_summary, NULL);
    int exit_code = soak_report(soak, best->ran ? &best->record : NULL, false);
    return !printed && exit_code == 0 ? EXIT_INCONCLUSIVE : exit_code;
}

/* The first step's preflight is the whole one, with the one request. */
static int begin_search(struct hunt *hunt, struct step *step) {
    struct soak *soak = hunt->soak;
    bool may_run = preflight_make(&step->judgement, &step->plan, scope_of(soak), soak->signals_fd);
    soak_say_sheet(soak, &step->plan, &step->judgement.findings);
    hunt->first = step->plan;
    hunt->target = step->judgement.target;
    if (!may_run) {
        soak->plan = step->plan;
        soak->judgement = step->judgement;
        int exit_code = soak_misused(soak) ? EXIT_USAGE : soak_report(soak, NULL, true);
        free_step(step);
        return exit_code;
    }
    hunt->active_before = settle_active(&hunt->first, soak->signals_fd);
    load(hunt, step);
    take_step(hunt, step);
    search_on(hunt);
    return finish(hunt);
}

static int capacity(struct soak *soak) {
    struct hunt *hunt = calloc(1, sizeof *hunt);
    int exit_code = EXIT_USAGE;
    if (hunt == NULL)
        return EXIT_UNFIT;
    hunt->soak = soak;
    if (set_search(hunt, &soak->options)) {
        struct step *step = make_step(hunt, (uint32_t)hunt->capacity.search.first);
        exit_code = step != NULL ? begin_search(hunt, step) : EXIT_USAGE;
    }
    free_step(hunt->best);
    capacity_free(&hunt->capacity);
    free(hunt);
    return exit_code;
}

int command_capacity(int argc, char **argv) {
    return soak_command(COMMAND_CAPACITY, argc, argv, capacity);
}
