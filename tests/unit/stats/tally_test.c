/* Tallies: merged by kind, weighed against each identity, and published so that whoever reads one
 * reads it whole. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "stats/tally.h"

static struct tally *fresh(void) {
    struct tally *tally = calloc(1, sizeof *tally);
    assert_non_null(tally);
    return tally;
}

/* A tally in the midst of a run, in balance. */
static struct tally *balanced(void) {
    struct tally *tally = fresh();
    struct tally_counts *counts = &tally->counts;
    counts->attempted = 20;
    counts->opened = 15;
    counts->connecting = 2;
    counts->live = 10;
    counts->lost = 5;
    counts->outcomes[OUTCOME_closed_idle] = 2;
    counts->outcomes[OUTCOME_closed_announced] = 1;
    counts->outcomes[OUTCOME_response_timeout] = 2;
    counts->outcomes[OUTCOME_refused] = 3;
    counts->sent = 40;
    counts->answered = 33;
    counts->timed_out = 2;
    counts->requests_lost = 1;
    counts->outstanding = 4;
    counts->descriptors = 12;
    counts->phase = WORKER_HOLDING;
    for (int i = 0; i < 33; i++) {
        histogram_add(&tally->latency, (i + 2) * MILLISECOND);
        histogram_add(&tally->service, (i + 1) * MILLISECOND);
    }
    for (int i = 0; i < 15; i++)
        histogram_add(&tally->connect, MILLISECOND);
    return tally;
}

/* As the freeze and a part of the drain leave it. */
static struct tally *frozen(void) {
    struct tally *tally = balanced();
    struct tally_counts *counts = &tally->counts;
    counts->phase = WORKER_FROZEN;
    counts->sent = 36;
    counts->outstanding = 0;
    counts->drain[OUTCOME_abandoned] = 2;
    counts->drain[OUTCOME_closed_idle] = 1;
    return tally;
}

/* A ring that breaks behind the freeze takes nothing out of what is frozen. */
static void a_worker_that_fails_after_the_freeze_is_lost_in_the_drain(void **state) {
    (void)state;
    struct tally *tally = frozen();
    tally->counts.frozen_ns = 1;
    tally->counts.phase = WORKER_FAILED;
    assert_true(tally_is_frozen(tally));
    tally_lose_worker(tally);
    assert_int_equal(tally->counts.outcomes[OUTCOME_worker_lost], 0);
    assert_int_equal(tally->counts.drain[OUTCOME_worker_lost], 9);
    assert_true(tally_drain_balances(&tally->counts));
    assert_null(tally_imbalance(tally));
    free(tally);
    tally = balanced();
    tally->counts.phase = WORKER_FAILED;
    assert_false(tally_is_frozen(tally));
    tally_lose_worker(tally);
    assert_int_equal(tally->counts.outcomes[OUTCOME_worker_lost], 12);
    assert_null(tally_imbalance(tally));
    free(tally);
}

static void counters_add_up_and_peaks_stay_peaks(void **state) {
    (void)state;
    struct tally *a = fresh(), *b = fresh();
    static const uint64_t sum = 12, peak = 7;
#define METRIC(name, kind, unit, help) a->counts.name = 5, b->counts.name = 7;
#include "stats/metrics.def"
#undef METRIC
    tally_merge(a, b);
    uint64_t SUM = sum, LEVEL = sum, PEAK = peak;
#define METRIC(name, kind, unit, help) assert_int_equal(a->counts.name, kind);
#include "stats/metrics.def"
#undef METRIC
    tally_merge(b, a); /* the peak is 7 also the other way round */
    assert_int_equal(b->counts.ramp_late_ns, peak);
    assert_int_equal(b->counts.attempted, 19);
    free(a);
    free(b);
}

static void rows_add_up(void **state) {
    (void)state;
    struct tally *a = fresh(), *b = fresh();
    a->counts.outcomes[OUTCOME_COUNT - 1] = 1;
    b->counts.outcomes[OUTCOME_COUNT - 1] = 2;
    a->counts.drain[0] = 3;
    b->counts.drain[0] = 4;
    a->counts.errnos[TALLY_ERRNO_MAX] = 5;
    b->counts.errnos[TALLY_ERRNO_MAX] = 6;
    a->counts.statuses[TALLY_STATUS_MAX - 1] = 7;
    b->counts.statuses[TALLY_STATUS_MAX - 1] = 8;
    b->counts.reasons[REASON_COUNT - 1] = 9;
    tally_merge(a, b);
    assert_int_equal(a->counts.outcomes[OUTCOME_COUNT - 1], 3);
    assert_int_equal(a->counts.drain[0], 7);
    assert_int_equal(a->counts.errnos[TALLY_ERRNO_MAX], 11);
    assert_int_equal(a->counts.statuses[TALLY_STATUS_MAX - 1], 15);
    assert_int_equal(a->counts.reasons[REASON_COUNT - 1], 9);
    free(a);
    free(b);
}

