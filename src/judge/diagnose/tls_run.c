/* The certificate, resumption and ends of TLS connections, as a run met them. */
#include "judge/diagnose/tls_run.h"

#include <stdio.h>

#include "judge/human.h"
#include "judge/server_kind.h"

/* ---- The certificate ---- */

struct tls_run_text {
    char text[320];
};

/* ", 3.2 s into it, from NAME until DATE to NAME until DATE"; "" where it is not known. */
static struct tls_run_text describe_change(const struct record *record) {
    const struct tally_certificate_change *change = &record->total.counts.tls_change;
    struct tls_run_text out = {""};
    if (change->at_ns != 0)
        snprintf(out.text, sizeof out.text,
                 ", %.1f s into it, from %.80s until %s to %.80s until %s",
                 record->certificate_changed_seconds, change->before.subject,
                 HUMAN_DATE(change->before.not_after), change->after.subject,
                 HUMAN_DATE(change->after.not_after));
    return out;
}

/* ", and 3 the first again within seconds of that", as a server does whose former processes still
 * accept. */
static struct tls_run_text describe_again(const struct tally_counts *counts) {
    struct tls_run_text out = {""};
    if (counts->tls_first_certificate_again > 0)
        snprintf(out.text, sizeof out.text, ", and %s the first again within seconds of that",
                 HUMAN_COUNT(counts->tls_first_certificate_again));
    return out;
}

static struct finding *find_renewal(struct findings *findings, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    struct finding *finding =
        findings_add(findings, FINDING_certificate_changed, FINDING_WARN,
                     "the target's certificate changed during the run%s: %s of %s full handshakes "
                     "showed another one than the first%s",
                     describe_change(record).text, HUMAN_COUNT(counts->tls_other_certificates),
                     HUMAN_COUNT(counts->tls_full), describe_again(counts).text);
    finding_do(finding,
               "nothing where it was renewed: connections that were up go on under the old "
               "one until they end");
    return finding;
}

static struct finding *find_several(struct findings *findings, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    struct finding *finding = findings_add(
        findings, FINDING_certificate_changed, FINDING_WARN,
        "the target shows more than one certificate: %s full handshakes showed another "
        "one than the first, and %s the first again",
        HUMAN_COUNT(counts->tls_other_certificates),
        HUMAN_COUNT(counts->tls_first_certificate_again));
    finding_do(finding,
               "the same certificate on all servers behind the address, where one is meant");
    return finding;
}

/* Both within seconds, and neither later. */
static struct finding *find_two(struct findings *findings, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    struct finding *finding =
        findings_add(findings, FINDING_certificate_changed, FINDING_WARN,
                     "the target showed two certificates within seconds: %s full handshakes showed "
                     "another one than the first, and %s the first again; no handshake came "
                     "later, so a renewal and several servers cannot be told apart",
                     HUMAN_COUNT(counts->tls_other_certificates),
                     HUMAN_COUNT(counts->tls_first_certificate_again));
    finding_do(finding, "nothing where it was renewed; else the same certificate on all servers "
                        "behind the address");
    return finding;
}

/* The first is the preflight's, and no connection of the run met it. */
static struct finding *find_before(struct findings *findings, const struct record *record) {
    const struct tally_certificate_change *change = &record->total.counts.tls_change;
    char met[160] = "";
    if (change->at_ns != 0)
        snprintf(met, sizeof met, " (%.60s until %s)", change->before.subject,
                 HUMAN_DATE(change->before.not_after));
    struct finding *finding = findings_add(
        findings, FINDING_certificate_changed, FINDING_WARN,
        "the preflight met a certificate%s that no full handshake of the run showed again: each of "
        "%s showed another one",
        met, HUMAN_COUNT(record->total.counts.tls_full));
    finding_do(finding, "nothing where it was renewed; else the same certificate on all servers "
                        "behind the address");
    return finding;
}

static void find_certificate(struct findings *findings, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    struct finding *finding;
    if (counts->tls_other_certificates == 0)
        return;
    bool in_the_run = counts->tls_other_certificates < counts->tls_full;
    if (!in_the_run)
        finding = find_before(findings, record);
    else if (counts->tls_first_certificate_later > 0)
        finding = find_several(findings, record);
    else if (counts->tls_first_certificate_again == 0 || counts->tls_other_certificates_later > 0)
        finding = find_renewal(findings, record);
    else
        finding = find_two(findings, record);
    finding->have = (int64_t)counts->tls_other_certificates;
    if (in_the_run && record->certificate_changed_seconds > 0)
        finding->since_seconds = record->certificate_changed_seconds;
}

/* ---- Resumption ---- */

static void find_refusals(struct findings *findings, const struct record *record,
                          enum server_kind kind) {
    const struct tally_counts *counts = &record->total.counts;
    uint64_t refused = counts->tls_resumptions_refused, asked = refused + counts->tls_resumed;
    if (refused == 0)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_resumption_refused, FINDING_WARN,
        "asked to resume %s time%s: the server resumed %s, and made %s full handshake%s "
        "instead",
        HUMAN_COUNT(asked), human_plural(asked), HUMAN_COUNT(counts->tls_resumed),
        HUMAN_COUNT(refused), human_plural(refused));
    finding->have = (int64_t)counts->tls_resumed;
    finding->need = (int64_t)asked;
    finding_evidence(finding, "tickets received %s; handshakes full %s, resumed %s",
                     HUMAN_COUNT(counts->tls_tickets), HUMAN_COUNT(counts->tls_full),
                     HUMAN_COUNT(counts->tls_resumed));
    if (counts->tls_resumed == 0)
        finding_do(finding, "%s",
                   kind == SERVER_NGINX
                       ? "in nginx: ssl_session_tickets on, or ssl_session_cache shared:NAME:SIZE"
                       : "the server's session tickets, or its session cache, switched on");
    finding_do(finding, "%s",
               kind == SERVER_NGINX
                   ? "in nginx: one ssl_session_ticket_key on all hosts, which a reload keeps"
                   : "one ticket key on all servers behind the address, which a restart keeps");
}

/* ---- Ends ---- */

static void find_silent_ends(struct findings *findings, const struct record *record) {
    const struct tally_counts *counts = &record->total.counts;
    uint64_t silent = counts->tls_closed_without_notify;
    if (silent == 0)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_without_close_notify, FINDING_WARN,
        "the server closed %s connection%s by FIN without close_notify: whether that was an end or "
        "a cut cannot be told (RFC 8446 6.1)",
        HUMAN_COUNT(silent), human_plural(silent));
    finding->have = (int64_t)silent;
    finding_evidence(
        finding, "idle ones count as closed_idle; an answer that is read until the end would be "
                 "closed_mid_response (RFC 9112 9.8), one with a length is complete");
    finding_do(finding, "have the server send close_notify before it closes (TLS shutdown)");
}

void judge_tls_run(struct findings *findings, const struct diagnosed_run *run) {
    find_certificate(findings, run->record);
    find_refusals(findings, run->record, server_kind_of(run->target));
    find_silent_ends(findings, run->record);
}
