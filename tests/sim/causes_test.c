/* A world of servers: thousands of them by seed, each with a policy, asked by the real engine
 * through the simulated door, and judged by what the run alone shows. A cause that is named is true
 * in all of them. `--all` plays ten times as many, `--each N` so many of each kind, `--from N`
 * others, `--seed N` one alone, `--show` prints each that was not told. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/minmax.h"
#include "base/random.h"
#include "judge/diagnose/closings.h"
#include "play.h"

/* What kinds of servers there are. */
#define WORLDS(X)                                                                                  \
    X(IDLE_EXACT, "an idle timeout, each by its own timer")                                        \
    X(IDLE_TICKS, "an idle timeout, looked at now and then")                                       \
    X(IDLE_JITTER, "an idle timeout with jitter")                                                  \
    X(REQUESTS, "a limit of requests, announced")                                                  \
    X(REQUESTS_QUIET, "a limit of requests, unannounced")                                          \
    X(AGE, "an age limit at the next answer, announced")                                           \
    X(AGE_QUIET, "an age limit at the next answer, unannounced")                                   \
    X(AGE_TIMER, "an age limit by a timer")                                                        \
    X(PROCESS_REQUESTS, "processes that end after so many requests")                               \
    X(KILL, "a kill, or a restart by resets")                                                      \
    X(KILL_ONE, "one of several processes killed")                                                 \
    X(STOP, "a stop: a FIN for each")                                                              \
    X(GRACEFUL, "a reload: the idle ones at once")                                                 \
    X(ANNOUNCE, "a graceful stop: each next answer is the last")                                   \
    X(FREEZE, "a freeze, then resets")                                                             \
    X(SILENCE, "a path that falls silent")                                                         \
    X(LIMIT_FIN, "a limit of connections: closed at accept")                                       \
    X(LIMIT_RST, "a limit of connections: reset at accept")                                        \
    X(LIMIT_503, "a limit of connections: status 503")                                             \
    X(LIMIT_QUEUE, "a limit of connections: never answered")                                       \
    X(FORGETS, "a firewall that forgets, and drops")                                               \
    X(FORGETS_RST, "a firewall that forgets, and resets")                                          \
    X(TWO_IDLE, "two idle timeouts behind one name")                                               \
    X(SOME_IDLE, "an idle timeout for some")                                                       \
    X(TWO_REQUESTS, "two limits of requests behind one name")                                      \
    X(NOTHING, "nothing ends")                                                                     \
    X(OURSELVES, "our own --timeout")                                                              \
    X(STALL, "no answers for a while, and our own --timeout")                                      \
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
    struct play_config play;
    duration ramp, length;
    bool fixed; /* think times */
    bool busy;
};

enum told { TOLD_NOTHING, TOLD_RIGHT, TOLD_EITHER, TOLD_WRONG, TOLDS };

/* Per kind. */
struct row {
    uint32_t worlds, decidable, told[TOLDS], decidable_told;
};

static uint32_t each = 100;
static uint64_t only, first = 1;
static bool show;

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

static void draw_run(struct world *world, struct random *random) {
    static const uint64_t ramps_ms[] = {10, 100, 500, 1000, 2000, 4000};
    struct play_config *play = &world->play;
    play->connections = (uint32_t)draw(random, 30, 150);
    world->ramp = (duration)ramps_ms[draw(random, 0, 5)] * MILLISECOND;
    play->ramp = (struct units_rate){play->connections, world->ramp};
    world->fixed = chance(random, 20);
    duration high = draw_ms(random, 500, 8000);
    duration low = world->fixed ? high : min_i64(SECOND, high / (duration)draw(random, 2, 10));
    play->think = (struct units_span){low, high};
    world->length = world->ramp + draw_ms(random, 12000, 30000);
    if (chance(random, 20)) { /* as by default: -k 60s */
        play->think = (struct units_span){SECOND, 30 * SECOND};
        world->length += draw_ms(random, 0, 40000);
        world->fixed = false;
    } else if (chance(random, 15)) {
        play->think_mean = (low + high) / 2;
    }
    if (chance(random, 20))
        play->reconnect = (struct units_span){SECOND, draw_ms(random, 1000, 8000)};
    play->timeout = 3 * SECOND;
    play->audit_every = 4096;
    play->world.seed = world->seed;
    play->world.start.ns = (duration)draw(random, 1, 1000) * SECOND;
    play->world.latency.low = 200 * MICROSECOND;
    play->world.latency.high = (duration)draw(random, 1, 30) * MILLISECOND;
    if (chance(random, 30)) { /* our own lateness */
        play->world.late_wakes = 20000;
        play->world.late_by = draw_ms(random, 5, 80);
    }
}

