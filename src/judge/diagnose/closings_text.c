/* Inferences as findings: the server's own name for what ended its connections, and what to do. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/minmax.h"
#include "judge/diagnose/closings.h"
#include "judge/human.h"
#include "judge/server_kind.h"
#include "options/options.h"

/* "5.0 s", "250 ms", "1h00m00s". */
struct closing_text {
    char text[32];
};

static struct closing_text format_ms(uint32_t ms) {
    struct closing_text shown;
    if (ms < 1000)
        snprintf(shown.text, sizeof shown.text, "%" PRIu32 " ms", ms);
    else if (ms < 120 * 1000)
        snprintf(shown.text, sizeof shown.text, "%.1f s", ms / 1000.0);
    else
        units_human_duration(shown.text, sizeof shown.text, ms * MILLISECOND);
    return shown;
}

/* " +/- 0.1": half of the spread, where it can be seen at that precision. */
static struct closing_text format_spread(const struct closing *closing) {
    struct closing_text shown = {""};
    if (closing->spread >= 100 && closing->value >= 1000)
        snprintf(shown.text, sizeof shown.text, " +/- %.1f", closing->spread / 2000.0);
    return shown;
}

/* As servers' configurations and our options spell it: "5s", "90s", "1h", "250ms". */
static const char *option_of(uint32_t ms, struct closing_text *shown) {
    if (ms % 3600000 == 0)
        snprintf(shown->text, sizeof shown->text, "%" PRIu32 "h", ms / 3600000);
    else if (ms % 1000 == 0)
        snprintf(shown->text, sizeof shown->text, "%" PRIu32 "s", ms / 1000);
    else
        snprintf(shown->text, sizeof shown->text, "%" PRIu32 "ms", ms);
    return shown->text;
}

/* --- the directive: what the server calls it --- */

static void name_idle(struct closing *closing, enum server_kind kind) {
    uint32_t limit = closing->limit;
    struct closing_text option;
    char *out = closing->directive;
    size_t size = sizeof closing->directive;
    switch (kind) {
    case SERVER_NGINX:
        snprintf(out, size, "keepalive_timeout %s", option_of(limit, &option));
        break;
    case SERVER_APACHE:
        snprintf(out, size, "KeepAliveTimeout %" PRIu32 "%s",
                 limit % 1000 == 0 ? limit / 1000 : limit, limit % 1000 == 0 ? "" : "ms");
        break;
    case SERVER_NODE: snprintf(out, size, "server.keepAliveTimeout = %" PRIu32, limit); break;
    case SERVER_UNKNOWN:
        snprintf(out, size, "a keep-alive timeout of %s", option_of(limit, &option));
        break;
    }
}

/* Apache does not count a connection's first request. */
static void name_requests(struct closing *closing, enum server_kind kind) {
    uint32_t limit = closing->limit;
    char *out = closing->directive;
    size_t size = sizeof closing->directive;
    if (limit == 1) {
        snprintf(out, size,
                 closing->heads ? "a server that ends a connection behind each HEAD, or keep-alive "
                                  "switched off"
                                : "keep-alive switched off");
        return;
    }
    switch (kind) {
    case SERVER_NGINX: snprintf(out, size, "keepalive_requests %" PRIu32, limit); break;
    case SERVER_APACHE: snprintf(out, size, "MaxKeepAliveRequests %" PRIu32, limit - 1); break;
    case SERVER_NODE: snprintf(out, size, "server.maxRequestsPerSocket = %" PRIu32, limit); break;
    case SERVER_UNKNOWN:
        snprintf(out, size, "a limit of %" PRIu32 " requests a connection", limit);
        break;
    }
}

static void name_age(struct closing *closing, enum server_kind kind) {
    struct closing_text option;
    snprintf(closing->directive, sizeof closing->directive,
             kind == SERVER_NGINX && !closing->by_timer ? "keepalive_time %s"
                                                        : "a connection's age limit of %s",
             option_of(closing->limit, &option));
}

