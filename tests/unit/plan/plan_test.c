/* The plan made of options and host facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"

enum { ARGUMENTS_MAX = 16 };

/* A plan from the words of a command line and one host fact. */
struct made {
    bool made;
    struct options options;
    struct plan plan;
    char error[PLAN_ERROR_MAX];
};

static struct made *make(const char *words, int64_t nofile_hard) {
    static struct made made;
    static char copy[1024];
    char *argv[ARGUMENTS_MAX] = {"run"}, error[OPTIONS_ERROR_MAX], *rest = copy;
    struct host host = {.nofile_soft = nofile_hard, .nofile_hard = nofile_hard};
    int argc = 1;
    strcpy(copy, words);
    while ((argv[argc] = strsep(&rest, " ")) != NULL)
        argc++;
    options_free(&made.options);
    if (options_parse(&made.options, COMMAND_RUN, argc, argv, error) != OPTIONS_OK)
        fail_msg("%s: %s", words, error);
    made.made = plan_make(&made.plan, &made.options, &host, made.error);
    return &made;
}

static int free_options(void **state) {
    (void)state;
    options_free(&make("http://e/", 1000)->options);
    return 0;
}

static void the_defaults_make_a_plan(void **state) {
    (void)state;
    const struct plan *plan = &make("http://e:81/x", 1000)->plan;
    assert_int_equal(plan->connections, 100);
    assert_int_equal(plan->workers, 1);
    assert_int_equal(plan->workers_needed, 1);
    assert_int_equal(plan->hold, 60 * SECOND);
    assert_int_equal(plan->think.low, SECOND);
    assert_int_equal(plan->think.high, 30 * SECOND);
    assert_int_equal(plan_think_mean(plan), 15500 * MILLISECOND);
    assert_int_equal(ramp_length(&plan->ramp), 100 * MILLISECOND);
    assert_string_equal(plan->connect_host, "e");
    assert_int_equal(plan->connect_port, 81);
    assert_string_equal(plan->status.host, "");
    assert_int_equal(plan->host.nofile_hard, 1000);
    assert_true(plan->seed > 0 && plan->seed < UINT64_C(1) << 53);
}

