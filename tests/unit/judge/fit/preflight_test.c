/* Tests of the preflight's findings and of the verdict they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "judge/preflight_fixture.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"

static void a_plan_that_fits_has_no_warning(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_int_equal(preflight(fixture), EXIT_HELD);
    assert_int_equal(fixture->judgement.verdict, VERDICT_HELD);
    assert_false(findings_any(&fixture->judgement.findings, FINDING_WARN));
    assert_false(findings_any(&fixture->judgement.findings, FINDING_FAIL));
    assert_false(findings_any(&fixture->judgement.findings, FINDING_UNKNOWN));
    assert_false(findings_any(&fixture->judgement.findings, FINDING_SKIPPED));
    assert_true(judge_may_run(&fixture->judgement, &fixture->facts));
    assert_int_equal(fixture->judgement.reason_count, 0);
}

static void nothing_known_of_the_machine_is_unknown_and_no_failure(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    host->nofile_soft = host->nofile_hard = host->nr_open = host->file_max = host->file_used = -1;
    host->port_low = host->port_high = host->somaxconn = host->tcp_tw_reuse = -1;
    host->tcp_max_syn_backlog = host->tcp_syncookies = host->conntrack_max = host->cpus = -1;
    host->tcp_mem_max = host->tcp_mem_used = -1;
    host->memory_available_bytes = host->connection_bytes = -1;
    host->group_memory = host->group_processes = host->user_processes = (struct host_share){-1, -1};
    fixture->facts.ports_known = false;
    fixture->facts.own_files = -1;
    fixture->plan.workers_needed = 0;
    static const char *const codes[] = {"descriptors",  "parent_files", "system_files", "processes",
                                        "source_ports", "memory",       "tcp_memory",   "backlog",
                                        "ramp",         "cpu"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const struct finding *finding = local(fixture, codes[i]);
        assert_int_equal(finding->status, FINDING_UNKNOWN);
        assert_holds(finding->text, "could not tell");
    }
    assert_int_equal(preflight(fixture), EXIT_HELD);
}

static void a_ring_that_works_says_on_which_kernel(void **state) {
    struct preflight_fixture *fixture = *state;
    const struct finding *finding = local(fixture, "io_uring");
    assert_int_equal(finding->status, FINDING_OK);
    assert_string_equal(finding->text, "kernel 6.18.0, not disabled, not filtered");
}

static struct engine_choice refused(enum engine_kind asked, enum engine_kind engine) {
    return (struct engine_choice){.asked = asked,
                                  .engine = engine,
                                  .rings_tried = 1,
                                  .epoll_watches = -1,
                                  .refusal = {.error = -EPERM,
                                              .reason = "blocked by a seccomp filter (EPERM)",
                                              .remedies = {"another profile"}}};
}

static void a_ring_that_is_refused_and_asked_for_is_unfit_with_its_remedy(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->setup.choice = refused(ENGINE_URING, ENGINE_URING);
    fixture->facts.door_error = -EPERM;
    const struct finding *finding = local(fixture, "io_uring");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_int_equal(finding->side, SIDE_TESTER);
    assert_string_equal(finding->text, "blocked by a seccomp filter (EPERM)");
    assert_todo(finding, 0, "another profile");
    assert_todo(finding, 1, "--engine auto");
    assert_int_equal(preflight(fixture), 3);
}

static void a_ring_that_is_refused_is_a_warning_where_epoll_carries_the_run(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->setup.choice = refused(ENGINE_AUTO, ENGINE_EPOLL);
    const struct finding *finding = local(fixture, "io_uring");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_string_equal(finding->text,
                        "blocked by a seccomp filter (EPERM); epoll carries the run instead");
    assert_todo(finding, 0, "another profile");
    assert_int_equal(preflight(fixture), 0);
    fixture->setup.choice =
        (struct engine_choice){.asked = ENGINE_EPOLL, .engine = ENGINE_EPOLL, .epoll_watches = -1};
    assert_int_equal(local(fixture, "io_uring")->status, FINDING_OK);
}

static void more_connections_than_epoll_has_room_for_are_unfit(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 1000);
    fixture->setup.choice = (struct engine_choice){
        .asked = ENGINE_EPOLL, .engine = ENGINE_EPOLL, .epoll_watches = 1000};
    assert_int_equal(local(fixture, "io_uring")->status, FINDING_OK);
    fixture->setup.choice.epoll_watches = 999;
    const struct finding *finding = local(fixture, "io_uring");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_numbers(finding, 1000, 999, 1000);
    assert_todo(finding, 0, "max_user_watches=1000");
}

static void a_door_that_only_the_preflight_lacks_is_a_failure(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.door_error = -EMFILE;
    const struct finding *finding = local(fixture, "io_uring");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_string_equal(finding->text, "the preflight has no ring (EMFILE)");
    assert_int_equal(preflight(fixture), 3);
}

static void descriptors_suffice_up_to_the_last_one(void **state) {
    struct preflight_fixture *fixture = *state;
    const struct {
        uint32_t asked, workers, needed;
        int64_t hard;
        enum finding_status status;
        const char *text;
    } rows[] = {
        {10000, 1, 1, 20000, FINDING_OK, "hard limit 20000 per process: 1 worker"},
        {100000, 6, 6, 20000, FINDING_OK, "hard limit 20000 per process: 6 workers"},
        {20000 - PLAN_WORKER_FILES, 1, 1, 20000, FINDING_OK, "1 worker"},
        {20001 - PLAN_WORKER_FILES, 1, 2, 20000, FINDING_FAIL, "(1 worker, hard limit 20000"},
        {100000, 2, 6, 20000, FINDING_FAIL,
         "asked 100000; have 39988 (2 workers, hard limit 20000 per process): the other "
         "60012 would end as fd_limit"},
        {10000000, 1, 1, INT64_MAX, FINDING_OK, "hard limit unlimited per process"},
        {10000000, 4096, 1, INT64_MAX, FINDING_OK, "4096 workers"},
        {1, 1, 0, PLAN_WORKER_FILES, FINDING_FAIL, "have 0"},
        {1, 1, 0, 0, FINDING_FAIL, "have 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        connections(fixture, rows[i].asked);
        fixture->plan.workers = rows[i].workers;
        fixture->plan.workers_needed = rows[i].needed;
        fixture->plan.host.nofile_hard = rows[i].hard;
        const struct finding *finding = local(fixture, "descriptors");
        assert_int_equal(finding->status, rows[i].status);
        assert_holds(finding->text, rows[i].text);
        assert_int_equal(finding->asked, rows[i].asked);
        assert_int_equal(finding->need, rows[i].needed > 0 ? rows[i].needed : FINDING_NONE);
    }
}

static void too_few_descriptors_come_with_what_would_do(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 100000);
    fixture->plan.workers = 2;
    fixture->plan.workers_needed = 6;
    const struct finding *finding = local(fixture, "descriptors");
    assert_numbers(finding, 100000, 39988, 6);
    assert_int_equal(finding->do_count, 2);
    assert_todo(finding, 0, "--workers 6");
    assert_todo(finding, 1, "LimitNOFILE=50006");
    fixture->plan.host.nofile_hard = PLAN_WORKER_FILES; /* no number of workers has room */
    assert_todo(local(fixture, "descriptors"), 0, "LimitNOFILE=");
    fixture->plan.workers_needed = 4097; /* more than --workers takes */
    connections(fixture, 10000000);
    fixture->plan.workers = 4;
    finding = local(fixture, "descriptors");
    assert_todo(finding, 0, "LimitNOFILE=2500006");
    assert_todo(finding, 1, "fs.nr_open=2500006");
}