static const char *level_name(enum server_kind kind) {
    static const char *const names[] = {"a limit of connections", "worker_connections",
                                        "MaxRequestWorkers", "server.maxConnections"};
    return names[kind];
}

static void name_level(struct closing *closing, enum server_kind kind) {
    snprintf(closing->directive, sizeof closing->directive, "%s", level_name(kind));
}

const char *closings_level_name(const struct record_target *facts) {
    return level_name(server_kind_of(facts));
}

/* Whether the server's process ended at that moment; it is looked at once a second. */
static bool ended_then(const struct server_process_view *process, const struct closing *closing) {
    double moment = closing->value / 1000.0;
    return process->ended && process->ended_seconds > moment - 1 &&
           process->ended_seconds < moment + 3;
}

/* A quarter of the connections or more did not end so. */
static bool is_of_a_part(const struct closing *closing, const struct diagnosed_run *run) {
    uint64_t opened = min_u64(run->record->total.counts.opened, run->plan->connections);
    return closing->bursts > 0 && closing->count < opened - opened / 4;
}

static void name_moment(struct closing *closing, enum server_kind kind,
                        const struct diagnosed_run *run) {
    const struct server_process_view *process = &run->record->server_process;
    if (ended_then(process, closing)) {
        snprintf(closing->directive, sizeof closing->directive, "the end of process %d%s",
                 process->pid, process->oom_kills > 0 ? " (OOM killer)" : "");
        return;
    }
    snprintf(closing->directive, sizeof closing->directive, "%s%s",
             kind == SERVER_NGINX ? "a restart, or nginx -s reload" : "a restart or reload",
             !is_of_a_part(closing, run) ? ""
             : kind == SERVER_APACHE ? ", or one of its processes that ended or had no worker left"
                                     : ", or the end of one of its processes");
}

/* The meaning of a status that comes with a connection's end. */
static const char *meaning_of(uint32_t status) {
    switch (status) {
    case 400: return "it does not take the request";
    case 401:
    case 403:
    case 407: return "it does not let us in";
    case 405:
    case 501: return "it does not take the method";
    case 408: return "the request came too late for it, or not whole";
    case 411:
    case 413: return "it does not take the body";
    case 421: return "it does not serve that host name";
    case 426:
    case 505: return "it wants another version or protocol";
    case 429: return "it limits the rate of requests";
    case 431: return "the headers are too large for it";
    case 502:
    case 504: return "what stands behind it does not answer";
    case 503: return "it is overloaded, or has nobody to serve us";
    default: return status < 500 ? "it refuses the request" : "it fails";
    }
}

static void name_status(struct closing *closing) {
    snprintf(closing->directive, sizeof closing->directive, "status %" PRIu32 " (%s)",
             closing->limit, meaning_of(closing->limit));
}

static void name_forgotten(struct closing *closing) {
    snprintf(closing->directive, sizeof closing->directive,
             "a path that forgets a connection between %s and %s", format_ms(closing->low).text,
             format_ms(closing->high).text);
}

static void name_silence(struct closing *closing) {
    snprintf(closing->directive, sizeof closing->directive, "no answer since %s",
             format_ms(closing->value).text);
}

static void name_cause(struct closing *closing, enum server_kind kind,
                       const struct diagnosed_run *run) {
    switch (closing->dimension) {
    case CLOSING_IDLE: name_idle(closing, kind); break;
    case CLOSING_REQUESTS: name_requests(closing, kind); break;
    case CLOSING_AGE: name_age(closing, kind); break;
    case CLOSING_MOMENT: name_moment(closing, kind, run); break;
    case CLOSING_LEVEL: name_level(closing, kind); break;
    case CLOSING_STATUS: name_status(closing); break;
    case CLOSING_FORGOTTEN: name_forgotten(closing); break;
    case CLOSING_SILENCE: name_silence(closing); break;
    default: break;
    }
}

/* --- the text --- */

