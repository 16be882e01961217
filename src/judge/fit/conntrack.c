/* Connection tracking: whether it tracks this path, and whether its table holds the plan. */
#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"

void judge_conntrack(struct findings *findings, const struct plan *plan,
                     const struct preflight_facts *facts) {
    int64_t before = facts->conntrack_before, with = facts->conntrack_with;
    int64_t max = plan->host.conntrack_max;
    if (max < 0 && before < 0 && local_sees_network(&plan->host)) {
        findings_add(findings, FINDING_conntrack, FINDING_OK, "not loaded");
        return;
    }
    if (max < 0 || before < 0 || with < 0) {
        findings_add(findings, FINDING_conntrack, FINDING_UNKNOWN,
                     "could not tell: nf_conntrack_max or nf_conntrack_count could not be read");
        return;
    }
    /* Tracked, our connection is one of them; the count of a busy host also moves without it. */
    if (with == 0 || with <= before) {
        findings_add(findings, FINDING_conntrack, FINDING_OK,
                     "does not track this path (%s of %s in use)", HUMAN_COUNT(with),
                     HUMAN_COUNT(max));
        return;
    }
    int64_t have = max > before ? max - before : 0;
    bool fits = plan->connections <= have;
    struct finding *finding = findings_add(
        findings, FINDING_conntrack, fits ? FINDING_OK : FINDING_WARN,
        "tracks this path, it seems: asked %s; have %s (nf_conntrack_max %s, %s in use)%s",
        HUMAN_COUNT(plan->connections), HUMAN_COUNT(have), HUMAN_COUNT(max), HUMAN_COUNT(before),
        fits ? "" : ": a full table drops SYNs without a word");
    finding->asked = finding->need = plan->connections;
    finding->have = have;
    if (!fits) {
        finding_do(finding, "sysctl -w net.netfilter.nf_conntrack_max=%lld",
                   (long long)(before + plan->connections + plan->connections / 4));
        finding_do(finding, "a rule that leaves this path untracked   (nft: notrack)");
    }
}
