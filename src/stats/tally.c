/* Tallies: merging, balancing, and publishing whole. */
#include "stats/tally.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/minmax.h"

static_assert(sizeof((struct tally *)0)->distributions ==
                      DISTRIBUTION_COUNT * sizeof(struct histogram) &&
                  offsetof(struct tally, lag) ==
                      offsetof(struct tally, distributions[DISTRIBUTION_LAG]),
              "the histograms by name are those in a row");

static const struct {
    const char *name, *section;
} distributions[] = {
#define DISTRIBUTION(code, field, section, help) {#field "_seconds", section},
#include "stats/distributions.def"
#undef DISTRIBUTION
};

const char *tally_distribution_name(enum tally_distribution distribution) {
    return distributions[distribution].name;
}

const char *tally_distribution_section(enum tally_distribution distribution) {
    return distributions[distribution].section;
}

enum tally_kind { SUM, LEVEL, PEAK };

static void merge_metric(uint64_t *into, uint64_t from, enum tally_kind kind) {
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
static int64_t min_nonzero(int64_t a, int64_t b) {
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

static void merge_counts(struct tally_counts *into, const struct tally_counts *from) {
#define METRIC(name, kind, unit, help) merge_metric(&into->name, from->name, kind);
#include "stats/metrics.def"
#undef METRIC
#define TLS_METRIC(name, unit, help) into->tls_##name += from->tls_##name;
#include "stats/tls_metrics.def"
#undef TLS_METRIC
    merge_row(into->outcomes, from->outcomes, OUTCOME_COUNT);
    merge_row(into->drain, from->drain, OUTCOME_COUNT);
    merge_row(into->errnos, from->errnos, TALLY_ERRNO_MAX + 1);
    merge_row(into->statuses, from->statuses, TALLY_STATUS_MAX);
    merge_row(into->reasons, from->reasons, REASON_COUNT);
    merge_row(into->tls_alerts, from->tls_alerts, TALLY_ALERTS);
    merge_row(into->tls_failures, from->tls_failures, HANDSHAKE_REASON_COUNT);
    merge_row(into->tls_breaks, from->tls_breaks, RECORD_REASON_COUNT);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        into->first_ns[i] = min_nonzero(into->first_ns[i], from->first_ns[i]);
    into->first_attempt_ns = min_nonzero(into->first_attempt_ns, from->first_attempt_ns);
    into->ramp_done_ns = max_i64(into->ramp_done_ns, from->ramp_done_ns);
    into->frozen_ns = max_i64(into->frozen_ns, from->frozen_ns);
    if (from->pause_to_ns > into->pause_to_ns) {
        into->pause_from_ns = from->pause_from_ns;
        into->pause_to_ns = from->pause_to_ns;
    }
    if (from->tls_change.at_ns != 0 &&
        min_nonzero(into->tls_change.at_ns, from->tls_change.at_ns) == from->tls_change.at_ns)
        into->tls_change = from->tls_change;
    into->keep_alive_timeout_s =
        min_nonzero(into->keep_alive_timeout_s, from->keep_alive_timeout_s);
}

void tally_merge(struct tally *into, const struct tally *from) {
    merge_counts(&into->counts, &from->counts);
    for (int i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_merge(&into->distributions[i], &from->distributions[i]);
    for (int i = 0; i < DISTRIBUTION_LAG; i++) {
        histogram_merge(&into->corrections[i].measured, &from->corrections[i].measured);
        histogram_merge(&into->corrections[i].without, &from->corrections[i].without);
    }
    endings_merge(&into->endings, &from->endings);
}

void tally_copy(struct tally *into, const struct tally *from) {
    into->counts = from->counts;
    for (int i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_copy(&into->distributions[i], &from->distributions[i]);
    for (int i = 0; i < DISTRIBUTION_LAG; i++) {
        histogram_copy(&into->corrections[i].measured, &from->corrections[i].measured);
        histogram_copy(&into->corrections[i].without, &from->corrections[i].without);
    }
    endings_copy(&into->endings, &from->endings);
}

void tally_clear(struct tally *tally) {
    memset(&tally->counts, 0, sizeof tally->counts);
    for (int i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_clear(&tally->distributions[i]);
    for (int i = 0; i < DISTRIBUTION_LAG; i++) {
        histogram_clear(&tally->corrections[i].measured);
        histogram_clear(&tally->corrections[i].without);
    }
    endings_clear(&tally->endings);
}

uint64_t tally_closed(const struct tally_counts *counts) {
    return counts->outcomes[OUTCOME_closed_idle] + counts->outcomes[OUTCOME_closed_announced];
}

uint64_t tally_errored(const struct tally_counts *counts) {
    uint64_t total = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (!outcome_is_closed((enum outcome)i))
            total += counts->outcomes[i];
    return total;
}

uint64_t tally_drained(const struct tally_counts *counts) {
    uint64_t total = 0;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        total += counts->drain[i];
    return total;
}

uint64_t tally_handshakes_timed_out(const struct tally_counts *counts) {
    uint64_t all = counts->outcomes[OUTCOME_connect_timeout];
    return counts->tls_timed_out < all ? counts->tls_timed_out : all;
}

uint64_t tally_connects_timed_out(const struct tally_counts *counts) {
    return counts->outcomes[OUTCOME_connect_timeout] - tally_handshakes_timed_out(counts);
}

/* TCP that is up has lost no SYN. A full accept queue is none, either; but a kernel takes the
 * ClientHello of a connection that nobody has accepted yet. */
#define NO_HANDSHAKE                                                                               \
    "the server's CPU, workers that do not accept (ss -ltn: Recv-Q), or a middlebox on the way"

const char *tally_outcome_advice(const struct tally_counts *counts, enum outcome outcome) {
    if (outcome != OUTCOME_connect_timeout || tally_handshakes_timed_out(counts) == 0)
        return outcome_advice(outcome);
    if (tally_connects_timed_out(counts) == 0)
        return "TCP was up, the TLS handshake was not done: " NO_HANDSHAKE;
    return "where TCP was up, the TLS handshake was not done: " NO_HANDSHAKE
           "; else lost SYNs, or a slower ramp (-r)";
}

const char *tally_imbalance(const struct tally *tally) {
    const struct tally_counts *c = &tally->counts;
    if (c->attempted != c->connecting + c->live + tally_closed(c) + tally_errored(c))
        return "attempted = connecting + live + closed + errored";
    if (c->sent != c->answered + c->timed_out + c->requests_lost + c->outstanding)
        return "sent = answered + timed_out + lost + outstanding";
    uint64_t timed = c->answered - c->warmup;
    if (tally->latency.count != timed || tally->service.count != timed)
        return "latency samples = answered - warm-up";
    if (tally->connect.count != (c->tls_begun > 0 ? c->tls_begun : c->opened))
        return "connect time samples = opened";
    if (c->tls_begun > 0 && c->tls_full + c->tls_resumed != c->opened)
        return "TLS handshakes done = opened";
    if (tally->handshake.count != c->tls_full + c->tls_resumed)
        return "handshake time samples = TLS handshakes done";
    return NULL;
}

bool tally_drain_balances(const struct tally_counts *counts) {
    return tally_drained(counts) == counts->connecting + counts->live;
}

/* A failed worker keeps the time it froze at, not the phase it had reached. */
bool tally_is_frozen(const struct tally *tally) {
    const struct tally_counts *c = &tally->counts;
    return c->phase == WORKER_FAILED ? c->frozen_ns != 0 : c->phase >= WORKER_FROZEN;
}

void tally_lose_worker(struct tally *tally) {
    struct tally_counts *c = &tally->counts;
    c->descriptors = 0; /* it took them with it */
    if (tally_is_frozen(tally)) {
        c->drain[OUTCOME_worker_lost] += c->connecting + c->live - tally_drained(c);
        return;
    }
    /* What was frozen so far is as lost as the rest. */
    memset(c->drain, 0, sizeof c->drain);
    c->outcomes[OUTCOME_worker_lost] += c->connecting + c->live;
    c->lost += c->live;
    c->requests_lost += c->outstanding;
    c->connecting = c->live = c->outstanding = c->refilling = 0;
}

/* Readers look at sequence before and after copying; the writer moves it after writing. */
void tally_publish(struct tally_seqlock *seqlock, struct tally *tally) {
    uint64_t next = atomic_load_explicit(&seqlock->sequence, memory_order_relaxed) + 1;
    /* Or the writes below might be seen before the number that warned of them. */
    atomic_thread_fence(memory_order_release);
    int set = (int)(next & 1);
    struct tally *buffer = &seqlock->buffers[set];
    buffer->counts = tally->counts;
    for (int i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_publish(&buffer->distributions[i], &tally->distributions[i], set);
    for (int i = 0; i < DISTRIBUTION_LAG; i++) {
        struct tally_correction *to = &buffer->corrections[i], *from = &tally->corrections[i];
        histogram_publish(&to->measured, &from->measured, set);
        histogram_publish(&to->without, &from->without, set);
    }
    endings_publish(&buffer->endings, &tally->endings, set);
    atomic_store_explicit(&seqlock->sequence, next, memory_order_release);
}

bool tally_read(const struct tally_seqlock *seqlock, struct tally *out) {
    enum { TRIES = 64 };
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = atomic_load_explicit(&seqlock->sequence, memory_order_acquire);
        tally_copy(out, &seqlock->buffers[before & 1]);
        atomic_thread_fence(memory_order_acquire);
        /* One step on and the writer may be in this buffer again. */
        if (atomic_load_explicit(&seqlock->sequence, memory_order_relaxed) == before)
            return true;
    }
    return false;
}
