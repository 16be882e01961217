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

#include "judge/judge.h"
#include "scene.h"

static void a_plan_that_fits_has_no_warning(void **state) {
    struct scene *scene = *state;
    assert_int_equal(preflight(scene), 0);
    assert_int_equal(scene->judgement.verdict, VERDICT_HELD);
    assert_false(findings_any(&scene->judgement.findings, FINDING_WARN));
    assert_false(findings_any(&scene->judgement.findings, FINDING_FAIL));
    assert_false(findings_any(&scene->judgement.findings, FINDING_UNKNOWN));
    assert_false(findings_any(&scene->judgement.findings, FINDING_SKIPPED));
    assert_true(judge_may_run(&scene->judgement, &scene->facts));
    assert_int_equal(scene->judgement.reason_count, 0);
}

static void nothing_known_of_the_machine_is_unknown_and_no_failure(void **state) {
    struct scene *scene = *state;
    struct host *host = &scene->plan.host;
    host->nofile_soft = host->nofile_hard = host->nr_open = host->file_max = host->file_used = -1;
    host->port_low = host->port_high = host->somaxconn = host->tcp_tw_reuse = -1;
    host->tcp_max_syn_backlog = host->tcp_syncookies = host->conntrack_max = host->cpus = -1;
    host->tcp_mem_max = host->tcp_mem_used = -1;
    host->memory_available_bytes = host->connection_bytes = -1;
    host->group_memory = host->group_processes = host->user_processes = (struct host_share){-1, -1};
    scene->facts.ports_known = false;
    scene->facts.own_files = -1;
    scene->plan.workers_needed = 0;
    static const char *const codes[] = {"descriptors",  "parent_files", "system_files", "processes",
                                        "source_ports", "memory",       "tcp_memory",   "backlog",
                                        "ramp",         "cpu"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const struct finding *finding = local(scene, codes[i]);
        assert_int_equal(finding->status, FINDING_UNKNOWN);
        assert_holds(finding->text, "could not tell");
    }
    assert_int_equal(preflight(scene), 0);
}

static void a_ring_that_works_says_on_which_kernel(void **state) {
    struct scene *scene = *state;
    const struct finding *finding = local(scene, "io_uring");
    assert_int_equal(finding->status, FINDING_OK);
    assert_string_equal(finding->text, "kernel 6.18.0, not disabled, not filtered");
    scene->plan.host.io_uring_disabled = 1;
    assert_holds(local(scene, "io_uring")->text, "allowed to this user");
}

