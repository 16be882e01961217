/* Plays one worker: what its parent would order and read, and no more. */
#include "play.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/require.h"
#include "plan/ramp.h"
#include "wire/http/http_exchange.h"

enum { TURNS_IN_A_SECOND = 20000 }; /* far above what any play here has to do */

static void *map(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED);
    return memory;
}

static void make_pairs(struct play *play) {
    struct setup *setup = &play->setup;
    const char *sources = play->config.sources;
    for (unsigned i = 0; i < setup->address_count; i++) {
        char host[INET_ADDRSTRLEN];
        snprintf(host, sizeof host, "127.0.0.%u", i + 1);
        assert_true(address_parse(&setup->addresses[i], host, 8080));
    }
    if (sources == NULL)
        return;
    assert_null(address_range_parse(&play->range, sources, strlen(sources)));
    assert_null(address_set_make(&setup->sources, &play->range, 1));
}

static void make_plan(struct play *play) {
    struct play_config *config = &play->config;
    play->plan = (struct plan){
        .options = &play->options,
        .host = {.port_low = 1024, .port_high = 65535}, /* a target port that may meet itself */
        .connect_port = 8080,
        .part = config->part,
        .parts = config->parts > 0 ? config->parts : 1,
        .connections = config->workers > 0 ? config->of_all : config->connections,
        .workers = config->workers > 0 ? config->workers : 1,
        .ramp = {config->ramp, config->of_all > 0 ? config->of_all : config->connections},
        .think = config->think,
        .think_mean = config->think_mean,
        .reconnect = config->reconnect,
        .requests = config->requests,
        .rate = config->rate,
        .seed = config->world.seed,
        .timeout = config->timeout,
        .connect_timeout = config->connect_timeout,
        .has_warmup = config->warmup != 0,
        .warmup = config->warmup > 0 ? config->warmup : 0,
        .urls_random = config->urls_order == SEQUENCE_RANDOM,
    };
    play->setup = (struct setup){.address_count = config->targets > 0 ? config->targets : 1};
    make_pairs(play);
    assert_true(url_parse(&play->plan.target, "http://127.0.0.1:8080/", (char[URL_ERROR_MAX]){0}));
    static const char zeros[4096];
    require(config->body <= sizeof zeros);
    play->options.method = config->body > 0 ? "POST" : "GET";
    play->options.content = (struct options_request_body){zeros, config->body};
    play->options.given.body = config->body > 0;
    play->options.listed = config->urls;
    assert_true(http_exchange.bake(&play->requests, &play->options, &play->plan.target));
}

void play_start_in(struct play *play, const struct play_config *config, struct net *net) {
    *play = (struct play){.config = *config, .net = net, .before = *sim_truth(net)};
    make_plan(play);
    play->seqlock = map(sizeof *play->seqlock);
    play->tally = map(sizeof *play->tally);
    play->seen = map(sizeof *play->seen);
    struct fleet_parts parts = {.plan = &play->plan,
                                .setup = &play->setup,
                                .requests = &play->requests,
                                .worker = config->worker,
                                .transport = config->transport,
                                .net = net,
                                .tally = play->tally};
    if (config->requests > 0) {
        atomic_store(&play->pool.left, config->requests);
        parts.pool = config->pool != NULL ? config->pool : &play->pool;
        parts.taken = &play->taken;
    }
    assert_int_equal(worker_init(&play->worker, &parts, &play->orders, play->seqlock, -1, -1), 0);
    sim_freezing(net, false);
    sim_wake(net); /* the order to run comes at once */
    play_turn(play);
    if (play->error != 0)
        return;
    assert_int_equal(play->worker.phase, WORKER_READY);
    play->begun = play->worker.now;
    atomic_store(&play->orders.start_ns, play->begun.ns);
    play_order(play, ORDER_RUN);
}

static struct play_config filled(const struct play_config *config) {
    struct play_config full = *config;
    if (full.timeout == 0)
        full.timeout = 3 * SECOND;
    if (full.connect_timeout == 0)
        full.connect_timeout = 3 * SECOND;
    full.world.timeout = full.timeout;
    full.world.connect_timeout = full.connect_timeout;
    if (full.world.latency.high == 0) {
        full.world.latency.low = 200 * MICROSECOND;
        full.world.latency.high = 2 * MILLISECOND;
    }
    return full;
}

void play_start(struct play *play, const struct play_config *config) {
    struct play_config full = filled(config);
    play_start_in(play, &full, sim_create(&full.world));
}

static void fail_play(const struct play *play, const char *what) {
    fail_msg("%s (seed %" PRIu64 ", turn %" PRIu64 ", %.6f s after the start)", what,
             play->config.world.seed, play->turns,
             duration_seconds(instant_since(play->worker.now, play->begun)));
}

