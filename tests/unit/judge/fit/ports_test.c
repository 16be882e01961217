/* Tests of the findings on source ports and source addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "judge/fit/fit.h"
#include "judge/fit/headroom.h"
#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "says.h"

enum { PAIRS_MAX = 8 };

/* A plan and the ports that there are for it; each test takes some away. */
struct preflight_fixture {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct preflight_facts facts;
    struct findings findings;
    struct host_pair pairs[PAIRS_MAX];
    struct address_range range;
};

static void connect_to(struct preflight_fixture *fixture, size_t count, const char *const *hosts) {
    fixture->setup.address_count = count;
    for (size_t i = 0; i < count; i++)
        assert_true(address_parse(&fixture->setup.addresses[i], hosts[i], 8080));
    memset(fixture->pairs, 0, sizeof fixture->pairs);
    for (uint32_t i = 0; i < PAIRS_MAX; i++)
        fixture->pairs[i].pair = i;
    fixture->facts.ports_known = true;
    fixture->facts.ports = (struct ephemeral_ports){
        .range = 28232, .each = 28232, .pairs = fixture->pairs, .tables_known = true};
}
#define DIAL(fixture, ...)                                                                         \
    connect_to(fixture, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),               \
               (const char *const[]){__VA_ARGS__})

static void connections(struct preflight_fixture *fixture, uint32_t count) {
    fixture->plan.connections = count;
}

static void source(struct preflight_fixture *fixture, const char *text) {
    fixture->options.source.text = text;
    fixture->options.source.automatic = strcmp(text, "auto") == 0;
    if (fixture->options.source.automatic)
        return;
    assert_null(address_range_parse(&fixture->range, text, strlen(text)));
    assert_null(address_set_make(&fixture->setup.sources, &fixture->range, 1));
}

static int set_up(void **state) {
    struct preflight_fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL)
        return -1;
    *state = fixture;
    fixture->plan.options = &fixture->options;
    fixture->plan.host = (struct host){.kernel = "6.18.0", .port_low = 32768, .port_high = 60999};
    connections(fixture, 10000);
    DIAL(fixture, "127.0.0.1");
    return 0;
}

static int tear_down(void **state) {
    free(*state);
    return 0;
}

static const struct finding *judged(struct preflight_fixture *fixture, const char *code) {
    memset(&fixture->findings, 0, sizeof fixture->findings);
    judge_sources(&fixture->findings, &fixture->plan, &fixture->setup, &fixture->facts);
    judge_ports(&fixture->findings, &fixture->plan, &fixture->setup, &fixture->facts);
    for (size_t i = 0; i < fixture->findings.count; i++)
        if (strcmp(fixture->findings.items[i].name, code) == 0)
            return &fixture->findings.items[i];
    return NULL;
}

static const struct finding *ports(struct preflight_fixture *fixture) {
    return judged(fixture, "source_ports");
}

static void assert_numbers(const struct finding *finding, int64_t asked, int64_t have,
                           int64_t need) {
    assert_int_equal(finding->asked, asked);
    assert_int_equal(finding->have, have);
    assert_int_equal(finding->need, need);
}

static void assert_todo(const struct finding *finding, size_t index, const char *part) {
    assert_true(index < finding->do_count);
    assert_says(finding->todo[index], part);
}

static void ports_that_do_not_suffice_say_so_in_full(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 100000);
    fixture->facts.ports.reserved = 2;
    fixture->facts.ports.listening = 20;
    fixture->facts.ports.each = 28210;
    fixture->pairs[0] = (struct host_pair){.in_use = 10, .waiting = 412};
    fixture->facts.ports.pair_count = 1;
    sources_pick(&fixture->facts.offered, &fixture->plan, &fixture->setup, 28210);
    const struct finding *finding = ports(fixture);
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_int_equal(finding->side, SIDE_TESTER);
    assert_string_equal(finding->text, "asked 100000; have 27788 (32768-60999, one source "
                                       "address, 2 reserved, 30 in use, 412 in TIME_WAIT)");
    assert_numbers(finding, 100000, 27788, 100000);
    assert_int_equal(finding->do_count, 3);
    assert_todo(finding, 0, "--source auto   (uses 127.0.0.2-127.0.0.6)");
    assert_todo(finding, 1, "ip_local_port_range=\"1024 65535\"   (64479: 2 source addresses");
    assert_todo(finding, 2, "that, and a target name with 2 addresses");
}