static void endings_go_where_the_counts_go(void **state) {
    (void)state;
    struct tally *a = fresh(), *b = fresh();
    struct tally_seqlock *seqlock = calloc(1, sizeof *seqlock);
    struct ending ending = {.sample_key = 1, .idle_ms = 5000, .age_ms = 9000, .answers = 2};
    endings_add(&a->endings, OUTCOME_closed_idle, &ending);
    ending.sample_key = 2;
    endings_add(&b->endings, OUTCOME_closed_idle, &ending);
    tally_merge(a, b);
    for (int i = 0; i < 2; i++) { /* into either buffer */
        tally_publish(seqlock, a);
        assert_true(tally_read(seqlock, b));
        assert_int_equal(b->endings.of[OUTCOME_closed_idle].count, 2);
        assert_int_equal(b->endings.of[OUTCOME_closed_idle].sample[1].sample_key, 2);
    }
    tally_clear(b);
    assert_int_equal(endings_count(&b->endings), 0);
    free(a);
    free(b);
    free(seqlock);
}

/* 0 is "not yet" and never the least. */
static void moments_are_the_first_or_the_last_of_all_workers(void **state) {
    (void)state;
    static const struct {
        int64_t a, b, least, greatest;
    } rows[] = {{0, 0, 0, 0}, {5, 0, 5, 5}, {0, 5, 5, 5}, {5, 9, 5, 9}, {9, 5, 5, 9}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tally *a = fresh(), *b = fresh();
        a->counts.first_attempt_ns = a->counts.ramp_done_ns = a->counts.frozen_ns =
            a->counts.keep_alive_timeout_s = rows[i].a;
        b->counts.first_attempt_ns = b->counts.ramp_done_ns = b->counts.frozen_ns =
            b->counts.keep_alive_timeout_s = rows[i].b;
        tally_merge(a, b);
        assert_int_equal(a->counts.first_attempt_ns, rows[i].least);
        assert_int_equal(a->counts.keep_alive_timeout_s, rows[i].least);
        assert_int_equal(a->counts.ramp_done_ns, rows[i].greatest);
        assert_int_equal(a->counts.frozen_ns, rows[i].greatest);
        free(a);
        free(b);
    }
}

static void the_sum_of_balanced_tallies_balances(void **state) {
    (void)state;
    struct tally *total = fresh(), *part = balanced();
    assert_null(tally_imbalance(total));
    for (int i = 0; i < 3; i++)
        tally_merge(total, part);
    assert_null(tally_imbalance(total));
    assert_int_equal(total->counts.attempted, 60);
    assert_int_equal(total->latency.count, 99);
    assert_int_equal(tally_closed(&total->counts), 9);
    assert_int_equal(tally_errored(&total->counts), 15);
    tally_clear(total);
    tally_merge(total, part);
    assert_memory_equal(&total->counts.outcomes, &part->counts.outcomes,
                        sizeof total->counts.outcomes);
    assert_null(tally_imbalance(total));
    free(total);
    free(part);
}

static void each_broken_identity_is_named(void **state) {
    (void)state;
    static const char ledger[] = "attempted = connecting + live + closed + errored";
    static const char requests[] = "sent = answered + timed_out + lost + outstanding";
    static const struct {
        size_t count;
        const char *identity;
    } rows[] = {
#define OF(member, identity) {offsetof(struct tally_counts, member), identity}
        OF(attempted, ledger),
        OF(connecting, ledger),
        OF(live, ledger),
        OF(outcomes[OUTCOME_closed_idle], ledger),
        OF(outcomes[OUTCOME_closed_announced], ledger),
        OF(outcomes[OUTCOME_fd_limit], ledger),
        OF(outcomes[OUTCOME_worker_lost], ledger),
        OF(sent, requests),
        OF(timed_out, requests),
        OF(requests_lost, requests),
        OF(outstanding, requests),
        OF(answered, requests),
        OF(opened, "connect time samples = opened"),
#undef OF
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tally *tally = balanced();
        assert_null(tally_imbalance(tally));
        ++*(uint64_t *)((char *)&tally->counts + rows[i].count);
        assert_string_equal(tally_imbalance(tally), rows[i].identity);
        free(tally);
    }
}