static void system_files_fail_for_who_is_not_exempt_and_warn_for_the_other_end(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    host->file_max = 41200 + 20000 + 5; /* both ends are here; ring, eventfd, pidfd; two more */
    assert_int_equal(local(fixture, "system_files")->status, FINDING_OK);
    host->file_max--;
    const struct finding *finding = local(fixture, "system_files");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_numbers(finding, 20005, 20004, 20005);
    assert_holds(finding->text, ": the server may run out of files");
    assert_todo(finding, 0, "fs.file-max=61205");
    host->file_max = 41200 + 10000 + 4; /* not even ours */
    finding = local(fixture, "system_files");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_holds(finding->text, "fd_limit_system");
    host->capabilities = UINT64_C(1) << CAP_SYS_ADMIN;
    finding = local(fixture, "system_files");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_holds(finding->text, "this process is exempt, the server perhaps not");
    connect_to(fixture, 1, (const char *const[]){"192.0.2.1"});
    finding = local(fixture, "system_files");
    assert_int_equal(finding->status, FINDING_OK);
    assert_holds(finding->text, "(this process is exempt from it)");
    host->capabilities = 0;
    assert_int_equal(local(fixture, "system_files")->status, FINDING_FAIL);
    host->file_max = INT64_MAX;
    assert_holds(local(fixture, "system_files")->text, "fs.file-max unlimited");
    host->file_max = 100; /* less than is in use: root's own doing */
    assert_int_equal(local(fixture, "system_files")->have, 0);
}