static void auto_is_offered_where_it_would_do(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 64511);
    assert_int_equal(ports(fixture)->do_count, 1); /* nothing was found for auto */
    sources_pick(&fixture->facts.offered, &fixture->plan, &fixture->setup, 28232);
    assert_todo(ports(fixture), 0, "--source auto   (uses 127.0.0.2-127.0.0.4)");
    fixture->facts.offered.set.count = 2; /* too few */
    assert_todo(ports(fixture), 0, "sysctl");
    fixture->facts.offered.set.count = 3;
    source(fixture, "auto"); /* is what fell short */
    assert_todo(ports(fixture), 0, "sysctl");
}

static void a_wider_range_is_the_remedy_where_it_suffices(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 64511);
    const struct finding *finding = ports(fixture);
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_int_equal(finding->do_count, 1);
    assert_todo(finding, 0, "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"   (64511)");
    /* The server's own port lies in that range. */
    connections(fixture, 64512);
    assert_int_equal(ports(fixture)->do_count, 2);
    DIAL(fixture, "192.0.2.1");
    assert_int_equal(ports(fixture)->do_count, 1);
}

static void a_range_that_is_wide_already_is_not_widened(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 100000);
    fixture->plan.host.port_low = 1024;
    fixture->plan.host.port_high = 65535;
    fixture->facts.ports.range = fixture->facts.ports.each = 64512;
    const struct finding *finding = ports(fixture);
    assert_int_equal(finding->do_count, 1);
    assert_todo(finding, 0, "a target name with 2 addresses");
    fixture->facts.ports.listening = 64512;
    fixture->facts.ports.each = 0;
    assert_todo(ports(fixture), 0, "ss -tan");
}

static void ports_suffice_up_to_the_last_one(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 28232);
    const struct finding *finding = ports(fixture);
    assert_int_equal(finding->status, FINDING_OK);
    assert_string_equal(finding->text, "28232 free (32768-60999, one source address)");
    connections(fixture, 28233);
    assert_int_equal(ports(fixture)->status, FINDING_FAIL);
}

static void each_pair_has_ports_of_its_own_and_the_shortest_decides(void **state) {
    struct preflight_fixture *fixture = *state;
    DIAL(fixture, "127.0.0.1", "127.0.0.2", "127.0.0.3");
    connections(fixture, 3 * 28232);
    assert_int_equal(ports(fixture)->status, FINDING_OK);
    assert_says(ports(fixture)->text, "3 destination addresses");
    fixture->pairs[1].in_use = 28132;
    fixture->facts.ports.pair_count = 2;
    /* Connection 301 is the 101st of the second address: 301 are opened before it (0..300). */
    connections(fixture, 301);
    assert_int_equal(ports(fixture)->status, FINDING_OK);
    connections(fixture, 302);
    assert_numbers(ports(fixture), 302, 301, 302);
    assert_int_equal(ports(fixture)->status, FINDING_FAIL);
    /* The others go on where one is full: what would open is more than the plan that fits. */
    connections(fixture, 3000);
    assert_numbers(ports(fixture), 3000, 2100, 3000);
    const struct finding *finding = ports(fixture);
    assert_todo(finding, finding->do_count - 1, "--connections 301   (fits as it is)");
    fixture->facts.ports_known = false;
    assert_int_equal(ports(fixture)->status, FINDING_UNKNOWN);
}

/* Against the fill itself, connection by connection. */
static void the_arithmetic_of_pairs_is_that_of_filling_them(void **state) {
    struct preflight_fixture *fixture = *state;
    DIAL(fixture, "127.0.0.1", "127.0.0.2");
    source(fixture, "127.0.0.4-127.0.0.6");
    fixture->facts.ports.each = 7;
    static const uint32_t used[][6] = {{0, 0, 0, 0, 0, 0}, {3, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 7},
                                       {1, 2, 3, 4, 5, 6}, {7, 7, 7, 7, 7, 7}, {0, 0, 9, 0, 2, 2}};
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++) {
        size_t count = 0; /* those that nobody uses may be there, or not */
        for (uint32_t pair = 0; pair < 6; pair++)
            if (used[i][pair] > 0 || i % 2 == 0)
                fixture->pairs[count++] = (struct host_pair){.pair = pair, .in_use = used[i][pair]};
        fixture->facts.ports.pair_count = count;
        for (uint32_t asked = 1; asked < 50; asked++) {
            int64_t taken[6] = {0}, open = 0, whole = -1;
            for (int64_t k = 0; k < 1000; k++) {
                bool there = taken[k % 6] + used[i][k % 6] < 7;
                taken[k % 6]++;
                open += there && k < asked;
                whole = !there && whole < 0 ? k : whole;
            }
            connections(fixture, asked);
            bool fits = whole >= asked;
            assert_int_equal(ports(fixture)->status, fits ? FINDING_OK : FINDING_FAIL);
            assert_int_equal(ports(fixture)->have, fits ? whole : open);
            assert_int_equal(ports_count_headroom(&fixture->setup, &fixture->facts), whole);
        }
    }
}

