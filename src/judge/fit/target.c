/* The outside half of the preflight: is there a server, and does it keep connections as planned? */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "judge/fit/fit.h"
#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"
#include "judge/server_kind.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"

/* nginx's own defaults (ngx_http_core_module): what ends a soak without any fault. */
static const duration nginx_keepalive_time = 1 * HOUR;
static const int64_t nginx_keepalive_requests = 1000;

/* A quotation must leave room for the words around it. */
enum { QUOTE_BYTES = 120 };

/* An error that an interruption may have made is no finding against anybody. */
static enum finding_status error_status(const struct preflight_facts *facts) {
    return facts->interrupted ? FINDING_UNKNOWN : FINDING_FAIL;
}

/* The remedy where this machine itself could not ask, and so nothing is known of the other side;
 * NULL: it could (0 is no errno). A name is asked for by a child process, and EAGAIN is of its
 * fork(2). */
static const char *own_remedy(int error) {
    if (error == EAGAIN)
        return "ulimit -u, pids.max: processes of this user";
    enum outcome outcome = outcome_of_open_errno(error);
    return error != 0 && outcome_side(outcome) == SIDE_TESTER ? outcome_advice(outcome) : NULL;
}

static void judge_name(struct findings *findings, const struct plan *plan,
                       const struct setup *setup, const struct preflight_facts *facts) {
    if (facts->resolve_error[0] != '\0') {
        const char *remedy = own_remedy(facts->resolve_errno);
        struct finding *finding =
            findings_add_of(findings, FINDING_name, remedy != NULL ? SIDE_TESTER : SIDE_NETWORK,
                            error_status(facts), "%s", facts->resolve_error);
        if (remedy != NULL)
            finding_do(finding, "%s", remedy);
        else
            finding_do(finding, "getent ahosts '%s'", plan->connect_host);
        return;
    }
    if (!facts->resolved || setup->address_count == 0) {
        findings_add(findings, FINDING_name, FINDING_SKIPPED, "%s: not resolved",
                     plan->connect_host);
        return;
    }
    char first[ADDRESS_TEXT_MAX];
    address_format(&setup->addresses[0], first, sizeof first);
    if (facts->addresses_named > ADDRESSES_MAX)
        findings_add_of(findings, FINDING_name, SIDE_TESTER, FINDING_WARN,
                        "%s: %d of %s addresses are asked, no more are: %s and others",
                        plan->connect_host, ADDRESSES_MAX, HUMAN_COUNT(facts->addresses_named),
                        first);
    else if (setup->address_count == 1)
        findings_add(findings, FINDING_name, FINDING_OK, "%s: %s", plan->connect_host, first);
    else
        findings_add(findings, FINDING_name, FINDING_OK, "%s: %s and %s more", plan->connect_host,
                     first, HUMAN_COUNT(setup->address_count - 1));
}

/* The plan's method, or HEAD for one that might change something. */
static const char *preflight_method(const struct plan *plan) {
    return strcmp(plan->options->method, "GET") == 0 ? "GET" : "HEAD";
}

/* The curl command to try next; only where the URL needs no quoting of its own. */
/* handshaking: it accepted, and the handshake failed. */
static void target_do(struct finding *finding, const struct plan *plan, const struct setup *setup,
                      bool handshaking) {
    const char *host = plan->connect_host, *colon = strchr(host, ':');
    if (handshaking)
        finding_do(finding,
                   "openssl s_client -connect %s%s%s:%u   (its certificate and protocol; see "
                   "--cacert, --insecure, --tls-min)",
                   colon != NULL ? "[" : "", host, colon != NULL ? "]" : "",
                   (unsigned)plan->connect_port);
    else if (address_is_loopback(&setup->addresses[0]))
        finding_do(finding, "ss -ltnp 'sport = :%u'   (who listens?)",
                   (unsigned)plan->connect_port);
    if (strlen(plan->target.url) < 120 && strchr(plan->target.url, '\'') == NULL)
        finding_do(finding, "curl -sv -o /dev/null '%s'", plan->target.url);
}

static void judge_answer(struct findings *findings, const struct plan *plan,
                         const struct record_target *target) {
    bool wrong = target->status >= 400;
    struct finding *finding = findings_add(
        findings, FINDING_target, wrong || target->announced_end ? FINDING_WARN : FINDING_OK,
        "%s -> %u in %s, HTTP/1.%u, %s", preflight_method(plan), (unsigned)target->status,
        HUMAN_DURATION(target->took), (unsigned)target->minor,
        target->announced_end ? "the connection ends with the answer" : "keep-alive");
    if (wrong)
        finding_do(finding, "another path, or a header (-H): each answer will be %u",
                   (unsigned)target->status);
}