static void each_answer_has_its_samples(void **state) {
    (void)state;
    struct tally *tally = balanced();
    histogram_add(&tally->latency, MILLISECOND);
    assert_string_equal(tally_imbalance(tally), "latency samples = answered - warm-up");
    tally->counts.sent++;
    tally->counts.answered++;
    assert_string_equal(tally_imbalance(tally), "latency samples = answered - warm-up");
    histogram_add(&tally->service, MILLISECOND);
    assert_null(tally_imbalance(tally));
    histogram_add(&tally->connect, MILLISECOND);
    assert_string_equal(tally_imbalance(tally), "connect time samples = opened");
    free(tally);
}

static void the_drain_accounts_for_all_that_the_freeze_found(void **state) {
    (void)state;
    struct tally *tally = frozen();
    assert_false(tally_drain_balances(&tally->counts));
    tally->counts.drain[OUTCOME_drained] = 9;
    assert_true(tally_drain_balances(&tally->counts));
    assert_int_equal(tally_drained(&tally->counts), 12);
    tally->counts.drain[OUTCOME_drained]++;
    assert_false(tally_drain_balances(&tally->counts));
    free(tally);
}

/* Before the freeze is complete, all that it had is lost: also what was frozen, or drained. */
static void a_worker_that_dies_in_the_run_loses_all_it_had(void **state) {
    (void)state;
    static const enum tally_worker_phase phases[] = {WORKER_STARTING, WORKER_READY,
                                                     WORKER_RAMPING,  WORKER_HOLDING,
                                                     WORKER_FREEZING, WORKER_FAILED};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        struct tally *tally = balanced();
        tally->counts.phase = phases[i];
        if (phases[i] == WORKER_FREEZING)
            tally->counts.drain[OUTCOME_abandoned] = 2;
        tally_lose_worker(tally);
        const struct tally_counts *counts = &tally->counts;
        assert_null(tally_imbalance(tally));
        assert_true(tally_drain_balances(counts));
        assert_int_equal(counts->outcomes[OUTCOME_worker_lost], 12);
        assert_int_equal(counts->live + counts->connecting, 0);
        assert_int_equal(counts->lost, 15);
        assert_int_equal(counts->requests_lost, 5);
        assert_int_equal(counts->outstanding + counts->descriptors, 0);
        free(tally);
    }
}

/* After it, the figures stand; what was not drained yet is lost in the drain. */
static void a_worker_that_dies_after_the_freeze_loses_in_the_drain(void **state) {
    (void)state;
    static const enum tally_worker_phase phases[] = {WORKER_FROZEN, WORKER_DRAINING, WORKER_DONE};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        struct tally *tally = frozen();
        tally->counts.phase = phases[i];
        tally_lose_worker(tally);
        const struct tally_counts *counts = &tally->counts;
        assert_null(tally_imbalance(tally));
        assert_true(tally_drain_balances(counts));
        assert_int_equal(counts->drain[OUTCOME_worker_lost], 9);
        assert_int_equal(counts->outcomes[OUTCOME_worker_lost], 0);
        assert_int_equal(counts->live, 10);
        assert_int_equal(counts->lost, 5);
        assert_int_equal(counts->descriptors, 0); /* it took them with it */
        free(tally);
    }
}

