/* Tallies: merging, balancing, and publishing whole. */
#include "stats/tally.h"

#include <string.h>

enum kind { SUM, LEVEL, PEAK };

static void merge_metric(uint64_t *into, uint64_t from, enum kind kind) {
    if (kind != PEAK)
        *into += from;
    else if (from > *into)
        *into = from;
}

static void merge_row(uint64_t *into, const uint64_t *from, size_t count) {
    for (size_t i = 0; i < count; i++)
        into[i] += from[i];
}

/* 0 stands for "not yet" in both. */
static int64_t least(int64_t a, int64_t b) {
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

static int64_t greatest(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void merge_counts(struct counts *into, const struct counts *from) {
#define METRIC(name, kind, unit, help) merge_metric(&into->name, from->name, kind);
#include "stats/metrics.def"
#undef METRIC
    merge_row(into->outcomes, from->outcomes, OUTCOME_COUNT);
    merge_row(into->drain, from->drain, OUTCOME_COUNT);
    merge_row(into->errnos, from->errnos, TALLY_ERRNO_MAX + 1);
    merge_row(into->statuses, from->statuses, TALLY_STATUS_MAX);
    merge_row(into->reasons, from->reasons, REASON_COUNT);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        into->first_ns[i] = least(into->first_ns[i], from->first_ns[i]);
    into->first_attempt_ns = least(into->first_attempt_ns, from->first_attempt_ns);
    into->ramp_done_ns = greatest(into->ramp_done_ns, from->ramp_done_ns);
    into->frozen_ns = greatest(into->frozen_ns, from->frozen_ns);
    into->keep_alive_timeout_s = least(into->keep_alive_timeout_s, from->keep_alive_timeout_s);
}

void tally_merge(struct tally *into, const struct tally *from) {
    merge_counts(&into->counts, &from->counts);
    histogram_merge(&into->latency, &from->latency);
    histogram_merge(&into->service, &from->service);
    histogram_merge(&into->connect, &from->connect);
    histogram_merge(&into->refill, &from->refill);
    histogram_merge(&into->lateness, &from->lateness);
    histogram_merge(&into->lag, &from->lag);
    endings_merge(&into->endings, &from->endings);
}

void tally_copy(struct tally *into, const struct tally *from) {
    into->counts = from->counts;
    histogram_copy(&into->latency, &from->latency);
    histogram_copy(&into->service, &from->service);
    histogram_copy(&into->connect, &from->connect);
    histogram_copy(&into->refill, &from->refill);
    histogram_copy(&into->lateness, &from->lateness);
    histogram_copy(&into->lag, &from->lag);
    endings_copy(&into->endings, &from->endings);
}

void tally_clear(struct tally *tally) {
    memset(&tally->counts, 0, sizeof tally->counts);
    histogram_clear(&tally->latency);
    histogram_clear(&tally->service);
    histogram_clear(&tally->connect);
    histogram_clear(&tally->refill);
    histogram_clear(&tally->lateness);
    histogram_clear(&tally->lag);
    endings_clear(&tally->endings);
}

uint64_t tally_closed(const struct counts *counts) {
    return counts->outcomes[OUTCOME_closed_idle] + counts->outcomes[OUTCOME_closed_announced];
}

uint64_t tally_errored(const struct counts *counts) {
    uint64_t total = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (!outcome_is_closed((enum outcome)i))
            total += counts->outcomes[i];
    return total;
}

uint64_t tally_drained(const struct counts *counts) {
    uint64_t total = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        total += counts->drain[i];
    return total;
}

const char *tally_imbalance(const struct tally *tally) {
    const struct counts *c = &tally->counts;
    if (c->attempted != c->connecting + c->live + tally_closed(c) + tally_errored(c))
        return "attempted = connecting + live + closed + errored";
    if (c->sent != c->answered + c->timed_out + c->requests_lost + c->outstanding)
        return "sent = answered + timed_out + lost + outstanding";
    uint64_t timed = c->answered - c->warmup;
    if (tally->latency.count != timed || tally->service.count != timed)
        return "latency samples = answered - warm-up";
    if (tally->connect.count != c->opened)
        return "connect time samples = opened";
    return NULL;
}

bool tally_drain_balances(const struct counts *counts) {
    return tally_drained(counts) == counts->connecting + counts->live;
}

void tally_lose_worker(struct tally *tally) {
    struct counts *c = &tally->counts;
    c->descriptors = 0; /* it took them with it */
    if (c->phase >= WORKER_FROZEN && c->phase <= WORKER_DONE) {
        c->drain[OUTCOME_worker_lost] += c->connecting + c->live - tally_drained(c);
        return;
    }
    /* What the freeze had fixed so far is as lost as the rest. */
    memset(c->drain, 0, sizeof c->drain);
    c->outcomes[OUTCOME_worker_lost] += c->connecting + c->live;
    c->lost += c->live;
    c->requests_lost += c->outstanding;
    c->connecting = c->live = c->outstanding = c->refilling = 0;
}

/* Readers look at sequence before and after copying; the writer moves it after writing. */
void tally_publish(struct tally_board *board, struct tally *tally) {
    uint64_t next = atomic_load_explicit(&board->sequence, memory_order_relaxed) + 1;
    /* Or the writes below might be seen before the number that warned of them. */
    atomic_thread_fence(memory_order_release);
    int set = (int)(next & 1);
    struct tally *buffer = &board->buffers[set];
    buffer->counts = tally->counts;
    histogram_publish(&buffer->latency, &tally->latency, set);
    histogram_publish(&buffer->service, &tally->service, set);
    histogram_publish(&buffer->connect, &tally->connect, set);
    histogram_publish(&buffer->refill, &tally->refill, set);
    histogram_publish(&buffer->lateness, &tally->lateness, set);
    histogram_publish(&buffer->lag, &tally->lag, set);
    endings_publish(&buffer->endings, &tally->endings, set);
    atomic_store_explicit(&board->sequence, next, memory_order_release);
}

bool tally_read(const struct tally_board *board, struct tally *out) {
    enum { TRIES = 64 };
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = atomic_load_explicit(&board->sequence, memory_order_acquire);
        tally_copy(out, &board->buffers[before & 1]);
        atomic_thread_fence(memory_order_acquire);
        /* One step on and the writer may be in this buffer again. */
        if (atomic_load_explicit(&board->sequence, memory_order_relaxed) == before)
            return true;
    }
    return false;
}