/* EADDRNOTAVAIL while ports are free: this host has no address of that family (connect(2)). Of a
 * connection that was up, a router of IPv6 may make EACCES, but nobody EPERM or ENOSYS. */
static enum outcome outcome_of_target(const struct preflight_facts *facts) {
    bool denied = facts->target_errno == EPERM || facts->target_errno == ENOSYS;
    if (facts->target_connected && !denied)
        return outcome_of_live_errno(facts->target_errno);
    if (facts->target_errno == EADDRNOTAVAIL && facts->ports_known)
        return OUTCOME_unreachable;
    return outcome_of_open_errno(facts->target_errno);
}

static void judge_unreached(struct findings *findings, const struct plan *plan,
                            const struct setup *setup, const struct preflight_facts *facts) {
    enum outcome outcome = outcome_of_target(facts);
    bool ours = facts->target_errno != 0 && outcome_side(outcome) == SIDE_TESTER;
    struct finding *finding = findings_add_of(
        findings, FINDING_target, ours ? SIDE_TESTER : SIDE_SERVER, error_status(facts), "%s%s%s",
        facts->target_error, ours ? ": " : "", ours ? outcome_text(outcome) : "");
    if (ours)
        finding_do(finding, "%s", outcome_advice(outcome));
    else if (facts->target_errno == EADDRNOTAVAIL && outcome == OUTCOME_unreachable)
        finding_do(finding, "ip address   (has this host an address of that family?)");
    else if (setup->address_count > 0)
        target_do(finding, plan, setup,
                  plan->target.tls && facts->target_connected && !facts->target_secured);
}

static void judge_plain_text(struct findings *findings, const struct plan *plan,
                             const struct preflight_facts *facts) {
    struct finding *finding =
        findings_add(findings, FINDING_target, FINDING_FAIL,
                     "this port speaks TLS: https:// (asked in plain text, %s)",
                     facts->target.answered ? "it answered 400" : facts->target_error);
    if (strlen(plan->target.url) < 120)
        finding_do(finding, "https%s", plan->target.url + strlen("http"));
}

/* false when nothing more is known of the target. */
static bool judge_reached(struct findings *findings, const struct plan *plan,
                          const struct setup *setup, const struct preflight_facts *facts) {
    if (facts->target_speaks_tls) {
        judge_plain_text(findings, plan, facts);
        return false;
    }
    if (facts->target_error[0] != '\0') {
        judge_unreached(findings, plan, setup, facts);
        return false;
    }
    if (facts->target.answered) {
        judge_answer(findings, plan, &facts->target);
        return true;
    }
    const char *why = "no address to connect to is known";
    if (facts->interrupted)
        why = "interrupted";
    else if (plan->options->no_check)
        why = "--no-check";
    else if (facts->resolve_error[0] != '\0')
        why = "the name did not resolve";
    findings_add(findings, FINDING_target, FINDING_SKIPPED, "not asked: %s", why);
    return false;
}

static void judge_addresses(struct findings *findings, const struct preflight_facts *facts) {
    size_t asked = facts->addresses_tried, have = facts->addresses_accepting;
    if (asked < 2)
        return;
    bool some = have < asked;
    int ours = some ? facts->address_errno : 0;
    struct finding *finding = findings_add_of(
        findings, FINDING_addresses, ours != 0 ? SIDE_TESTER : SIDE_SERVER,
        some ? FINDING_WARN : FINDING_OK, "%s of %s addresses accept: %s%s%s", HUMAN_COUNT(have),
        HUMAN_COUNT(asked), some ? "the others are left out" : "used in turn",
        ours != 0 ? ": " : "", ours != 0 ? outcome_text(outcome_of_open_errno(ours)) : "");
    if (ours != 0)
        finding_do(finding, "%s", outcome_advice(outcome_of_open_errno(ours)));
    finding->asked = (int64_t)asked;
    finding->have = (int64_t)have;
}

/* "asking every 1s..30s". */
static void describe_think(char *text, size_t size, const struct plan *plan) {
    if (plan->rate > 0)
        snprintf(text, size, "each connection's turn comes every %s",
                 HUMAN_DURATION(plan->think.high));
    else if (plan_is_closed_loop(plan))
        snprintf(text, size, "asking again at once");
    else
        snprintf(text, size, "asking every %s", HUMAN_THINK(plan));
}

/* So many requests that every connection has its turn within half of the time. */
static void advise_rate(struct finding *finding, const struct plan *plan, duration timeout) {
    double most = duration_seconds(timeout) / 2;
    finding_do(finding, "--rate %.0f, or at most %.0f connections",
               ceil((double)plan->options->connections / most),
               fmax(1, floor((double)plan->rate / (double)FREQUENCY_ONE * most)));
}

