/* The outside half of the preflight: is there a server, and does it keep connections as planned? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "judge/judge.h"
#include "judge/local.h"
#include "judge/words.h"

/* nginx's own defaults (ngx_http_core_module): what ends a soak without any fault. */
static const duration nginx_keepalive_time = 1 * HOUR;
static const int64_t nginx_keepalive_requests = 1000;

/* A quotation must leave room for what is said about it. */
enum { QUOTE_BYTES = 120 };

/* An error that an interruption may have made is no finding against anybody. */
static enum finding_status error_status(const struct preflight_facts *facts) {
    return facts->interrupted ? FINDING_UNKNOWN : FINDING_FAIL;
}

static void judge_name(struct findings *findings, const struct plan *plan,
                       const struct preflight_facts *facts) {
    if (facts->resolve_error[0] != '\0') {
        struct finding *finding = findings_add(findings, "name", SIDE_NETWORK, error_status(facts),
                                               "%s", facts->resolve_error);
        finding_do(finding, "getent ahosts '%s'", plan->dial_host);
        return;
    }
    if (!facts->resolved || plan->address_count == 0) {
        findings_add(findings, "name", SIDE_NETWORK, FINDING_SKIPPED, "%s: not resolved",
                     plan->dial_host);
        return;
    }
    char first[ADDRESS_TEXT_MAX];
    address_format(&plan->addresses[0], first, sizeof first);
    if (plan->address_count == 1)
        findings_add(findings, "name", SIDE_NETWORK, FINDING_OK, "%s: %s", plan->dial_host, first);
    else
        findings_add(findings, "name", SIDE_NETWORK, FINDING_OK, "%s: %s and %s more",
                     plan->dial_host, first, WORDS_COUNT(plan->address_count - 1));
}

/* The plan's method, or HEAD for one that might change something. */
static const char *preflight_method(const struct plan *plan) {
    return strcmp(plan->options->method, "GET") == 0 ? "GET" : "HEAD";
}

/* What a person would try next; only where the URL needs no quoting of its own. */
static void target_do(struct finding *finding, const struct plan *plan) {
    if (address_is_loopback(&plan->addresses[0]))
        finding_do(finding, "ss -ltnp 'sport = :%u'   (who listens?)", (unsigned)plan->dial_port);
    if (strlen(plan->target.url) < 120 && strchr(plan->target.url, '\'') == NULL)
        finding_do(finding, "curl -sv -o /dev/null '%s'", plan->target.url);
}

static void judge_answer(struct findings *findings, const struct plan *plan,
                         const struct target_facts *target) {
    bool wrong = target->status >= 400;
    struct finding *finding = findings_add(
        findings, "target", SIDE_SERVER, wrong || target->announced_end ? FINDING_WARN : FINDING_OK,
        "%s -> %u in %s, HTTP/1.%u, %s", preflight_method(plan), (unsigned)target->status,
        WORDS_DURATION(target->took), (unsigned)target->minor,
        target->announced_end ? "the connection ends with the answer" : "keep-alive");
    if (wrong)
        finding_do(finding, "another path, or a header (-H): each answer will be %u",
                   (unsigned)target->status);
}

