/* Tests of a plan's source addresses: how many auto takes, which, and what goes with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"

static struct options options;
static struct plan plan;
static struct setup setup;
static char error[OPTIONS_ERROR_MAX];

/* A plan of so many connections as --source has it, its addresses known. */
static void make(const char *source, const char *connections, const char *const *hosts) {
    char *const argv[] = {(char[]){"run"},
                          (char[]){"-c"},
                          strdup(connections),
                          (char[]){"--source"},
                          strdup(source),
                          (char[]){"http://e/"},
                          NULL};
    struct host host = {
        .kernel = "6.18.0", .nofile_hard = 20000, .port_low = 1000, .port_high = 1099};
    memset(&options, 0, sizeof options);
    if (options_parse(&options, COMMAND_RUN, 6, (char **)argv, error) != OPTIONS_OK ||
        !plan_make(&plan, &options, &host, error))
        fail_msg("%s", error);
    free(argv[2]);
    setup = (struct setup){0};
    for (; hosts[setup.address_count] != NULL; setup.address_count++)
        assert_true(
            address_parse(&setup.addresses[setup.address_count], hosts[setup.address_count], 80));
    /* argv[4] is the options' text for as long as they live */
}
#define MAKE(source, connections, ...)                                                             \
    make(source, connections, (const char *const[]){__VA_ARGS__, NULL})

static void assert_sources(const char *text) {
    char buffer[200];
    assert_string_equal(address_set_format(&setup.sources, buffer, sizeof buffer), text);
}

static int clean(void **state) {
    (void)state;
    free((void *)(uintptr_t)options.source.text);
    options_free(&options);
    return 0;
}

static void auto_fills_a_pair_to_four_fifths(void **state) {
    (void)state;
    MAKE("auto", "1M", "127.0.0.1");
    assert_int_equal(sources_needed(&plan, 28232, 1), 45);
    assert_int_equal(sources_needed(&plan, 28232, 3), 15);
    assert_int_equal(sources_needed(&plan, 0, 1), ADDRESS_SET_MAX);
    assert_int_equal(sources_needed(&plan, 1, 1), ADDRESS_SET_MAX);
    plan.connections = 80;
    assert_int_equal(sources_needed(&plan, 100, 1), 1);
    plan.connections = 81;
    assert_int_equal(sources_needed(&plan, 100, 1), 2);
}

static void an_older_kernel_scans_from_half_on_and_gets_twice_the_sources(void **state) {
    (void)state;
    MAKE("auto", "40", "127.0.0.1");
    static const struct {
        const char *kernel;
        uint32_t most; /* connections for one source of 100 ports */
    } rows[] = {{"6.8.0-31-generic", 80}, {"7.0", 80},    {"6.18.44", 80}, {"6.7.12", 40},
                {"6.1.0-25-amd64", 40},   {"5.15.0", 40}, {"", 40},        {"unknown", 40}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(plan.host.kernel, sizeof plan.host.kernel, "%s", rows[i].kernel);
        plan.connections = rows[i].most;
        assert_int_equal(sources_needed(&plan, 100, 1), 1);
        plan.connections++;
        assert_int_equal(sources_needed(&plan, 100, 1), 2);
    }
}

static void towards_loopback_auto_takes_a_row_of_the_loopback_network(void **state) {
    (void)state;
    MAKE("auto", "1000", "127.0.0.1");
    assert_int_equal(sources_decide(&plan, &setup, 100), 0);
    assert_sources("127.0.0.2-127.0.0.14");
    assert_int_equal(setup_pairs(&setup), 13);
    plan.connections = 1;
    sources_decide(&plan, &setup, 100);
    assert_sources("127.0.0.2");
}

static void of_two_families_one_is_connected_to(void **state) {
    (void)state;
    MAKE("auto", "100", "::1", "127.0.0.1", "127.0.0.5");
    assert_int_equal(sources_decide(&plan, &setup, 100), 1);
    assert_int_equal(setup.address_count, 2);
    assert_sources("127.0.0.2"); /* 100 of 2 x 80 */
    assert_true(sources_fit(&setup));
}

static void sources_that_were_given_leave_their_family(void **state) {
    (void)state;
    MAKE("fd00::1-fd00::2", "100", "127.0.0.1", "::1", "127.0.0.5");
    assert_int_equal(sources_decide(&plan, &setup, 100), 2);
    assert_int_equal(setup.address_count, 1);
    assert_int_equal(setup.addresses[0].of.any.sa_family, AF_INET6);
    assert_int_equal(setup_pairs(&setup), 2);
}

static void where_no_address_is_of_their_family_they_do_not_fit(void **state) {
    (void)state;
    MAKE("fd00::1", "100", "127.0.0.1");
    assert_int_equal(sources_decide(&plan, &setup, 100), 0);
    assert_int_equal(setup.address_count, 1);
    assert_false(sources_fit(&setup));
}

static void towards_this_hosts_ipv6_loopback_there_is_at_least_that_address(void **state) {
    (void)state;
    MAKE("auto", "100", "::1");
    sources_decide(&plan, &setup, 100);
    if (setup.sources.count == 0)
        skip(); /* a machine without IPv6 */
    assert_int_equal(address_set_family(&setup.sources), AF_INET6);
    assert_true(sources_fit(&setup));
}

/* Connection i connects to address i mod n from source (i / n) mod s: each pair once in n * s. */
static void connections_take_the_pairs_in_turn(void **state) {
    (void)state;
    MAKE("127.0.0.4-127.0.0.6", "100", "127.0.0.1", "127.0.0.2");
    sources_decide(&plan, &setup, 100);
    static const struct {
        uint32_t connection;
        uint8_t source, address;
    } rows[] = {{0, 4, 1}, {1, 4, 2}, {2, 5, 1}, {3, 5, 2},
                {4, 6, 1}, {5, 6, 2}, {6, 4, 1}, {99, 5, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address room;
        const struct address *source = setup_source(&setup, rows[i].connection, &room);
        const struct address *address = setup_address(&setup, rows[i].connection);
        assert_int_equal(ntohl(source->of.v4.sin_addr.s_addr), 0x7f000000 + rows[i].source);
        assert_int_equal(ntohl(address->of.v4.sin_addr.s_addr), 0x7f000000 + rows[i].address);
    }
}

static void without_sources_the_kernel_chooses(void **state) {
    (void)state;
    struct address room;
    MAKE("auto", "100", "127.0.0.1", "127.0.0.2");
    assert_null(setup_source(&setup, 5, &room)); /* not decided yet */
    assert_int_equal(setup_pairs(&setup), 2);
}

#define cleaned(name) cmocka_unit_test_teardown(name, clean)

int main(void) {
    const struct CMUnitTest tests[] = {
        cleaned(auto_fills_a_pair_to_four_fifths),
        cleaned(an_older_kernel_scans_from_half_on_and_gets_twice_the_sources),
        cleaned(towards_loopback_auto_takes_a_row_of_the_loopback_network),
        cleaned(of_two_families_one_is_connected_to),
        cleaned(sources_that_were_given_leave_their_family),
        cleaned(where_no_address_is_of_their_family_they_do_not_fit),
        cleaned(towards_this_hosts_ipv6_loopback_there_is_at_least_that_address),
        cleaned(connections_take_the_pairs_in_turn),
        cleaned(without_sources_the_kernel_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
