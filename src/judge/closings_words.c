/* Inferences as findings: the server's own name for what ended its connections, and what to do. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "judge/judge.h"
#include "judge/words.h"

enum server_kind { SERVER_UNKNOWN, SERVER_NGINX, SERVER_APACHE, SERVER_NODE };

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* By its Server header. Node has none, but says "Keep-Alive: timeout=" of its own accord, which
 * Apache does not without being asked. */
static enum server_kind kind_of(const struct target_facts *facts) {
    if (words_nginx(facts))
        return SERVER_NGINX;
    if (strcmp(facts->server, "Apache") == 0 || begins(facts->server, "Apache/"))
        return SERVER_APACHE;
    if (facts->answered && facts->server[0] == '\0' && begins(facts->keep_alive, "timeout="))
        return SERVER_NODE;
    return SERVER_UNKNOWN;
}

static const char *name_of(enum server_kind kind) {
    static const char *const names[] = {"the server", "nginx", "Apache", "Node"};
    return names[kind];
}

/* "5.0 s", "250 ms", "1h00m00s". */
struct said {
    char text[32];
};

static struct said say_ms(uint32_t ms) {
    struct said said;
    if (ms < 1000)
        snprintf(said.text, sizeof said.text, "%" PRIu32 " ms", ms);
    else if (ms < 120 * 1000)
        snprintf(said.text, sizeof said.text, "%.1f s", ms / 1000.0);
    else
        units_human_duration(said.text, sizeof said.text, ms * MILLISECOND);
    return said;
}

/* " +/- 0.1": half of the spread, where it can be seen at that precision. */
static struct said say_spread(const struct closing *closing) {
    struct said said = {""};
    if (closing->spread >= 100 && closing->value >= 1000)
        snprintf(said.text, sizeof said.text, " +/- %.1f", closing->spread / 2000.0);
    return said;
}

/* As servers' configurations and our options spell it: "5s", "90s", "1h", "250ms". */
static const char *option_of(uint32_t ms, struct said *said) {
    if (ms % 3600000 == 0)
        snprintf(said->text, sizeof said->text, "%" PRIu32 "h", ms / 3600000);
    else if (ms % 1000 == 0)
        snprintf(said->text, sizeof said->text, "%" PRIu32 "s", ms / 1000);
    else
        snprintf(said->text, sizeof said->text, "%" PRIu32 "ms", ms);
    return said->text;
}

/* --- the directive: what the server calls it --- */