/* false when there is nothing more to say of the target. */
static bool judge_reached(struct findings *findings, const struct plan *plan,
                          const struct preflight_facts *facts) {
    if (facts->target_error[0] != '\0') {
        struct finding *finding = findings_add(findings, "target", SIDE_SERVER, error_status(facts),
                                               "%s", facts->target_error);
        if (plan->address_count > 0)
            target_do(finding, plan);
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
    findings_add(findings, "target", SIDE_SERVER, FINDING_SKIPPED, "not asked: %s", why);
    return false;
}

static void judge_addresses(struct findings *findings, const struct preflight_facts *facts) {
    size_t asked = facts->addresses_tried, have = facts->addresses_accepting;
    if (asked < 2)
        return;
    bool some = have < asked;
    struct finding *finding =
        findings_add(findings, "addresses", SIDE_SERVER, some ? FINDING_WARN : FINDING_OK,
                     "%s of %s addresses accept: %s", WORDS_COUNT(have), WORDS_COUNT(asked),
                     some ? "the others are left out" : "used in turn");
    finding->asked = (int64_t)asked;
    finding->have = (int64_t)have;
}

/* "asking every 1s..30s". */
static void describe_think(char *text, size_t size, const struct plan *plan) {
    if (plan->rate > 0)
        snprintf(text, size, "each connection's turn comes every %s",
                 WORDS_DURATION(plan->think.high));
    else if (plan_is_closed_loop(plan))
        snprintf(text, size, "asking again at once");
    else
        snprintf(text, size, "asking every %s", WORDS_THINK(plan));
}

/* So many requests that every connection has its turn within half of the time. */
static void advise_rate(struct finding *finding, const struct plan *plan, duration timeout) {
    double most = duration_seconds(timeout) / 2;
    finding_do(finding, "--rate %.0f, or at most %.0f connections",
               ceil((double)plan->connections / most),
               fmax(1, floor((double)plan->rate / (double)FREQUENCY_ONE * most)));
}

/* The server says nothing: is a turn within what the user believes? */
static void judge_turn(struct findings *findings, const struct plan *plan) {
    duration keepalive = plan->options->keepalive;
    bool late = plan->think.high >= keepalive;
    struct finding *finding = findings_add(
        findings, "keep_alive", SIDE_SERVER, late ? FINDING_WARN : FINDING_OK,
        "the server names no timeout; each connection's turn comes every %s%s, and you "
        "believe in %s",
        WORDS_DURATION(plan->think.high), late ? ": too late" : "", WORDS_OPTION(keepalive));
    if (late)
        advise_rate(finding, plan, keepalive);
}

static void judge_timeout(struct findings *findings, const struct plan *plan,
                          const struct target_facts *target) {
    char think[96], quote[QUOTE_BYTES];
    describe_think(think, sizeof think, plan);
    text_escape(quote, sizeof quote, target->keep_alive);
    duration timeout = target->keep_alive_timeout_s * SECOND;
    bool late = plan->think.high >= timeout;
    enum finding_status mismatch = plan->command == COMMAND_CHECK ? FINDING_FAIL : FINDING_WARN;
    struct finding *finding = findings_add(
        findings, "keep_alive", SIDE_SERVER, late ? mismatch : FINDING_OK,
        "the server says \"Keep-Alive: %s\"; %s%s", quote, think, late ? " is too late" : "");
    finding->asked = plan->think.high / MILLISECOND;
    finding->have = timeout / MILLISECOND;
    if (late && timeout > 0 && plan->rate > 0)
        advise_rate(finding, plan, timeout);
    else if (late && timeout > 0)
        finding_do(finding, "--keepalive %d%s", (int)target->keep_alive_timeout_s,
                   plan->options->given.interval ? "   (in place of --interval)" : "");
}

static void judge_keep_alive(struct findings *findings, const struct plan *plan,
                             const struct target_facts *target) {
    if (target->announced_end) {
        struct finding *finding =
            findings_add(findings, "keep_alive", SIDE_SERVER,
                         plan->command == COMMAND_CHECK ? FINDING_FAIL : FINDING_WARN,
                         "the server ends each connection with its first answer (%s)",
                         target->minor == 0 ? "HTTP/1.0 without keep-alive"
                                            : "Connection: close, or a body without a length");
        finding_do(finding, "turn keep-alive on in the server   (nginx: keepalive_timeout 75s)");
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
        findings_add(findings, "keep_alive", SIDE_SERVER, FINDING_OK,
                     "the server names no timeout; %s as you asked", think);
    else
        findings_add(findings, "keep_alive", SIDE_SERVER, FINDING_OK,
                     "the server names no timeout; %s as you believe in %s", think,
                     WORDS_OPTION(plan->options->keepalive));
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
        findings, "keepalive_time", SIDE_SERVER, FINDING_WARN,
        "connections are held %s%s: nginx ends each at its keepalive_time, 1h by default",
        plan->hold == 0 ? "without an end" : "for ", plan->hold == 0 ? "" : WORDS_DURATION(age));
    finding_do(finding, "in nginx: keepalive_time above that, 30d for example");
}

static void judge_keepalive_requests(struct findings *findings, const struct plan *plan,
                                     const struct target_facts *target) {
    duration each = plan_think_mean(plan) + target->took;
    int64_t requests = planned_age(plan) / (each > 0 ? each : 1);
    int64_t fair = (int64_t)(plan->requests / plan->connections);
    if (plan->requests > 0 && requests > fair)
        requests = fair;
    if (requests <= nginx_keepalive_requests)
        return;
    struct finding *finding = findings_add(
        findings, "keepalive_requests", SIDE_SERVER, FINDING_WARN,
        "each connection will ask more than %s times: nginx ends it at its keepalive_requests, "
        "1 000 by default",
        WORDS_COUNT(nginx_keepalive_requests));
    finding->have = nginx_keepalive_requests;
    if (plan->hold > 0 || plan->requests > 0)
        finding->asked = requests;
    finding_do(finding, "in nginx: keepalive_requests above that, 100000000 for example");
}

static void judge_status_page(struct findings *findings, const struct plan *plan,
                              const struct preflight_facts *facts) {
    if (plan->status.host[0] == '\0')
        return;
    if (!facts->status_asked) {
        findings_add(findings, "server_status", SIDE_SERVER, FINDING_SKIPPED, "not asked");
    } else if (facts->status_error[0] == '\0') {
        findings_add(findings, "server_status", SIDE_SERVER, FINDING_OK, "%s is a stub_status page",
                     plan->status.url);
    } else {
        struct finding *finding =
            findings_add(findings, "server_status", SIDE_SERVER, error_status(facts),
                         "--server-status: %s", facts->status_error);
        finding_do(finding, "a location of nginx with \"stub_status;\", open to this machine");
    }
}

void judge_target(struct findings *findings, const struct plan *plan,
                  const struct preflight_facts *facts) {
    bool fits = !findings_any(findings, FINDING_FAIL);
    judge_name(findings, plan, facts);
    if (!fits) {
        findings_add(findings, "target", SIDE_SERVER, FINDING_SKIPPED,
                     "not asked: this machine cannot hold the plan");
        return;
    }
    if (judge_reached(findings, plan, facts)) {
        judge_conntrack(findings, plan, facts);
        judge_addresses(findings, facts);
        judge_keep_alive(findings, plan, &facts->target);
        if (!facts->target.announced_end && words_nginx(&facts->target)) {
            judge_keepalive_time(findings, plan);
            judge_keepalive_requests(findings, plan, &facts->target);
        }
    }
    judge_status_page(findings, plan, facts);
}