static void audit_counts(const struct play *play, const struct tally_counts *counts) {
    duration elapsed = instant_since(play->worker.now, play->begun);
    struct ramp ramp = {play->plan.ramp.rate,
                        plan_reconnects(&play->plan) ? UINT64_MAX : play->plan.connections};
    if (counts->attempted > ramp_due(&ramp, elapsed))
        fail_play(play, "attempts ahead of the plan");
    if (counts->connecting + counts->live > play->config.connections)
        fail_play(play, "more connections than planned");
    if (counts->opened - counts->reconnected > play->config.connections)
        fail_play(play, "more first openings than slots");
    const struct tally *tally = play->tally;
    if (tally->refill.count < counts->reconnected || tally->refill.count > counts->opened)
        fail_play(play, "reconnected <= refilled <= opened");
    if (play->config.requests > 0 && counts->sent != atomic_load(&play->taken))
        fail_play(play, "sent is not what was taken from the pool");
    if (play->config.rate > 0 && counts->scheduled + counts->opened < counts->sent + counts->unsent)
        fail_play(play, "sent beyond the schedule");
    const struct truth *truth = sim_truth(play->net);
    if (counts->descriptors != truth->descriptors)
        fail_play(play, "descriptors counted are not those open");
}

/* A bucket that leaks at the ramp's rate: that it never runs over says of any window of time that
 * no more attempts fell into it than the rate allows, and one tick's worth. */
static void pour(struct play *play, struct bucket *bucket, uint64_t total, const char *what) {
    struct units_rate rate = play->plan.ramp.rate;
    double per_ns = (double)rate.count / (double)rate.per;
    static const duration longest_tick = 10 * MILLISECOND;
    double leaked = per_ns * (double)instant_since(play->worker.now, bucket->at);
    bucket->level = bucket->level > leaked ? bucket->level - leaked : 0;
    bucket->level += (double)(total - bucket->counted);
    if (bucket->level > per_ns * (double)longest_tick + 1 + 1e-6)
        fail_play(play, what);
    bucket->counted = total;
    bucket->at = play->worker.now;
}

/* A ramp that was held up may catch up; reconnects may not. */
static void watch_the_rate(struct play *play) {
    uint64_t attempted = play->tally->counts.attempted;
    pour(play, &play->reconnects, attempted - play->worker.opened,
         "reconnects above the ramp's rate");
    if (plan_reconnects(&play->plan) && play->config.world.late_wakes == 0)
        pour(play, &play->attempts, attempted, "attempts above the ramp's rate");
}

/* What a parent would copy: here nobody writes while it is looked at. */
static const struct tally *published(const struct play *play) {
    return &play->seqlock->buffers[atomic_load(&play->seqlock->sequence) & 1];
}

void play_audit(struct play *play) {
    const char *wrong = fleet_audit(play->worker.fleet);
    if (wrong != NULL)
        fail_play(play, wrong);
    wrong = tally_imbalance(published(play));
    if (wrong == NULL)
        wrong = tally_imbalance(play->tally);
    if (wrong != NULL)
        fail_play(play, wrong);
    audit_counts(play, &play->tally->counts);
}

/* A worker that turns without having anything to do eats a processor. */
static void watch_for_a_spin(struct play *play) {
    int64_t second = play->worker.now.ns / SECOND;
    play->second_turns = second == play->second ? play->second_turns + 1 : 0;
    play->second = second;
    if (play->second_turns > TURNS_IN_A_SECOND)
        fail_play(play, "the worker spins");
}

void play_turn(struct play *play) {
    play->error = worker_turn(&play->worker);
    play->turns++;
    if (play->error != 0)
        return;
    if (play->worker.phase == WORKER_HOLDING && atomic_load(&play->orders.hold_ns) == 0) {
        play->held_since = play->worker.now;
        atomic_store(&play->orders.hold_ns, play->worker.now.ns);
        sim_wake(play->net);
    }
    watch_for_a_spin(play);
    watch_the_rate(play);
    if (play->config.audit_every == 0 || play->turns % play->config.audit_every == 0)
        play_audit(play);
}

void play_order(struct play *play, enum worker_order order) {
    atomic_store(&play->orders.order, order);
    sim_freezing(play->net, order >= ORDER_FREEZE);
    sim_wake(play->net);
}

static bool over(const struct play *play) {
    return play->error != 0 || play->worker.phase == WORKER_DONE;
}

void play_until(struct play *play, duration elapsed) {
    instant end = instant_after(play->begun, elapsed);
    while (!over(play) && instant_before(play->worker.now, end)) {
        sim_stop_at(play->net, instant_after(end, atomic_load(&play->orders.paused_ns)));
        play_turn(play);
    }
    sim_stop_at(play->net, INSTANT_NEVER);
}

static bool spent(const struct play *play) {
    const struct tally_counts *counts = &play->tally->counts;
    const struct pool *pool = play->config.pool != NULL ? play->config.pool : &play->pool;
    return atomic_load(&pool->left) == 0 && counts->outstanding == 0;
}

void play_spend(struct play *play) {
    while (!over(play) && !spent(play))
        play_turn(play);
}

void play_freeze(struct play *play) {
    play_order(play, ORDER_FREEZE);
    while (!over(play) && play->worker.phase != WORKER_FROZEN)
        play_turn(play);
}

