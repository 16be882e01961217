/* holdfast run: ramp, hold, report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "command/command.h"
#include "command/soak.h"
#include "hosts/leader.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "run/preflight.h"
#include "run/session.h"

static const char *remedy_of(const struct soak *soak, int error) {
    if (error == -EPERM || error == -EACCES || error == -ENOSYS)
        return "a filter of system calls forbids what a worker needs (pidfd_open, eventfd2): a "
               "container's seccomp profile, or a kernel before 5.3";
    return soak->options.no_check ? "the same without --no-check: the preflight names what is short"
                                  : "ulimit -a   (processes, open files, memory of this user)";
}

static int no_load(struct soak *soak, int error) {
    soak->judgement.verdict = VERDICT_UNFIT;
    soak->judgement.exit_code = EXIT_UNFIT;
    snprintf(soak->judgement.reasons[0], sizeof soak->judgement.reasons[0],
             "no worker could be started: %s", strerror(-error));
    soak->judgement.reason_count = 1;
    struct finding *finding = findings_add(&soak->judgement.findings, FINDING_workers, FINDING_FAIL,
                                           "no worker could be started: %s", strerror(-error));
    finding_do(finding, "%s", remedy_of(soak, error));
    return soak_report(soak, NULL, true);
}

static int carry_out(struct soak *soak) {
    struct record *record = calloc(1, sizeof *record);
    if (record == NULL)
        return no_load(soak, -ENOMEM);
    int error = session_run(record, &soak->plan, &soak->setup, soak->signals_fd,
                            soak_timeline(soak), soak->scrape);
    int exit_code;
    if (error < 0) {
        exit_code = no_load(soak, error);
    } else {
        judge_run(&soak->judgement, &soak->plan, record);
        exit_code = soak_report(soak, record, true);
    }
    session_free_record(record);
    free(record);
    return exit_code;
}

/* What was found before there were parts, of which none knows: of the server, and of a probe. */
static void keep_found(struct findings *to, const struct findings *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct finding *found = &from->items[i];
        *findings_add_named(to, found->name, found->side, found->status, "%s", found->text) =
            *found;
    }
}

static int report_whole(struct soak *soak, struct saved *whole, size_t found) {
    keep_found(&whole->judgement.findings, &soak->judgement.findings, found);
    soak->plan = whole->plan;
    soak->judgement = whole->judgement;
    int exit_code = soak_report(soak, whole->record, true);
    saved_free(whole);
    return exit_code;
}

/* The whole, as if one process had held it. */
static int run_on_hosts(struct soak *soak) {
    struct judgement *judgement = &soak->judgement;
    enum preflight_scope scope = soak->options.no_check ? PREFLIGHT_NONE : PREFLIGHT_ALL;
    if (!preflight_observed(judgement, &soak->plan, &soak->setup, scope, soak->signals_fd)) {
        if (soak_misused(soak))
            return EXIT_USAGE;
        soak_print_preflight(soak, &soak->plan, &judgement->findings);
        return soak_report(soak, NULL, true);
    }
    size_t found = judgement->findings.count;
    struct saved *whole = leader_run(judgement, &soak->plan, &soak->setup, soak->signals_fd,
                                     soak_timeline(soak), soak->scrape);
    return whole == NULL ? soak_report(soak, NULL, true) : report_whole(soak, whole, found);
}

static int run(struct soak *soak) {
    if (soak->options.hosts != NULL && !soak->setup.interrupted)
        return run_on_hosts(soak);
    enum preflight_scope scope = soak->options.no_check ? PREFLIGHT_NONE : PREFLIGHT_ALL;
    bool may_run =
        preflight_make(&soak->judgement, &soak->plan, &soak->setup, scope, soak->signals_fd);
    if (soak_misused(soak))
        return EXIT_USAGE;
    soak_print_preflight(soak, &soak->plan, &soak->judgement.findings);
    if (!may_run)
        return soak_report(soak, NULL, true);
    soak_note_engine(&soak->setup);
    return carry_out(soak);
}

int command_run(int argc, char **argv) {
    return soak_command(COMMAND_RUN, argc, argv, run);
}