static void ports_in_time_wait_are_a_matter_of_time(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 28000);
    fixture->facts.ports.pair_count = 1;
    fixture->pairs[0].young = 1000;
    const struct finding *finding = ports(fixture);
    assert_int_equal(finding->status, FINDING_WARN);
    assert_int_equal(finding->have, 27232);
    assert_says(finding->text, "1000 in TIME_WAIT): ports in TIME_WAIT are taken again");
    fixture->pairs[0].young = 500;
    fixture->pairs[0].waiting = 500;
    finding = ports(fixture);
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_int_equal(finding->have, 27232);
    assert_int_equal(finding->do_count, 1);
    assert_todo(finding, 0, "wait: TIME_WAIT lasts 60 s");
}

static void unknown_use_of_ports_is_no_ok_but_a_short_range_still_fails(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.ports.tables_known = false;
    const struct finding *finding = ports(fixture);
    assert_int_equal(finding->status, FINDING_UNKNOWN);
    assert_says(finding->text, "could not tell how many of 28232 are in use");
    connections(fixture, 28233);
    assert_int_equal(ports(fixture)->status, FINDING_FAIL);
}

static void the_sources_are_reported(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_null(judged(fixture, "sources"));
    source(fixture, "127.0.0.2-127.0.0.9");
    assert_int_equal(judged(fixture, "sources")->status, FINDING_OK);
    assert_string_equal(judged(fixture, "sources")->text, "8 addresses: 127.0.0.2-127.0.0.9");
    assert_string_equal(ports(fixture)->text, "225856 free (32768-60999, 8 source addresses)");
    fixture->facts.addresses_left_out = 1;
    assert_says(judged(fixture, "sources")->text, "1 address of the other family left out");
    fixture->facts.sources_unbindable = 2;
    fixture->facts.source_error = EADDRNOTAVAIL;
    assert_true(address_parse(&fixture->facts.source_unbindable, "127.0.0.3", 0));
    const struct finding *finding = judged(fixture, "sources");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_int_equal(finding->side, SIDE_TESTER);
    assert_string_equal(finding->text, "127.0.0.3: not an address of this host, nor are 1 more");
    fixture->facts.source_error = EACCES;
    assert_says(judged(fixture, "sources")->text,
                "127.0.0.3: no socket can be bound to it: EACCES");
}

static void sources_of_the_other_family_do_not_fit(void **state) {
    struct preflight_fixture *fixture = *state;
    source(fixture, "fd00::1");
    const struct finding *finding = judged(fixture, "sources");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_string_equal(finding->text, "fd00::1 is IPv6, and the target has IPv4 only");
}

static void auto_that_finds_nothing_fails(void **state) {
    struct preflight_fixture *fixture = *state;
    source(fixture, "auto");
    assert_int_equal(judged(fixture, "sources")->status, FINDING_FAIL);
    assert_says(judged(fixture, "sources")->text, "auto found no address of this host");
}

#define with_fixture(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_fixture(ports_that_do_not_suffice_say_so_in_full),
        with_fixture(auto_is_offered_where_it_would_do),
        with_fixture(a_wider_range_is_the_remedy_where_it_suffices),
        with_fixture(a_range_that_is_wide_already_is_not_widened),
        with_fixture(ports_suffice_up_to_the_last_one),
        with_fixture(each_pair_has_ports_of_its_own_and_the_shortest_decides),
        with_fixture(the_arithmetic_of_pairs_is_that_of_filling_them),
        with_fixture(ports_in_time_wait_are_a_matter_of_time),
        with_fixture(unknown_use_of_ports_is_no_ok_but_a_short_range_still_fails),
        with_fixture(the_sources_are_reported),
        with_fixture(sources_of_the_other_family_do_not_fit),
        with_fixture(auto_that_finds_nothing_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
