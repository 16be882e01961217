/* What a probe is told as. */
#include "judge/probe/probe_conclude.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/exit_code.h"
#include "base/minmax.h"
#include "judge/human.h"
#include "judge/server_kind.h"

const char *probe_directive(const struct record_target *target, enum probe_question question) {
    static const char *const nginx[] = {"keepalive_timeout", "client_header_timeout",
                                        "keepalive_requests", "keepalive_time"};
    static const char *const apache[] = {"KeepAliveTimeout", "RequestReadTimeout",
                                         "MaxKeepAliveRequests", NULL};
    static const char *const node[] = {"keepAliveTimeout", "headersTimeout", "maxRequestsPerSocket",
                                       NULL};
    switch (server_kind_of(target)) {
    case SERVER_NGINX: return nginx[question];
    case SERVER_APACHE: return apache[question];
    case SERVER_NODE: return node[question];
    default: return NULL;
    }
}

/* ---- -k ---- */

static duration in_tenths(double seconds) {
    return (duration)(floor(seconds * 10 + 1e-6) * 1e8);
}

/* A timeout that was seen as 4.996 s is one of 5: timers round, and a run asks at half of it. */
duration probe_keepalive(const struct probe_value *idle, duration bound) {
    if (idle->status == PROBE_UNKNOWN || !isfinite(idle->value))
        return 0;
    if (idle->status == PROBE_AT_LEAST)
        return min_i64(in_tenths(idle->value), bound);
    double whole = round(idle->value * 10) / 10;
    bool sharp = idle->status == PROBE_FOUND && !idle->by_clock && !idle->forgotten;
    if (sharp && fabs(whole - idle->value) <= 0.02 + idle->value / 100)
        return in_tenths(whole);
    return in_tenths(idle->low);
}

static void advise(struct probe_report *report, const char *option, const char *value) {
    if (report->advice_count < PROBE_ADVICE_MAX)
        snprintf(report->advice[report->advice_count++], sizeof report->advice[0], "%s %s", option,
                 value);
}

/* What limits a connection's life ends it, however it is asked: it is to be connected again. */
static bool ends_by_design(const struct probe_result *result) {
    return result->values[PROBE_REQUESTS].status == PROBE_FOUND ||
           result->values[PROBE_REQUESTS].status == PROBE_JITTERED ||
           result->values[PROBE_MAX_AGE].status == PROBE_FOUND;
}

static void advise_options(struct probe_report *report) {
    static const duration keepalive_min = 100 * MILLISECOND;
    duration keepalive = probe_keepalive(&report->result.values[PROBE_IDLE_TIMEOUT], report->bound);
    if (report->facts.other_kept)
        advise(report, "-X", "GET");
    if (keepalive >= keepalive_min)
        advise(report, "-k", HUMAN_OPTION(keepalive));
    if (ends_by_design(&report->result) && !report->facts.not_kept)
        advise(report, "--reconnect", "backoff=1s..30s");
}

/* ---- Findings ---- */

static void compare_timeout(struct probe_report *report) {
    const struct probe_value *idle = &report->result.values[PROBE_IDLE_TIMEOUT];
    double told = idle->announced;
    bool ended = idle->status == PROBE_FOUND || idle->status == PROBE_JITTERED;
    if (!isfinite(told) || !isfinite(idle->value))
        return;
    double apart = idle->value - told, most = fmax(0.2, told / 10);
    bool later = ended ? idle->low > told + most : idle->value > told + most;
    bool earlier = ended && idle->low < told - most;
    if (later)
        findings_add(&report->findings, FINDING_announced_timeout, FINDING_WARN,
                     "the header says timeout=%.0f, and an idle connection is kept for %s%.3g s: a "
                     "client that "
                     "believes the header closes %.2g s earlier than it needs to",
                     told, ended ? "" : "at least ", idle->value, apart);
    else if (earlier)
        findings_add(&report->findings, FINDING_announced_timeout, FINDING_WARN,
                     "the header says timeout=%.0f, and an idle connection is closed after %.3g s: "
                     "a client that "
                     "believes the header meets closed connections",
                     told, idle->low);
}

static void compare_requests(struct probe_report *report) {
    const struct probe_value *requests = &report->result.values[PROBE_REQUESTS];
    double told = requests->announced;
    bool more = requests->status == PROBE_AT_LEAST && requests->value > told;
    bool other = requests->status == PROBE_FOUND && requests->value != told;
    if (isfinite(told) && (more || other))
        findings_add(&report->findings, FINDING_announced_requests, FINDING_WARN,
                     "the header promises %.0f requests of a connection, and it carries %s%.0f",
                     told, more ? "at least " : "", requests->value);
}

static void find_not_kept(struct probe_report *report) {
    const struct probe_facts *facts = &report->facts;
    if (facts->not_kept)
        findings_add(&report->findings, FINDING_keep_alive, FINDING_FAIL,
                     facts->announced
                         ? "no connection is kept: each answer says that it is the last"
                         : "no connection is kept: each ends behind its answer, without "
                           "a word");
    if (!facts->other_kept)
        return;
    struct finding *finding = findings_add(&report->findings, FINDING_keep_alive_head, FINDING_WARN,
                                           "the server closes behind each HEAD without saying so; "
                                           "connections of GET are kept, and were probed");
    finding_do(finding, "-X GET");
}

