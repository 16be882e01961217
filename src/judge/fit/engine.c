/* What carries the connections: whether it can be had, and as many rings as the plan has workers.
 */
#include <errno.h>
#include <stdio.h>

#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"
#include "stats/outcome.h"

static void advise(struct finding *finding, const struct engine_refusal *refusal) {
    for (size_t i = 0; i < ENGINE_REMEDIES_MAX && refusal->remedies[i][0] != '\0'; i++)
        finding_do(finding, "%s", refusal->remedies[i]);
}

static void judge_refusal(struct findings *findings, const struct engine_choice *choice) {
    struct finding *finding =
        findings_add(findings, FINDING_io_uring, FINDING_FAIL, "%s", choice->refusal.reason);
    advise(finding, &choice->refusal);
    finding_do(finding, "--engine auto   (epoll carries the run)");
}

/* Where rings are charged to RLIMIT_MEMLOCK it is the user's, for all processes together. */
static void judge_rings_short(struct findings *findings, const struct plan *plan,
                              const struct engine_choice *choice) {
    int64_t limit = plan->host.memlock_bytes;
    struct finding *finding = findings_add(
        findings, FINDING_io_uring, FINDING_FAIL,
        "%s workers need a ring each; %s can be made: the locked-memory limit is too small "
        "(RLIMIT_MEMLOCK %s): the others could not start",
        HUMAN_COUNT(plan->workers), HUMAN_COUNT(choice->rings_made),
        limit < 0 ? "unknown" : HUMAN_BYTES(limit));
    finding->asked = finding->need = plan->workers;
    finding->have = choice->rings_made;
    if (plan->workers_needed > 0 && plan->workers_needed <= choice->rings_made)
        finding_do(finding, "--workers %u", (unsigned)plan->workers_needed);
    advise(finding, &choice->refusal);
    finding_do(finding, "--engine auto   (epoll carries the run)");
}

/* A share of the kernel's memory, of all processes of a user together. */
static bool judge_watches(struct findings *findings, const struct plan *plan,
                          const struct engine_choice *choice) {
    if (choice->epoll_watches < 0 || plan->connections <= choice->epoll_watches)
        return true;
    struct finding *finding = findings_add(
        findings, FINDING_io_uring, FINDING_FAIL,
        "epoll is to carry the run, and fs.epoll.max_user_watches is %s: the other %s connections "
        "would end as no_memory",
        HUMAN_COUNT(choice->epoll_watches),
        HUMAN_COUNT((int64_t)plan->connections - choice->epoll_watches));
    finding->asked = finding->need = plan->connections;
    finding->have = choice->epoll_watches;
    finding_do(finding, "sysctl -w fs.epoll.max_user_watches=%u", (unsigned)plan->connections);
    return false;
}

static void judge_epoll(struct findings *findings, const struct plan *plan,
                        const struct engine_choice *choice) {
    if (!judge_watches(findings, plan, choice))
        return;
    if (choice->asked == ENGINE_EPOLL) {
        findings_add(findings, FINDING_io_uring, FINDING_OK,
                     "not used: --engine epoll was asked for");
        return;
    }
    struct finding *finding =
        findings_add(findings, FINDING_io_uring, FINDING_WARN, "%s; epoll carries the run instead",
                     choice->refusal.reason);
    advise(finding, &choice->refusal);
}

/* A search was tried for the most that it may come to. */
static bool is_short_of_rings(const struct plan *plan, const struct engine_choice *choice) {
    return choice->rings_made > 0 && choice->rings_made < plan->workers;
}

void judge_engine(struct findings *findings, const struct plan *plan, const struct setup *setup,
                  const struct preflight_facts *facts) {
    const struct engine_choice *choice = &setup->choice;
    if (choice->refusal.error == -EAGAIN) /* of fork(2): io_uring_setup(2) never says so */
        findings_add(findings, FINDING_io_uring, FINDING_UNKNOWN,
                     "could not tell: no process could be started to try a ring");
    else if (facts->door_error < 0 && choice->refusal.error == 0)
        findings_add(findings, FINDING_io_uring, FINDING_FAIL, "the preflight has no %s (%s)",
                     choice->engine == ENGINE_EPOLL ? "epoll descriptor" : "ring",
                     outcome_errno_name(-facts->door_error));
    else if (choice->engine == ENGINE_EPOLL)
        judge_epoll(findings, plan, choice);
    else if (choice->refusal.error < 0 && is_short_of_rings(plan, choice))
        judge_rings_short(findings, plan, choice);
    else if (choice->refusal.error < 0 && choice->rings_made == 0)
        judge_refusal(findings, choice);
    else
        findings_add(findings, FINDING_io_uring, FINDING_OK, "%s",
                     choice->refusal.error == 0 ? choice->refusal.reason
                                                : "as many rings as workers can be made");
}
