/* What becomes of a request: the rules that hold for its connection, in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "target/choice.h"

static struct random random_numbers;

static struct target_settings settings_of(const char *const *rules) {
    struct target_settings settings = {.status = 200};
    char error[256];
    for (; *rules != NULL; rules++)
        assert_true(
            fault_parse(&settings.faults[settings.fault_count++], *rules, error, sizeof error));
    return settings;
}
#define RULES(...) settings_of((const char *const[]){__VA_ARGS__, NULL})

/* The choice for the nth request of a connection all rules hold for. */
static struct choice nth(const struct target_settings *settings, uint32_t n, bool keep_alive) {
    uint32_t all = (uint32_t)((UINT64_C(1) << settings->fault_count) - 1);
    return choice_make(settings, all, n - 1, keep_alive, false, &random_numbers);
}

static void without_rules_an_answer_keeps_the_connection(void **state) {
    (void)state;
    struct target_settings settings = {.status = 404};
    struct choice choice = nth(&settings, 1, true);
    assert_int_equal(choice.status, 404);
    assert_int_equal(choice.after, AFTER_KEEP);
    assert_int_equal(choice.ending, ENDINGS);
    assert_int_equal(choice.stall, PEER_NO_FAULT);
    assert_false(choice.announces || choice.cut);
}

static void a_rule_speaks_with_its_nth_answer_and_no_other(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        enum peer_after after;
        enum counters_ending ending;
        bool announces, cut;
    } rules[] = {
        {"reset-after=3", AFTER_RESET, ENDING_reset_after, false, false},
        {"close-after=3", AFTER_FINISH, ENDING_close_after, false, false},
        {"close-announced=3", AFTER_FINISH, ENDING_close_announced, true, false},
        {"mid-reset=3", AFTER_RESET, ENDING_mid_reset, false, true},
        {"mid-close=3", AFTER_FINISH, ENDING_mid_close, false, true},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct target_settings settings = RULES(rules[i].rule);
        for (uint32_t n = 1; n <= 4; n++) {
            struct choice choice = nth(&settings, n, true);
            bool speaks = n == 3;
            assert_int_equal(choice.after, speaks ? rules[i].after : AFTER_KEEP);
            assert_int_equal(choice.ending, speaks ? rules[i].ending : ENDINGS);
            assert_int_equal(choice.fault, speaks ? 0 : PEER_NO_FAULT);
            assert_int_equal(choice.announces, speaks && rules[i].announces);
            assert_int_equal(choice.cut, speaks && rules[i].cut);
        }
    }
}

static void a_stall_is_for_good(void **state) {
    (void)state;
    struct target_settings settings = RULES("stall-after=2");
    for (uint32_t n = 1; n <= 5; n++)
        assert_int_equal(nth(&settings, n, true).stall, n > 2 ? 0 : PEER_NO_FAULT);
    settings = RULES("stall-after=0");
    assert_int_equal(nth(&settings, 1, true).stall, 0);
}

static void the_first_rule_that_speaks_decides(void **state) {
    (void)state;
    struct target_settings settings = RULES("close-after=3", "reset-after=3", "stall-after=2",
                                            "status=500", "status=503", "delay=10ms", "delay=20ms");
    struct choice choice = nth(&settings, 3, true);
    assert_int_equal(choice.ending, ENDING_close_after);
    assert_int_equal(choice.stall, PEER_NO_FAULT);
    assert_int_equal(choice.status, 500);
    assert_int_equal(choice.delay_ms, 10);
    assert_int_equal(choice.delay_fault, 5);
}

static void rules_that_do_not_hold_say_nothing(void **state) {
    (void)state;
    struct target_settings settings = RULES("close-after=1", "status=500", "drip=1/1ms");
    struct choice choice = choice_make(&settings, 2, 0, true, false, &random_numbers);
    assert_int_equal(choice.ending, ENDINGS);
    assert_int_equal(choice.status, 500);
    assert_int_equal(choice.drip, PEER_NO_FAULT);
}

