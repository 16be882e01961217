/* Counters: names, and sums over the workers. */
#include "target/counters.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    enum ending_by by;
} endings[ENDINGS] = {
#define ENDING(name, by, help) {#name, ENDING_BY_##by},
#include "target/endings.def"
#undef ENDING
};

const char *ending_name(enum ending ending) {
    return endings[ending].name;
}

enum ending_by ending_by(enum ending ending) {
    return endings[ending].by;
}

static_assert(sizeof(struct counters) % sizeof(counter) == 0, "a struct of counters alone");

void counters_sum(struct counters *sum, const struct shared *shared, uint32_t workers) {
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
    return sum_of(&counters->states[PEER_READING], PEER_STALLED - PEER_READING + 1);
}

uint64_t counters_answered(const struct counters *counters) {
    return sum_of(counters->statuses, COUNTERS_STATUSES);
}
