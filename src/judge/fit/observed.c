/* The server's log and process, which are observed beside the run: are they there? */
#include "judge/fit/fit.h"
#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"

static void judge_foreign(struct findings *findings, const struct plan *plan,
                          const struct setup *setup, const struct preflight_facts *facts) {
    const struct host_port_owner *listener = &facts->listener;
    char where[ADDRESS_TEXT_MAX], who[160] = "another process does";
    if (listener->pid > 0)
        snprintf(who, sizeof who, "process %d (%s) does", listener->pid, listener->name);
    struct finding *finding = findings_add_of(
        findings, FINDING_server_pid, SIDE_US, FINDING_WARN,
        "process %lld (%s) does not listen on %s, %s: none of its figures is taken for the "
        "server's",
        (long long)plan->options->server_pid, facts->process_name,
        address_format(&setup->addresses[0], where, sizeof where), who);
    if (listener->pid > 0)
        finding_do(finding, "--server-pid %d", listener->pid);
    else
        finding_do(finding, "ss -ltnp   (as root: which process listens there)");
}

void judge_observed(struct findings *findings, const struct plan *plan, const struct setup *setup,
                    const struct preflight_facts *facts) {
    const struct options *options = plan->options;
    if (facts->log_error[0] != '\0') {
        findings_add_of(findings, FINDING_server_log, SIDE_US, FINDING_FAIL, "%s",
                        facts->log_error);
    } else if (options->server_log != NULL) {
        findings_add(findings, FINDING_server_log, FINDING_OK, "%s, %s: followed from its end",
                     options->server_log, HUMAN_BYTES(facts->log_bytes));
    }
    if (facts->process_error[0] != '\0') {
        struct finding *finding = findings_add_of(findings, FINDING_server_pid, SIDE_US,
                                                  FINDING_FAIL, "%s", facts->process_error);
        finding_do(finding, "pgrep -o NAME   (the oldest process of that name)");
    } else if (options->given.server_pid && facts->process_foreign) {
        judge_foreign(findings, plan, setup, facts);
    } else if (options->given.server_pid) {
        findings_add(findings, FINDING_server_pid, FINDING_OK, "%s, %s process%s",
                     facts->process_name, HUMAN_COUNT(facts->processes),
                     facts->processes == 1 ? "" : "es");
    }
    judge_server_limits(findings, plan, facts);
}