/* The server says nothing: is a turn within the timeout of --keepalive? */
static void judge_turn(struct findings *findings, const struct plan *plan) {
    duration keepalive = plan->options->keepalive;
    bool late = plan->think.high >= keepalive;
    struct finding *finding = findings_add(
        findings, FINDING_keep_alive, late ? FINDING_WARN : FINDING_OK,
        "the server names no timeout; each connection's turn comes every %s%s for a timeout of %s "
        "(-k)",
        HUMAN_DURATION(plan->think.high), late ? ": too late" : ",", HUMAN_OPTION(keepalive));
    if (late)
        advise_rate(finding, plan, keepalive);
}

static void judge_timeout(struct findings *findings, const struct plan *plan,
                          const struct record_target *target) {
    char think[96], quote[QUOTE_BYTES];
    describe_think(think, sizeof think, plan);
    text_escape(quote, sizeof quote, target->keep_alive);
    duration timeout = target->keep_alive_timeout_s * SECOND;
    bool late = plan->think.high >= timeout;
    enum finding_status mismatch =
        plan->options->command == COMMAND_CHECK ? FINDING_FAIL : FINDING_WARN;
    struct finding *finding = findings_add(
        findings, FINDING_keep_alive, late ? mismatch : FINDING_OK,
        "the server says \"Keep-Alive: %s\"; %s%s", quote, think, late ? " is too late" : "");
    finding->asked = plan->think.high / MILLISECOND;
    finding->have = timeout / MILLISECOND;
    if (late && timeout > 0 && plan->rate > 0)
        advise_rate(finding, plan, timeout);
    else if (late && timeout > 0)
        finding_do(finding, "--keepalive %d%s", (int)target->keep_alive_timeout_s,
                   plan->options->given.interval ? "   (in place of --interval)" : "");
}

/* An error answer may end its connection whatever the server does with others. */
static void judge_announced_end(struct findings *findings, const struct plan *plan,
                                const struct record_target *target) {
    const char *how = target->minor == 0 ? "HTTP/1.0 without keep-alive"
                                         : "Connection: close, or a body without a length";
    char error[64] = "";
    if (target->status >= 400)
        snprintf(error, sizeof error, ", of status %u", (unsigned)target->status);
    struct finding *finding =
        findings_add(findings, FINDING_keep_alive,
                     plan->options->command == COMMAND_CHECK ? FINDING_FAIL : FINDING_WARN,
                     "the server ends each connection with its first answer%s (%s)", error, how);
    if (target->status >= 400)
        finding_do(finding, "look at that answer first: curl -v, with the same URL, -X and -H");
    else if (server_kind_of(target) == SERVER_NGINX)
        finding_do(finding, "turn keep-alive on in the server   (nginx: keepalive_timeout 75s)");
    else
        finding_do(finding, "turn keep-alive on in the server");
}

/* Some servers keep a connection behind an answer with a body only. */
static void advise_keep_alive(struct finding *finding, const struct plan *plan,
                              const struct record_target *target) {
    if (strcmp(plan->options->method, "HEAD") == 0)
        finding_do(finding, "-X GET: some servers end a connection behind each HEAD, and keep it "
                            "behind a GET");
    finding_do(finding, "turn keep-alive on in the server%s",
               server_kind_of(target) == SERVER_NGINX ? "   (nginx: keepalive_timeout 75s)" : "");
}

/* Bytes or an end behind the answer of a connection that was announced as kept: false when none.
 */
static bool judge_after(struct findings *findings, const struct plan *plan,
                        const struct record_target *target) {
    static const char *const texts[] = {
        [AFTER_BYTES] = "bytes that no request asked for came",
        [AFTER_END] = "the server ended the connection without announcing it",
        [AFTER_RESET] = "the server reset the connection",
    };
    bool at_once = target->after_answer < MILLISECOND / 10;
    if (target->after == AFTER_NOTHING)
        return false;
    bool bytes = target->after == AFTER_BYTES;
    struct finding *finding =
        findings_add(findings, FINDING_keep_alive,
                     plan->options->command == COMMAND_CHECK ? FINDING_FAIL : FINDING_WARN,
                     "%s %s%s: each connection will end so (%s)", texts[target->after],
                     at_once ? "right behind the answer" : HUMAN_DURATION(target->after_answer),
                     at_once ? "" : " after the answer",
                     outcome_name(bytes                          ? OUTCOME_unsolicited
                                  : target->after == AFTER_RESET ? OUTCOME_reset_idle
                                                                 : OUTCOME_closed_idle));
    if (bytes)
        finding_do(finding, "the server's framing: no body behind an answer to HEAD (RFC 9110 "
                            "9.3.2), and none longer than its Content-Length");
    else
        advise_keep_alive(finding, plan, target);
    return true;
}