static struct tally_seqlock *board_create(void) {
    void *memory = mmap(NULL, sizeof(struct tally_seqlock), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

static void what_is_read_is_what_was_published_last(void **state) {
    (void)state;
    struct tally_seqlock *seqlock = board_create();
    struct tally *own = balanced(), *seen = fresh();
    assert_true(tally_read(seqlock, seen)); /* nothing yet: an empty tally */
    assert_int_equal(seen->counts.attempted, 0);
    for (int i = 0; i < 5; i++) {
        tally_publish(seqlock, own);
        own->counts.attempted++; /* not published yet */
        assert_true(tally_read(seqlock, seen));
        assert_null(tally_imbalance(seen));
        assert_int_equal(seen->counts.attempted, 20 + i);
        assert_int_equal(seen->latency.count, own->latency.count);
        assert_int_equal(histogram_percentile(&seen->latency, 0.5),
                         histogram_percentile(&own->latency, 0.5));
        own->counts.live++;
        own->counts.sent++;
        own->counts.answered++;
        histogram_add(&own->latency, (i + 1) * SECOND);
        histogram_add(&own->service, (i + 1) * SECOND);
    }
    munmap(seqlock, sizeof *seqlock);
    free(own);
    free(seen);
}

/* Publishes balanced tallies without pause, each another than the one before. */
static _Noreturn void publish_for_ever(struct tally_seqlock *seqlock, struct tally *own) {
    for (uint64_t i = 0;; i++) {
        own->counts.attempted++;
        own->counts.outcomes[OUTCOME_refused]++;
        own->counts.sent++;
        own->counts.answered++;
        duration value = (duration)((i * 7919) % 1000) * MILLISECOND;
        histogram_add(&own->latency, value);
        histogram_add(&own->service, value);
        tally_publish(seqlock, own);
    }
}

static uint64_t samples_in(const struct histogram *histogram) {
    uint64_t samples = 0;
    for (size_t i = 0; i < HISTOGRAM_COUNTS; i++)
        samples += histogram_count_at(histogram, i);
    return samples;
}

static void expect_whole(const struct tally *tally) {
    assert_null(tally_imbalance(tally));
    assert_int_equal(samples_in(&tally->latency), tally->latency.count);
    assert_int_equal(tally->counts.attempted, tally->counts.sent);
}

/* A writer is killed at any point of its writing; what it left is whole, and so is what is read
 * while it writes. */
static void a_writer_may_be_killed_at_any_moment(void **state) {
    (void)state;
    struct tally_seqlock *seqlock = board_create();
    struct tally *seen = fresh();
    uint64_t least = 0;
    for (int round = 0; round < 200; round++) {
        memset(seqlock, 0, sizeof *seqlock);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            publish_for_ever(seqlock, fresh());
        while (atomic_load(&seqlock->sequence) < 3 + (uint64_t)round % 17)
            if (tally_read(seqlock, seen))
                expect_whole(seen);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_true(tally_read(seqlock, seen)); /* nobody writes any more */
        expect_whole(seen);
        assert_int_equal(seen->counts.attempted, atomic_load(&seqlock->sequence));
        least += seen->counts.attempted > 0;
    }
    assert_int_equal(least, 200);
    munmap(seqlock, sizeof *seqlock);
    free(seen);
}

/* The second buffer is torn by a writer that died in it; the first is what counts. */
static void a_torn_buffer_is_not_looked_at(void **state) {
    (void)state;
    struct tally_seqlock *seqlock = board_create();
    struct tally *own = balanced(), *seen = fresh();
    tally_publish(seqlock, own);
    memset(&seqlock->buffers[0].counts, 0xa5, sizeof seqlock->buffers[0].counts);
    assert_true(tally_read(seqlock, seen));
    assert_null(tally_imbalance(seen));
    assert_memory_equal(&seen->counts, &own->counts, sizeof own->counts);
    munmap(seqlock, sizeof *seqlock);
    free(own);
    free(seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_add_up_and_peaks_stay_peaks),
        cmocka_unit_test(a_worker_that_fails_after_the_freeze_is_lost_in_the_drain),
        cmocka_unit_test(rows_add_up),
        cmocka_unit_test(endings_go_where_the_counts_go),
        cmocka_unit_test(moments_are_the_first_or_the_last_of_all_workers),
        cmocka_unit_test(the_sum_of_balanced_tallies_balances),
        cmocka_unit_test(each_broken_identity_is_named),
        cmocka_unit_test(each_answer_has_its_samples),
        cmocka_unit_test(the_drain_accounts_for_all_that_the_freeze_found),
        cmocka_unit_test(a_worker_that_dies_in_the_run_loses_all_it_had),
        cmocka_unit_test(a_worker_that_dies_after_the_freeze_loses_in_the_drain),
        cmocka_unit_test(what_is_read_is_what_was_published_last),
        cmocka_unit_test(a_writer_may_be_killed_at_any_moment),
        cmocka_unit_test(a_torn_buffer_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
