/* TLS over the simulated door: handshakes by OpenSSL at both ends, records of the record layer, and
 * every end of a connection that TLS has of its own; the clock is virtual. */
#include <string.h>

#include "base/require.h"
#include "play.h"
#include "wire/tls/tls_client.h"
#include "wire/tls/tls_context.h"
#include "wire/tls/tls_server.h"

/* Both ends, for one play. */
struct ends {
    struct tls_server *server;
    struct tls_context *context;
    struct tls_client *client;
};

static void make_ends(struct ends *ends, struct play_config *config, uint32_t handshakes_max) {
    char line[200];
    struct refuse_buffer refusal = {line, sizeof line};
    require(tls_server_create(&ends->server, &(struct tls_server_settings){.tickets = 2}, refusal));
    require(tls_context_create(&ends->context, &(struct tls_settings){.insecure = true}, refusal));
    ends->client = tls_client_create(&(struct tls_client_settings){
        .context = ends->context, .name = "localhost", .handshakes_max = handshakes_max});
    require(ends->client != NULL);
    config->transport = tls_client_transport(ends->client);
    config->world.transport = tls_server_transport(ends->server);
}

static void free_ends(struct ends *ends) {
    tls_client_destroy(ends->client);
    tls_context_destroy(ends->context);
    tls_server_destroy(ends->server);
}

/* Played for so long; the counts when it is over. */
static struct tally_counts played(struct play_config *config, duration elapsed) {
    struct ends ends;
    struct tally_counts counts;
    make_ends(&ends, config, 64);
    play_whole(config, elapsed, &counts);
    free_ends(&ends);
    return counts;
}

static struct play_config calm(uint32_t connections) {
    return (struct play_config){.world = {.seed = 21, .pieces_max = 3},
                                .connections = connections,
                                .ramp = {connections, 1 * SECOND},
                                .think = {1 * SECOND, 3 * SECOND}};
}

static uint64_t failures(const struct tally_counts *counts) {
    uint64_t sum = 0;
    for (int i = 0; i < HANDSHAKE_REASON_COUNT; i++)
        sum += counts->tls_failures[i];
    return sum;
}

static void a_calm_run_holds_them_all_with_two_tickets_each(void **state) {
    (void)state;
    struct play_config config = calm(100);
    struct tally_counts counts = played(&config, 20 * SECOND);
    play_expect_outcomes(counts.outcomes, NULL);
    play_expect_outcomes(counts.drain, "drained", 100, NULL);
    assert_int_equal(counts.opened, 100);
    assert_int_equal(counts.tls_full, 100);
    assert_int_equal(counts.tls_tickets, 200);
    assert_in_range(counts.answered, 900, 1150);
}

static void whatever_goes_wrong_each_ends_as_what_it_was(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct play_config config = calm(120);
        config.world.seed = seed;
        config.world.bad_connects = 50000;
        config.world.bad_requests = 100000;
        config.world.bad_handshakes = 100000;
        config.world.idle_after = 500 * MILLISECOND;
        config.reconnect = (struct units_span){100 * MILLISECOND, 1 * SECOND};
        struct tally_counts counts = played(&config, 20 * SECOND);
        assert_true(counts.outcomes[OUTCOME_tls_failed] > 0);
        assert_true(counts.outcomes[OUTCOME_tls_alert] > 0);
        assert_true(counts.outcomes[OUTCOME_tls_broken] > 0);
        assert_true(counts.tls_closed_without_notify > 0);
        assert_true(counts.tls_key_updates_in > 0);
        assert_int_equal(failures(&counts), counts.outcomes[OUTCOME_tls_failed]);
    }
}

/* One connection, its handshake or its first request met by that. */
static struct tally_counts met(enum script_handshake handshake, enum deed deed) {
    struct script script = {.handshake = handshake, .deed = deed};
    struct play_config config = calm(1);
    config.world.scripts = &script;
    config.world.script_count = 1;
    return played(&config, 10 * SECOND);
}

