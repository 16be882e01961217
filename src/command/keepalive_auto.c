/* -k auto: a probe of the idle timeout alone, before the plan. */
#include "command/keepalive_auto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "command/probe_view.h"
#include "judge/human.h"
#include "judge/probe/probe_conclude.h"
#include "report/format/log.h"
#include "run/preflight.h"
#include "run/probe_run.h"

static const duration BOUND = 90 * SECOND, UNKNOWN = 60 * SECOND;
enum { CONNECTIONS = 12 };

struct keepalive_auto {
    struct judgement judgement; /* of the names alone */
    struct setup setup;
    struct probe_result result;
    struct probe_facts facts;
    bool interrupted;
};

/* Of several addresses the first that answers. */
static void ask(struct keepalive_auto *found, const struct soak *soak) {
    struct probe_view view;
    probe_view_begin(&view, &soak->options, BOUND);
    const struct probe_asked asked = {.scope = PROBE_SCOPE_IDLE,
                                      .bound = BOUND,
                                      .connections = CONNECTIONS,
                                      .watch = &view.watch};
    struct setup *setup = &found->setup;
    for (size_t i = 0; i < setup->address_count; i++) {
        setup->addresses[0] = setup->addresses[i];
        int error = probe_run(&found->result, &found->facts, &found->interrupted, &soak->plan,
                              setup, &asked, soak->signals_fd);
        if (error < 0 || found->interrupted || !found->facts.gone)
            break;
    }
    probe_view_end(&view);
}

static void tell(struct soak *soak, const struct keepalive_auto *found) {
    const struct probe_value *idle = &found->result.values[PROBE_IDLE_TIMEOUT];
    duration told = found->interrupted ? 0 : probe_keepalive(idle, BOUND);
    soak->options.keepalive = told >= 100 * MILLISECOND ? told : UNKNOWN;
    struct finding *finding;
    if (soak->options.keepalive != told)
        finding =
            findings_add(&soak->judgement.findings, FINDING_keep_alive_probed, FINDING_WARN,
                         "-k auto: %s: taken as -k %s",
                         found->interrupted ? "interrupted" : "the idle timeout could not be told",
                         HUMAN_OPTION(UNKNOWN));
    else
        finding = findings_add(&soak->judgement.findings, FINDING_keep_alive_probed, FINDING_OK,
                               "-k auto: the idle timeout is %s%s%s: taken as -k %s",
                               idle->status == PROBE_AT_LEAST   ? "at least "
                               : idle->status == PROBE_JITTERED ? "scattered from "
                                                                : "",
                               HUMAN_DURATION((duration)(idle->value * 1e9)),
                               idle->status == PROBE_JITTERED ? " on" : "", HUMAN_OPTION(told));
    finding->have = soak->options.keepalive / MILLISECOND;
    if (!soak->options.quiet)
        fprintf(log_stream(), "holdfast: %s\n", finding->text);
}

static bool plan_anew(struct soak *soak, const struct host *host) {
    char error[PLAN_ERROR_MAX];
    soak->options.seed = soak->plan.seed;
    bool given = soak->options.given.seed;
    soak->options.given.seed = true;
    bool made = plan_make(&soak->plan, &soak->options, host, error);
    soak->options.given.seed = given;
    if (!made)
        fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: %s\n", error);
    return made;
}

bool keepalive_auto(struct soak *soak, const struct host *host) {
    if (soak->options.keepalive != 0)
        return true;
    struct keepalive_auto *found = calloc(1, sizeof *found);
    if (found == NULL) {
        fputs("holdfast: -k auto: out of memory\n", log_at(LOG_LEVEL_ERROR));
        return false;
    }
    found->judgement.setup = &found->setup;
    found->setup.tls = soak->setup.tls;
    probe_judge(&found->result, &(struct probe_evidence){.count = 0});
    soak->options.keepalive = UNKNOWN;
    bool made = plan_anew(soak, host);
    if (made && preflight_make(&found->judgement, &soak->plan, &found->setup, PREFLIGHT_NONE,
                               soak->signals_fd))
        ask(found, soak);
    found->interrupted |= found->judgement.exit_code == EXIT_INCONCLUSIVE;
    tell(soak, found);
    soak->setup.interrupted = found->interrupted;
    setup_free(&found->setup);
    free(found);
    return made && plan_anew(soak, host);
}
