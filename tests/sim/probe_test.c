/* Servers by seed, each with a policy, probed through the simulated door: what is told is true in
 * all of them, and most of what can be told is. `--all` plays ten times as many, `--from N` others,
 * `--seed N` one alone, `--show` prints each that was not told. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/minmax.h"
#include "base/random.h"
#include "base/url.h"
#include "options/options.h"
#include "prober/prober.h"
#include "sim.h"
#include "wire/http/http_exchange.h"
#include "wire/http/request.h"

#define WORLDS(X)                                                                                  \
    X(IDLE_EXACT, "an idle timeout, each by its own timer")                                        \
    X(IDLE_TICKS, "an idle timeout, looked at now and then")                                       \
    X(IDLE_JITTER, "an idle timeout with jitter")                                                  \
    X(REQUESTS, "a limit of requests, announced")                                                  \
    X(REQUESTS_QUIET, "a limit of requests, unannounced")                                          \
    X(AGE, "an age limit at the next answer, announced")                                           \
    X(AGE_QUIET, "an age limit at the next answer, unannounced")                                   \
    X(AGE_TIMER, "an age limit by a timer")                                                        \
    X(ALL_THREE, "idle timeout, limit of requests, age limit")                                     \
    X(KILL, "an idle timeout, and a kill in the midst")                                            \
    X(STOP, "an idle timeout, and a stop in the midst")                                            \
    X(GRACEFUL, "an idle timeout, and a reload in the midst")                                      \
    X(ANNOUNCE, "an idle timeout, and a slow reload in the midst")                                 \
    X(KILL_ONE, "an idle timeout, and one of several processes killed")                            \
    X(PROCESS_REQUESTS, "processes that end after so many requests")                               \
    X(FORGETS, "a firewall that forgets, and drops")                                               \
    X(FORGETS_RST, "a firewall that forgets, and resets")                                          \
    X(LIMIT_FIN, "an idle timeout and a limit of connections: closed at accept")                   \
    X(LIMIT_RST, "the same: reset at accept")                                                      \
    X(LIMIT_503, "the same: status 503")                                                           \
    X(LIMIT_QUEUE, "the same: never answered")                                                     \
    X(TWO_IDLE, "two idle timeouts behind one name")                                               \
    X(NOTHING, "nothing ends")                                                                     \
    X(RANDOM, "ends at random")
enum world_kind {
#define KIND(name, text) WORLD_##name,
    WORLDS(KIND)
#undef KIND
        WORLD_KINDS
};
static const char *const kind_texts[] = {
#define TEXT(name, text) text,
    WORLDS(TEXT)
#undef TEXT
};

struct world {
    uint64_t seed;
    enum world_kind kind;
    struct sim_policy policies[2];
    struct sim_config config;
    duration bound;
    enum probe_scope scope;
};

struct row {
    uint32_t worlds, wrong, decidable, told;
};

static uint32_t each = 40;
static uint64_t only, first = 1;
static bool show;

/* ---- Worlds ---- */

static uint64_t draw(struct random *random, uint64_t low, uint64_t high) {
    return random_between(random, low, high);
}

static bool chance(struct random *random, uint32_t percent) {
    return draw(random, 0, 99) < percent;
}

static duration draw_ms(struct random *random, uint64_t low, uint64_t high) {
    return (duration)draw(random, low, high) * MILLISECOND;
}

/* Whole seconds mostly, as people write them. */
static duration draw_limit(struct random *random, uint64_t low_s, uint64_t high_s) {
    if (chance(random, 70))
        return (duration)draw(random, low_s, high_s) * SECOND;
    return draw_ms(random, low_s * 1000, high_s * 1000);
}

static uint32_t draw_requests(struct random *random) {
    static const uint32_t usual[] = {2, 5, 10, 50, 100, 500, 1000};
    return chance(random, 60) ? usual[draw(random, 0, 6)] : (uint32_t)draw(random, 2, 1000);
}