static void a_handshake_that_fails_is_whose_fault_it_was(void **state) {
    (void)state;
    static const struct {
        enum script_handshake handshake;
        const char *outcome;
    } rows[] = {
        {HANDSHAKE_NEVER, "connect_timeout"}, {HANDSHAKE_FIN, "tls_failed"},
        {HANDSHAKE_RST, "tls_failed"},        {HANDSHAKE_NOISE, "tls_failed"},
        {HANDSHAKE_ERROR, "unreachable"},     {HANDSHAKE_RST_AT_FLIGHT, "reset_idle"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tally_counts counts = met(rows[i].handshake, DEED_ANSWER);
        play_expect_outcomes(counts.outcomes, rows[i].outcome, 1, NULL);
        assert_int_equal(counts.tls_closed_without_notify, 0);
    }
}

static void open_without_memory(struct transport_conn *conn, char *bytes, size_t length,
                                struct transport_fact *fact) {
    (void)conn, (void)bytes;
    *fact = (struct transport_fact){
        .kind = TRANSPORT_FAILED, .failure = HANDSHAKE_REASON_no_memory, .taken = length};
}

static void a_handshake_without_memory_is_our_own_fault(void **state) {
    (void)state;
    struct ends ends;
    struct play play;
    struct play_config config = calm(1);
    make_ends(&ends, &config, 64);
    struct transport poor = *config.transport;
    poor.open = open_without_memory;
    config.transport = &poor;
    play_start(&play, &config);
    play_until(&play, 3 * SECOND);
    play_expect_outcomes(play_counts(&play)->outcomes, "no_memory", 1, NULL);
    play_free(&play); /* the servers know nothing of it: their truth is another */
    free_ends(&ends);
}

static struct transport_counts said;

static void count_as_said(const void *shared, struct transport_counts *out) {
    (void)shared;
    *out = said;
}

/* --connect-timeout and 5 s behind the change. */
static void a_certificate_counts_as_later_once_a_reload_is_over(void **state) {
    (void)state;
    struct ends ends;
    struct play play;
    static const struct tls_peer peer;
    struct play_config config = calm(1);
    config.think = (struct units_span){100 * MILLISECOND, 100 * MILLISECOND}; /* and turns */
    make_ends(&ends, &config, 64);
    struct transport telling = *config.transport;
    telling.count = count_as_said;
    config.transport = &telling;
    said = (struct transport_counts){0};
    play_start(&play, &config);
    play_until(&play, 2 * SECOND);
    said = (struct transport_counts){.other_certificates = 1, .before = &peer, .other = &peer};
    play_until(&play, 4 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    instant over = {counts->tls_change.at_ns + play.plan.connect_timeout + 5 * SECOND};
    duration edge = instant_since(over, play.begun);
    assert_in_range(edge, 7 * SECOND, 60 * SECOND);
    play_until(&play, edge - 500 * MILLISECOND);
    said.other_certificates = 3;
    said.first_certificate_again = 2;
    play_until(&play, edge - 1);
    assert_int_equal(counts->tls_other_certificates, 3);
    assert_int_equal(counts->tls_first_certificate_again, 2);
    assert_int_equal(counts->tls_other_certificates_later, 0);
    play_until(&play, edge);
    said.other_certificates = 7;
    said.first_certificate_again = 3;
    play_until(&play, edge + 500 * MILLISECOND);
    assert_int_equal(counts->tls_other_certificates_later, 4);
    assert_int_equal(counts->tls_first_certificate_later, 1);
    play_free(&play); /* the servers know nothing of it: their truth is another */
    free_ends(&ends);
}

static void an_end_that_is_not_told_completes_no_answer_and_is_counted(void **state) {
    (void)state;
    struct tally_counts told = met(HANDSHAKE_DONE, DEED_ANSWER_EOF);
    play_expect_outcomes(told.outcomes, "closed_announced", 1, NULL);
    assert_int_equal(told.tls_closed_without_notify, 0);
    struct tally_counts untold = met(HANDSHAKE_DONE, DEED_EOF_UNTOLD);
    play_expect_outcomes(untold.outcomes, "closed_mid_response", 1, NULL);
    assert_int_equal(untold.tls_closed_without_notify, 1);
    struct tally_counts idle = met(HANDSHAKE_DONE, DEED_FIN_UNTOLD);
    play_expect_outcomes(idle.outcomes, "closed_idle", 1, NULL);
    assert_int_equal(idle.tls_closed_without_notify, 1);
}

static void behind_an_announced_end_the_fin_is_read_and_counted_too(void **state) {
    (void)state;
    struct tally_counts told = met(HANDSHAKE_DONE, DEED_ANSWER_CLOSE);
    play_expect_outcomes(told.outcomes, "closed_announced", 1, NULL);
    assert_int_equal(told.tls_closed_without_notify, 0);
    struct tally_counts untold = met(HANDSHAKE_DONE, DEED_CLOSE_UNTOLD);
    play_expect_outcomes(untold.outcomes, "closed_announced", 1, NULL);
    assert_int_equal(untold.tls_closed_without_notify, 1);
    struct tally_counts neither = met(HANDSHAKE_DONE, DEED_ANSWER_LINGER);
    play_expect_outcomes(neither.outcomes, "closed_announced", 1, NULL);
    assert_int_equal(neither.tls_closed_without_notify, 0);
}

/* A server that waits for our own words before its FIN waits no second for them. */
static void close_notify_behind_an_announced_end_is_its_end(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct ends ends;
        struct play play;
        struct script script = {.deed = DEED_CLOSE_TOLD, .whole = seed % 2 == 0};
        struct play_config config = calm(1);
        config.ramp = (struct units_rate){1, 10 * MILLISECOND};
        config.world.seed = seed;
        config.world.scripts = &script;
        config.world.script_count = 1;
        make_ends(&ends, &config, 64);
        play_start(&play, &config);
        play_until(&play, 900 * MILLISECOND);
        play_expect_outcomes(play_counts(&play)->outcomes, "closed_announced", 1, NULL);
        assert_int_equal(play_counts(&play)->descriptors, 0);
        assert_int_equal(play_counts(&play)->tls_closed_without_notify, 0);
        play_end(&play);
        play_free(&play);
        free_ends(&ends);
    }
}

/* Each handshake takes 10 to 20 ms here, of which 4 are under way: 200 to 400 a second. */
static void a_ramp_waits_for_handshakes_and_loses_none(void **state) {
    (void)state;
    struct ends ends;
    struct play play;
    struct play_config config = calm(200);
    config.ramp = (struct units_rate){2000, 1 * SECOND};
    config.world.latency.low = 5 * MILLISECOND;
    config.world.latency.high = 10 * MILLISECOND;
    make_ends(&ends, &config, 4);
    play_start(&play, &config);
    play_until(&play, 10 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    assert_in_range(counts->ramp_done_ns - play.begun.ns, 500 * MILLISECOND, 2 * SECOND);
    assert_int_equal(counts->live, 200);
    play_end(&play);
    play_expect_outcomes(counts->outcomes, NULL);
    play_free(&play);
    free_ends(&ends);
}

static void a_server_that_stops_ends_them_told_and_all_come_back(void **state) {
    (void)state;
    struct ends ends;
    struct play play;
    struct play_config config = calm(100);
    config.reconnect = (struct units_span){100 * MILLISECOND, 1 * SECOND};
    make_ends(&ends, &config, 64);
    play_start(&play, &config);
    play_until(&play, 5 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    assert_int_equal(counts->live, 100);
    sim_down(play.net, true);
    play_until(&play, 6 * SECOND);
    sim_down(play.net, false);
    play_until(&play, 15 * SECOND);
    assert_int_equal(counts->live, 100);
    assert_int_equal(counts->reconnected, 100);
    assert_int_equal(counts->tls_full, 200);
    assert_int_equal(counts->tls_closed_without_notify, 0);
    play_end(&play);
    play_free(&play);
    free_ends(&ends);
}

/* ---- Each operation fails in turn ---- */

static struct net *play_failing(struct play *play, const struct play_config *config, uint64_t n,
                                uint32_t which, bool onward) {
    struct net *net = sim_create(&config->world);
    sim_fail(net, n, which, onward);
    play_start_in(play, config, net);
    play_until(play, 60 * MILLISECOND);
    play_end(play);
    play_leave(play);
    return net;
}

static void sweep(const struct play_config *config, bool onward) {
    struct play play;
    struct net *reference = play_failing(&play, config, 0, 0, false);
    uint64_t operations = sim_truth(reference)->operations;
    assert_true(operations > 60);
    for (uint64_t n = 1; n <= operations; n++)
        for (uint32_t which = 0; which < sim_errors(sim_operation(reference, n)); which++)
            net_destroy(play_failing(&play, config, n, which, onward));
    net_destroy(reference);
}

static void any_operation_may_fail_once_or_from_then_on(void **state) {
    (void)state;
    static const struct script scripts[] = {{.deed = DEED_KEY_UPDATE, .deed_at = 1},
                                            {.deed = DEED_IDLE_FIN, .deed_at = 1},
                                            {.deed = DEED_NEVER, .deed_at = 1}};
    struct ends ends;
    struct play_config config = {.world = {.seed = 5,
                                           .pieces_max = 3,
                                           .scripts = scripts,
                                           .script_count = 3,
                                           .idle_after = 5 * MILLISECOND,
                                           .timeout = 15 * MILLISECOND,
                                           .connect_timeout = 15 * MILLISECOND,
                                           .latency = {200 * MICROSECOND, 2 * MILLISECOND}},
                                 .connections = 3,
                                 .ramp = {3, 6 * MILLISECOND},
                                 .think = {10 * MILLISECOND, 15 * MILLISECOND},
                                 .timeout = 15 * MILLISECOND,
                                 .connect_timeout = 15 * MILLISECOND};
    make_ends(&ends, &config, 64);
    sweep(&config, false);
    sweep(&config, true);
    free_ends(&ends);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_run_holds_them_all_with_two_tickets_each),
        cmocka_unit_test(whatever_goes_wrong_each_ends_as_what_it_was),
        cmocka_unit_test(a_handshake_that_fails_is_whose_fault_it_was),
        cmocka_unit_test(a_handshake_without_memory_is_our_own_fault),
        cmocka_unit_test(a_certificate_counts_as_later_once_a_reload_is_over),
        cmocka_unit_test(an_end_that_is_not_told_completes_no_answer_and_is_counted),
        cmocka_unit_test(behind_an_announced_end_the_fin_is_read_and_counted_too),
        cmocka_unit_test(close_notify_behind_an_announced_end_is_its_end),
        cmocka_unit_test(a_ramp_waits_for_handshakes_and_loses_none),
        cmocka_unit_test(a_server_that_stops_ends_them_told_and_all_come_back),
        cmocka_unit_test(any_operation_may_fail_once_or_from_then_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