static void the_think_time_follows_the_keep_alive_time_unless_said_outright(void **state) {
    (void)state;
    static const struct {
        const char *words;
        duration low, high;
    } cases[] = {
        {"-k 2s e", 500 * MILLISECOND, SECOND},
        {"-k 5s e", SECOND, 2500 * MILLISECOND},
        {"-k 100ms e", 25 * MILLISECOND, 50 * MILLISECOND},
        {"-k 24h e", SECOND, 12 * HOUR},
        {"-k 2s -i 5s e", 5 * SECOND, 5 * SECOND},
        {"-i 1s..30s -k 2s e", SECOND, 30 * SECOND},
        {"-i 0 e", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct plan *plan = &make(cases[i].words, -1)->plan;
        assert_int_equal(plan->think.low, cases[i].low);
        assert_int_equal(plan->think.high, cases[i].high);
    }
}

static void as_many_workers_as_the_descriptors_and_rings_need(void **state) {
    (void)state;
    static const struct {
        const char *words;
        int64_t nofile_hard;
        uint32_t workers, needed;
    } cases[] = {
        {"-c 1 e", 1000, 1, 1},
        {"-c 994 e", 1000, 1, 1},
        {"-c 995 e", 1000, 2, 2},
        {"-c 10k e", 20000, 1, 1},
        {"-c 100k e", 20000, 6, 6},
        {"-c 65536 e", INT64_MAX, 1, 1},
        {"-c 65537 e", INT64_MAX, 2, 2},
        {"-c 10M e", INT64_MAX, 153, 153},
        {"-c 10M e", 1024, 4096, 9824},
        {"-c 10k e", -1, 1, 0},
        {"-c 100k e", -1, 2, 0},
        {"-c 5 e", 6, 5, 5},
        {"-c 5 e", 0, 5, 5},
        {"-c 995 -w 1 e", 1000, 1, 2},
        {"-c 995 -w 7 e", 1000, 7, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct made *made = make(cases[i].words, cases[i].nofile_hard);
        assert_true(made->made);
        assert_int_equal(made->plan.workers, cases[i].workers);
        assert_int_equal(made->plan.workers_needed, cases[i].needed);
    }
}

static void shares_are_even_and_sum_to_all_connections(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 64; workers++) {
        struct plan plan = {.connections = 1009, .parts = 1, .workers = workers};
        uint32_t sum = 0;
        for (uint32_t worker = 0; worker < workers; worker++) {
            uint32_t counted = 0; /* i mod workers, as the crew deals them out */
            for (uint32_t i = 0; i < plan.connections; i++)
                counted += i % workers == worker;
            assert_int_equal(plan_share(&plan, worker), counted);
            sum += counted;
        }
        assert_int_equal(sum, plan.connections);
    }
}

/* Of whatever is cut, each part has its share, and the order over all of them is one: connection k
 * is part k mod N's. */
static void the_parts_of_a_plan_are_the_plan(void **state) {
    (void)state;
    static const char *const words[] = {"-c 10 -n 7 -w 2 --shard 1/3 e",
                                        "-c 10 -n 7 -w 2 --shard 2/3 e",
                                        "-c 10 -n 7 -w 2 --shard 3/3 e"};
    static const uint32_t connections[] = {4, 3, 3};
    static const uint64_t requests[] = {3, 2, 2};
    bool owned[10] = {false};
    for (uint32_t part = 0; part < 3; part++) {
        const struct plan *plan = &make(words[part], 1000)->plan;
        assert_int_equal(plan->connections, connections[part]);
        assert_int_equal(plan->requests, requests[part]);
        assert_int_equal(plan->ramp.target, 10);
        assert_int_equal(plan_workers_of_all(plan), 6);
        for (uint32_t worker = 0; worker < 2; worker++)
            for (uint32_t i = 0; i < plan_share(plan, worker); i++) {
                uint64_t k = i * plan_workers_of_all(plan) + plan_worker_of_all(plan, worker);
                assert_int_equal(k % 3, part);
                assert_true(k < 10 && !owned[k]);
                owned[k] = true;
            }
    }
    for (int k = 0; k < 10; k++)
        assert_true(owned[k]);
    const struct plan *whole = &make("-c 10 -n 7 e", 1000)->plan;
    assert_int_equal(whole->parts, 1);
    assert_int_equal(whole->connections, 10);
    assert_int_equal(whole->requests, 7);
}

/* Parts of their own sizes take turns, and who is full has no more. */
static void parts_of_unequal_sizes_are_the_plan_too(void **state) {
    (void)state;
    static const char *const words[] = {"-c 10 -w 2 --shard 1/2+5+3 e",
                                        "-c 10 -w 3 --shard 2/2+5+3 e", "-c 10 --shard 3/2+5+3 e"};
    static const uint64_t orders[3][5] = {{0, 3}, {1, 4, 6, 8, 9}, {2, 5, 7}};
    static const uint32_t sizes[] = {2, 5, 3};
    for (uint32_t part = 0; part < 3; part++) {
        const struct made *made = make(words[part], 1000);
        const struct plan *plan = &made->plan;
        assert_true(made->made);
        assert_int_equal(plan->connections, sizes[part]);
        for (uint32_t i = 0; i < sizes[part]; i++)
            assert_int_equal(plan_order(plan, i % plan->workers, i / plan->workers),
                             orders[part][i]);
    }
    const struct made *wrong = make("-c 10 --shard 3/2+5+4 e", 1000);
    assert_false(wrong->made);
    assert_non_null(strstr(wrong->error, "the parts' sizes are 11 together"));
}

static void what_many_hosts_cannot_share_is_refused(void **state) {
    (void)state;
    assert_true(make("--hosts h1,h2 e", 1000)->made);
    assert_true(
        make("--hosts h1,h2 --server-pid 1 --exec-at 1s=true --abort-on-fail e", 1000)->made);
    static const char *const words[][2] = {
        {"--hosts h1,h2 --shard 1/2 e", "--shard with --hosts"},
        {"--hosts h1,h2,h3 -c 2 e", "--hosts: 3 hosts, of 2 connections"},
        {"--hosts h1,h2,h3 -n 2 e", "--hosts: 3 hosts, of 2 requests"},
        {"--hosts h1,h2 -c 21 -w 11 e", "the connections of each of 2 hosts (10)"},
        {"--hosts h1,h2 -c 10k -w 2049 e", "at most 2048 (4096 together)"},
        {"--remote x{host} e", "--remote without --hosts"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct made *made = make(words[i][0], 1000);
        assert_false(made->made);
        assert_non_null(strstr(made->error, words[i][1]));
    }
}

static void addresses_are_taken_in_turn(void **state) {
    (void)state;
    static struct setup setup = {.address_count = 3};
    for (uint32_t i = 0; i < 10; i++)
        assert_ptr_equal(setup_address(&setup, i), &setup.addresses[i % 3]);
}

static void the_same_options_and_host_make_the_same_plan(void **state) {
    (void)state;
    const char *words = "--seed 7 -c 1000 --rate 50 --server-status e:81/s http://e:8080/x";
    struct plan *first = malloc(sizeof *first);
    assert_non_null(first);
    *first = make(words, 1000)->plan;
    const struct made *again = make(words, 1000);
    assert_memory_equal(first, &again->plan, sizeof *first);
    free(first);
}

static void a_copied_plan_outlives_its_original(void **state) {
    (void)state;
    struct plan *original = malloc(sizeof *original), copy;
    assert_non_null(original);
    *original = make("--seed 7 -c 1000 http://e:8080/x", 1000)->plan;
    copy = *original;
    memset(original, 0xa5, sizeof *original);
    free(original);
    assert_string_equal(copy.target.authority, "e:8080");
    assert_string_equal(copy.options->url, "http://e:8080/x");
    assert_int_equal(copy.connections, 1000);
}

static void a_setup_closes_the_log_it_holds(void **state) {
    (void)state;
    static struct setup setup = {.address_count = 2};
    setup.server_log.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setup.server_log.open = true;
    int fd = setup.server_log.fd;
    assert_true(fd >= 0);
    setup_free(&setup);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(setup.address_count, 0);
    setup_free(&setup);
}

static void copied_addresses_outlive_the_setup_they_came_from(void **state) {
    (void)state;
    struct setup *from = calloc(1, sizeof *from);
    static struct setup setup;
    assert_non_null(from);
    from->address_count = from->status_address_count = 1;
    assert_true(address_parse(&from->addresses[0], "127.0.0.9", 80));
    assert_true(address_parse(&from->status_addresses[0], "127.0.0.8", 81));
    from->choice.engine = ENGINE_EPOLL;
    struct address target = from->addresses[0], page = from->status_addresses[0];
    setup_copy_server(&setup, from);
    setup_free(from);
    free(from);
    assert_int_equal(setup.address_count, 1);
    assert_int_equal(setup.choice.engine, ENGINE_EPOLL);
    assert_true(address_equal(setup_address(&setup, 5), &target));
    assert_true(address_equal(&setup.status_addresses[0], &page));
}

static void connect_to_leaves_the_target_as_given(void **state) {
    (void)state;
    const struct plan *plan = &make("--connect-to [::1]:8080 http://e/", 1000)->plan;
    assert_string_equal(plan->connect_host, "::1");
    assert_int_equal(plan->connect_port, 8080);
    assert_string_equal(plan->target.authority, "e");
}

static void the_name_of_a_certificate_has_neither_a_last_dot_nor_a_zone(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"https://localhost./", "localhost"},
                                           {"https://[fe80::1%25lo]/", "fe80::1"},
                                           {"--sni a.test. https://e/", "a.test"},
                                           {"https://e:81/", "e"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(make(cases[i][0], 1000)->plan.tls_name, cases[i][1]);
}

static void a_seed_and_a_status_page_are_taken_as_given(void **state) {
    (void)state;
    const struct plan *plan = &make("--seed 0 --server-status e:81/s e", 1000)->plan;
    assert_int_equal(plan->seed, 0);
    assert_string_equal(plan->status.host, "e");
    assert_int_equal(plan->status.port, 81);
    assert_string_equal(plan->status.path, "/s");
    assert_int_equal(make("--seed 9223372036854775807 e", 1000)->plan.seed, INT64_MAX);
}

static void what_contradicts_itself_is_refused_in_one_line(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"-c 4 -w 5 e", "--workers: 5 is out of bounds: at most --connections (4) is accepted"},
        {"-c 8 -w 5 --shard 1/2 e",
         "--workers: 5 is out of bounds: at most the connections of this part (4) is accepted"},
        {"-c 3 --shard 1/4 e", "--shard: 4 parts, of 3 connections: one at least for each part is"},
        {"-n 3 --shard 1/4 e", "--shard: 4 parts, of 3 requests: one at least for each part is"},
        {"--shard 1/2 --server-status e/s e",
         "--server-status with --shard: the server counts the"},
        {"--shard 1/2 --server-log f e",
         "--server-log with --shard: the server counts the requests"},
        {"http://user:secret@e/", "URL: user names and passwords"},
        {"http://e:99999/", "URL: \":99999\""},
        {"-c 10k -r 1/1h e", "--ramp: 1/h would take more than 365 days"},
        {"-c 10M -r 1/1h e", "--ramp: 1/h would take more than 365 days"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct made *made = make(cases[i][0], 1000);
        assert_false(made->made);
        if (strncmp(made->error, cases[i][1], strlen(cases[i][1])) != 0)
            fail_msg("%s: %s", cases[i][0], made->error);
        assert_null(strchr(made->error, '\n'));
        assert_null(strstr(made->error, "secret"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_make_a_plan),
        cmocka_unit_test(the_think_time_follows_the_keep_alive_time_unless_said_outright),
        cmocka_unit_test(as_many_workers_as_the_descriptors_and_rings_need),
        cmocka_unit_test(shares_are_even_and_sum_to_all_connections),
        cmocka_unit_test(the_parts_of_a_plan_are_the_plan),
        cmocka_unit_test(parts_of_unequal_sizes_are_the_plan_too),
        cmocka_unit_test(what_many_hosts_cannot_share_is_refused),
        cmocka_unit_test(addresses_are_taken_in_turn),
        cmocka_unit_test(the_same_options_and_host_make_the_same_plan),
        cmocka_unit_test(a_copied_plan_outlives_its_original),
        cmocka_unit_test(a_setup_closes_the_log_it_holds),
        cmocka_unit_test(copied_addresses_outlive_the_setup_they_came_from),
        cmocka_unit_test(connect_to_leaves_the_target_as_given),
        cmocka_unit_test(the_name_of_a_certificate_has_neither_a_last_dot_nor_a_zone),
        cmocka_unit_test(a_seed_and_a_status_page_are_taken_as_given),
        cmocka_unit_test(what_contradicts_itself_is_refused_in_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, free_options);
}
