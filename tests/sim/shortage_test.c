/* What this machine runs short of in mid-run is met, counted and left alone: never tried again at
 * once. play.c watches at every turn that the worker does not spin and keeps to the ramp's rate. */
#include <errno.h>

#include "play.h"

static struct play_config five_hundred(void) {
    return (struct play_config){
        .world = {.seed = 23, .pieces_max = 4},
        .connections = 500,
        .ramp = {100, 1 * SECOND},
        .think = {1 * SECOND, 3 * SECOND},
        .audit_every = 8,
    };
}

/* Refused by socket, bind or connect from the 200th connection on. */
static const struct {
    enum operation operation;
    int error;
    const char *outcome;
} refusals[] = {
    {OPERATION_OPEN, EMFILE, "fd_limit"},
    {OPERATION_OPEN, ENFILE, "fd_limit_system"},
    {OPERATION_OPEN, ENOBUFS, "no_memory"},
    {OPERATION_OPEN, EADDRINUSE, "ports_exhausted"},
    {OPERATION_CONNECT, EADDRNOTAVAIL, "ports_exhausted"},
    {OPERATION_CONNECT, ENOMEM, "no_memory"},
    {OPERATION_CONNECT, EPERM, "denied"},
    {OPERATION_OPEN, EACCES, "denied"},
};
enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

static void each_connection_is_tried_once_and_the_rest_goes_on(void **state) {
    (void)state;
    for (size_t i = 0; i < REFUSALS; i++) {
        struct play_config config = five_hundred();
        struct play play;
        play_start(&play, &config);
        play_until(&play, 2 * SECOND);
        sim_deny(play.net, refusals[i].operation, refusals[i].error);
        play_until(&play, 60 * SECOND);
        const struct tally_counts *counts = play_counts(&play);
        assert_int_equal(counts->attempted, 500);
        assert_in_range(counts->live, 195, 201);
        play_expect_outcomes(counts->outcomes, refusals[i].outcome, 500 - counts->live, NULL);
        uint64_t answered = counts->answered;
        assert_true(answered > 200 * 20); /* those that are up are asked on */
        sim_deny(play.net, refusals[i].operation, 0);
        play_until(&play, 70 * SECOND);
        assert_int_equal(counts->attempted, 500);
        play_end(&play);
        play_free(&play);
    }
}

static void with_reconnect_a_shortage_is_waited_out(void **state) {
    (void)state;
    for (size_t i = 0; i < REFUSALS; i++) {
        struct play_config config = five_hundred();
        config.reconnect = (struct units_span){1 * SECOND, 30 * SECOND};
        struct play play;
        play_start(&play, &config);
        play_until(&play, 2 * SECOND);
        sim_deny(play.net, refusals[i].operation, refusals[i].error);
        play_until(&play, 62 * SECOND);
        const struct tally_counts *counts = play_counts(&play);
        uint64_t missing = 500 - counts->live;
        assert_in_range(counts->live, 195, 201);
        /* Waits of 0.5, 1, 2, 4, 8, 15 and 15 s on average make about seven in a minute. */
        assert_in_range(counts->attempted - counts->live, missing * 4, missing * 9);
        sim_deny(play.net, refusals[i].operation, 0);
        play_until(&play, 94 * SECOND); /* the longest wait */
        assert_int_equal(counts->live, 500);
        play_end(&play);
        play_free(&play);
    }
}

/* A poll that cannot be armed, a request that cannot be sent: the connection is of no use. */
static void live_connections_that_meet_it_end_once(void **state) {
    (void)state;
    static const struct {
        enum operation operation;
        int error;
    } rows[] = {{OPERATION_ARM, ENOMEM}, {OPERATION_SEND, ENOBUFS}};
    for (size_t i = 0; i < 2; i++) {
        for (duration backoff = 0; backoff < 2; backoff++) {
            struct play_config config = five_hundred();
            config.reconnect = (struct units_span){backoff * SECOND, backoff * 30 * SECOND};
            struct play play;
            play_start(&play, &config);
            play_until(&play, 10 * SECOND);
            assert_int_equal(play_counts(&play)->live, 500);
            sim_deny(play.net, rows[i].operation, rows[i].error);
            play_until(&play, 70 * SECOND);
            const struct tally_counts *counts = play_counts(&play);
            assert_int_equal(counts->outcomes[OUTCOME_no_memory],
                             counts->attempted - counts->live - counts->connecting);
            if (backoff == 0)
                play_expect_outcomes(counts->outcomes, "no_memory", (uint64_t)500, NULL);
            else
                assert_in_range(counts->attempted, 500 * 4, 500 * 9);
            sim_deny(play.net, rows[i].operation, 0);
            play_end(&play);
            play_free(&play);
        }
    }
}

/* When the first of each was met is kept with it. */
static void the_moment_of_the_first_is_kept(void **state) {
    (void)state;
    struct play_config config = five_hundred();
    struct play play;
    play_start(&play, &config);
    play_until(&play, 2 * SECOND);
    sim_deny(play.net, OPERATION_OPEN, EMFILE);
    play_until(&play, 10 * SECOND);
    const struct tally_counts *counts = play_counts(&play);
    assert_in_range(counts->first_ns[OUTCOME_fd_limit] - play.begun.ns, 2 * SECOND,
                    2020 * MILLISECOND);
    assert_int_equal(counts->first_ns[OUTCOME_refused], 0);
    play_end(&play);
    play_free(&play);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_connection_is_tried_once_and_the_rest_goes_on),
        cmocka_unit_test(with_reconnect_a_shortage_is_waited_out),
        cmocka_unit_test(live_connections_that_meet_it_end_once),
        cmocka_unit_test(the_moment_of_the_first_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