static void find_restarts(struct probe_report *report) {
    uint32_t restarts = report->facts.restarts;
    if (restarts == 0)
        return;
    findings_add(&report->findings, FINDING_restarted, FINDING_WARN,
                 "connections ended together, whatever their age or idle time, %" PRIu32
                 " time%s: a restart or "
                 "reload; what it ended %s",
                 restarts, human_plural(restarts),
                 restarts == 1 ? "was begun again" : "was begun again once");
}

static void find_limit(struct probe_report *report) {
    uint32_t holds = report->facts.holds;
    if (holds > 0)
        findings_add(
            &report->findings, FINDING_connection_limit, FINDING_WARN,
            "with %" PRIu32
            " connection%s open, one more was not served: the others waited for were fewer",
            holds, human_plural(holds));
    if (report->facts.gone && report->facts.begun)
        findings_add(&report->findings, FINDING_target, FINDING_WARN,
                     "no connection could be opened any more, for 20 s");
    else if (report->facts.gone)
        findings_add(&report->findings, FINDING_target, FINDING_WARN,
                     "behind the preflight no connection was answered, of %" PRIu32
                     " that were tried",
                     report->facts.connections);
}

static void find_strays(struct probe_report *report) {
    const struct probe_result *result = &report->result;
    if (result->strays > 0 && !report->facts.not_kept)
        findings_add(
            &report->findings, FINDING_stray_ends, FINDING_WARN,
            "%" PRIu32
            " connection%s ended by none of these limits, idle for %s at most: others lived "
            "on",
            result->strays, human_plural(result->strays), HUMAN_DURATION(result->stray_idle));
}

static void find_given_up(struct probe_report *report) {
    const struct probe_result *result = &report->result;
    if (result->given_up > 0 && !report->facts.not_kept)
        findings_add(&report->findings, FINDING_stray_ends, FINDING_WARN,
                     "we gave up %" PRIu32
                     " connection%s: a request on %s, idle for %s at most before it, was not "
                     "answered in --timeout",
                     result->given_up, human_plural(result->given_up),
                     result->given_up == 1 ? "it" : "each", HUMAN_DURATION(result->given_up_idle));
}

/* What a server does with connections that it refuses to serve may be another matter. */
static void find_errors(struct probe_report *report) {
    const struct probe_facts *facts = &report->facts;
    if (facts->errors > 0)
        findings_add(&report->findings, FINDING_error_answers, FINDING_WARN,
                     "%s of %s answers were of an error status, the first of %u: what was seen may "
                     "be of such answers alone",
                     HUMAN_COUNT(facts->errors), HUMAN_COUNT(facts->answers), facts->error_status);
}

static void find_lateness(struct probe_report *report) {
    if (report->facts.late_max > 100 * MILLISECOND)
        findings_add(
            &report->findings, FINDING_loop_lag, FINDING_WARN,
            "we were up to %s late ourselves: ends that were seen late are not counted with",
            HUMAN_DURATION(report->facts.late_max));
}

/* ---- What was not tried ---- */

#define UNTRIED(report, ...)                                                                       \
    do {                                                                                           \
        if ((report)->untried_count < PROBE_UNTRIED_MAX)                                           \
            snprintf((report)->untried[(report)->untried_count++], sizeof(report)->untried[0],     \
                     __VA_ARGS__);                                                                 \
    } while (0)

static void note_untried(struct probe_report *report) {
    const struct probe_value *values = report->result.values;
    const struct probe_facts *facts = &report->facts;
    if (facts->not_kept)
        return;
    if (report->interrupted)
        UNTRIED(report, "waits longer than %s: it was interrupted", HUMAN_DURATION(facts->longest));
    else if (values[PROBE_IDLE_TIMEOUT].status == PROBE_AT_LEAST)
        UNTRIED(report, "waits longer than %s (--for)", HUMAN_DURATION(report->bound));
    if (report->gentle)
        UNTRIED(report, "a limit of requests (--gentle)");
    else if (values[PROBE_REQUESTS].status == PROBE_AT_LEAST)
        UNTRIED(report, "more than %.0f requests on a connection", values[PROBE_REQUESTS].value);
    if (values[PROBE_REQUESTS].status == PROBE_FOUND && values[PROBE_REQUESTS].agreeing == 1)
        UNTRIED(report, "the limit of requests a second time");
    if (values[PROBE_MAX_AGE].status == PROBE_AT_LEAST)
        UNTRIED(report, "connections older than %.0f s", values[PROBE_MAX_AGE].value);
    UNTRIED(report,
            "more than %" PRIu32 " connections at once: a busy server may keep them shorter",
            facts->open_peak);
    UNTRIED(report, "limits of a process, a path or a client's rate");
}

static int exit_code_of(const struct probe_report *report) {
    static const double near = 0.05;
    const struct probe_value *idle = &report->result.values[PROBE_IDLE_TIMEOUT];
    switch (idle->status) {
    case PROBE_FOUND:
    case PROBE_JITTERED: return EXIT_HELD;
    case PROBE_AT_LEAST:
        return idle->value >= duration_seconds(report->bound) - near ? EXIT_HELD
                                                                     : EXIT_INCONCLUSIVE;
    default: return EXIT_INCONCLUSIVE;
    }
}

void probe_conclude(struct probe_report *report) {
    if (!report->asked)
        return;
    report->exit_code = exit_code_of(report);
    find_not_kept(report);
    compare_timeout(report);
    compare_requests(report);
    find_restarts(report);
    find_limit(report);
    find_strays(report);
    find_given_up(report);
    find_errors(report);
    find_lateness(report);
    advise_options(report);
    note_untried(report);
}
