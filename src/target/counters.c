/* Counters: names, and sums over the workers. */
#include "target/counters.h"

#include <assert.h>
#include <string.h>

#include "wire/transport.h"

static const struct {
    const char *name;
    enum counters_ending_by by;
} endings[ENDINGS] = {
#define ENDING(name, by, help) {#name, ENDING_BY_##by},
#include "target/endings.def"
#undef ENDING
};

const char *counters_ending_name(enum counters_ending ending) {
    return endings[ending].name;
}

enum counters_ending_by counters_ending_by(enum counters_ending ending) {
    return endings[ending].by;
}

void counters_take_transport(struct counters *counters, const struct transport *transport) {
    struct transport_counts counts;
    if (transport == NULL || transport->count == NULL)
        return;
    transport->count(transport->shared, &counts);
    counter_set(&counters->tickets, counts.tickets);
    counter_set(&counters->key_updates_in, counts.key_updates_in);
    counter_set(&counters->key_updates_out, counts.key_updates_out);
}

static_assert(sizeof(struct counters) % sizeof(counter) == 0, "a struct of counters alone");

void counters_sum(struct counters *sum, const struct counters_shared *shared, uint32_t workers) {
    memset(sum, 0, sizeof *sum);
    counter *into = (counter *)sum;
    for (uint32_t w = 0; w < workers; w++) {
        const counter *from = (const counter *)&shared->workers[w];
        for (size_t i = 0; i < sizeof *sum / sizeof(counter); i++)
            counter_add(&into[i], counter_read(&from[i]));
    }
}

static uint64_t sum_of(const counter *counts, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += counter_read(&counts[i]);
    return sum;
}

uint64_t counters_ended(const struct counters *counters) {
    return sum_of(counters->endings, ENDINGS);
}

uint64_t counters_open(const struct counters *counters) {
    return sum_of(&counters->states[PEER_SECURING], PEER_STALLED - PEER_SECURING + 1);
}

uint64_t counters_answered(const struct counters *counters) {
    return sum_of(counters->statuses, COUNTERS_STATUSES);
}