static void memory_warns_near_the_limit_and_fails_clearly_above_it(void **state) {
    struct preflight_fixture *fixture = *state;
    const struct {
        int64_t available;
        enum finding_status status;
    } rows[] = {
        {INT64_MAX / 1024, FINDING_OK},
        {113000000, FINDING_OK},
        {112000000, FINDING_WARN},
        {90097152, FINDING_WARN},
        {76000000, FINDING_WARN},
        {75000000, FINDING_FAIL},
        {0, FINDING_FAIL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture->plan.host.memory_available_bytes = rows[i].available;
        assert_int_equal(local(fixture, "memory")->status, rows[i].status);
    }
    fixture->plan.host.memory_available_bytes = 60000000;
    const struct finding *finding = local(fixture, "memory");
    assert_numbers(finding, 90097152, 60000000, 90097152);
    assert_string_equal(finding->text,
                        "needs about 85.9 MiB for both ends (4.2 KiB of the kernel's "
                        "a connection, by this kernel's slabs), 57.2 MiB free: "
                        "processes would be killed");
    assert_todo(finding, 0, "--connections 5216");
    /* The other end's memory is another machine's. */
    connect_to(fixture, 1, (const char *const[]){"192.0.2.1"});
    assert_numbers(local(fixture, "memory"), 46097152, 60000000, 46097152);
    assert_int_equal(local(fixture, "memory")->status, FINDING_OK);
}

static void a_burst_above_the_accept_queue_is_warned_of(void **state) {
    struct preflight_fixture *fixture = *state;
    const struct {
        struct units_rate rate;
        uint32_t connections;
        int64_t burst;
    } rows[] = {
        {{10, 10 * MILLISECOND}, 10000, 10}, {{1, 1 * SECOND}, 10000, 1},
        {{1000, 1 * SECOND}, 10000, 10},     {{1000, 1 * MILLISECOND}, 100000, 10000},
        {{1001, 1 * SECOND}, 10000, 11},     {{1000000, 1 * MILLISECOND}, 7000, 7000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture->plan.ramp.rate = rows[i].rate;
        connections(fixture, rows[i].connections);
        fixture->plan.host.somaxconn = rows[i].burst;
        assert_int_equal(local(fixture, "backlog")->status, FINDING_OK);
        fixture->plan.host.somaxconn = rows[i].burst - 1;
        const struct finding *finding = local(fixture, "backlog");
        assert_int_equal(finding->status, FINDING_WARN);
        assert_numbers(finding, rows[i].burst, rows[i].burst - 1, rows[i].burst);
    }
    fixture->plan.host.somaxconn = 128;
    const struct finding *finding = local(fixture, "backlog");
    assert_holds(finding->text, "somaxconn 128 and up to 7000 connects in 10 ms: SYNs may be");
    assert_todo(finding, 0, "--ramp 128/10ms");
    connect_to(fixture, 1, (const char *const[]){"192.0.2.1"});
    assert_int_equal(local(fixture, "backlog")->status, FINDING_SKIPPED);
}

static void without_an_address_ports_and_backlog_are_unknown(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->setup.address_count = 0;
    assert_int_equal(local(fixture, "source_ports")->status, FINDING_UNKNOWN);
    assert_int_equal(local(fixture, "backlog")->status, FINDING_UNKNOWN);
}

static void a_machine_that_cannot_hold_the_plan_does_not_ask_the_target(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 100000);
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
    assert_int_equal(fixture->judgement.verdict, VERDICT_UNFIT);
    assert_false(judge_may_run(&fixture->judgement, &fixture->facts));
    const struct finding *finding = find(&fixture->judgement.findings, "target");
    assert_int_equal(finding->status, FINDING_SKIPPED);
    assert_string_equal(finding->text, "not asked: this machine cannot hold the plan");
    assert_null(find(&fixture->judgement.findings, "keep_alive"));
    assert_int_equal(fixture->judgement.reason_count, 2);
    assert_holds(fixture->judgement.reasons[0], "descriptors: asked 100000; have 19994");
    assert_holds(fixture->judgement.reasons[1], "source_ports: asked 100000; have 28232");
}

static void a_name_is_resolved_or_there_is_no_target(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_string_equal(outside(fixture, "name")->text, "localhost: 127.0.0.1:8080");
    connect_to(fixture, 3, (const char *const[]){"127.0.0.1", "127.0.0.2", "::1"});
    assert_string_equal(outside(fixture, "name")->text, "localhost: 127.0.0.1:8080 and 2 more");
    fixture->setup.address_count = 0;
    fixture->facts.resolved = fixture->facts.target.answered = false;
    strcpy(fixture->facts.resolve_error, "\"localhost\": Name or service not known");
    assert_int_equal(preflight(fixture), EXIT_NO_TARGET);
    assert_int_equal(fixture->judgement.verdict, VERDICT_NO_TARGET);
    const struct finding *finding = find(&fixture->judgement.findings, "name");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_string_equal(finding->text, "\"localhost\": Name or service not known");
    assert_holds(fixture->judgement.reasons[0], "Name or service not known");
    assert_int_equal(find(&fixture->judgement.findings, "target")->status, FINDING_SKIPPED);
}

static void a_target_that_answers_is_described(void **state) {
    struct preflight_fixture *fixture = *state;
    struct record_target *target = &fixture->facts.target;
    const struct {
        const char *method;
        uint16_t status;
        uint8_t minor;
        bool announced_end;
        enum finding_status expected;
        const char *text;
    } rows[] = {
        {"HEAD", 200, 1, false, FINDING_OK, "HEAD -> 200 in 1.20 ms, HTTP/1.1, keep-alive"},
        {"GET", 301, 1, false, FINDING_OK, "GET -> 301 in"},
        {"POST", 200, 0, false, FINDING_OK, "HEAD -> 200 in 1.20 ms, HTTP/1.0, keep-alive"},
        {"GET", 399, 1, false, FINDING_OK, "399"},
        {"GET", 400, 1, false, FINDING_WARN, "GET -> 400"},
        {"GET", 503, 1, false, FINDING_WARN, "GET -> 503"},
        {"HEAD", 200, 1, true, FINDING_WARN, "the connection ends with the answer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture->options.method = rows[i].method;
        target->status = rows[i].status;
        target->minor = rows[i].minor;
        target->announced_end = rows[i].announced_end;
        const struct finding *finding = outside(fixture, "target");
        assert_int_equal(finding->status, rows[i].expected);
        assert_holds(finding->text, rows[i].text);
        assert_int_equal(preflight(fixture), EXIT_HELD);
    }
}

static void a_handshake_that_failed_sends_nobody_to_look_who_listens(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.target.answered = false;
    fixture->facts.target_connected = true;
    fixture->plan.target.tls = true;
    strcpy(fixture->facts.target_error, "127.0.0.1:8080: TLS: the server sent alert 70");
    assert_int_equal(preflight(fixture), EXIT_NO_TARGET);
    const struct finding *finding = find(&fixture->judgement.findings, "target");
    assert_memory_equal(finding->todo[0], "openssl s_client -connect ", 26);
    assert_todo(finding, 1, "curl -sv -o /dev/null 'http://localhost:8080/'");
    fixture->facts.target_secured = true;
    strcpy(fixture->facts.target_error, "127.0.0.1:8080: no answer in time");
    assert_int_equal(preflight(fixture), EXIT_NO_TARGET);
    finding = find(&fixture->judgement.findings, "target");
    assert_memory_equal(finding->todo[0], "ss -ltnp", 8);
}

static void a_target_that_does_not_answer_is_no_target(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.target.answered = false;
    strcpy(fixture->facts.target_error, "127.0.0.1:8080 refuses connections");
    assert_int_equal(preflight(fixture), EXIT_NO_TARGET);
    assert_int_equal(fixture->judgement.verdict, VERDICT_NO_TARGET);
    assert_false(judge_may_run(&fixture->judgement, &fixture->facts));
    const struct finding *finding = find(&fixture->judgement.findings, "target");
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_todo(finding, 0, "ss -ltnp 'sport = :8080'");
    assert_todo(finding, 1, "curl -sv -o /dev/null 'http://localhost:8080/'");
    assert_string_equal(fixture->judgement.reasons[0],
                        "target: 127.0.0.1:8080 refuses connections");
    assert_null(find(&fixture->judgement.findings, "keep_alive"));
    /* A command that would need quoting is not offered. */
    strcpy(fixture->plan.target.url, "http://localhost:8080/';x'");
    assert_int_equal(outside(fixture, "target")->do_count, 1);
}

static void without_a_preflight_the_target_is_not_asked_and_that_is_no_failure(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->options.no_check = true;
    fixture->facts.target_asked = fixture->facts.target.asked = fixture->facts.target.answered =
        false;
    assert_string_equal(outside(fixture, "target")->text, "not asked: --no-check");
    assert_true(judge_may_run(&fixture->judgement, &fixture->facts));
}

static void some_addresses_that_do_not_accept_are_warned_of(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_null(outside(fixture, "addresses"));
    connect_to(fixture, 3, (const char *const[]){"127.0.0.1", "127.0.0.2", "::1"});
    assert_int_equal(outside(fixture, "addresses")->status, FINDING_OK);
    fixture->facts.addresses_accepting = fixture->setup.address_count = 2;
    const struct finding *finding = outside(fixture, "addresses");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_numbers(finding, 3, 2, FINDING_NONE);
    assert_int_equal(preflight(fixture), EXIT_HELD);
}

static void a_timeout_that_comes_before_the_next_request_is_a_mismatch(void **state) {
    struct preflight_fixture *fixture = *state;
    const struct {
        int32_t timeout_s;
        struct units_span think;
        bool late;
    } rows[] = {
        {5, {1 * SECOND, 30 * SECOND}, true},
        {30, {1 * SECOND, 30 * SECOND}, true},
        {31, {1 * SECOND, 30 * SECOND}, false},
        {5, {1 * SECOND, 5 * SECOND - 1}, false},
        {0, {0, 0}, true},
        {1, {0, 0}, false},
        {INT32_MAX, {24 * HOUR, 24 * HOUR}, false},
    };
    strcpy(fixture->facts.target.keep_alive, "timeout=5");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture->facts.target.keep_alive_timeout_s = rows[i].timeout_s;
        fixture->plan.think = rows[i].think;
        fixture->plan.hold = 1; /* nothing of nginx's own limits here */
        fixture->options.command = COMMAND_RUN;
        assert_int_equal(outside(fixture, "keep_alive")->status,
                         rows[i].late ? FINDING_WARN : FINDING_OK);
        assert_int_equal(preflight(fixture), EXIT_HELD);
        assert_true(judge_may_run(&fixture->judgement, &fixture->facts));
        fixture->options.command = COMMAND_CHECK;
        assert_int_equal(outside(fixture, "keep_alive")->status,
                         rows[i].late ? FINDING_FAIL : FINDING_OK);
        assert_int_equal(preflight(fixture), rows[i].late ? 1 : 0);
        assert_int_equal(fixture->judgement.verdict, rows[i].late ? VERDICT_BROKE : VERDICT_HELD);
    }
}

static void a_mismatch_says_what_the_server_said_and_what_to_do(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.target.keep_alive_timeout_s = 5;
    strcpy(fixture->facts.target.keep_alive, "timeout=5");
    fixture->options.command = COMMAND_CHECK;
    const struct finding *finding = outside(fixture, "keep_alive");
    assert_string_equal(finding->text, "the server says \"Keep-Alive: timeout=5\"; asking every "
                                       "1s..30s is too late");
    assert_numbers(finding, 30000, 5000, FINDING_NONE);
    assert_string_equal(finding->todo[0], "--keepalive 5");
    fixture->options.given.interval = true;
    assert_todo(outside(fixture, "keep_alive"), 0, "--keepalive 5   (in place of --interval)");
    assert_int_equal(preflight(fixture), EXIT_BROKE);
    assert_holds(fixture->judgement.reasons[0], "keep_alive: the server says");
    fixture->facts.target.keep_alive_timeout_s = 0; /* nothing is early enough */
    assert_int_equal(outside(fixture, "keep_alive")->do_count, 0);
}

static void an_announced_end_is_a_keep_alive_mismatch(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.target.announced_end = true;
    fixture->plan.hold = 0;
    assert_int_equal(outside(fixture, "keep_alive")->status, FINDING_WARN);
    assert_null(outside(fixture, "keepalive_time")); /* it comes to no such age */
    assert_int_equal(preflight(fixture), EXIT_HELD);
    fixture->options.command = COMMAND_CHECK;
    assert_holds(outside(fixture, "keep_alive")->text, "Connection: close");
    assert_int_equal(preflight(fixture), EXIT_BROKE);
    fixture->facts.target.minor = 0;
    assert_holds(outside(fixture, "keep_alive")->text, "HTTP/1.0");
}

static void a_request_that_is_seldom_meant_is_warned_of(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_null(outside(fixture, "request"));
    fixture->options.method = "get";
    assert_holds(outside(fixture, "request")->text, "\"get\" is not GET");
    assert_int_equal(outside(fixture, "request")->status, FINDING_WARN);
    fixture->options.method = "fetch"; /* anybody's own */
    assert_null(outside(fixture, "request"));
    fixture->options.header = (struct option_text_list){2, {"X: close", "connection: TE, Close"}};
    assert_holds(outside(fixture, "request")->text, "asks the server to end each connection");
    fixture->options.header =
        (struct option_text_list){2, {"Connection: not-close", "Connection:"}};
    assert_null(outside(fixture, "request"));
}

static void where_the_server_names_no_timeout_that_of_keepalive_counts(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->options.command = COMMAND_CHECK;
    const struct finding *finding = outside(fixture, "keep_alive");
    assert_int_equal(finding->status, FINDING_OK);
    assert_string_equal(finding->text, "the server names no timeout; asking every 1s..30s as for "
                                       "a timeout of 1m (-k)");
    fixture->options.given.interval = true;
    fixture->plan.think = (struct units_span){0, 0};
    assert_string_equal(outside(fixture, "keep_alive")->text,
                        "the server names no timeout; asking again at once as you asked");
}

static void an_hour_is_the_age_at_which_nginx_ends_a_connection(void **state) {
    struct preflight_fixture *fixture = *state;
    duration ramp = ramp_length(&fixture->plan.ramp);
    strcpy(fixture->facts.target.server, "nginx/1.22.1");
    fixture->plan.hold = HOUR - ramp - 1;
    assert_null(outside(fixture, "keepalive_time"));
    fixture->plan.hold = HOUR - ramp;
    const struct finding *finding = outside(fixture, "keepalive_time");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_holds(finding->text, "keepalive_time, 1h by default");
    fixture->options.command = COMMAND_CHECK;
    assert_int_equal(preflight(fixture), EXIT_HELD); /* a warning never changes it */
    fixture->plan.hold = 0;
    assert_holds(outside(fixture, "keepalive_time")->text, "held without an end");
    strcpy(fixture->facts.target.server, "Apache/2.4");
    assert_null(outside(fixture, "keepalive_time"));
}

static void a_thousand_requests_are_what_nginx_grants_a_connection(void **state) {
    struct preflight_fixture *fixture = *state;
    connections(fixture, 10); /* a ramp of 10 ms */
    strcpy(fixture->facts.target.server, "openresty");
    fixture->plan.think = (struct units_span){100 * MILLISECOND, 100 * MILLISECOND};
    fixture->facts.target.took = 0;
    fixture->plan.hold = 100 * SECOND;
    assert_null(outside(fixture, "keepalive_requests"));
    fixture->plan.hold = 101 * SECOND;
    const struct finding *finding = outside(fixture, "keepalive_requests");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_numbers(finding, 1010, 1000, FINDING_NONE);
    fixture->plan.think = (struct units_span){0, 0}; /* a closed loop, as fast as nothing takes */
    assert_non_null(outside(fixture, "keepalive_requests"));
    fixture->facts.target.took = 1 * SECOND;
    assert_null(outside(fixture, "keepalive_requests"));
    fixture->facts.target.took = 0;
    fixture->facts.target.server[0] = '\0'; /* whose limits nobody knows */
    assert_null(outside(fixture, "keepalive_requests"));
}

/* docs/outcomes.md: whose trouble an errno is; the target was never asked. */
static void an_errno_of_our_own_side_is_unfit_and_not_no_target(void **state) {
    struct preflight_fixture *fixture = *state;
    static const struct {
        int error, exit_code;
        bool connected;
        const char *todo;
    } rows[] = {
        {EACCES, EXIT_UNFIT, false, "nft list ruleset"},
        {EPERM, EXIT_UNFIT, false, "nft list ruleset"},
        {EMFILE, EXIT_UNFIT, false, "ulimit -n"},
        {ENFILE, EXIT_UNFIT, false, "fs.file-max"},
        {ENOMEM, EXIT_UNFIT, false, "tcp_mem"},
        {ENOBUFS, EXIT_UNFIT, false, "tcp_mem"},
        {ENOMEM, EXIT_UNFIT, true, "tcp_mem"},
        {EADDRNOTAVAIL, EXIT_NO_TARGET, false, "ip address"},
        {ECONNREFUSED, EXIT_NO_TARGET, false, "curl"},
        {EHOSTUNREACH, EXIT_NO_TARGET, false, "curl"},
        {ECONNRESET, EXIT_NO_TARGET, true, "curl"},
        {EACCES, EXIT_NO_TARGET, true, "curl"},
        {EPERM, EXIT_UNFIT, true, "seccomp"},
        {ENOSYS, EXIT_UNFIT, true, "seccomp"},
        {ENOSYS, EXIT_UNFIT, false, "seccomp"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&fixture->judgement, 0, sizeof fixture->judgement);
        strcpy(fixture->facts.target_error, "192.0.2.1:80: said the kernel");
        fixture->facts.target_errno = rows[i].error;
        fixture->facts.target_connected = rows[i].connected;
        assert_int_equal(preflight(fixture), rows[i].exit_code);
        const struct finding *finding = find(&fixture->judgement.findings, "target");
        assert_int_equal(finding->side == SIDE_TESTER, rows[i].exit_code == EXIT_UNFIT);
        bool told = false;
        for (size_t d = 0; d < finding->do_count; d++)
            told |= strstr(finding->todo[d], rows[i].todo) != NULL;
        assert_true(told);
    }
    fixture->facts.ports_known = false; /* then nobody knows whether any port is free */
    fixture->facts.target_errno = EADDRNOTAVAIL;
    fixture->facts.target_connected = false;
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
}

static void a_name_that_we_could_not_ask_for_is_unfit(void **state) {
    struct preflight_fixture *fixture = *state;
    static const struct {
        int error, exit_code;
    } rows[] = {{0, EXIT_NO_TARGET},
                {ETIMEDOUT, EXIT_NO_TARGET},
                {EMFILE, EXIT_UNFIT},
                {ENOMEM, EXIT_UNFIT},
                {EAGAIN, EXIT_UNFIT}};
    strcpy(fixture->facts.resolve_error, "\"name\": said the resolver");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&fixture->judgement, 0, sizeof fixture->judgement);
        fixture->facts.resolve_errno = rows[i].error;
        assert_int_equal(preflight(fixture), rows[i].exit_code);
    }
}