__attribute__((format(printf, 2, 3))) static void add(struct closing *closing, const char *format,
                                                      ...) {
    size_t length = strlen(closing->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(closing->text + length, sizeof closing->text - length, format, arguments);
    va_end(arguments);
}

/* "60 % of them ", where others behind the name end otherwise. */
static void describe_share(struct closing *closing) {
    if (closing->for_some)
        add(closing, "%" PRIu32 " %% of them ", closing->share_percent);
}

static void describe_when_idle(struct closing *closing) {
    if (closing->interval)
        add(closing,
            "%s to %s after their last answer: looks like %s, looked at now and then, or with "
            "jitter; safe below %s",
            format_ms(closing->low).text, format_ms(closing->high).text, closing->directive,
            format_ms(closing->low).text);
    else
        add(closing, "%s%s after their last answer: %s %s%s", format_ms(closing->value).text,
            format_spread(closing).text, closing->race ? "the stale-reuse race with" : "looks like",
            closing->directive, closing->for_some ? ", which others do not have" : "");
}

static void describe_idle(struct closing *closing, const struct plan *plan, int64_t announced_ms) {
    const struct options *options = plan->options;
    struct closing_text shown;
    describe_share(closing);
    describe_when_idle(closing);
    if (announced_ms == closing->limit)
        add(closing, ", as its answers say");
    else if (announced_ms > 0)
        add(closing, ", though its answers announce %s", option_of((uint32_t)announced_ms, &shown));
    if (options->given.interval)
        add(closing, " (you ask every %s)", HUMAN_THINK(plan));
    else
        add(closing, " (-k is %s)",
            option_of((uint32_t)(options->keepalive / MILLISECOND), &shown));
}

static void describe_requests(struct closing *closing) {
    describe_share(closing);
    add(closing, "after exactly %s answer%s: looks like %s", HUMAN_COUNT(closing->value),
        human_plural(closing->value), closing->directive);
}

static void describe_age(struct closing *closing) {
    if (closing->by_timer)
        add(closing, "at age %s%s: looks like %s", format_ms(closing->value).text,
            format_spread(closing).text, closing->directive);
    else
        add(closing, "with the first answer after age %s: looks like %s",
            format_ms(closing->limit).text, closing->directive);
}

/* What would have looked the same, and what would tell them apart. */
static void describe_rivals(struct closing *closing) {
    const char *before = " (or ";
    for (int i = 0; i < CLOSING_DIMENSIONS; i++) {
        if ((closing->rivals & 1u << i) == 0)
            continue;
        add(closing, "%s", before);
        switch ((enum closing_dimension)i) {
        case CLOSING_AGE:
            add(closing, "an age limit of up to %s", format_ms(closing->age_ms.least).text);
            break;
        case CLOSING_REQUESTS:
            add(closing, "a limit of %" PRIu32 " requests", closing->answers.middle);
            break;
        case CLOSING_MOMENT: add(closing, "a restart"); break;
        case CLOSING_IDLE: add(closing, "an idle timeout"); break;
        case CLOSING_FORGOTTEN:
            add(closing, "a path that forgets connections after %s",
                format_ms(closing->forgets).text);
            break;
        default: add(closing, "%s", closing_dimension_name((enum closing_dimension)i)); break;
        }
        before = ", or ";
    }
    if (closing->dimension == CLOSING_IDLE && (closing->rivals & 1u << CLOSING_MOMENT) != 0)
        add(closing, ", or a shorter timeout that is looked at now and then");
    if (closing->rivals != 0)
        add(closing, ": a slower ramp, -r, and other think times, -i, tell them apart)");
}

static void describe_status(struct closing *closing) {
    uint32_t others = closing->errors_percent - closing->status_percent;
    if (closing->status_percent == 100)
        add(closing, "each with an answer of %s", closing->directive);
    else
        add(closing, "%" PRIu32 " %% of them with an answer of %s", closing->status_percent,
            closing->directive);
    if (others > 0)
        add(closing, ", %" PRIu32 " %% with another error status", others);
}

static void describe_level(struct closing *closing) {
    bool waited =
        closing->outcome == OUTCOME_response_timeout || closing->outcome == OUTCOME_silent;
    if (closing->refused)
        add(closing, "the first %s stayed, and each that was opened later %s: looks like %s",
            HUMAN_COUNT(closing->value), waited ? "was never answered" : "ended at once",
            closing->directive);
    else
        add(closing, "about one for each that was opened beyond %s: looks like %s",
            HUMAN_COUNT(closing->value), closing->directive);
}

static void describe_moment(struct closing *closing) {
    if (closing->answered_until > 0)
        add(closing, "nothing that was asked after %s was answered; then ",
            format_ms(closing->answered_until).text);
    if (closing->bursts == 0)
        add(closing, "each with its first answer from %s into the run on: looks like %s",
            format_ms(closing->value).text, closing->directive);
    else if (closing->bursts == 1)
        add(closing, "within %" PRIu32 " ms of each other, %s into the run: looks like %s",
            closing->spread, format_ms(closing->value).text, closing->directive);
    else
        add(closing,
            "in %" PRIu32 " bursts, the largest within %" PRIu32
            " ms, %s into the run: looks like %s",
            closing->bursts, closing->spread, format_ms(closing->value).text, closing->directive);
}

static void describe(struct closing *closing, const struct plan *plan, int64_t announced_ms) {
    switch (closing->dimension) {
    case CLOSING_IDLE: describe_idle(closing, plan, announced_ms); break;
    case CLOSING_REQUESTS: describe_requests(closing); break;
    case CLOSING_AGE: describe_age(closing); break;
    case CLOSING_MOMENT: describe_moment(closing); break;
    case CLOSING_LEVEL: describe_level(closing); break;
    case CLOSING_FORGOTTEN:
        add(closing,
            "each that asked after %s without a request, none that asked sooner: looks "
            "like %s",
            format_ms(closing->high).text, closing->directive);
        break;
    case CLOSING_SILENCE:
        add(closing, "no request since %s into the run was answered",
            format_ms(closing->value).text);
        break;
    case CLOSING_STATUS: describe_status(closing); break;
    default: break;
    }
    describe_rivals(closing);
}

/* --- what to do --- */

/* Longer than any of our think times, and no less than nginx's own default. */
static duration long_enough(const struct plan *plan) {
    return plan->think.high < 60 * SECOND ? 75 * SECOND : 2 * plan->think.high;
}

static void advise_idle(struct finding *finding, const struct closing *closing,
                        const struct plan *plan, enum server_kind kind) {
    struct closing_text option;
    duration enough = long_enough(plan);
    finding_do(finding, "--keepalive %s", option_of(closing->limit, &option));
    if (kind == SERVER_NGINX)
        finding_do(finding, "in nginx: keepalive_timeout %s",
                   option_of((uint32_t)(enough / MILLISECOND), &option));
    else if (kind == SERVER_APACHE)
        finding_do(finding, "in Apache: KeepAliveTimeout %lld", (long long)(enough / SECOND));
    else if (kind == SERVER_NODE)
        finding_do(finding, "in Node: server.keepAliveTimeout = %lld",
                   (long long)(enough / MILLISECOND));
    finding->have = closing->limit / 1000;
    finding->need = enough / SECOND;
}

static void advise_requests(struct finding *finding, const struct closing *closing,
                            enum server_kind kind) {
    static const char *const advice[] = {
        "raise the server's limit of requests a connection",
        "in nginx: keepalive_requests 1000000",
        "in Apache: MaxKeepAliveRequests 0",
        "in Node: server.maxRequestsPerSocket = 0",
    };
    finding->have = closing->limit;
    if (closing->heads)
        finding_do(finding, "-X GET tells whether it does so behind HEAD only");
    finding_do(finding, "%s",
               closing->limit == 1 ? "switch keep-alive on at the server" : advice[kind]);
}

/* The request, or the server's own trouble; never its keep-alive. */
static void advise_status(struct finding *finding, const struct closing *closing) {
    finding->have = closing->limit;
    if (closing->limit == 429)
        finding_do(finding, "fewer requests (-i, --rate), or a higher limit at the server");
    else if (closing->limit < 500)
        finding_do(finding,
                   "ask once by hand, and read the answer: curl -v, with the same URL, -X and -H");
    else
        finding_do(finding, "the server's error log");
}

static void advise(struct finding *finding, const struct closing *closing, const struct plan *plan,
                   enum server_kind kind) {
    switch (closing->dimension) {
    case CLOSING_IDLE: advise_idle(finding, closing, plan, kind); break;
    case CLOSING_REQUESTS: advise_requests(finding, closing, kind); break;
    case CLOSING_AGE:
        finding->have = closing->limit / 1000;
        finding_do(finding, "%s",
                   kind == SERVER_NGINX && !closing->by_timer
                       ? "in nginx: keepalive_time 365d"
                       : "raise the age limit of the server, or of what stands before it");
        break;
    case CLOSING_MOMENT:
        finding_do(finding, "look at %s's log, %s into the run", server_kind_name(kind),
                   format_ms(closing->value).text);
        break;
    case CLOSING_LEVEL:
        finding->have = closing->limit;
        finding->need = plan->connections;
        finding_do(finding, "raise %s in %s", closing->directive, server_kind_name(kind));
        break;
    case CLOSING_STATUS: advise_status(finding, closing); break;
    case CLOSING_FORGOTTEN:
        finding->have = closing->low / 1000;
        finding_do(finding,
                   "ask more often than every %s (-i), or raise the idle timeout of the "
                   "firewall, NAT or balancer on the way",
                   format_ms(closing->low).text);
        break;
    case CLOSING_SILENCE:
        finding_do(finding, "look at the server and the path to it, %s into the run",
                   format_ms(closing->value).text);
        break;
    default: break;
    }
}

/* What answers announce, of an idle timeout; 0: nothing. */
static int64_t announced_ms(const struct closing *closing, const struct tally_counts *counts) {
    return closing->dimension == CLOSING_IDLE ? counts->keep_alive_timeout_s * 1000 : 0;
}

/* Node alone closes about a second later than it announces; of all others the timer that was seen
 * is the one that acts. */
static bool is_announced(const struct closing *closing, enum server_kind kind, int64_t announced) {
    enum { LATER_MS = 1300, SOONER_MS = 200, EXACT_MS = 250 };
    int64_t later = kind == SERVER_NODE ? LATER_MS : EXACT_MS;
    return announced > 0 && !closing->interval && closing->value + SOONER_MS >= announced &&
           closing->value <= announced + later;
}

/* After the only answer, a HEAD's, without a word: some servers keep a connection behind GET. */
static bool behind_each_head(const struct closing *closing, const struct plan *plan) {
    const char *method = plan->options->method;
    return closing->dimension == CLOSING_REQUESTS && closing->limit == 1 && method != NULL &&
           strcmp(method, "HEAD") == 0 && closing->outcome != OUTCOME_closed_announced;
}

static void find_cause(struct findings *findings, struct closing *closing,
                       const struct diagnosed_run *run) {
    static const enum finding_code codes[CLOSING_DIMENSIONS] = {
        [CLOSING_IDLE] = FINDING_idle_timeout,      [CLOSING_REQUESTS] = FINDING_request_limit,
        [CLOSING_AGE] = FINDING_age_limit,          [CLOSING_MOMENT] = FINDING_ended_together,
        [CLOSING_LEVEL] = FINDING_connection_limit, [CLOSING_STATUS] = FINDING_error_status,
        [CLOSING_FORGOTTEN] = FINDING_path_forgets, [CLOSING_SILENCE] = FINDING_no_answer_since};
    enum server_kind kind = server_kind_of(run->target);
    int64_t announced = announced_ms(closing, &run->record->total.counts);
    closing->heads = behind_each_head(closing, run->plan);
    if (is_announced(closing, kind, announced))
        closing->limit = (uint32_t)announced;
    name_cause(closing, kind, run);
    describe(closing, run->plan, announced);
    struct finding *finding = findings_add_of(
        findings, codes[closing->dimension], outcome_side(closing->outcome), FINDING_WARN,
        "%s %s, %s", HUMAN_COUNT(closing->count), outcome_name(closing->outcome), closing->text);
    advise(finding, closing, run->plan, kind);
    snprintf(closing->advice, sizeof closing->advice, "%s", finding->todo[0]);
}

static uint32_t idle_timeout(const struct endings *endings, const struct closing_context *context) {
    static const enum outcome outcomes[] = {OUTCOME_closed_idle, OUTCOME_reset_idle};
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        struct closing closing;
        closing_infer(&closing, outcomes[i], &endings->of[outcomes[i]], context);
        if (closing.dimension == CLOSING_IDLE)
            return closing.value;
    }
    return 0;
}