/* Something that our own think time lets happen. */
static duration reachable(const struct world *world, struct random *random) {
    duration high = world->play.think.high;
    duration limit = draw_limit(random, 1, high > 10 * SECOND ? 20 : 6);
    return limit < high ? limit : draw_ms(random, 300, (uint64_t)(high / MILLISECOND));
}

static void draw_policy(struct world *world, struct random *random) {
    struct sim_policy *policy = &world->policies[0], *other = &world->policies[1];
    duration middle = world->ramp + draw_ms(random, 2500, 9000);
    policy->timer_late = draw_ms(random, 0, 12);
    switch (world->kind) {
    case WORLD_IDLE_TICKS:
        policy->tick = draw_ms(random, 200, 4000);
        policy->phase = draw_ms(random, 0, (uint64_t)(policy->tick / MILLISECOND));
        policy->idle = reachable(world, random);
        break;
    case WORLD_IDLE_EXACT: policy->idle = reachable(world, random); break;
    case WORLD_IDLE_JITTER:
        policy->idle = reachable(world, random);
        policy->idle_jitter = policy->idle / (duration)draw(random, 2, 8);
        break;
    case WORLD_REQUESTS_QUIET: policy->quiet = true; /* fall through */
    case WORLD_REQUESTS: policy->requests = (uint32_t)draw(random, 1, 12); break;
    case WORLD_AGE_QUIET: policy->quiet = true; /* fall through */
    case WORLD_AGE: policy->age = draw_limit(random, 2, 9); break;
    case WORLD_AGE_TIMER: policy->age_timer = draw_limit(random, 2, 9); break;
    case WORLD_PROCESS_REQUESTS:
        policy->processes = (uint32_t)draw(random, 1, 4);
        policy->process_requests = world->play.connections / policy->processes * 4;
        break;
    case WORLD_KILL_ONE: policy->processes = (uint32_t)draw(random, 2, 5); /* fall through */
    case WORLD_KILL: policy->halt = HALT_KILL; break;
    case WORLD_STOP: policy->halt = HALT_STOP; break;
    case WORLD_GRACEFUL: policy->halt = HALT_GRACEFUL; break;
    case WORLD_ANNOUNCE: policy->halt = HALT_ANNOUNCE; break;
    case WORLD_FREEZE:
        policy->halt = HALT_FREEZE;
        policy->halt_length = draw_ms(random, 500, 8000);
        break;
    case WORLD_SILENCE: policy->halt = HALT_SILENCE; break;
    case WORLD_LIMIT_FIN: policy->refusal = REFUSAL_FIN; break;
    case WORLD_LIMIT_RST: policy->refusal = REFUSAL_RST; break;
    case WORLD_LIMIT_503: policy->refusal = REFUSAL_503; break;
    case WORLD_LIMIT_QUEUE: policy->refusal = REFUSAL_QUEUE; break;
    case WORLD_FORGETS_RST: policy->forgets_by_reset = true; /* fall through */
    case WORLD_FORGETS: policy->forgets = reachable(world, random); break;
    case WORLD_TWO_IDLE:
        policy->idle = reachable(world, random);
        other->idle = policy->idle * 2;
        break;
    case WORLD_SOME_IDLE: other->idle = reachable(world, random); break;
    case WORLD_TWO_REQUESTS:
        policy->requests = (uint32_t)draw(random, 2, 6);
        other->requests = policy->requests * 2;
        break;
    case WORLD_OURSELVES:
        world->play.timeout = draw_ms(random, 20, 100);
        world->play.world.latency.high = 2 * world->play.timeout;
        break;
    case WORLD_STALL:
        world->play.world.stall_from = middle;
        world->play.world.stall_until = middle + draw_ms(random, 500, 6000);
        break;
    case WORLD_RANDOM: policy->random_ends = 40000; break;
    default: break;
    }
    if (policy->halt != HALT_NONE)
        policy->halt_at = middle;
    if (world->kind >= WORLD_LIMIT_FIN && world->kind <= WORLD_LIMIT_QUEUE)
        policy->limit = world->play.connections * (uint32_t)draw(random, 20, 80) / 100;
    if (world->kind >= WORLD_TWO_IDLE && world->kind <= WORLD_TWO_REQUESTS)
        world->play.world.second_percent = (uint32_t)draw(random, 15, 85);
}

