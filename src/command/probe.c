/* holdfast probe: a server's keep-alive policy, asked on purpose. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/exit_code.h"
#include "base/interrupt.h"
#include "command/command.h"
#include "command/probe_view.h"
#include "command/soak.h"
#include "judge/probe/probe_conclude.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/export/json_probe.h"
#include "report/format/log.h"
#include "report/terminal/preflight_table.h"
#include "report/terminal/probe.h"
#include "run/preflight.h"
#include "run/probe_run.h"

/* The plan's preflight request. */
enum { SPENT = 1, CONNECTIONS_LEAST = 4 };

static void draw_sheet(FILE *out, struct style style, const struct soak *soak,
                       const struct record *record) {
    const struct judgement *judgement = &soak->judgement;
    (void)record;
    report_probe(out, style, &soak->plan, soak->probe,
                 judgement->reason_count > 0 ? judgement->reasons[0] : "nothing was asked");
}

static bool write_json(struct soak *soak) {
    struct outputs *outputs = &soak->outputs;
    struct report_file *file = &outputs->files[OUTPUT_JSON];
    if (!outputs->open[OUTPUT_JSON])
        return true;
    outputs->open[OUTPUT_JSON] = false;
    mode_t before = outputs_mask(outputs);
    int error = report_probe_json(file->text.out, &soak->plan, &soak->setup, soak->probe,
                                  &soak->judgement.findings);
    bool written = output_finish(file, OUTPUT_JSON, outputs->program_name, error, outputs->timeout);
    umask(before);
    return written;
}

/* No reader is waited for any more. */
static bool is_interrupted_again(const struct probe_report *report) {
    return report->interrupted && interrupt_is_pending();
}

static int finish(struct soak *soak) {
    struct probe_report *report = soak->probe;
    probe_conclude(report);
    if (is_interrupted_again(report))
        report->exit_code = EXIT_SECOND_SIGNAL;
    bool written = write_json(soak);
    written &= soak_print(soak, "result", draw_sheet, NULL);
    int exit_code = is_interrupted_again(report) ? EXIT_SECOND_SIGNAL : report->exit_code;
    return !written && exit_code == EXIT_HELD ? EXIT_INCONCLUSIVE : exit_code;
}

static void ask(struct soak *soak, struct probe_report *report) {
    struct probe_view view;
    probe_view_begin(&view, &soak->options, report->bound);
    const struct probe_asked asked = {
        .scope = report->gentle ? PROBE_SCOPE_GENTLE : PROBE_SCOPE_ALL,
        .bound = report->bound,
        .connections = report->connections,
        .spent = SPENT,
        .watch = &view.watch,
    };
    report->error = probe_run(&report->result, &report->facts, &report->interrupted, &soak->plan,
                              &soak->setup, &asked, soak->signals_fd);
    probe_view_end(&view);
    report->asked = report->error == 0;
    if (report->asked)
        return;
    report->exit_code = EXIT_UNFIT;
    judgement_reason(&soak->judgement, "the door to the network broke: %s",
                     strerror(-report->error));
}

/* What the preflight found tells why, in its table. */
static void print_why(const struct soak *soak) {
    if (!findings_any(&soak->judgement.findings, FINDING_FAIL))
        return;
    preflight_table_print(log_stream(), style_for(2, soak->options.color), &soak->plan,
                          &soak->judgement.findings, true);
}

static int probe(struct soak *soak) {
    struct probe_report *report = soak->probe = calloc(1, sizeof *report);
    const struct options *options = &soak->options;
    if (report == NULL) {
        fputs("holdfast: out of memory\n", log_at(LOG_LEVEL_ERROR));
        return EXIT_UNFIT;
    }
    clock_gettime(CLOCK_REALTIME, &report->started_at);
    report->target = &soak->judgement.target;
    report->bound = options->for_;
    report->gentle = options->gentle;
    report->connections = soak->plan.connections;
    probe_judge(&report->result, &(struct probe_evidence){.count = 0});
    bool may_ask = preflight_make(&soak->judgement, &soak->plan, &soak->setup, PREFLIGHT_ALL,
                                  soak->signals_fd);
    report->exit_code = soak->judgement.exit_code;
    report->interrupted = report->exit_code == EXIT_INCONCLUSIVE;
    if (may_ask) {
        soak_note_engine(&soak->setup);
        ask(soak, report);
    } else {
        print_why(soak);
    }
    int exit_code = finish(soak);
    free(report);
    return exit_code;
}

static int carry_out(struct soak *soak) {
    if (soak->plan.connections >= CONNECTIONS_LEAST)
        return probe(soak);
    fprintf(log_at(LOG_LEVEL_ERROR),
            "holdfast: --connections: %" PRIu32 " is out of bounds: at least %d are accepted\n",
            soak->plan.connections, CONNECTIONS_LEAST);
    return EXIT_USAGE;
}

int command_probe(int argc, char **argv) {
    if (argc != 2 || strcmp(argv[1], "--schema") != 0)
        return soak_command(COMMAND_PROBE, argc, argv, carry_out);
    report_probe_schema(stdout);
    return soak_flush_answer();
}