static void draw_policy(struct world *world, struct random *random) {
    struct sim_policy *policy = &world->policies[0];
    uint64_t bound_s = (uint64_t)(world->bound / SECOND);
    policy->timer_late = draw_ms(random, 0, 12);
    switch (world->kind) {
    case WORLD_IDLE_TICKS:
        policy->idle = draw_limit(random, 1, bound_s - 4);
        policy->tick = min_i64(draw_ms(random, 200, 4000), policy->idle);
        policy->phase = draw_ms(random, 0, (uint64_t)(policy->tick / MILLISECOND));
        break;
    case WORLD_IDLE_JITTER:
        policy->idle = draw_limit(random, 2, bound_s / 2);
        policy->idle_jitter = policy->idle / (duration)draw(random, 2, 8);
        break;
    case WORLD_REQUESTS_QUIET: policy->quiet = true; /* fall through */
    case WORLD_REQUESTS: policy->requests = draw_requests(random); break;
    case WORLD_AGE_QUIET: policy->quiet = true; /* fall through */
    case WORLD_AGE: policy->age = draw_limit(random, 3, bound_s - 8); break;
    case WORLD_AGE_TIMER: policy->age_timer = draw_limit(random, 3, bound_s - 8); break;
    case WORLD_ALL_THREE:
        policy->idle = draw_limit(random, 1, bound_s - 4);
        policy->requests = draw_requests(random);
        policy->age = draw_limit(random, 8, 600);
        break;
    case WORLD_KILL_ONE: policy->processes = (uint32_t)draw(random, 2, 4); /* fall through */
    case WORLD_KILL: policy->halt = HALT_KILL; break;
    case WORLD_STOP: policy->halt = HALT_STOP; break;
    case WORLD_GRACEFUL: policy->halt = HALT_GRACEFUL; break;
    case WORLD_ANNOUNCE: policy->halt = HALT_ANNOUNCE; break;
    case WORLD_PROCESS_REQUESTS:
        policy->processes = (uint32_t)draw(random, 1, 4);
        policy->process_requests = (uint32_t)draw(random, 50, 1000);
        break;
    case WORLD_FORGETS_RST: policy->forgets_by_reset = true; /* fall through */
    case WORLD_FORGETS: policy->forgets = draw_limit(random, 2, bound_s / 3); break;
    case WORLD_LIMIT_FIN: policy->refusal = REFUSAL_FIN; break;
    case WORLD_LIMIT_RST: policy->refusal = REFUSAL_RST; break;
    case WORLD_LIMIT_503: policy->refusal = REFUSAL_503; break;
    case WORLD_LIMIT_QUEUE: policy->refusal = REFUSAL_QUEUE; break;
    case WORLD_RANDOM: policy->random_ends = 40000; break;
    default: break;
    }
    if (world->kind == WORLD_IDLE_EXACT || policy->halt != HALT_NONE ||
        (world->kind >= WORLD_LIMIT_FIN && world->kind <= WORLD_TWO_IDLE))
        policy->idle = draw_limit(random, 1, bound_s - 4);
    if (policy->halt != HALT_NONE)
        policy->halt_at = draw_ms(random, 1500, (uint64_t)bound_s * 900);
    if (world->kind >= WORLD_LIMIT_FIN && world->kind <= WORLD_LIMIT_QUEUE)
        policy->limit = (uint32_t)draw(random, 4, 14);
    world->policies[1] = *policy;
    if (world->kind == WORLD_TWO_IDLE)
        world->policies[1].idle = policy->idle * (duration)draw(random, 2, 6);
}

static void make_world(struct world *world, uint64_t seed) {
    struct random random;
    memset(world, 0, sizeof *world);
    random_seed(&random, seed, 0x9806e);
    world->seed = seed;
    world->kind = (enum world_kind)(seed % WORLD_KINDS);
    world->bound = (duration)draw(&random, 12, 90) * SECOND;
    world->scope = chance(&random, 15) ? PROBE_SCOPE_GENTLE : PROBE_SCOPE_ALL;
    draw_policy(world, &random);
    world->config = (struct sim_config){.seed = seed,
                                        .start = {(duration)draw(&random, 1, 1000) * SECOND},
                                        .timeout = 3 * SECOND,
                                        .connect_timeout = 3 * SECOND,
                                        .latency = {200 * MICROSECOND, draw_ms(&random, 1, 30)},
                                        .policies = world->policies,
                                        .second_percent = world->kind == WORLD_TWO_IDLE ? 40 : 0};
    if (chance(&random, 30)) { /* our own lateness */
        world->config.late_wakes = 20000;
        world->config.late_by = draw_ms(&random, 5, 80);
    }
}