static void judge_keep_alive(struct findings *findings, const struct plan *plan,
                             const struct record_target *target) {
    if (judge_after(findings, plan, target))
        return;
    if (target->announced_end) {
        judge_announced_end(findings, plan, target);
        return;
    }
    if (target->keep_alive_timeout_s >= 0) {
        judge_timeout(findings, plan, target);
        return;
    }
    if (plan->rate > 0) {
        judge_turn(findings, plan);
        return;
    }
    char think[96];
    describe_think(think, sizeof think, plan);
    if (plan->options->given.interval)
        findings_add(findings, FINDING_keep_alive, FINDING_OK,
                     "the server names no timeout; %s as you asked", think);
    else
        findings_add(findings, FINDING_keep_alive, FINDING_OK,
                     "the server names no timeout; %s as for a timeout of %s (-k)", think,
                     HUMAN_OPTION(plan->options->keepalive));
}

/* How long the first connection will be held; without an end, longer than anything. */
static duration planned_age(const struct plan *plan) {
    return plan->hold == 0 ? INT64_MAX : ramp_length(&plan->ramp) + plan->hold;
}

static void judge_keepalive_time(struct findings *findings, const struct plan *plan) {
    duration age = planned_age(plan);
    bool ends_with_requests = plan->hold == 0 && plan->requests > 0; /* nobody knows when */
    if (age < nginx_keepalive_time || ends_with_requests)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_keepalive_time, FINDING_WARN,
        "connections are held %s%s: nginx ends each at its keepalive_time, 1h by default",
        plan->hold == 0 ? "without an end" : "for ", plan->hold == 0 ? "" : HUMAN_DURATION(age));
    finding_do(finding, "in nginx: keepalive_time above that, 30d for example");
}

static void judge_keepalive_requests(struct findings *findings, const struct plan *plan,
                                     const struct record_target *target) {
    duration each = plan_think_mean(plan) + target->took;
    int64_t requests = planned_age(plan) / (each > 0 ? each : 1);
    int64_t fair = (int64_t)(plan->requests / plan->connections);
    if (plan->requests > 0 && requests > fair)
        requests = fair;
    if (requests <= nginx_keepalive_requests)
        return;
    struct finding *finding = findings_add(
        findings, FINDING_keepalive_requests, FINDING_WARN,
        "each connection will ask more than %s times: nginx ends it at its keepalive_requests, "
        "1000 by default",
        HUMAN_COUNT(nginx_keepalive_requests));
    finding->have = nginx_keepalive_requests;
    if (plan->hold > 0 || plan->requests > 0)
        finding->asked = requests;
    finding_do(finding, "in nginx: keepalive_requests above that, 100000000 for example");
}

void judge_status_page(struct findings *findings, const struct plan *plan,
                       const struct preflight_facts *facts) {
    if (plan->status.host[0] == '\0')
        return;
    if (!facts->status_asked) {
        findings_add(findings, FINDING_server_status, FINDING_SKIPPED, "not asked");
    } else if (facts->status_error[0] == '\0') {
        findings_add(findings, FINDING_server_status, FINDING_OK, "%s is a stub_status page",
                     plan->status.url);
    } else {
        const char *remedy = own_remedy(facts->status_errno);
        struct finding *finding = findings_add_of(
            findings, FINDING_server_status, remedy != NULL ? SIDE_TESTER : SIDE_SERVER,
            error_status(facts), "%s: %s", plan->status.url, facts->status_error);
        finding_do(finding, "%s",
                   remedy != NULL
                       ? remedy
                       : "a page as nginx's stub_status writes it, open to this machine");
    }
}

void judge_target(struct findings *findings, const struct plan *plan, const struct setup *setup,
                  const struct preflight_facts *facts) {
    bool fits = !findings_any(findings, FINDING_FAIL);
    judge_request(findings, plan);
    judge_name(findings, plan, setup, facts);
    if (!fits) {
        findings_add(findings, FINDING_target, FINDING_SKIPPED,
                     "not asked: this machine cannot hold the plan");
        return;
    }
    if (judge_reached(findings, plan, setup, facts)) {
        judge_tls(findings, plan, facts);
        judge_conntrack(findings, plan, facts);
        judge_addresses(findings, facts);
        judge_keep_alive(findings, plan, &facts->target);
        if (!facts->target.announced_end && server_kind_of(&facts->target) == SERVER_NGINX) {
            judge_keepalive_time(findings, plan);
            judge_keepalive_requests(findings, plan, &facts->target);
        }
    }
    judge_status_page(findings, plan, facts);
}