static uint64_t error_answers(const struct tally_counts *counts) {
    uint64_t errors = 0;
    for (int status = 400; status < TALLY_STATUS_MAX; status++)
        errors += counts->statuses[status];
    return errors;
}

/* How many connections of all never had an answer. */
static uint64_t refused_of(const struct endings *endings) {
    uint64_t refused = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        const struct ending_group *group = &endings->of[i];
        uint64_t unanswered = 0;
        for (uint32_t k = 0; k < group->kept; k++)
            unanswered += group->sample[k].answers == 0;
        if (group->kept > 0)
            refused += group->count * unanswered / group->kept;
    }
    return refused;
}

static uint32_t lag_ms(const struct tally *total) {
    static const double usual = 0.995;
    duration lag = histogram_percentile(&total->distributions[DISTRIBUTION_LAG], usual);
    return (uint32_t)(lag / MILLISECOND);
}

void judge_causes(struct closings *closings, const struct plan *plan, const struct record *record) {
    const struct tally *total = &record->total;
    const struct tally_counts *counts = &total->counts;
    struct closing_context context = {
        .survived = &total->endings.survived,
        .gaps = &total->endings.gaps,
        .endings = &total->endings,
        .think = plan->think,
        .announced_ms = counts->keep_alive_timeout_s * 1000,
        .started_ns = counts->first_attempt_ns,
        .ramp = plan->ramp.rate.per > 0 ? &plan->ramp : NULL,
        .ramped = isfinite(record->ramp_seconds) ? (duration)(record->ramp_seconds * 1e9) : 0,
        .ramp_late = (duration)counts->ramp_late_ns,
        .lag_ms = lag_ms(total),
        .opened = counts->opened,
        .stayed = counts->opened - min_u64(counts->opened, refused_of(&total->endings)),
        .answers_slow = 2 * total->distributions[DISTRIBUTION_SERVICE].max > plan->timeout,
        .error_answers = error_answers(counts),
        .short_of_connections =
            record->evidence.error_log.short_of_connections > 0 ||
            (record->server.measured && record->server.accepted > record->server.handled)};
    context.moments_wrap = record->hold_seconds * 1e3 + (double)context.ramped / 1e6 > UINT32_MAX;
    context.timeout_ms = idle_timeout(&total->endings, &context);
    memset(closings, 0, sizeof *closings);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        const struct ending_group *group = &total->endings.of[i];
        if (group->count == 0)
            continue;
        closing_infer(&closings->items[closings->count++], (enum outcome)i, group, &context);
    }
}

void judge_closings(struct closings *closings, struct findings *findings,
                    const struct diagnosed_run *run) {
    if (record_has_endings(run->record))
        judge_causes(closings, run->plan, run->record);
    for (size_t i = 0; i < closings->count; i++)
        if (closings->items[i].dimension != CLOSING_UNKNOWN)
            find_cause(findings, &closings->items[i], run);
}

bool closings_same(const struct closings *a, const struct closings *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (memcmp(&a->items[i], &b->items[i], offsetof(struct closing, directive)) != 0)
            return false;
    return true;
}

const struct closing *closings_find(const struct closings *closings, enum outcome outcome) {
    for (size_t i = 0; i < closings->count; i++)
        if (closings->items[i].outcome == outcome &&
            closings->items[i].dimension != CLOSING_UNKNOWN)
            return &closings->items[i];
    return NULL;
}