/* A machine with far more to do than it can: we stand still now and then, and so does the server,
 * whose clock is then old when it arms a timer. */
static void make_busy(struct world *world, struct random *random) {
    struct sim_config *config = &world->play.world;
    config->late_wakes = (uint32_t)draw(random, 20000, 400000);
    config->late_by = draw_ms(random, 100, 950);
    config->event_cost = draw_ms(random, 0, 5);
    config->latency.high = draw_ms(random, 1, 300);
    for (int i = 0; i < 2; i++)
        world->policies[i].timer_late = world->policies[i].clock_late =
            chance(random, 70) ? config->late_by : 0;
    world->busy = true;
}

static void make_world(struct world *world, uint64_t seed) {
    struct random random;
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->kind = (enum world_kind)(seed % WORLD_KINDS);
    random_seed(&random, seed, 0xca05e5);
    draw_run(world, &random);
    draw_policy(world, &random);
    random_seed(&random, seed, 0xb057);
    if (chance(&random, 12))
        make_busy(world, &random);
    if (world->kind != WORLD_STALL)
        world->play.world.policies = world->policies;
}

/* --- what is true in it --- */

static bool near_ms(double value, duration truth, double more) {
    double ms = (double)truth / MILLISECOND;
    return fabs(value - ms) <= fmax(ms / 10, 200) + more;
}

/* A busy machine's server acts early, by its own clock. */
static double early_ms(const struct world *world, duration truth) {
    return world->busy ? fmax((double)truth / MILLISECOND / 10, 200) : 100;
}

/* An interval is true that holds some of where it acts. */
static bool idle_true(const struct world *world, const struct closing *closing,
                      const struct sim_policy *policy) {
    duration late = policy->tick > 0 ? policy->tick : policy->idle_jitter;
    double blur = world->busy ? 2.0 * (double)world->play.world.late_by / MILLISECOND : 0;
    if (policy->idle == 0)
        return false;
    if ((closing->rivals & 1u << CLOSING_MOMENT) != 0) /* or a shorter one: its words say so */
        return closing->limit + 200 >= policy->idle / MILLISECOND;
    if (closing->interval && world->kind == WORLD_TWO_IDLE)
        return near_ms(closing->low, world->policies[0].idle, 0) &&
               near_ms(closing->high, world->policies[1].idle, blur);
    if (closing->interval)
        return closing->low >= (double)policy->idle / MILLISECOND - early_ms(world, policy->idle) &&
               closing->low <= (double)(policy->idle + late / 2) / MILLISECOND + 200 &&
               closing->high <= (double)(policy->idle + late) / MILLISECOND + 200 + blur;
    return near_ms(closing->limit, policy->idle, late < 300 * MILLISECOND ? 300 : 0);
}

static bool dimension_true(const struct world *world, const struct closing *closing,
                           enum closing_dimension dimension) {
    bool primary = dimension == closing->dimension, any = false;
    for (int i = 0; i < 2; i++) {
        const struct sim_policy *policy = &world->policies[i];
        bool age = policy->age > 0 || policy->age_timer > 0;
        bool moment = policy->halt != HALT_NONE || policy->process_requests > 0;
        duration edge = policy->age > 0 ? policy->age : policy->age_timer;
        switch (dimension) {
        case CLOSING_IDLE:
            any |= primary ? idle_true(world, closing, policy) : policy->idle > 0;
            break;
        case CLOSING_REQUESTS:
            any |= policy->requests > 0 && (!primary || closing->limit == policy->requests);
            break;
        case CLOSING_AGE: any |= age && (!primary || near_ms(closing->limit, edge, 0)); break;
        case CLOSING_MOMENT:
            any |= moment && (!primary || policy->halt_at == 0 ||
                              closing->value + 100 + 4000 / 30 + (world->busy ? 1000 : 0) >=
                                  policy->halt_at / MILLISECOND);
            break;
        case CLOSING_LEVEL:
            any |= policy->limit > 0 &&
                   (!primary || near_ms(closing->limit * 1e3, policy->limit * SECOND, 1000));
            break;
        case CLOSING_STATUS: any |= policy->limit > 0 && policy->refusal == REFUSAL_503; break;
        case CLOSING_FORGOTTEN:
            any |= policy->forgets > 0 &&
                   (!primary || (closing->low <= policy->forgets / MILLISECOND + 100 &&
                                 closing->high + early_ms(world, policy->forgets) >=
                                     (double)policy->forgets / MILLISECOND));
            break;
        case CLOSING_SILENCE: /* a fact, wherever it is so */
            any |= policy->halt == HALT_SILENCE || policy->halt == HALT_FREEZE ||
                   world->kind == WORLD_STALL;
            break;
        default: break;
        }
    }
    return any;
}

