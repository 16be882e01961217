/* What the preflight's TLS handshake showed: version, cipher, certificate, and whether that
 * outlasts the run. */
#include <math.h>
#include <stdio.h>

#include "judge/fit/fit.h"
#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"
#include "options/options.h"
#include "plan/plan.h"

/* How long before the planned end the certificate expires; 0: it does not, or nobody knows when the
 * end is. */
static duration ends_early(const struct plan *plan, const struct preflight_facts *facts) {
    if (plan->hold == 0 || facts->target.tls.not_after == 0)
        return 0;
    duration planned = ramp_length(&plan->ramp) + plan->hold;
    int64_t left_s = facts->target.tls.not_after - facts->wall_seconds;
    return left_s < planned / SECOND ? planned - left_s * SECOND : 0;
}

static void describe_trust(char *text, size_t size, const struct plan *plan,
                           const struct tls_peer *peer) {
    const char *by = plan->options->cacert;
    if (!peer->verified)
        snprintf(text, size, "not verified (--insecure): %s", peer->unverified);
    else
        snprintf(text, size, "verified by %.60s", by != NULL ? by : "this machine's certificates");
}

void judge_tls(struct findings *findings, const struct plan *plan,
               const struct preflight_facts *facts) {
    const struct tls_peer *peer = &facts->target.tls;
    if (peer->version[0] == '\0')
        return;
    char trust[180];
    describe_trust(trust, sizeof trust, plan, peer);
    duration early = ends_early(plan, facts);
    bool warns = early > 0 || !peer->verified;
    struct finding *finding =
        findings_add(findings, FINDING_tls, warns ? FINDING_WARN : FINDING_OK,
                     "%s %s%s%s, certificate of %.80s (%s) until %s, %s%s", peer->version,
                     peer->cipher, peer->group[0] != '\0' ? " " : "", peer->group, peer->names,
                     peer->key, HUMAN_DATE(peer->not_after), trust,
                     peer->detached ? "" : "; a connection keeps about 20 KiB of OpenSSL's");
    if (early > 0)
        finding_do(finding,
                   "a newer certificate: it ends %s before the planned end; from then on new "
                   "connections fail, and those that are up do not notice",
                   HUMAN_DURATION(early));
    if (!peer->verified)
        finding_do(finding, "--cacert FILE   (the certificate that signed the server's)");
}