static void the_client_ends_it_unless_a_rule_does(void **state) {
    (void)state;
    struct target_settings settings = RULES("reset-after=2");
    struct choice choice = nth(&settings, 1, false);
    assert_int_equal(choice.ending, ENDING_client_asked);
    assert_true(choice.announces);
    assert_int_equal(nth(&settings, 2, false).ending, ENDING_reset_after);
}

static void requests_and_age_are_limited_with_an_announcement(void **state) {
    (void)state;
    struct target_settings settings = {.status = 200, .keepalive_requests = 2};
    assert_int_equal(nth(&settings, 1, true).after, AFTER_KEEP);
    assert_int_equal(nth(&settings, 2, true).ending, ENDING_keepalive_requests);
    assert_true(nth(&settings, 2, true).announces);
    struct choice aged = choice_make(&settings, 0, 0, true, true, &random_numbers);
    assert_int_equal(aged.ending, ENDING_max_age);
    assert_true(aged.announces);
}

static void a_delay_is_drawn_within_its_bounds(void **state) {
    (void)state;
    struct target_settings settings = RULES("delay=5ms..9ms");
    uint32_t seen = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t delay = nth(&settings, 1, true).delay_ms;
        assert_in_range(delay, 5, 9);
        seen |= 1u << delay;
    }
    assert_int_equal(seen & 0x1e0, 0x1e0);
}

static void the_shortest_idle_limit_counts(void **state) {
    (void)state;
    enum counters_ending ending;
    uint8_t fault;
    struct target_settings settings = RULES("idle-close=5s", "idle-close=3s");
    assert_int_equal(choice_idle(&settings, 3, 0, &ending, &fault), 0); /* no answer yet */
    assert_int_equal(choice_idle(&settings, 3, 1, &ending, &fault), 3 * SECOND);
    assert_int_equal(ending, ENDING_idle_close);
    assert_int_equal(fault, 1);
    settings.keepalive_timeout = 4 * SECOND;
    assert_int_equal(choice_idle(&settings, 1, 1, &ending, &fault), 4 * SECOND);
    assert_int_equal(ending, ENDING_keepalive_timeout);
    assert_int_equal(fault, PEER_NO_FAULT);
    assert_int_equal(choice_idle(&settings, 3, 0, &ending, &fault), 4 * SECOND);
}

static void rules_are_dealt_at_accept_or_at_the_first_request(void **state) {
    (void)state;
    struct target_settings settings = RULES("reset-after=1", "accept-reset@10%", "status=500@50%");
    int at_accept = 0, at_request = 0;
    for (uint64_t order = 0; order < 100; order++) {
        at_accept += choice_at_accept(&settings, order) == 1;
        uint32_t faults = choice_faults(&settings, order);
        assert_int_equal(faults & 3, 1);
        at_request += (faults & 4) != 0;
    }
    assert_int_equal(at_accept, 10);
    assert_int_equal(at_request, 50);
}

static int seed(void **state) {
    (void)state;
    random_seed(&random_numbers, 1, 1);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_an_answer_keeps_the_connection),
        cmocka_unit_test(a_rule_speaks_with_its_nth_answer_and_no_other),
        cmocka_unit_test(a_stall_is_for_good),
        cmocka_unit_test(the_first_rule_that_speaks_decides),
        cmocka_unit_test(rules_that_do_not_hold_say_nothing),
        cmocka_unit_test(the_client_ends_it_unless_a_rule_does),
        cmocka_unit_test(requests_and_age_are_limited_with_an_announcement),
        cmocka_unit_test(a_delay_is_drawn_within_its_bounds),
        cmocka_unit_test(the_shortest_idle_limit_counts),
        cmocka_unit_test(rules_are_dealt_at_accept_or_at_the_first_request),
    };
    return cmocka_run_group_tests(tests, seed, NULL);
}
