/* Whether io_uring can be had, and as many rings as the plan has workers. */
#include <errno.h>
#include <stdio.h>

#include "judge/local.h"
#include "judge/words.h"
#include "stats/outcome.h"

struct refusal_words {
    const char *text;
    const char *todo[2];
};

static const struct refusal_words refusals[] = {
    [NET_DISABLED] = {"disabled system-wide", {"sysctl -w kernel.io_uring_disabled=0"}},
    [NET_RESTRICTED] = {"restricted to root or to a group that this user is not in",
                        {"sysctl -w kernel.io_uring_group=$(id -g)   (of this user)",
                         "sysctl -w kernel.io_uring_disabled=0"}},
    [NET_FILTERED] = {"blocked by a seccomp filter (Docker's default profile blocks io_uring since "
                      "25.0)",
                      {"docker run --security-opt seccomp=PROFILE.json   (one that allows "
                       "io_uring_setup, io_uring_enter and io_uring_register)",
                       "docker run --security-opt seccomp=unconfined   (no filter at all)"}},
    [NET_DENIED] = {"denied by a security module",
                    {"journalctl -k | grep -i denied   (SELinux: ausearch -m avc)"}},
    [NET_ABSENT] = {"this kernel was built without io_uring",
                    {"a kernel of 6.1 or later with CONFIG_IO_URING=y"}},
    [NET_NO_MEMORY] = {"the locked-memory limit is too small for a ring",
                       {"ulimit -l unlimited, LimitMEMLOCK=infinity or --ulimit memlock=-1"}},
    [NET_NO_FILES] = {"no descriptor was left for a ring",
                      {"raise the limit: ulimit -n, LimitNOFILE= or --ulimit nofile; sysctl "
                       "fs.file-max"}},
    [NET_TOO_OLD] = {"this kernel's io_uring lacks what is needed", {"a kernel of 6.1 or later"}},
    [NET_OTHER] = {"a ring could not be made", {"journalctl -k   (the kernel's own messages)"}},
};

/* What the refusal rests on. */
static void ring_evidence(char *text, size_t size, const struct plan *plan,
                          const struct preflight_facts *facts) {
    const struct host *host = &plan->host;
    int error = facts->ring_error < 0 ? -facts->ring_error : facts->ring_error;
    switch (facts->ring_refusal) {
    case NET_DISABLED: snprintf(text, size, "kernel.io_uring_disabled=2"); break;
    case NET_RESTRICTED:
        snprintf(text, size, "kernel.io_uring_disabled=1, kernel.io_uring_group=%s",
                 host->io_uring_group[0] != '\0' ? host->io_uring_group : "?");
        break;
    case NET_NO_MEMORY:
        snprintf(text, size, "RLIMIT_MEMLOCK %s",
                 host->memlock_bytes < 0 ? "unknown" : WORDS_BYTES(host->memlock_bytes));
        break;
    case NET_ABSENT:
    case NET_TOO_OLD: snprintf(text, size, "kernel %s", host->kernel); break;
    default: snprintf(text, size, "%s", errno_name(error)); break;
    }
}

/* Where rings are charged to RLIMIT_MEMLOCK it is the user's, for all processes together. */
static void judge_rings_short(struct findings *findings, const struct plan *plan,
                              const struct preflight_facts *facts) {
    int64_t limit = plan->host.memlock_bytes;
    struct finding *finding = findings_add(
        findings, "io_uring", SIDE_TESTER, FINDING_FAIL,
        "%s workers need a ring each; %s can be made: the locked-memory limit is too small "
        "(RLIMIT_MEMLOCK %s): the others could not start",
        WORDS_COUNT(plan->workers), WORDS_COUNT(facts->rings_made),
        limit < 0 ? "unknown" : WORDS_BYTES(limit));
    finding->asked = finding->need = plan->workers;
    finding->have = facts->rings_made;
    if (plan->workers_needed > 0 && plan->workers_needed <= facts->rings_made)
        finding_do(finding, "--workers %u", (unsigned)plan->workers_needed);
    finding_do(finding, "%s", refusals[NET_NO_MEMORY].todo[0]);
}

void judge_ring(struct findings *findings, const struct plan *plan,
                const struct preflight_facts *facts) {
    if (facts->ring_error == 0 && facts->rings_made < facts->rings_tried) {
        judge_rings_short(findings, plan, facts);
        return;
    }
    if (facts->ring_error == 0) {
        findings_add(findings, "io_uring", SIDE_TESTER, FINDING_OK, "kernel %s, %s, not filtered",
                     plan->host.kernel,
                     plan->host.io_uring_disabled > 0 ? "allowed to this user" : "not disabled");
        return;
    }
    if (facts->ring_error == -EAGAIN) { /* of fork(2): io_uring_setup(2) never says so */
        findings_add(findings, "io_uring", SIDE_TESTER, FINDING_UNKNOWN,
                     "could not tell: no process could be started to try a ring");
        return;
    }
    char evidence[160];
    enum net_refusal refusal = facts->ring_refusal == NET_OK ? NET_OTHER : facts->ring_refusal;
    const struct refusal_words *words = &refusals[refusal];
    ring_evidence(evidence, sizeof evidence, plan, facts);
    struct finding *finding = findings_add(findings, "io_uring", SIDE_TESTER, FINDING_FAIL,
                                           "%s (%s)", words->text, evidence);
    if (refusal == NET_NO_MEMORY && plan->host.memlock_bytes >= 0)
        finding->have = plan->host.memlock_bytes;
    for (size_t i = 0; i < 2 && words->todo[i] != NULL; i++)
        finding_do(finding, "%s", words->todo[i]);
}