/* What a parent makes of a worker whose ring broke: worker_lost. */
static void bury(struct play *play) {
    play->tally->counts.phase = WORKER_FAILED;
    play->tally->counts.failure = play->error;
    tally_publish(play->seqlock, play->tally);
    assert_true(tally_read(play->seqlock, play->seen));
    tally_lose_worker(play->seen);
    assert_null(tally_imbalance(play->seen));
    assert_true(tally_drain_balances(&play->seen->counts));
}

/* A connect's deadline and the freeze may fall into one tick: then it is one or the other. */
static void settle_either(struct truth *truth, const struct tally_counts *counts) {
    uint64_t *timed_out = &truth->outcomes[OUTCOME_connect_timeout];
    uint64_t counted = counts->outcomes[OUTCOME_connect_timeout];
    if (counted > *timed_out || *timed_out - counted > truth->either)
        return;
    truth->outcomes[OUTCOME_abandoned] += *timed_out - counted;
    *timed_out = counted;
}

static struct truth truth_of(const struct play *play) {
    struct truth truth = *sim_truth(play->net);
    const struct truth *before = &play->before;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        truth.outcomes[i] -= before->outcomes[i];
    truth.attempted -= before->attempted;
    truth.opened -= before->opened;
    truth.answered -= before->answered;
    truth.received -= before->received;
    truth.sends_failed -= before->sends_failed;
    truth.either -= before->either;
    return truth;
}

static void compare(const struct play *play) {
    const struct tally_counts *counts = &play->seen->counts;
    struct truth truth = truth_of(play);
    settle_either(&truth, counts);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        uint64_t counted = counts->outcomes[i] + counts->drain[i];
        if (i == OUTCOME_ports_exhausted) /* the door was not asked for these */
            counted -= counts->ports_unasked;
        if (counted != truth.outcomes[i])
            fail_msg("%s: counted %" PRIu64 ", happened %" PRIu64 " (seed %" PRIu64 ")",
                     outcome_name((enum outcome)i), counted, truth.outcomes[i],
                     play->config.world.seed);
    }
    assert_int_equal(counts->attempted, truth.attempted + counts->ports_unasked);
    assert_int_equal(counts->opened, truth.opened);
    assert_int_equal(counts->answered, truth.answered);
    assert_int_equal(truth.ended_early, 0);
    /* A send that failed after its connection had ended otherwise stays counted as sent. */
    assert_in_range(counts->sent, truth.received, truth.received + truth.sends_failed);
}

void play_drain(struct play *play, bool by_reset) {
    atomic_store(&play->orders.drain_by_reset, by_reset);
    if (!over(play))
        play_order(play, ORDER_DRAIN);
    while (!over(play))
        play_turn(play);
    if (play->error != 0) {
        bury(play);
        return;
    }
    play_audit(play);
    assert_true(tally_read(play->seqlock, play->seen));
    const struct tally_counts *counts = &play->seen->counts;
    assert_int_equal(counts->phase, WORKER_DONE);
    assert_true(tally_drain_balances(counts));
    assert_int_equal(counts->descriptors, 0);
    assert_int_equal(counts->outstanding, 0);
    assert_int_equal(sim_truth(play->net)->descriptors, 0);
    compare(play);
}

void play_end(struct play *play) {
    play_freeze(play);
    play_drain(play, false);
}

void play_leave(struct play *play) {
    worker_free(&play->worker);
    requests_free(&play->requests);
    munmap(play->seqlock, sizeof *play->seqlock);
    munmap(play->tally, sizeof *play->tally);
    munmap(play->seen, sizeof *play->seen);
}

void play_free(struct play *play) {
    play_leave(play);
    net_destroy(play->net);
}

uint64_t play_whole(const struct play_config *config, duration elapsed,
                    struct tally_counts *counts) {
    struct play play;
    play_start(&play, config);
    play_until(&play, elapsed);
    play_end(&play);
    uint64_t hash = sim_truth(play.net)->hash;
    *counts = play.seen->counts;
    play_free(&play);
    return hash;
}

const struct tally_counts *play_counts(const struct play *play) {
    return &play->tally->counts;
}

void play_expect_outcomes(const uint64_t outcomes[OUTCOME_COUNT], ...) {
    uint64_t expected[OUTCOME_COUNT] = {0};
    va_list list;
    va_start(list, outcomes);
    for (const char *name; (name = va_arg(list, const char *)) != NULL;) {
        int found = -1;
        for (int i = 0; i < OUTCOME_COUNT; i++)
            if (strcmp(outcome_name((enum outcome)i), name) == 0)
                found = i;
        assert_int_not_equal(found, -1);
        expected[found] = va_arg(list, unsigned);
    }
    va_end(list);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (outcomes[i] != expected[i])
            fail_msg("%s: %" PRIu64 ", expected %" PRIu64, outcome_name((enum outcome)i),
                     outcomes[i], expected[i]);
}
