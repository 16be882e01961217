/* Fault rules: read strictly, and holding for exactly the share of the connections they name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "target/fault.h"

static char error[512];

static struct fault parse(const char *text) {
    struct fault fault;
    if (!fault_parse(&fault, text, error, sizeof error))
        fail_msg("%s: %s", text, error);
    return fault;
}

static void rules_are_read(void **state) {
    (void)state;
    struct fault fault = parse("reset-after=3@1%");
    assert_int_equal(fault.kind, FAULT_reset_after);
    assert_int_equal(fault.count, 3);
    assert_int_equal(fault.share_ppm, 10000);
    assert_string_equal(fault.text, "reset-after=3@1%");
    assert_int_equal(parse("stall-after=0").share_ppm, FAULT_SHARE_WHOLE);
    assert_int_equal(parse("close-after=10k@0.0001%").share_ppm, 1);
    assert_int_equal(parse("close-after=1@12.5%").share_ppm, 125000);
    assert_int_equal(parse("accept-reset@100%").kind, FAULT_accept_reset);
    fault = parse("delay=10ms..3s@50%");
    assert_int_equal(fault.span.low, 10 * MILLISECOND);
    assert_int_equal(fault.span.high, 3 * SECOND);
    assert_int_equal(parse("idle-close=5").span.high, 5 * SECOND);
    fault = parse("drip=10/20ms");
    assert_int_equal(fault.rate.count, 10);
    assert_int_equal(fault.rate.per, 20 * MILLISECOND);
}

static void each_kind_is_read_back_from_its_example(void **state) {
    (void)state;
    char name[FAULT_TEXT_MAX];
    static const char *const examples[] = {
#define FAULT(name, value, least, most, example, help) example,
#include "target/faults.def"
#undef FAULT
    };
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        assert_int_equal(parse(examples[kind]).kind, kind);
        const char *typed = fault_name((enum fault_kind)kind, name);
        assert_memory_equal(examples[kind], typed, strlen(typed));
    }
}

static void what_is_no_rule_is_refused_with_what_would_be(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "accepted are reset-after, close-after"},
        {"explode", "accepted are reset-after"},
        {"reset-after", "a count of 1..1000000000 is accepted, such as reset-after=3@10%"},
        {"reset-after=", "a count"},
        {"reset-after=0", "a count of 1.."},
        {"reset-after=x", "a count"},
        {"status=199", "200..599"},
        {"status=600", "200..599"},
        {"idle-close=0", "a duration of 1ms.."},
        {"delay=3s..1s", "A not above B"},
        {"delay", "A or A..B"},
        {"drip=0/1ms", "N bytes"},
        {"drip=1/1us", "DUR 1ms..1h"},
        {"accept-reset=1", "no value is accepted, such as accept-reset"},
        {"reset-after=3@", "percentage"},
        {"reset-after=3@1", "percentage"},
        {"reset-after=3@0%", "percentage"},
        {"reset-after=3@101%", "percentage"},
        {"reset-after=3@100.0001%", "percentage"},
        {"reset-after=3@1.00001%", "percentage"},
        {"reset-after=3@.5%", "percentage"},
        {"reset-after=3@1.%", "percentage"},
        {"reset-after=3@1%%", "percentage"},
        {"reset-after=3@-1%", "percentage"},
        {"reset-after=3@99999999999999999999%", "percentage"},
        {"reset-after=33333333333333333333333333333333333333333333333333333333333333", "63 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault fault;
        if (fault_parse(&fault, bad[i][0], error, sizeof error) ||
            strstr(error, bad[i][1]) == NULL || strchr(error, '\n') != NULL)
            fail_msg("%s: %s", bad[i][0], error);
    }
}

static uint64_t hits(const struct fault *fault, uint32_t index, uint64_t seed, uint64_t from,
                     uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t i = from; i < from + count; i++)
        sum += fault_hits(fault, index, seed, i);
    return sum;
}

static void a_share_is_exact_in_each_block_whatever_the_seed(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        uint64_t block, hits;
    } shares[] = {{"reset-after=1@10%", 10, 1},       {"reset-after=1@1%", 100, 1},
                  {"reset-after=1@25%", 100, 25},     {"reset-after=1@0.5%", 1000, 5},
                  {"reset-after=1@99.9%", 1000, 999}, {"reset-after=1@30%", 10, 3},
                  {"reset-after=1", 10, 10},          {"reset-after=1@12.3456%", 1000000, 123456}};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        struct fault fault = parse(shares[i].rule);
        for (uint64_t seed = 0; seed < 3; seed++)
            for (uint64_t block = 0; block < (shares[i].block > 1000 ? 1 : 20); block++)
                assert_int_equal(
                    hits(&fault, (uint32_t)i, seed, block * shares[i].block, shares[i].block),
                    shares[i].hits);
    }
}

static void seed_and_rule_decide_which(void **state) {
    (void)state;
    struct fault fault = parse("reset-after=1@10%");
    int same_seed = 0, same_rule = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(fault_hits(&fault, 1, 7, i), fault_hits(&fault, 1, 7, i));
        same_seed += fault_hits(&fault, 1, 7, i) && fault_hits(&fault, 1, 8, i);
        same_rule += fault_hits(&fault, 1, 7, i) && fault_hits(&fault, 2, 7, i);
    }
    assert_in_range(same_seed, 0, 40); /* 10 of 100 by chance */
    assert_in_range(same_rule, 0, 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read),
        cmocka_unit_test(each_kind_is_read_back_from_its_example),
        cmocka_unit_test(what_is_no_rule_is_refused_with_what_would_be),
        cmocka_unit_test(a_share_is_exact_in_each_block_whatever_the_seed),
        cmocka_unit_test(seed_and_rule_decide_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
