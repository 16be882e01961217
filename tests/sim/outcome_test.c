/* Each outcome that no kernel lets us reach on loopback, and each that one does: counted exactly,
 * on its side, and nothing else. */
#include <errno.h>
#include <string.h>

#include "play.h"

enum { SUFFERERS = 3, CONNECTIONS = 10 };

/* Three of ten connections meet the script; the others are answered to the end. */
static void suffer(struct play *play, const struct script *script) {
    struct script scripts[SUFFERERS];
    for (int i = 0; i < SUFFERERS; i++)
        scripts[i] = *script;
    struct play_config config = {
        .world = {.seed = 11,
                  .scripts = scripts,
                  .script_count = SUFFERERS,
                  .pieces_max = 4,
                  .idle_after = 20 * MILLISECOND},
        .connections = CONNECTIONS,
        .ramp = {10, 10 * MILLISECOND},
        .think = {50 * MILLISECOND, 100 * MILLISECOND},
        .timeout = 200 * MILLISECOND,
        .connect_timeout = 150 * MILLISECOND,
    };
    play_start(play, &config);
    play_until(play, 5 * SECOND);
}

static void each_outcome_is_counted_exactly_and_on_its_side(void **state) {
    (void)state;
    static const struct {
        struct script script;
        const char *outcome;
        enum outcome_side side;
        unsigned opened; /* of the three */
    } rows[] = {
        {{.open_error = EMFILE}, "fd_limit", SIDE_TESTER, 0},
        {{.open_error = ENFILE}, "fd_limit_system", SIDE_TESTER, 0},
        {{.open_error = EADDRINUSE}, "ports_exhausted", SIDE_TESTER, 0},
        {{.connect = CONNECT_FAILS, .connect_error = EADDRINUSE},
         "ports_exhausted",
         SIDE_TESTER,
         0},
        {{.open_error = ENOMEM}, "no_memory", SIDE_TESTER, 0},
        {{.open_error = ENOBUFS}, "no_memory", SIDE_TESTER, 0},
        {{.connect = CONNECT_FAILS, .connect_error = ENOBUFS}, "no_memory", SIDE_TESTER, 0},
        {{.deed = DEED_ARM_FAILS, .deed_at = 1}, "no_memory", SIDE_TESTER, 3},
        {{.open_error = EACCES}, "denied", SIDE_TESTER, 0},
        {{.connect = CONNECT_FAILS, .connect_error = EPERM}, "denied", SIDE_TESTER, 0},
        {{.connect = CONNECT_FAILS, .connect_error = ECONNREFUSED}, "refused", SIDE_SERVER, 0},
        {{.connect = CONNECT_SELF}, "refused", SIDE_SERVER, 0},
        {{.connect = CONNECT_FAILS, .connect_error = EHOSTUNREACH}, "unreachable", SIDE_NETWORK, 0},
        {{.connect = CONNECT_FAILS, .connect_error = ENETUNREACH}, "unreachable", SIDE_NETWORK, 0},
        {{.connect = CONNECT_NEVER}, "connect_timeout", SIDE_NETWORK, 0},
        {{.connect = CONNECT_FAILS, .connect_error = ETIMEDOUT},
         "connect_timeout",
         SIDE_NETWORK,
         0},
        {{.connect = CONNECT_FAILS, .connect_error = ECONNRESET}, "connect_reset", SIDE_SERVER, 0},
        {{.connect = CONNECT_FAILS, .connect_error = EPROTO}, "connect_error", SIDE_NETWORK, 0},
        {{.deed = DEED_IDLE_FIN}, "closed_idle", SIDE_SERVER, 3},
        {{.deed = DEED_IDLE_408}, "closed_idle", SIDE_SERVER, 3},
        {{.deed = DEED_SEND_PIPE, .deed_at = 1}, "closed_idle", SIDE_SERVER, 3},
        {{.deed = DEED_ANSWER_CLOSE, .deed_at = 2}, "closed_announced", SIDE_SERVER, 3},
        {{.deed = DEED_ANSWER_LINGER}, "closed_announced", SIDE_SERVER, 3},
        {{.deed = DEED_ANSWER_10}, "closed_announced", SIDE_SERVER, 3},
        {{.deed = DEED_ANSWER_EOF}, "closed_announced", SIDE_SERVER, 3},
        {{.deed = DEED_FIN}, "closed_in_flight", SIDE_SERVER, 3},
        {{.deed = DEED_FIN_MID, .deed_at = 1}, "closed_mid_response", SIDE_SERVER, 3},
        {{.deed = DEED_IDLE_RST}, "reset_idle", SIDE_SERVER, 3},
        {{.deed = DEED_SEND_RESET}, "reset_idle", SIDE_SERVER, 3},
        {{.deed = DEED_RST}, "reset_in_flight", SIDE_SERVER, 3},
        {{.deed = DEED_RST_MID}, "reset_mid_response", SIDE_SERVER, 3},
        {{.deed = DEED_NEVER}, "response_timeout", SIDE_SERVER, 3},
        {{.deed = DEED_LATE, .deed_at = 1}, "response_timeout", SIDE_SERVER, 3},
        {{.deed = DEED_SILENT, .deed_at = 1}, "silent", SIDE_NETWORK, 3},
        {{.connect = CONNECT_GREETED}, "unsolicited", SIDE_SERVER, 3},
        {{.deed = DEED_ANSWER_TWICE}, "unsolicited", SIDE_SERVER, 3},
        {{.deed = DEED_IDLE_NOISE}, "unsolicited", SIDE_SERVER, 3},
        {{.deed = DEED_NOISE}, "protocol_error", SIDE_SERVER, 3},
        {{.deed = DEED_ERROR}, "io_error", SIDE_NETWORK, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct play play;
        suffer(&play, &rows[i].script);
        play_freeze(&play);
        const struct tally_counts *counts = play_counts(&play);
        play_expect_outcomes(counts->outcomes, rows[i].outcome, SUFFERERS, NULL);
        assert_int_equal(counts->live, CONNECTIONS - SUFFERERS);
        assert_int_equal(counts->opened, CONNECTIONS - SUFFERERS + rows[i].opened);
        assert_int_equal(counts->lost, rows[i].opened);
        for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
            if (strcmp(outcome_name((enum outcome)outcome), rows[i].outcome) == 0)
                assert_int_equal(outcome_side((enum outcome)outcome), rows[i].side);
        play_drain(&play, false);
        play_expect_outcomes(counts->drain, "drained", CONNECTIONS - SUFFERERS, NULL);
        play_free(&play);
    }
}

static void an_errno_without_an_outcome_of_its_own_is_kept_by_number(void **state) {
    (void)state;
    struct play play;
    suffer(&play, &(struct script){.connect = CONNECT_FAILS, .connect_error = EPROTO});
    assert_int_equal(play_counts(&play)->errnos[EPROTO], SUFFERERS);
    play_end(&play);
    play_free(&play);
    suffer(&play, &(struct script){.deed = DEED_ERROR, .deed_at = 2});
    assert_int_equal(play_counts(&play)->errnos[EHOSTUNREACH], SUFFERERS);
    play_end(&play);
    play_free(&play);
}

/* How requests end: timed out once, lost once, or answered although their connection ended. */
static void a_request_ends_as_its_connection_does(void **state) {
    (void)state;
    static const struct {
        enum deed deed;
        unsigned timed_out, lost;
    } rows[] = {
        {DEED_NEVER, 3, 0},    {DEED_SILENT, 3, 0},       {DEED_LATE, 3, 0},
        {DEED_FIN, 0, 3},      {DEED_RST_MID, 0, 3},      {DEED_NOISE, 0, 3},
        {DEED_ERROR, 0, 3},    {DEED_ANSWER_TWICE, 0, 0}, {DEED_ANSWER_EOF, 0, 0},
        {DEED_IDLE_408, 0, 0}, {DEED_SEND_RESET, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct play play;
        suffer(&play, &(struct script){.deed = rows[i].deed, .deed_at = 1});
        play_freeze(&play);
        const struct tally_counts *counts = play_counts(&play);
        assert_int_equal(counts->timed_out, rows[i].timed_out);
        assert_int_equal(counts->requests_lost, rows[i].lost);
        assert_int_equal(counts->sent, sim_truth(play.net)->received);
        play_drain(&play, false);
        play_free(&play);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_outcome_is_counted_exactly_and_on_its_side),
        cmocka_unit_test(an_errno_without_an_outcome_of_its_own_is_kept_by_number),
        cmocka_unit_test(a_request_ends_as_its_connection_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