/* ---- A probe in it ---- */

static void take_events(struct prober *prober, struct net *net) {
    struct net_event events[32];
    for (size_t count; (count = net_take(net, events, 32)) > 0;)
        for (size_t i = 0; i < count; i++)
            prober_event(prober, &events[i], net_now(net));
}

static void probe_world(const struct world *world, struct probe_result *result,
                        struct probe_facts *facts) {
    struct net *net = sim_create(&world->config);
    struct url url;
    struct address address;
    struct request request;
    assert_true(url_parse(&url, "http://127.0.0.1:8080/", (char[URL_ERROR_MAX]){0}));
    assert_true(address_parse(&address, "127.0.0.1", 8080));
    assert_true(request_bake_kept(&request, "GET", &url, NULL, NULL));
    const struct prober_settings settings = {.net = net,
                                             .operation = 1,
                                             .exchange = &http_exchange,
                                             .address = &address,
                                             .request = &request,
                                             .connect_timeout = 3 * SECOND,
                                             .timeout = 3 * SECOND,
                                             .bound = world->bound,
                                             .connections = 32,
                                             .scope = world->scope};
    struct prober *prober = prober_create(&settings);
    assert_non_null(prober);
    for (;;) {
        instant due = prober_tick(prober, net_now(net));
        if (prober_done(prober))
            break;
        assert_int_equal(net_wait(net, due, 1), 0);
        take_events(prober, net);
    }
    prober_judge(prober, result);
    *facts = *prober_facts(prober);
    if (only > 0) {
        size_t count;
        const struct probe_trace *traces = prober_traces(prober, &count);
        for (size_t i = 0; i < count; i++)
            printf("    role %d end %d%s%s: opened %.3f answers %u sent %u idle %.3f age %.3f gap "
                   "%.3f late %.3f\n",
                   traces[i].role, traces[i].end, traces[i].swept ? " swept" : "",
                   traces[i].outstanding ? " outstanding" : "",
                   duration_seconds(instant_since(traces[i].opened_at, world->config.start)),
                   traces[i].answers, traces[i].sent,
                   duration_seconds(probe_trace_idle(&traces[i], net_now(net))),
                   duration_seconds(probe_trace_age(&traces[i], net_now(net))),
                   duration_seconds(traces[i].gap), duration_seconds(traces[i].late));
    }
    while (!prober_quiet(prober)) {
        assert_int_equal(net_wait(net, instant_after(net_now(net), SECOND), 1), 0);
        take_events(prober, net);
    }
    assert_int_equal(sim_truth(net)->descriptors, 0);
    prober_destroy(prober);
    request_free(&request);
    net_destroy(net);
}

/* ---- What is true in it ---- */

static bool near(double value, double truth) {
    return fabs(value - truth) <= fmax(truth / 10, 0.2);
}

static double seconds_or_never(duration length) {
    return length > 0 ? duration_seconds(length) : 1e9;
}

/* When a connection that asks all the while, or waits, may end by each of the rules. */
static bool idle_is_true(const struct world *world, const struct probe_value *value) {
    const struct sim_policy *policy = &world->policies[0];
    double idle = seconds_or_never(policy->idle), forgets = seconds_or_never(policy->forgets);
    double late = duration_seconds(max_i64(policy->tick, policy->idle_jitter));
    double other = seconds_or_never(world->policies[1].idle);
    switch (value->status) {
    case PROBE_FOUND:
        if (value->forgotten)
            return value->low <= forgets + 0.1 && value->high >= forgets - 0.1;
        return (near(value->value, idle) || near(value->value, other)) ||
               (value->value >= idle - 0.1 && value->high <= idle + late + 0.2);
    case PROBE_AT_LEAST: return value->value <= fmax(fmin(idle, forgets) + late, other) + 0.2;
    case PROBE_JITTERED:
        return value->low >= idle - 0.1 && value->low <= fmax(idle + late, 0) + 0.2;
    default: return true;
    }
}