static void bytes_behind_the_answer_are_reported(void **state) {
    struct preflight_fixture *fixture = *state;
    static const char *const outcomes[] = {
        [AFTER_BYTES] = "unsolicited", [AFTER_END] = "closed_idle", [AFTER_RESET] = "reset_idle"};
    for (enum record_after_answer after = AFTER_BYTES; after <= AFTER_RESET; after++) {
        fixture->facts.target.after = after;
        fixture->options.command = COMMAND_CHECK;
        assert_holds(outside(fixture, "keep_alive")->text, outcomes[after]);
        assert_int_equal(preflight(fixture), EXIT_BROKE);
        fixture->options.command = COMMAND_RUN;
        assert_int_equal(outside(fixture, "keep_alive")->status, FINDING_WARN);
        assert_int_equal(preflight(fixture), EXIT_HELD);
    }
}

static void a_status_page_that_is_none_is_a_usage_error(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_null(outside(fixture, "server_status"));
    strcpy(fixture->plan.status.host, "localhost");
    strcpy(fixture->plan.status.url, "http://localhost:8080/status");
    assert_int_equal(outside(fixture, "server_status")->status, FINDING_SKIPPED);
    fixture->facts.status_asked = true;
    assert_int_equal(outside(fixture, "server_status")->status, FINDING_OK);
    strcpy(fixture->facts.status_error, "answered 404");
    assert_int_equal(preflight(fixture), EXIT_USAGE);
    assert_holds(fixture->judgement.reasons[0],
                 "--server-status: http://localhost:8080/status: answered 404");
    assert_false(judge_may_run(&fixture->judgement, &fixture->facts));
    strcpy(fixture->facts.target_error, "no answer");
    assert_int_equal(preflight(fixture), EXIT_USAGE); /* before no target */
    fixture->facts.interrupted = true;                /* which may be why there was no answer */
    assert_int_equal(preflight(fixture), EXIT_INCONCLUSIVE);
    assert_int_equal(find(&fixture->judgement.findings, "server_status")->status, FINDING_UNKNOWN);
}