static void each_refusal_of_a_ring_has_its_own_words_and_remedy(void **state) {
    struct scene *scene = *state;
    const struct {
        int error;
        enum net_refusal refusal;
        const char *text, *todo;
    } rows[] = {
        {EPERM, NET_DISABLED, "disabled system-wide (kernel.io_uring_disabled=2)",
         "kernel.io_uring_disabled=0"},
        {EPERM, NET_RESTRICTED, "kernel.io_uring_disabled=1, kernel.io_uring_group=-1",
         "io_uring_group"},
        {EPERM, NET_FILTERED, "seccomp filter (Docker's default profile", "--security-opt seccomp"},
        {EACCES, NET_DENIED, "security module (EACCES)", "ausearch"},
        {ENOSYS, NET_ABSENT, "built without io_uring (kernel 6.18.0)", "CONFIG_IO_URING"},
        {ENOMEM, NET_NO_MEMORY, "locked-memory limit is too small", "ulimit -l"},
        {EMFILE, NET_NO_FILES, "no descriptor was left for a ring (EMFILE)", "ulimit -n"},
        {EINVAL, NET_TOO_OLD, "lacks what is needed (kernel 6.18.0)", "6.1 or later"},
        {EIO, NET_OTHER, "could not be made (EIO)", "journalctl"},
        {EIO, NET_OK, "could not be made (EIO)", "journalctl"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene->facts.ring_error = -rows[i].error;
        scene->facts.ring_refusal = rows[i].refusal;
        const struct finding *finding = local(scene, "io_uring");
        assert_int_equal(finding->status, FINDING_FAIL);
        assert_int_equal(finding->side, SIDE_TESTER);
        assert_holds(finding->text, rows[i].text);
        assert_todo(finding, 0, rows[i].todo);
        assert_int_equal(preflight(scene), 3);
    }
}

static void descriptors_suffice_up_to_the_last_one(void **state) {
    struct scene *scene = *state;
    const struct {
        uint32_t asked, workers, needed;
        int64_t hard;
        enum finding_status status;
        const char *text;
    } rows[] = {
        {10000, 1, 1, 20000, FINDING_OK, "hard limit 20 000 per process: 1 worker"},
        {100000, 6, 6, 20000, FINDING_OK, "hard limit 20 000 per process: 6 workers"},
        {20000 - PLAN_WORKER_FILES, 1, 1, 20000, FINDING_OK, "1 worker"},
        {20001 - PLAN_WORKER_FILES, 1, 2, 20000, FINDING_FAIL, "(1 worker, hard limit 20 000"},
        {100000, 2, 6, 20000, FINDING_FAIL,
         "asked 100 000; have 39 988 (2 workers, hard limit 20 000 per process): the other "
         "60 012 would end as fd_limit"},
        {10000000, 1, 1, INT64_MAX, FINDING_OK, "hard limit unlimited per process"},
        {10000000, 4096, 1, INT64_MAX, FINDING_OK, "4 096 workers"},
        {1, 1, 0, PLAN_WORKER_FILES, FINDING_FAIL, "have 0"},
        {1, 1, 0, 0, FINDING_FAIL, "have 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        connections(scene, rows[i].asked);
        scene->plan.workers = rows[i].workers;
        scene->plan.workers_needed = rows[i].needed;
        scene->plan.host.nofile_hard = rows[i].hard;
        const struct finding *finding = local(scene, "descriptors");
        assert_int_equal(finding->status, rows[i].status);
        assert_holds(finding->text, rows[i].text);
        assert_int_equal(finding->asked, rows[i].asked);
        assert_int_equal(finding->need, rows[i].needed > 0 ? rows[i].needed : FINDING_NONE);
    }
}

static void too_few_descriptors_come_with_what_would_do(void **state) {
    struct scene *scene = *state;
    connections(scene, 100000);
    scene->plan.workers = 2;
    scene->plan.workers_needed = 6;
    const struct finding *finding = local(scene, "descriptors");
    assert_numbers(finding, 100000, 39988, 6);
    assert_int_equal(finding->do_count, 2);
    assert_todo(finding, 0, "--workers 6");
    assert_todo(finding, 1, "LimitNOFILE=50006");
    scene->plan.host.nofile_hard = PLAN_WORKER_FILES; /* no number of workers has room */
    assert_todo(local(scene, "descriptors"), 0, "LimitNOFILE=");
    scene->plan.workers_needed = 4097; /* more than --workers takes */
    connections(scene, 10000000);
    scene->plan.workers = 4;
    finding = local(scene, "descriptors");
    assert_todo(finding, 0, "LimitNOFILE=2500006");
    assert_todo(finding, 1, "fs.nr_open=2500006");
}

static void system_files_fail_for_who_is_not_exempt_and_warn_for_the_other_end(void **state) {
    struct scene *scene = *state;
    struct host *host = &scene->plan.host;
    host->file_max = 41200 + 20000 + 5; /* both ends are here; ring, eventfd, pidfd; two more */
    assert_int_equal(local(scene, "system_files")->status, FINDING_OK);
    host->file_max--;
    const struct finding *finding = local(scene, "system_files");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_numbers(finding, 20005, 20004, 20005);
    assert_holds(finding->text, ": the server may run out of files");
    assert_todo(finding, 0, "fs.file-max=61205");
    host->file_max = 41200 + 10000 + 4; /* not even ours */
    finding = local(scene, "system_files");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_holds(finding->text, "fd_limit_system");
    host->capabilities = UINT64_C(1) << CAP_SYS_ADMIN;
    finding = local(scene, "system_files");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_holds(finding->text, "this process is exempt, the server perhaps not");
    dial(scene, 1, (const char *const[]){"192.0.2.1"});
    finding = local(scene, "system_files");
    assert_int_equal(finding->status, FINDING_OK);
    assert_holds(finding->text, "(this process is exempt from it)");
    host->capabilities = 0;
    assert_int_equal(local(scene, "system_files")->status, FINDING_FAIL);
    host->file_max = INT64_MAX;
    assert_holds(local(scene, "system_files")->text, "fs.file-max unlimited");
    host->file_max = 100; /* less than is in use: root's own doing */
    assert_int_equal(local(scene, "system_files")->have, 0);
}

static void memory_warns_near_the_limit_and_fails_clearly_above_it(void **state) {
    struct scene *scene = *state;
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
        scene->plan.host.memory_available_bytes = rows[i].available;
        assert_int_equal(local(scene, "memory")->status, rows[i].status);
    }
    scene->plan.host.memory_available_bytes = 60000000;
    const struct finding *finding = local(scene, "memory");
    assert_numbers(finding, 90097152, 60000000, 90097152);
    assert_string_equal(finding->text,
                        "needs about 85.9 MiB for both ends (4.2 KiB of the kernel's "
                        "a connection, by this kernel's slabs), 57.2 MiB free: "
                        "processes would be killed");
    assert_todo(finding, 0, "--connections 5216");
    /* The other end's memory is another machine's. */
    dial(scene, 1, (const char *const[]){"192.0.2.1"});
    assert_numbers(local(scene, "memory"), 46097152, 60000000, 46097152);
    assert_int_equal(local(scene, "memory")->status, FINDING_OK);
}

static void a_burst_above_the_accept_queue_is_warned_of(void **state) {
    struct scene *scene = *state;
    const struct {
        struct rate rate;
        uint32_t connections;
        int64_t burst;
    } rows[] = {
        {{10, 10 * MILLISECOND}, 10000, 10}, {{1, 1 * SECOND}, 10000, 1},
        {{1000, 1 * SECOND}, 10000, 10},     {{1000, 1 * MILLISECOND}, 100000, 10000},
        {{1001, 1 * SECOND}, 10000, 11},     {{1000000, 1 * MILLISECOND}, 7000, 7000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene->plan.ramp.rate = rows[i].rate;
        connections(scene, rows[i].connections);
        scene->plan.host.somaxconn = rows[i].burst;
        assert_int_equal(local(scene, "backlog")->status, FINDING_OK);
        scene->plan.host.somaxconn = rows[i].burst - 1;
        const struct finding *finding = local(scene, "backlog");
        assert_int_equal(finding->status, FINDING_WARN);
        assert_numbers(finding, rows[i].burst, rows[i].burst - 1, rows[i].burst);
    }
    scene->plan.host.somaxconn = 128;
    const struct finding *finding = local(scene, "backlog");
    assert_holds(finding->text, "somaxconn 128 and up to 7 000 connects in 10 ms: SYNs may be");
    assert_todo(finding, 0, "--ramp 128/10ms");
    dial(scene, 1, (const char *const[]){"192.0.2.1"});
    assert_int_equal(local(scene, "backlog")->status, FINDING_SKIPPED);
}

static void without_an_address_ports_and_backlog_are_unknown(void **state) {
    struct scene *scene = *state;
    scene->plan.address_count = 0;
    assert_int_equal(local(scene, "source_ports")->status, FINDING_UNKNOWN);
    assert_int_equal(local(scene, "backlog")->status, FINDING_UNKNOWN);
}

static void a_machine_that_cannot_hold_the_plan_does_not_ask_the_target(void **state) {
    struct scene *scene = *state;
    connections(scene, 100000);
    assert_int_equal(preflight(scene), 3);
    assert_int_equal(scene->judgement.verdict, VERDICT_UNFIT);
    assert_false(judge_may_run(&scene->judgement, &scene->facts));
    const struct finding *finding = find(&scene->judgement.findings, "target");
    assert_int_equal(finding->status, FINDING_SKIPPED);
    assert_string_equal(finding->text, "not asked: this machine cannot hold the plan");
    assert_null(find(&scene->judgement.findings, "keep_alive"));
    assert_int_equal(scene->judgement.reason_count, 2);
    assert_holds(scene->judgement.reasons[0], "descriptors: asked 100 000; have 19 994");
    assert_holds(scene->judgement.reasons[1], "source_ports: asked 100 000; have 28 232");
}

static void a_name_is_resolved_or_there_is_no_target(void **state) {
    struct scene *scene = *state;
    assert_string_equal(outside(scene, "name")->text, "localhost: 127.0.0.1:8080");
    dial(scene, 3, (const char *const[]){"127.0.0.1", "127.0.0.2", "::1"});
    assert_string_equal(outside(scene, "name")->text, "localhost: 127.0.0.1:8080 and 2 more");
    scene->plan.address_count = 0;
    scene->facts.resolved = scene->facts.target.answered = false;
    strcpy(scene->facts.resolve_error, "\"localhost\": Name or service not known");
    assert_int_equal(preflight(scene), 5);
    assert_int_equal(scene->judgement.verdict, VERDICT_NO_TARGET);
    const struct finding *finding = find(&scene->judgement.findings, "name");
    assert_int_equal(finding->status, FINDING_FAIL);
    assert_string_equal(finding->text, "\"localhost\": Name or service not known");
    assert_holds(scene->judgement.reasons[0], "Name or service not known");
    assert_int_equal(find(&scene->judgement.findings, "target")->status, FINDING_SKIPPED);
}

static void a_target_that_answers_is_described(void **state) {
    struct scene *scene = *state;
    struct target_facts *target = &scene->facts.target;
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
        scene->options.method = rows[i].method;
        target->status = rows[i].status;
        target->minor = rows[i].minor;
        target->announced_end = rows[i].announced_end;
        const struct finding *finding = outside(scene, "target");
        assert_int_equal(finding->status, rows[i].expected);
        assert_holds(finding->text, rows[i].text);
        assert_int_equal(preflight(scene), 0);
    }
}

static void a_target_that_does_not_answer_is_no_target(void **state) {
    struct scene *scene = *state;
    scene->facts.target.answered = false;
    strcpy(scene->facts.target_error, "127.0.0.1:8080 refuses connections");
    assert_int_equal(preflight(scene), 5);
    assert_int_equal(scene->judgement.verdict, VERDICT_NO_TARGET);
    assert_false(judge_may_run(&scene->judgement, &scene->facts));
    const struct finding *finding = find(&scene->judgement.findings, "target");
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_todo(finding, 0, "ss -ltnp 'sport = :8080'");
    assert_todo(finding, 1, "curl -sv -o /dev/null 'http://localhost:8080/'");
    assert_string_equal(scene->judgement.reasons[0], "target: 127.0.0.1:8080 refuses connections");
    assert_null(find(&scene->judgement.findings, "keep_alive"));
    /* A command that would need quoting is not offered. */
    strcpy(scene->plan.target.url, "http://localhost:8080/';x'");
    assert_int_equal(outside(scene, "target")->do_count, 1);
}

static void without_a_preflight_the_target_is_not_asked_and_that_is_no_failure(void **state) {
    struct scene *scene = *state;
    scene->options.no_check = true;
    scene->facts.target_asked = scene->facts.target.asked = scene->facts.target.answered = false;
    assert_string_equal(outside(scene, "target")->text, "not asked: --no-check");
    assert_true(judge_may_run(&scene->judgement, &scene->facts));
}

static void some_addresses_that_do_not_accept_are_warned_of(void **state) {
    struct scene *scene = *state;
    assert_null(outside(scene, "addresses"));
    dial(scene, 3, (const char *const[]){"127.0.0.1", "127.0.0.2", "::1"});
    assert_int_equal(outside(scene, "addresses")->status, FINDING_OK);
    scene->facts.addresses_accepting = scene->plan.address_count = 2;
    const struct finding *finding = outside(scene, "addresses");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_numbers(finding, 3, 2, FINDING_NONE);
    assert_int_equal(preflight(scene), 0);
}

static void a_timeout_that_comes_before_the_next_request_is_a_mismatch(void **state) {
    struct scene *scene = *state;
    const struct {
        int32_t timeout_s;
        struct span think;
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
    strcpy(scene->facts.target.keep_alive, "timeout=5");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene->facts.target.keep_alive_timeout_s = rows[i].timeout_s;
        scene->plan.think = rows[i].think;
        scene->plan.hold = 1; /* nothing of nginx's own limits here */
        scene->plan.command = COMMAND_RUN;
        assert_int_equal(outside(scene, "keep_alive")->status,
                         rows[i].late ? FINDING_WARN : FINDING_OK);
        assert_int_equal(preflight(scene), 0);
        assert_true(judge_may_run(&scene->judgement, &scene->facts));
        scene->plan.command = COMMAND_CHECK;
        assert_int_equal(outside(scene, "keep_alive")->status,
                         rows[i].late ? FINDING_FAIL : FINDING_OK);
        assert_int_equal(preflight(scene), rows[i].late ? 1 : 0);
        assert_int_equal(scene->judgement.verdict, rows[i].late ? VERDICT_BROKE : VERDICT_HELD);
    }
}

static void a_mismatch_says_what_the_server_said_and_what_to_do(void **state) {
    struct scene *scene = *state;
    scene->facts.target.keep_alive_timeout_s = 5;
    strcpy(scene->facts.target.keep_alive, "timeout=5");
    scene->plan.command = COMMAND_CHECK;
    const struct finding *finding = outside(scene, "keep_alive");
    assert_string_equal(finding->text, "the server says \"Keep-Alive: timeout=5\"; asking every "
                                       "1s..30s is too late");
    assert_numbers(finding, 30000, 5000, FINDING_NONE);
    assert_string_equal(finding->todo[0], "--keepalive 5");
    scene->options.given.interval = true;
    assert_todo(outside(scene, "keep_alive"), 0, "--keepalive 5   (in place of --interval)");
    assert_int_equal(preflight(scene), 1);
    assert_holds(scene->judgement.reasons[0], "keep_alive: the server says");
    scene->facts.target.keep_alive_timeout_s = 0; /* nothing is early enough */
    assert_int_equal(outside(scene, "keep_alive")->do_count, 0);
}

static void an_announced_end_is_a_keep_alive_mismatch(void **state) {
    struct scene *scene = *state;
    scene->facts.target.announced_end = true;
    scene->plan.hold = 0;
    assert_int_equal(outside(scene, "keep_alive")->status, FINDING_WARN);
    assert_null(outside(scene, "keepalive_time")); /* it comes to no such age */
    assert_int_equal(preflight(scene), 0);
    scene->plan.command = COMMAND_CHECK;
    assert_holds(outside(scene, "keep_alive")->text, "Connection: close");
    assert_int_equal(preflight(scene), 1);
    scene->facts.target.minor = 0;
    assert_holds(outside(scene, "keep_alive")->text, "HTTP/1.0");
}

static void a_server_that_names_no_timeout_is_believed_as_asked(void **state) {
    struct scene *scene = *state;
    scene->plan.command = COMMAND_CHECK;
    const struct finding *finding = outside(scene, "keep_alive");
    assert_int_equal(finding->status, FINDING_OK);
    assert_string_equal(finding->text, "the server names no timeout; asking every 1s..30s as you "
                                       "believe in 1m");
    scene->options.given.interval = true;
    scene->plan.think = (struct span){0, 0};
    assert_string_equal(outside(scene, "keep_alive")->text,
                        "the server names no timeout; asking again at once as you asked");
}

static void an_hour_is_the_age_at_which_nginx_ends_a_connection(void **state) {
    struct scene *scene = *state;
    duration ramp = ramp_length(&scene->plan.ramp);
    strcpy(scene->facts.target.server, "nginx/1.22.1");
    scene->plan.hold = HOUR - ramp - 1;
    assert_null(outside(scene, "keepalive_time"));
    scene->plan.hold = HOUR - ramp;
    const struct finding *finding = outside(scene, "keepalive_time");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_holds(finding->text, "keepalive_time, 1h by default");
    scene->plan.command = COMMAND_CHECK;
    assert_int_equal(preflight(scene), 0); /* a warning never changes it */
    scene->plan.hold = 0;
    assert_holds(outside(scene, "keepalive_time")->text, "held without an end");
    strcpy(scene->facts.target.server, "Apache/2.4");
    assert_null(outside(scene, "keepalive_time"));
}

static void a_thousand_requests_are_what_nginx_grants_a_connection(void **state) {
    struct scene *scene = *state;
    connections(scene, 10); /* a ramp of 10 ms */
    strcpy(scene->facts.target.server, "openresty");
    scene->plan.think = (struct span){100 * MILLISECOND, 100 * MILLISECOND};
    scene->facts.target.took = 0;
    scene->plan.hold = 100 * SECOND;
    assert_null(outside(scene, "keepalive_requests"));
    scene->plan.hold = 101 * SECOND;
    const struct finding *finding = outside(scene, "keepalive_requests");
    assert_int_equal(finding->status, FINDING_WARN);
    assert_numbers(finding, 1010, 1000, FINDING_NONE);
    scene->plan.think = (struct span){0, 0}; /* a closed loop, as fast as nothing takes */
    assert_non_null(outside(scene, "keepalive_requests"));
    scene->facts.target.took = 1 * SECOND;
    assert_null(outside(scene, "keepalive_requests"));
    scene->facts.target.took = 0;
    scene->facts.target.server[0] = '\0'; /* whose limits nobody knows */
    assert_null(outside(scene, "keepalive_requests"));
}

static void a_status_page_that_is_none_is_a_usage_error(void **state) {
    struct scene *scene = *state;
    assert_null(outside(scene, "server_status"));
    strcpy(scene->plan.status.host, "localhost");
    strcpy(scene->plan.status.url, "http://localhost:8080/status");
    assert_int_equal(outside(scene, "server_status")->status, FINDING_SKIPPED);
    scene->facts.status_asked = true;
    assert_int_equal(outside(scene, "server_status")->status, FINDING_OK);
    strcpy(scene->facts.status_error, "answered 404");
    assert_int_equal(preflight(scene), 2);
    assert_holds(scene->judgement.reasons[0], "--server-status: answered 404");
    assert_false(judge_may_run(&scene->judgement, &scene->facts));
    strcpy(scene->facts.target_error, "no answer");
    assert_int_equal(preflight(scene), 2); /* before no target */
    scene->facts.interrupted = true;       /* which may be why there was no answer */
    assert_int_equal(preflight(scene), 4);
    assert_int_equal(find(&scene->judgement.findings, "server_status")->status, FINDING_UNKNOWN);
}

static void an_interrupted_preflight_is_inconclusive_and_never_no_target(void **state) {
    struct scene *scene = *state;
    scene->facts.interrupted = true;
    assert_int_equal(preflight(scene), 4);
    assert_int_equal(scene->judgement.verdict, VERDICT_INCONCLUSIVE);
    assert_int_equal(scene->judgement.reason_count, 1);
    assert_false(judge_may_run(&scene->judgement, &scene->facts));
    scene->facts.target.answered = false;
    assert_int_equal(preflight(scene), 4);
    assert_holds(find(&scene->judgement.findings, "target")->text, "not asked: interrupted");
    strcpy(scene->facts.target_error, "no answer");
    assert_int_equal(preflight(scene), 4);
    assert_int_equal(find(&scene->judgement.findings, "target")->status, FINDING_UNKNOWN);
    strcpy(scene->facts.resolve_error, "\"localhost\": Connection timed out");
    assert_int_equal(preflight(scene), 4);
    assert_int_equal(find(&scene->judgement.findings, "name")->status, FINDING_UNKNOWN);
    connections(scene, 100000); /* what does not fit was known before */
    assert_int_equal(preflight(scene), 3);
}

static void a_local_failure_comes_before_a_name_that_does_not_resolve(void **state) {
    struct scene *scene = *state;
    scene->facts.ring_error = -EPERM;
    scene->facts.ring_refusal = NET_DISABLED;
    scene->facts.resolved = scene->facts.target.answered = false;
    strcpy(scene->facts.resolve_error, "Name or service not known");
    assert_int_equal(preflight(scene), 3);
    assert_int_equal(scene->judgement.reason_count, 1);
    assert_holds(scene->judgement.reasons[0], "io_uring: disabled system-wide");
}

static void assert_printable(const char *text) {
    for (; *text != '\0'; text++)
        assert_in_range((unsigned char)*text, 0x20, 0x7e);
}

static void what_a_server_says_reaches_no_terminal_raw(void **state) {
    struct scene *scene = *state;
    struct target_facts *target = &scene->facts.target;
    memset(target->keep_alive, '\x1b', sizeof target->keep_alive - 1);
    memcpy(target->keep_alive, "\xff\n\x7f\x9b", 4);
    target->keep_alive_timeout_s = 5;
    const struct finding *finding = outside(scene, "keep_alive");
    assert_printable(finding->text);
    assert_holds(finding->text, "\\xFF\\x0A\\x7F\\x9B\\x1B");
    assert_holds(finding->text, "is too late"); /* not cut off by the quotation */
    strcpy(scene->facts.target_error, "it said \x1b]0;owned\x07");
    assert_int_equal(preflight(scene), 5);
    assert_printable(find(&scene->judgement.findings, "target")->text);
    assert_printable(scene->judgement.reasons[0]);
}

static void the_list_of_findings_is_bounded(void **state) {
    struct scene *scene = *state;
    struct findings *findings = &scene->judgement.findings;
    for (int i = 0; i < FINDINGS_MAX + 5; i++)
        findings_add(findings, "code", SIDE_US, FINDING_OK, "number %d", i);
    assert_int_equal(findings->count, FINDINGS_MAX);
    assert_string_equal(findings->items[FINDINGS_MAX - 1].text, "number 52");
    assert_string_equal(findings->items[0].text, "number 0");
    struct finding *finding = &findings->items[0];
    assert_numbers(finding, FINDING_NONE, FINDING_NONE, FINDING_NONE);
    for (int i = 0; i < FINDING_DO_MAX + 3; i++)
        finding_do(finding, "step %d", i);
    assert_int_equal(finding->do_count, FINDING_DO_MAX);
    assert_string_equal(finding->todo[FINDING_DO_MAX - 1], "step 3");
    char large[4096];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    finding = findings_add(findings, large, SIDE_US, FINDING_OK, "%s", large);
    assert_int_equal(strlen(finding->code), sizeof finding->code - 1);
    assert_int_equal(strlen(finding->text), sizeof finding->text - 1);
}

#define scenic(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        scenic(a_plan_that_fits_has_no_warning),
        scenic(nothing_known_of_the_machine_is_unknown_and_no_failure),
        scenic(a_ring_that_works_says_on_which_kernel),
        scenic(each_refusal_of_a_ring_has_its_own_words_and_remedy),
        scenic(descriptors_suffice_up_to_the_last_one),
        scenic(too_few_descriptors_come_with_what_would_do),
        scenic(system_files_fail_for_who_is_not_exempt_and_warn_for_the_other_end),
        scenic(memory_warns_near_the_limit_and_fails_clearly_above_it),
        scenic(a_burst_above_the_accept_queue_is_warned_of),
        scenic(without_an_address_ports_and_backlog_are_unknown),
        scenic(a_machine_that_cannot_hold_the_plan_does_not_ask_the_target),
        scenic(a_name_is_resolved_or_there_is_no_target),
        scenic(a_target_that_answers_is_described),
        scenic(a_target_that_does_not_answer_is_no_target),
        scenic(without_a_preflight_the_target_is_not_asked_and_that_is_no_failure),
        scenic(some_addresses_that_do_not_accept_are_warned_of),
        scenic(a_timeout_that_comes_before_the_next_request_is_a_mismatch),
        scenic(a_mismatch_says_what_the_server_said_and_what_to_do),
        scenic(an_announced_end_is_a_keep_alive_mismatch),
        scenic(a_server_that_names_no_timeout_is_believed_as_asked),
        scenic(an_hour_is_the_age_at_which_nginx_ends_a_connection),
        scenic(a_thousand_requests_are_what_nginx_grants_a_connection),
        scenic(a_status_page_that_is_none_is_a_usage_error),
        scenic(an_interrupted_preflight_is_inconclusive_and_never_no_target),
        scenic(a_local_failure_comes_before_a_name_that_does_not_resolve),
        scenic(what_a_server_says_reaches_no_terminal_raw),
        scenic(the_list_of_findings_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