static bool first_is_true(const struct world *world, const struct probe_value *value) {
    struct probe_value copy = *value;
    copy.forgotten = false;
    if (value->status == PROBE_AT_LEAST) /* a path that forgets does so behind a request */
        return true;
    return idle_is_true(world, &copy);
}

static bool requests_are_true(const struct world *world, const struct probe_value *value) {
    uint32_t limit = world->policies[0].requests, process = world->policies[0].process_requests;
    /* The limit of a process is one of the connection that is nearly alone in it. */
    if (value->status == PROBE_FOUND && process > 0)
        return value->value <= process && value->value + 8 >= process;
    if (value->status == PROBE_FOUND)
        return limit > 0 && value->value == limit;
    return value->status != PROBE_AT_LEAST || limit == 0 || value->value < limit;
}

static bool age_is_true(const struct world *world, const struct probe_value *value) {
    const struct sim_policy *policy = &world->policies[0];
    double limit = seconds_or_never(max_i64(policy->age, policy->age_timer));
    if (value->status == PROBE_FOUND)
        return near(value->value, limit);
    return value->status != PROBE_AT_LEAST || value->value <= limit + 0.2;
}

static bool is_within_bounds(const struct world *world, const struct probe_facts *facts) {
    duration most = world->bound + (facts->restarts > 0 ? world->bound + 20 * SECOND : 0);
    uint32_t requests = world->scope == PROBE_SCOPE_GENTLE ? PROBER_GENTLE_MAX : 1500;
    return facts->requests <= requests && facts->open_peak <= PROBER_AT_ONCE &&
           facts->connections <= 32 && facts->elapsed <= most + 11 * SECOND / 2;
}

/* What a probe can tell in principle; and whether it did. */
static bool is_decidable(const struct world *world) {
    const struct sim_policy *policy = &world->policies[0];
    bool gentle = world->scope == PROBE_SCOPE_GENTLE;
    switch (world->kind) {
    case WORLD_TWO_IDLE:
    case WORLD_NOTHING:
    case WORLD_RANDOM:
    case WORLD_PROCESS_REQUESTS:
    case WORLD_ANNOUNCE: return false;
    case WORLD_REQUESTS:
    case WORLD_REQUESTS_QUIET: return !gentle;
    case WORLD_AGE:
    case WORLD_AGE_QUIET:
    case WORLD_AGE_TIMER: return !gentle;
    case WORLD_KILL_ONE: return false;
    case WORLD_ALL_THREE:
        return policy->requests > 3 && (policy->age == 0 || policy->age > policy->idle);
    default: return true;
    }
}

static bool is_told(const struct world *world, const struct probe_result *result) {
    const struct probe_value *values = result->values;
    enum probe_status idle = values[PROBE_IDLE_TIMEOUT].status;
    switch (world->kind) {
    case WORLD_REQUESTS:
    case WORLD_REQUESTS_QUIET: return values[PROBE_REQUESTS].status == PROBE_FOUND;
    case WORLD_AGE:
    case WORLD_AGE_QUIET:
    case WORLD_AGE_TIMER: return values[PROBE_MAX_AGE].status == PROBE_FOUND;
    case WORLD_IDLE_JITTER: return idle == PROBE_JITTERED || idle == PROBE_FOUND;
    default: return idle == PROBE_FOUND;
    }
}