static void an_interrupted_preflight_is_inconclusive_and_never_no_target(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.interrupted = true;
    assert_int_equal(preflight(fixture), EXIT_INCONCLUSIVE);
    assert_int_equal(fixture->judgement.verdict, VERDICT_INCONCLUSIVE);
    assert_int_equal(fixture->judgement.reason_count, 1);
    assert_false(judge_may_run(&fixture->judgement, &fixture->facts));
    fixture->facts.target.answered = false;
    assert_int_equal(preflight(fixture), EXIT_INCONCLUSIVE);
    assert_holds(find(&fixture->judgement.findings, "target")->text, "not asked: interrupted");
    strcpy(fixture->facts.target_error, "no answer");
    assert_int_equal(preflight(fixture), EXIT_INCONCLUSIVE);
    assert_int_equal(find(&fixture->judgement.findings, "target")->status, FINDING_UNKNOWN);
    strcpy(fixture->facts.resolve_error, "\"localhost\": Connection timed out");
    assert_int_equal(preflight(fixture), EXIT_INCONCLUSIVE);
    assert_int_equal(find(&fixture->judgement.findings, "name")->status, FINDING_UNKNOWN);
    connections(fixture, 100000); /* what does not fit was known before */
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
}

static void a_local_failure_comes_before_a_name_that_does_not_resolve(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->facts.door_error = -EPERM;
    fixture->setup.choice.refusal =
        (struct engine_refusal){.error = -EPERM, .reason = "disabled system-wide"};
    fixture->setup.choice.rings_made = 0;
    fixture->facts.resolved = fixture->facts.target.answered = false;
    strcpy(fixture->facts.resolve_error, "Name or service not known");
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
    assert_int_equal(fixture->judgement.reason_count, 1);
    assert_holds(fixture->judgement.reasons[0], "io_uring: disabled system-wide");
}