static void name_idle(struct closing *closing, enum server_kind kind) {
    uint32_t limit = closing->limit;
    struct said option;
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
        snprintf(out, size, "keep-alive switched off");
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
    struct said option;
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

const char *closings_level_name(const struct target_facts *facts) {
    return level_name(kind_of(facts));
}

static void name_moment(struct closing *closing, enum server_kind kind) {
    snprintf(closing->directive, sizeof closing->directive, "%s",
             kind == SERVER_NGINX ? "a restart, or nginx -s reload" : "a restart or reload");
}

static void name_cause(struct closing *closing, enum server_kind kind) {
    switch (closing->dimension) {
    case CLOSING_IDLE: name_idle(closing, kind); break;
    case CLOSING_REQUESTS: name_requests(closing, kind); break;
    case CLOSING_AGE: name_age(closing, kind); break;
    case CLOSING_MOMENT: name_moment(closing, kind); break;
    case CLOSING_LEVEL: name_level(closing, kind); break;
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

static void say_idle(struct closing *closing, const struct plan *plan, int64_t announced_ms) {
    const struct options *options = plan->options;
    struct said said;
    add(closing, "%s%s after their last answer: %s %s", say_ms(closing->value).text,
        say_spread(closing).text, closing->race ? "the stale-reuse race with" : "looks like",
        closing->directive);
    if (announced_ms > 0)
        add(closing, ", as its answers say");
    if (options->given.interval)
        add(closing, " (you ask every %s)", WORDS_THINK(plan));
    else
        add(closing, " (you said %s)",
            option_of((uint32_t)(options->keepalive / MILLISECOND), &said));
}

static void say_requests(struct closing *closing) {
    add(closing, "after exactly %s answer%s: looks like %s", WORDS_COUNT(closing->value),
        words_plural(closing->value), closing->directive);
    if (closing->either)
        add(closing, " (or an age limit of up to %s: this interval cannot tell them apart)",
            say_ms(closing->age_ms.least).text);
}

static void say_age(struct closing *closing) {
    if (closing->by_timer)
        add(closing, "at age %s%s: looks like %s", say_ms(closing->value).text,
            say_spread(closing).text, closing->directive);
    else
        add(closing, "with the first answer after age %s: looks like %s",
            say_ms(closing->limit).text, closing->directive);
    if (closing->either)
        add(closing, " (or a limit of %" PRIu32 " requests: this interval cannot tell them apart)",
            closing->answers.middle);
}

static void say_moment(struct closing *closing) {
    if (closing->bursts == 0)
        add(closing, "each with its first answer from %s into the run on: looks like %s",
            say_ms(closing->value).text, closing->directive);
    else if (closing->bursts == 1)
        add(closing, "within %" PRIu32 " ms of each other, %s into the run: looks like %s",
            closing->spread, say_ms(closing->value).text, closing->directive);
    else
        add(closing,
            "in %" PRIu32 " bursts, the largest within %" PRIu32
            " ms, %s into the run: looks like %s",
            closing->bursts, closing->spread, say_ms(closing->value).text, closing->directive);
}

static void say(struct closing *closing, const struct plan *plan, int64_t announced_ms) {
    switch (closing->dimension) {
    case CLOSING_IDLE: say_idle(closing, plan, announced_ms); break;
    case CLOSING_REQUESTS: say_requests(closing); break;
    case CLOSING_AGE: say_age(closing); break;
    case CLOSING_MOMENT: say_moment(closing); break;
    case CLOSING_LEVEL:
        add(closing, "one for each that was opened beyond %s: looks like %s",
            WORDS_COUNT(closing->value), closing->directive);
        break;
    default: break;
    }
}

/* --- what to do --- */

/* Longer than any of our think times, and no less than nginx's own default. */
static duration long_enough(const struct plan *plan) {
    return plan->think.high < 60 * SECOND ? 75 * SECOND : 2 * plan->think.high;
}

static void advise_idle(struct finding *finding, const struct closing *closing,
                        const struct plan *plan, enum server_kind kind) {
    struct said option;
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
    finding_do(finding, "%s",
               closing->limit == 1 ? "switch keep-alive on at the server" : advice[kind]);
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
        finding_do(finding, "look at %s's log, %s into the run", name_of(kind),
                   say_ms(closing->value).text);
        break;
    case CLOSING_LEVEL:
        finding->have = closing->limit;
        finding->need = plan->connections;
        finding_do(finding, "raise %s in %s", closing->directive, name_of(kind));
        break;
    default: break;
    }
}

/* The number that the answers announce, when the timer that was seen fits it: a server may close a
 * little later than it says (Node: by a second). */
static int64_t announced_ms(const struct closing *closing, const struct counts *counts) {
    enum { LATER_MS = 1300, SOONER_MS = 200 };
    int64_t announced = counts->keep_alive_timeout_s * 1000;
    bool fits = closing->dimension == CLOSING_IDLE && announced > 0 &&
                closing->value + SOONER_MS >= announced && closing->value <= announced + LATER_MS;
    return fits ? announced : 0;
}

static void find_cause(struct judgement *judgement, struct closing *closing,
                       const struct plan *plan, const struct counts *counts) {
    static const char *const codes[CLOSING_DIMENSIONS] = {
        NULL, "idle_timeout", "request_limit", "age_limit", "ended_together", "connection_limit"};
    enum server_kind kind = kind_of(&judgement->target);
    int64_t announced = announced_ms(closing, counts);
    if (announced > 0)
        closing->limit = (uint32_t)announced;
    name_cause(closing, kind);
    say(closing, plan, announced);
    struct finding *finding =
        findings_add(&judgement->findings, codes[closing->dimension],
                     outcome_side(closing->outcome), FINDING_WARN, "%s %s, %s",
                     WORDS_COUNT(closing->count), outcome_name(closing->outcome), closing->text);
    advise(finding, closing, plan, kind);
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

void judge_causes(struct closings *closings, const struct plan *plan, const struct record *record) {
    const struct tally *total = &record->total;
    const struct counts *counts = &total->counts;
    struct closing_context context = {
        .survived = &total->endings.survived,
        .think = plan->think,
        .started_ns = counts->first_attempt_ns,
        .ramp = plan->ramp.rate.per > 0 ? &plan->ramp : NULL,
        .ramped = isfinite(record->ramp_seconds) ? (duration)(record->ramp_seconds * 1e9) : 0,
        .opened = counts->opened,
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

void judge_closings(struct judgement *judgement, const struct plan *plan,
                    const struct record *record) {
    struct closings *closings = &judgement->closings;
    if (!record->saved)
        judge_causes(closings, plan, record);
    for (size_t i = 0; i < closings->count; i++)
        if (closings->items[i].dimension != CLOSING_UNKNOWN)
            find_cause(judgement, &closings->items[i], plan, &record->total.counts);
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