static enum told judge_closing(const struct world *world, const struct closing *closing) {
    if (closing->dimension == CLOSING_UNKNOWN)
        return TOLD_NOTHING;
    bool right = dimension_true(world, closing, closing->dimension), rival = false;
    for (int i = 1; i < CLOSING_DIMENSIONS; i++)
        if ((closing->rivals & 1u << i) != 0)
            rival |= dimension_true(world, closing, (enum closing_dimension)i);
    if (closing->rivals == 0)
        return right ? TOLD_RIGHT : TOLD_WRONG;
    return right || rival ? TOLD_EITHER : TOLD_WRONG;
}

/* The best that was told of any outcome, unless one was wrong. */
static enum told judge_world(const struct world *world, const struct closings *closings) {
    enum told told = TOLD_NOTHING;
    for (size_t i = 0; i < closings->count; i++) {
        enum told of_this = judge_closing(world, &closings->items[i]);
        if (of_this == TOLD_WRONG)
            return TOLD_WRONG;
        if (of_this == TOLD_RIGHT || told == TOLD_NOTHING)
            told = of_this;
    }
    return told;
}

static bool names_nothing(enum world_kind kind) {
    return kind == WORLD_NOTHING || kind == WORLD_OURSELVES || kind == WORLD_RANDOM;
}

/* What a run can tell in principle: out of step, and with enough victims. */
static bool is_decidable(const struct world *world, const struct tally *tally) {
    const struct sim_policy *policy = &world->policies[0];
    uint64_t victims = 0, most = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        victims += tally->endings.of[i].count;
        most = max_u64(most, tally->endings.of[i].count);
    }
    if (names_nothing(world->kind) || world->kind == WORLD_STALL || world->busy || most < 10)
        return false;
    if (world->kind >= WORLD_LIMIT_FIN && world->kind <= WORLD_LIMIT_QUEUE)
        return true;
    if (world->fixed || world->ramp < SECOND)
        return false;
    if (policy->tick > 0 && (policy->tick > policy->idle || most < 20))
        return false;
    if ((policy->halt == HALT_SILENCE || policy->forgets > 0) && victims < 15)
        return false;
    if (world->kind == WORLD_PROCESS_REQUESTS && policy->processes > 2)
        return false;
    return true;
}

static void print_world(const struct world *world, enum told told, bool decidable,
                        const struct closings *closings) {
    static const char *const words[] = {"nothing", "right", "either", "WRONG"};
    const struct sim_policy *p = &world->policies[0], *q = &world->policies[1];
    printf("seed %" PRIu64
           " %s%s%s: %s; %u over %.2f s, think %.2f..%.2f, length %.1f, late %.0f ms\n",
           world->seed, decidable ? "decidable " : "", world->busy ? "busy " : "", words[told],
           kind_texts[world->kind], world->play.connections, duration_seconds(world->ramp),
           duration_seconds(world->play.think.low), duration_seconds(world->play.think.high),
           duration_seconds(world->length),
           world->play.world.late_wakes > 0 ? 1e3 * duration_seconds(world->play.world.late_by)
                                            : 0);
    printf(
        "    idle %.2f +%.2f tick %.2f, requests %u, age %.2f/%.2f, limit %u, forgets %.2f, halt "
        "%.2f +%.2f, processes %u, second %u%%: idle %.2f requests %u; think mean %.2f, reconnect "
        "%.2f\n",
        duration_seconds(p->idle), duration_seconds(p->idle_jitter), duration_seconds(p->tick),
        p->requests, duration_seconds(p->age), duration_seconds(p->age_timer), p->limit,
        duration_seconds(p->forgets), duration_seconds(p->halt_at),
        duration_seconds(p->halt_length), p->processes, world->play.world.second_percent,
        duration_seconds(q->idle), q->requests, duration_seconds(world->play.think_mean),
        duration_seconds(world->play.reconnect.high));
    for (size_t i = 0; i < closings->count; i++) {
        const struct closing *c = &closings->items[i];
        const char *name = closing_dimension_name(c->dimension);
        printf("    %" PRIu64
               " %s: %s value %u limit %u spread %u low %u high %u bursts %u rivals %x "
               "share %u; idle %u..%u..%u age %u..%u..%u answers %u..%u..%u\n",
               c->count, outcome_name(c->outcome), name != NULL ? name : "-", c->value, c->limit,
               c->spread, c->low, c->high, c->bursts, c->rivals, c->share_percent, c->idle_ms.least,
               c->idle_ms.middle, c->idle_ms.greatest, c->age_ms.least, c->age_ms.middle,
               c->age_ms.greatest, c->answers.least, c->answers.middle, c->answers.greatest);
    }
}