static void assert_printable(const char *text) {
    for (; *text != '\0'; text++)
        assert_in_range((unsigned char)*text, 0x20, 0x7e);
}

static void what_a_server_says_reaches_no_terminal_raw(void **state) {
    struct preflight_fixture *fixture = *state;
    struct record_target *target = &fixture->facts.target;
    memset(target->keep_alive, '\x1b', sizeof target->keep_alive - 1);
    memcpy(target->keep_alive, "\xff\n\x7f\x9b", 4);
    target->keep_alive_timeout_s = 5;
    const struct finding *finding = outside(fixture, "keep_alive");
    assert_printable(finding->text);
    assert_holds(finding->text, "\\xFF\\x0A\\x7F\\x9B\\x1B");
    assert_holds(finding->text, "is too late"); /* not cut off by the quotation */
    strcpy(fixture->facts.target_error, "it said \x1b]0;owned\x07");
    assert_int_equal(preflight(fixture), EXIT_NO_TARGET);
    assert_printable(find(&fixture->judgement.findings, "target")->text);
    assert_printable(fixture->judgement.reasons[0]);
}

static void the_list_of_findings_is_bounded(void **state) {
    struct preflight_fixture *fixture = *state;
    struct findings *findings = &fixture->judgement.findings;
    for (int i = 0; i < FINDINGS_MAX - 1; i++)
        findings_add_named(findings, "code", SIDE_US, FINDING_OK, "number %d", i);
    assert_int_equal(findings->count, FINDINGS_MAX - 1);
    for (int i = 0; i < 6; i++)
        finding_do(findings_add_named(findings, i == 3 ? "descriptors" : "later", SIDE_TESTER,
                                      i == 3 ? FINDING_FAIL : FINDING_OK, "number %d", i),
                   "something");
    assert_int_equal(findings->count, FINDINGS_MAX);
    const struct finding *note = &findings->items[FINDINGS_MAX - 1];
    assert_string_equal(note->name, "findings_left_out");
    assert_string_equal(note->text, "6 more findings than a report holds, the last: later");
    assert_true(findings_any(findings, FINDING_FAIL)); /* none of these is lost on the verdict */
    assert_numbers(note, FINDING_NONE, FINDINGS_MAX - 1, FINDINGS_MAX + 5);
    for (int i = 0; i < FINDINGS_MAX - 1; i++) {
        char number[24];
        snprintf(number, sizeof number, "number %d", i);
        assert_string_equal(findings->items[i].text, number);
    }
    struct finding *finding = &findings->items[0];
    assert_numbers(finding, FINDING_NONE, FINDING_NONE, FINDING_NONE);
    for (int i = 0; i < FINDING_DO_MAX + 3; i++)
        finding_do(finding, "step %d", i);
    assert_int_equal(finding->do_count, FINDING_DO_MAX);
    assert_string_equal(finding->todo[FINDING_DO_MAX - 1], "step 3");
    char large[4096];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    finding = findings_add_named(findings, large, SIDE_US, FINDING_OK, "%s", large);
    assert_int_equal(strlen(finding->name), sizeof finding->name - 1);
    assert_int_equal(strlen(finding->text), sizeof finding->text - 1);
}