static void print_world(const struct world *world, const struct probe_result *result,
                        const struct probe_facts *facts, const char *what) {
    const struct sim_policy *p = &world->policies[0];
    printf("seed %" PRIu64 " %s: %s; bound %.0f%s: idle %.2f +%.2f tick %.2f (other %.2f), "
           "requests %u, age %.2f/%.2f, "
           "limit %u, forgets %.2f, halt %.2f, processes %u/%u, late %.0f ms\n",
           world->seed, what, kind_texts[world->kind], duration_seconds(world->bound),
           world->scope == PROBE_SCOPE_GENTLE ? " gentle" : "", duration_seconds(p->idle),
           duration_seconds(p->idle_jitter), duration_seconds(p->tick),
           duration_seconds(world->policies[1].idle), p->requests, duration_seconds(p->age),
           duration_seconds(p->age_timer), p->limit, duration_seconds(p->forgets),
           duration_seconds(p->halt_at), p->processes, p->process_requests,
           world->config.late_wakes > 0 ? 1e3 * duration_seconds(world->config.late_by) : 0);
    for (int i = 0; i < PROBE_QUESTIONS; i++) {
        const struct probe_value *v = &result->values[i];
        printf("    %s %s %.3f (%.3f..%.3f) agreeing %u%s%s\n",
               probe_question_name((enum probe_question)i), probe_status_name(v->status), v->value,
               v->low, v->high, v->agreeing, v->by_clock ? " by a clock" : "",
               v->forgotten ? " forgotten" : "");
    }
    printf("    %.1f s, %u connections (%u), %u requests, restarts %u, holds %u%s, strays %u\n",
           duration_seconds(facts->elapsed), facts->connections, facts->open_peak, facts->requests,
           facts->restarts, facts->holds, facts->gone ? " gone" : "", result->strays);
}

static void play_world(uint64_t seed, struct row *rows) {
    struct world world;
    struct probe_result result;
    struct probe_facts facts;
    make_world(&world, seed);
    probe_world(&world, &result, &facts);
    const struct probe_value *values = result.values;
    bool is_true = idle_is_true(&world, &values[PROBE_IDLE_TIMEOUT]) &&
                   first_is_true(&world, &values[PROBE_FIRST_REQUEST_TIMEOUT]) &&
                   requests_are_true(&world, &values[PROBE_REQUESTS]) &&
                   age_is_true(&world, &values[PROBE_MAX_AGE]) && is_within_bounds(&world, &facts);
    bool decidable = is_decidable(&world), told = is_told(&world, &result);
    if (!is_true || only > 0 || (show && decidable && !told))
        print_world(&world, &result, &facts, !is_true ? "WRONG" : told ? "told" : "not told");
    struct row *row = &rows[world.kind];
    row->worlds++;
    row->wrong += !is_true;
    row->decidable += decidable;
    row->told += decidable && told;
}

static uint32_t percent(uint32_t part, uint32_t whole) {
    return whole > 0 ? part * 100 / whole : 100;
}

static void print_row(const char *text, const struct row *row) {
    printf("%-62s %6u %6u %6u %4u %%\n", text, row->worlds, row->wrong, row->decidable,
           percent(row->told, row->decidable));
}

static void what_a_probe_tells_is_true_and_it_tells_most(void **state) {
    (void)state;
    static struct row rows[WORLD_KINDS], sum;
    clock_t began = clock();
    if (only > 0)
        play_world(only, rows);
    uint64_t last = first + (uint64_t)each * WORLD_KINDS;
    for (uint64_t seed = first; only == 0 && seed < last; seed++)
        play_world(seed, rows);
    printf("%-62s %6s %6s %6s %6s\n", "", "worlds", "wrong", "decid.", "told");
    for (int kind = 0; kind < WORLD_KINDS; kind++) {
        print_row(kind_texts[kind], &rows[kind]);
        sum.worlds += rows[kind].worlds;
        sum.wrong += rows[kind].wrong;
        sum.decidable += rows[kind].decidable;
        sum.told += rows[kind].told;
    }
    print_row("all", &sum);
    printf("%.1f CPU s\n", (double)(clock() - began) / CLOCKS_PER_SEC);
    assert_int_equal(sum.wrong, 0);
    assert_true(only > 0 || percent(sum.told, sum.decidable) >= 95);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            each *= 10;
        else if (strcmp(argv[i], "--show") == 0)
            show = true;
        else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc)
            first = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            only = strtoull(argv[++i], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_probe_tells_is_true_and_it_tells_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