static void play_world(uint64_t seed, struct row *rows, struct record *record) {
    struct world world;
    struct closings closings;
    struct play play;
    make_world(&world, seed);
    play_start(&play, &world.play);
    play_until(&play, world.length);
    record->ramp_seconds = duration_seconds(instant_since(play.held_since, play.begun));
    record->hold_seconds = duration_seconds(world.length) - record->ramp_seconds;
    play_freeze(&play);
    endings_copy(&record->total.endings, &play.tally->endings);
    histogram_copy(&record->total.lag, &play.tally->lag);
    histogram_copy(&record->total.distributions[DISTRIBUTION_SERVICE],
                   &play.tally->distributions[DISTRIBUTION_SERVICE]);
    record->total.counts = play.tally->counts;
    judge_causes(&closings, &play.plan, record);
    bool decidable = is_decidable(&world, &record->total);
    play_drain(&play, false);
    play_free(&play);
    enum told told = judge_world(&world, &closings);
    if (told == TOLD_WRONG || only > 0 || (show && decidable && told != TOLD_RIGHT))
        print_world(&world, told, decidable, &closings);
    struct row *row = &rows[world.kind];
    row->worlds++;
    row->told[told]++;
    row->decidable += decidable;
    row->decidable_told += decidable && told == TOLD_RIGHT;
}

static uint32_t percent(uint32_t part, uint32_t whole) {
    return whole > 0 ? part * 100 / whole : 100;
}

static void print_row(const char *text, const struct row *row) {
    printf("%-50s %6u %6u %6u %6u %6u %6u %4u %%\n", text, row->worlds, row->told[TOLD_WRONG],
           row->told[TOLD_RIGHT], row->told[TOLD_EITHER], row->told[TOLD_NOTHING], row->decidable,
           percent(row->decidable_told, row->decidable));
}

static void causes_named_are_true_and_most_are_named(void **state) {
    (void)state;
    static struct row rows[WORLD_KINDS], sum;
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    clock_t began = clock();
    if (only > 0)
        play_world(only, rows, record);
    uint64_t last = first + (uint64_t)each * WORLD_KINDS;
    for (uint64_t seed = first; only == 0 && seed < last; seed++)
        play_world(seed, rows, record);
    free(record);
    printf("%-50s %6s %6s %6s %6s %6s %6s %6s\n", "", "worlds", "wrong", "right", "either",
           "silent", "decid.", "told");
    for (int kind = 0; kind < WORLD_KINDS; kind++) {
        const struct row *row = &rows[kind];
        print_row(kind_texts[kind], row);
        sum.worlds += row->worlds;
        sum.decidable += row->decidable;
        sum.decidable_told += row->decidable_told;
        for (int told = 0; told < TOLDS; told++)
            sum.told[told] += row->told[told];
        if (names_nothing((enum world_kind)kind))
            assert_int_equal(row->told[TOLD_NOTHING], row->worlds);
    }
    print_row("all", &sum);
    printf("%.1f CPU s\n", (double)(clock() - began) / CLOCKS_PER_SEC);
    assert_int_equal(sum.told[TOLD_WRONG], 0);
    assert_true(only > 0 || percent(sum.decidable_told, sum.decidable) >= 85);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            each *= 10;
        else if (strcmp(argv[i], "--show") == 0)
            show = true;
        else if (strcmp(argv[i], "--each") == 0 && i + 1 < argc)
            each = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc)
            first = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            only = strtoull(argv[++i], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_named_are_true_and_most_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