#define with_fixture(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        with_fixture(a_plan_that_fits_has_no_warning),
        with_fixture(nothing_known_of_the_machine_is_unknown_and_no_failure),
        with_fixture(a_ring_that_works_says_on_which_kernel),
        with_fixture(a_ring_that_is_refused_and_asked_for_is_unfit_with_its_remedy),
        with_fixture(a_ring_that_is_refused_is_a_warning_where_epoll_carries_the_run),
        with_fixture(a_door_that_only_the_preflight_lacks_is_a_failure),
        with_fixture(more_connections_than_epoll_has_room_for_are_unfit),
        with_fixture(descriptors_suffice_up_to_the_last_one),
        with_fixture(too_few_descriptors_come_with_what_would_do),
        with_fixture(system_files_fail_for_who_is_not_exempt_and_warn_for_the_other_end),
        with_fixture(memory_warns_near_the_limit_and_fails_clearly_above_it),
        with_fixture(a_burst_above_the_accept_queue_is_warned_of),
        with_fixture(without_an_address_ports_and_backlog_are_unknown),
        with_fixture(a_machine_that_cannot_hold_the_plan_does_not_ask_the_target),
        with_fixture(a_name_is_resolved_or_there_is_no_target),
        with_fixture(a_target_that_answers_is_described),
        with_fixture(a_target_that_does_not_answer_is_no_target),
        with_fixture(a_handshake_that_failed_sends_nobody_to_look_who_listens),
        with_fixture(without_a_preflight_the_target_is_not_asked_and_that_is_no_failure),
        with_fixture(some_addresses_that_do_not_accept_are_warned_of),
        with_fixture(a_timeout_that_comes_before_the_next_request_is_a_mismatch),
        with_fixture(a_mismatch_says_what_the_server_said_and_what_to_do),
        with_fixture(an_announced_end_is_a_keep_alive_mismatch),
        with_fixture(a_request_that_is_seldom_meant_is_warned_of),
        with_fixture(where_the_server_names_no_timeout_that_of_keepalive_counts),
        with_fixture(an_hour_is_the_age_at_which_nginx_ends_a_connection),
        with_fixture(a_thousand_requests_are_what_nginx_grants_a_connection),
        with_fixture(an_errno_of_our_own_side_is_unfit_and_not_no_target),
        with_fixture(a_name_that_we_could_not_ask_for_is_unfit),
        with_fixture(bytes_behind_the_answer_are_reported),
        with_fixture(a_status_page_that_is_none_is_a_usage_error),
        with_fixture(an_interrupted_preflight_is_inconclusive_and_never_no_target),
        with_fixture(a_local_failure_comes_before_a_name_that_does_not_resolve),
        with_fixture(what_a_server_says_reaches_no_terminal_raw),
        with_fixture(the_list_of_findings_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
