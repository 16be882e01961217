/* What ran out in mid-run: whose it was, by which numbers, and what to do; the foremost cause. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "judge/diagnose/cause.h"
#include "judge/run.h"
#include "judge/verdict/verdict.h"
#include "says.h"

/* A run of 1,000 connections over loopback that went well; each test spoils something. */
static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    f->options.timeout = f->options.connect_timeout = 3 * SECOND;
    f->plan = (struct plan){.options = &f->options,
                            .parts = 1,
                            .connections = 1000,
                            .workers = 1,
                            .ramp = {.target = 1000, .rate = {10, 10 * MILLISECOND}},
                            .think = {1 * SECOND, 30 * SECOND}};
    f->setup.address_count = 1;
    address_parse(&f->setup.addresses[0], "127.0.0.1", 8080);
    f->plan.host = (struct host){.nofile_soft = 512,
                                 .nofile_hard = 512,
                                 .file_used = 4000,
                                 .file_max = 90000,
                                 .port_low = 40000,
                                 .port_high = 40063,
                                 .somaxconn = 128,
                                 .memory_total_bytes = INT64_C(8) << 30,
                                 .memory_available_bytes = INT64_C(4) << 30};
    f->record.balanced = true;
    f->record.ramp_seconds = 1;
    f->record.total.counts = (struct tally_counts){
        .attempted = 1000, .opened = 1000, .live = 1000, .sent = 5000, .answered = 5000};
    *state = f;
    return 0;
}

static bool has(struct fixture *f, const char *code) {
    return find(f, code) != NULL;
}

static void judge(struct fixture *f) {
    memset(&f->judgement, 0, sizeof f->judgement);
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
}

/* The finding of that code; one without any text where there is none. */
static const struct finding *judged(struct fixture *f, const char *code) {
    static const struct finding none;
    judge(f);
    return has(f, code) ? find(f, code) : &none;
}

static void expect_cause(struct fixture *f, enum outcome_side side, const char *code,
                         const char *evidence) {
    struct cause cause;
    assert_true(judge_cause(&cause, &f->record, &f->judgement.findings));
    assert_int_equal(cause.side, side);
    assert_string_equal(finding_code_name(cause.code), code);
    assert_says(cause.evidence, evidence);
}

/* --- our own --- */

static void descriptors_are_told_as_the_worker_had_them(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_fd_limit, 494);
    f->record.snapshots[OUTCOME_fd_limit] = (struct evidence_limit_snapshot){.taken = true,
                                                                             .worker_files = 506,
                                                                             .nofile_soft = 506,
                                                                             .nofile_hard = 4096,
                                                                             .file_used = 5000,
                                                                             .file_max = 90000};
    const struct finding *finding = judged(f, "fd_limit");
    assert_string_equal(finding->evidence,
                        "RLIMIT_NOFILE soft 506, hard 4096; in use by the worker 506; whole "
                        "system 5000 of 90000");
    assert_true(finding->since_seconds == 0.5);
    assert_int_equal(finding->do_count, 2);
    assert_says(finding->todo[0], "--workers 2 "); /* 1,000 in 500 each */
    assert_says(finding->todo[1], "ulimit -n 1006");
    assert_int_equal(f->judgement.verdict, VERDICT_INCONCLUSIVE);
    expect_cause(f, SIDE_TESTER, "fd_limit", "soft 506");
}

static void without_a_snapshot_the_numbers_are_called_old(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_fd_limit, 494);
    assert_string_equal(judged(f, "fd_limit")->evidence,
                        "RLIMIT_NOFILE soft 512, hard 512 before the run; in use by the worker not "
                        "measured; whole system 4000 of 90000 before the run");
}

static void what_could_not_be_read_is_not_measured(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_fd_limit, 1);
    fail_to_open(f, OUTCOME_fd_limit_system, 1);
    f->record.snapshots[OUTCOME_fd_limit] =
        (struct evidence_limit_snapshot){.taken = true,
                                         .worker_files = -1,
                                         .nofile_soft = INT64_MAX,
                                         .nofile_hard = -1,
                                         .file_used = -1,
                                         .file_max = -1};
    f->record.snapshots[OUTCOME_fd_limit_system] = f->record.snapshots[OUTCOME_fd_limit];
    assert_string_equal(judged(f, "fd_limit")->evidence,
                        "RLIMIT_NOFILE soft unlimited, hard not measured; in use by the worker not "
                        "measured; whole system not measured of not measured");
    assert_says(find(f, "fd_limit_system")->todo[0], "fs.file-max=...");
}

static void the_systems_limit_names_the_number_it_should_be(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_fd_limit_system, 10);
    f->record.snapshots[OUTCOME_fd_limit_system] =
        (struct evidence_limit_snapshot){.taken = true, .file_used = 90000, .file_max = 90000};
    const struct finding *finding = judged(f, "fd_limit_system");
    assert_string_equal(finding->evidence,
                        "fs.file-max 90000; in use 90000 by all processes of this machine");
    assert_says(finding->todo[0], "fs.file-max=92000"); /* both ends are here */
}

static void ports_are_told_towards_the_destination(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_ports_exhausted, 960);
    f->record.snapshots[OUTCOME_ports_exhausted] =
        (struct evidence_limit_snapshot){.taken = true,
                                         .ports_range = 64,
                                         .ports_reserved = 10,
                                         .ports_in_use = 40,
                                         .ports_time_wait = 14};
    const struct finding *finding = judged(f, "ports_exhausted");
    assert_string_equal(finding->evidence,
                        "net.ipv4.ip_local_port_range 40000-40063: 64 ports, 10 reserved; towards "
                        "127.0.0.1:8080 in use 40, in TIME_WAIT 14");
    assert_says(finding->todo[0], "--source auto");
    assert_says(finding->todo[1], "\"1024 65535\"");
    assert_says(finding->todo[2], "14 ports are free again");
    struct evidence_limit_snapshot *snapshot = &f->record.snapshots[OUTCOME_ports_exhausted];
    snapshot->sources_absent = 3;
    assert_true(address_parse(&snapshot->source_absent, "192.0.2.1", 0));
    finding = judged(f, "ports_exhausted");
    assert_string_equal(finding->evidence,
                        "--source 192.0.2.1 is not an address of this host, nor are 2 more");
    assert_string_equal(finding->todo[0], "ip -brief address   (which there are)");
    snapshot->sources_absent = 0;
    snapshot->ports_range = -1; /* the count was given up */
    assert_says(judged(f, "ports_exhausted")->evidence, "in use not measured");
    assert_int_equal(find(f, "ports_exhausted")->do_count, 2);
}

static void memory_and_connection_tracking(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_no_memory, 3);
    fail_to_open(f, OUTCOME_denied, 2);
    f->record.snapshots[OUTCOME_no_memory] = (struct evidence_limit_snapshot){
        .taken = true, .memory_available_bytes = 1 << 20, .tcp_pages = 95, .tcp_pages_max = 100};
    f->record.snapshots[OUTCOME_denied] = (struct evidence_limit_snapshot){
        .taken = true, .conntrack_count = 65536, .conntrack_max = 65536};
    assert_string_equal(judged(f, "no_memory")->evidence,
                        "1.0 MiB available of 8.0 GiB; TCP buffers 95 of 100 pages "
                        "(net.ipv4.tcp_mem)");
    assert_says(find(f, "no_memory")->todo[0], "tcp_mem=\"100 150 200\"");
    assert_string_equal(find(f, "denied")->evidence,
                        "connection tracking 65536 of 65536 entries (nf_conntrack)");
    assert_says(find(f, "denied")->todo[0], "nf_conntrack_max=67536");
    f->record.snapshots[OUTCOME_denied].conntrack_count = 12;
    assert_says(judged(f, "denied")->evidence, "12 of 65536 entries (nf_conntrack): not full; a");
    f->record.snapshots[OUTCOME_fd_limit] =
        (struct evidence_limit_snapshot){.taken = true, .worker_files = 100, .nofile_soft = 506};
    fail_to_open(f, OUTCOME_fd_limit, 1);
    assert_says(judged(f, "fd_limit")->evidence, "; the worker was not seen at its limit");
    assert_says(find(f, "fd_limit")->todo[0], "what refuses is not known");
    f->record.snapshots[OUTCOME_denied].conntrack_max = -1;
    assert_says(judged(f, "denied")->evidence, "not loaded here");
    f->plan.host.somaxconn = -1; /* without /proc/sys/net */
    assert_says(judged(f, "denied")->evidence, "connection tracking: not measured");
    expect_cause(f, SIDE_TESTER, "no_memory", "TCP buffers");
}

/* --- the server's --- */

static void a_server_at_its_limit_of_files(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_response_timeout, 200);
    f->record.server_process =
        (struct server_process_view){.asked = true, .files_process_peak = 300, .nofile_soft = 300};
    f->record.evidence.listener = (struct evidence_listener){true, 200, 212, 511};
    const struct finding *finding = judged(f, "short_of_files");
    assert_string_equal(finding->evidence,
                        "a process of the server had 300 of its 300 open files in use; up to 212 "
                        "connections were seen waiting for its accept() (its backlog: 511)");
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_false(has(f, "not_accepted")); /* it is known why */
    assert_int_equal(f->judgement.verdict, VERDICT_BROKE);
    assert_says(f->judgement.reasons[f->judgement.reason_count - 1], "ran out of descriptors");
    expect_cause(f, SIDE_SERVER, "short_of_files", "300 of its 300");
    f->record.server_process.files_process_peak = 299;
    judge(f);
    assert_false(has(f, "short_of_files"));
    assert_true(has(f, "not_accepted"));
}

static void its_own_log_line_is_quoted_and_escaped(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_response_timeout, 200);
    f->record.evidence.error_log =
        (struct evidence_error_log){.asked = true, .short_of_files = 16, .behind = true};
    strcpy(f->record.evidence.error_log.files_line, "accept4() \033[2Jfailed");
    assert_string_equal(judged(f, "short_of_files")->evidence,
                        "its error log says so at least 16 times, first \"accept4() "
                        "\\x1B[2Jfailed\"");
}

static void a_server_short_of_connections(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_closed_idle, 488);
    f->record.server = (struct server_view){.asked = true,
                                            .measured = true,
                                            .active_peak = 513,
                                            .accepted = 1000,
                                            .handled = 988,
                                            .requests = 5000,
                                            .client_sent = 5000};
    f->record.evidence.error_log =
        (struct evidence_error_log){.asked = true, .short_of_connections = 1};
    strcpy(f->record.evidence.error_log.connections_line, "512 worker_connections");
    const struct finding *finding = judged(f, "short_of_connections");
    assert_string_equal(finding->evidence,
                        "stub_status: active at most 513 while the client opened 1000; 1000 "
                        "accepted, 12 of them dropped at once; its error log says so 1 time, first "
                        "\"512 worker_connections\"");
    assert_says(finding->text, "it dropped some as soon as it had accepted them");
    assert_says(finding->todo[0], "raise the server's limit of connections");
    memset(&f->judgement, 0, sizeof f->judgement);
    strcpy(f->judgement.target.server, "nginx/1.22.1");
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    assert_says(find(f, "short_of_connections")->todo[0], "in nginx: worker_connections 1068 ");
    expect_cause(f, SIDE_SERVER, "short_of_connections", "active at most 513");
}

/* One closed for each opened beyond 512, the longest idle first: each for about as long as our own
 * think time. */
static void what_the_log_says_decides_between_a_timeout_and_a_level(void **state) {
    struct fixture *f = *state;
    f->plan.think = (struct units_span){500 * MILLISECOND, 500 * MILLISECOND};
    f->record.total.counts.first_attempt_ns = 1;
    struct endings *endings = &f->record.total.endings;
    endings->survived.idle_ms = 500;
    for (uint32_t i = 0; i < 488; i++)
        endings_add(endings, OUTCOME_closed_idle,
                    &(struct ending){.idle_ms = 460 + i % 20,
                                     .age_ms = 500,
                                     .moment_ms = 512 + i,
                                     .answers = 1,
                                     .sample_key = i * 7919});
    lose(f, OUTCOME_closed_idle, 488);
    judge(f);
    assert_true(has(f, "idle_timeout"));
    assert_false(has(f, "short_of_connections"));
    f->record.evidence.error_log.short_of_connections = 1;
    judge(f);
    assert_true(has(f, "connection_limit"));
    assert_false(has(f, "idle_timeout"));
    assert_says(find(f, "short_of_connections")->evidence,
                "488 closed_idle, about one for each opened beyond 512; its error log");
    assert_says(find(f, "short_of_connections")->text, "it ended some to take others");
}

/* The first 512 stay: nobody was ended for others. */
static void those_that_are_refused_beyond_a_limit_were_not_ended_for_others(void **state) {
    struct fixture *f = *state;
    f->record.total.counts.first_attempt_ns = 1;
    for (uint32_t i = 512; i < 1000; i++)
        endings_add(&f->record.total.endings, OUTCOME_reset_idle,
                    &(struct ending){
                        .idle_ms = 1, .age_ms = 1, .moment_ms = i + 2, .sample_key = i * 7919});
    lose(f, OUTCOME_reset_idle, 488);
    const struct finding *finding = judged(f, "short_of_connections");
    assert_says(finding->text, "what was opened beyond its limit ended at once");
    assert_says(finding->evidence, "488 reset_idle, each opened behind the first 512");
}

static void connect_in(struct fixture *f, duration took, int count) {
    for (int i = 0; i < count; i++)
        histogram_add(&f->record.total.connect, took);
}

static void a_full_accept_queue(void **state) {
    struct fixture *f = *state;
    connect_in(f, MILLISECOND, 958);
    connect_in(f, 1010 * MILLISECOND, 37);
    connect_in(f, 2980 * MILLISECOND, 5);
    f->record.evidence.ours = f->record.evidence.server = (struct evidence_namespace){
        .measured = true, .listen_overflows = 42, .listen_drops = 43, .syn_retransmits = 42};
    f->record.evidence.server_is_here = true;
    const struct finding *finding = judged(f, "backlog_overflow");
    assert_string_equal(finding->evidence,
                        "in this network namespace accept queues were full 42 times "
                        "(ListenOverflows), SYNs dropped 43 times (ListenDrops); 42 connects took "
                        "a second or more (37 about 1 s; 5 about 3 s)");
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_false(has(f, "dropped_syns"));
    assert_int_equal(f->judgement.verdict, VERDICT_HELD); /* it explains, it does not judge */
    struct cause cause;
    assert_false(judge_cause(&cause, &f->record, &f->judgement.findings)); /* nothing was lost */
    fail_to_open(f, OUTCOME_connect_timeout, 3);
    judged(f, "backlog_overflow");
    expect_cause(f, SIDE_SERVER, "backlog_overflow", "42 times");
    lose(f, OUTCOME_reset_idle, 4); /* which comes of no queue */
    judge(f);
    assert_true(has(f, "backlog_overflow"));
    expect_cause(f, SIDE_SERVER, "reset_idle", "4 of 1000");
}

static void a_handshake_that_was_not_done_lost_no_syns(void **state) {
    struct fixture *f = *state;
    f->record.evidence.ours = (struct evidence_namespace){.measured = true, .syn_retransmits = 3};
    fail_to_open(f, OUTCOME_connect_timeout, 5);
    f->record.total.counts.tls_timed_out = 4;
    assert_says(judged(f, "dropped_syns")->text, "1 connect not up in time");
    f->record.total.counts.tls_timed_out = 5;
    judge(f);
    assert_false(has(f, "dropped_syns"));
    assert_says(judged(f, "connect_timeout")->todo[0], "the TLS handshake was not done");
}

static void an_overflow_of_another_listener_does_not_accuse(void **state) {
    struct fixture *f = *state;
    connect_in(f, MILLISECOND, 999);
    connect_in(f, 1010 * MILLISECOND, 1);
    f->record.evidence.ours = f->record.evidence.server =
        (struct evidence_namespace){.measured = true, .listen_overflows = 42, .syn_retransmits = 3};
    f->record.evidence.listener = (struct evidence_listener){true, 0, 510, 511};
    judge(f);
    assert_false(has(f, "backlog_overflow"));
    assert_says(judged(f, "dropped_syns")->evidence,
                "up to 510 connections were seen waiting for its "
                "accept() (its backlog: 511)");
    f->record.evidence.listener.queued_peak = 511;
    judge(f);
    assert_true(has(f, "backlog_overflow"));
    assert_false(has(f, "dropped_syns"));
}

static void an_overflow_that_met_nobody_is_anothers(void **state) {
    struct fixture *f = *state;
    connect_in(f, MILLISECOND, 1000);
    f->record.evidence.server =
        (struct evidence_namespace){.measured = true, .listen_overflows = 42};
    judge(f);
    assert_false(has(f, "backlog_overflow"));
}

static void syns_dropped_who_knows_where(void **state) {
    struct fixture *f = *state;
    connect_in(f, MILLISECOND, 999);
    connect_in(f, 1010 * MILLISECOND, 1);
    f->record.evidence.ours = (struct evidence_namespace){.measured = true, .syn_retransmits = 1};
    const struct finding *finding = judged(f, "dropped_syns");
    assert_int_equal(finding->side, SIDE_NETWORK);
    assert_says(finding->text, "1 connect took a second or more (1 about 1 s)");
    assert_string_equal(finding->evidence,
                        "in this network namespace 1 SYNs were sent again (TCPSynRetrans); the "
                        "server's network namespace cannot be seen from here (--server-pid)");
    fail_to_open(f, OUTCOME_connect_timeout, 2);
    assert_says(judged(f, "dropped_syns")->text, "; 2 connects not up in time: SYNs");
    expect_cause(f, SIDE_NETWORK, "dropped_syns", "TCPSynRetrans");
}

static void a_long_path_drops_nothing(void **state) {
    struct fixture *f = *state;
    connect_in(f, 1010 * MILLISECOND, 1000);
    f->record.evidence.ours = (struct evidence_namespace){.measured = true, .syn_retransmits = 0};
    judge(f);
    assert_false(has(f, "dropped_syns"));
    f->record.evidence.ours.measured = false;
    judge(f);
    assert_false(has(f, "dropped_syns"));
}

static void a_server_that_does_not_accept(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_response_timeout, 209);
    f->record.evidence.listener = (struct evidence_listener){true, 209, 210, 511};
    const struct finding *finding = judged(f, "not_accepted");
    assert_string_equal(
        finding->evidence,
        "accept queue 209 of 511 at the end, 210 at most; 209 requests acknowledged and "
        "not answered");
    expect_cause(f, SIDE_SERVER, "not_accepted", "accept queue 209");
    f->record.evidence.listener.queued = 0; /* it did, in the end */
    judge(f);
    assert_false(has(f, "not_accepted"));
}

/* --- the cause --- */

static void our_own_side_comes_before_all_else(void **state) {
    struct fixture *f = *state;
    fail_to_open(f, OUTCOME_ports_exhausted, 2);
    fail_to_open(f, OUTCOME_fd_limit, 3);
    lose(f, OUTCOME_response_timeout, 500);
    f->record.evidence.error_log.short_of_files = 1;
    judged(f, "fd_limit");
    assert_int_equal(f->judgement.verdict, VERDICT_INCONCLUSIVE);
    expect_cause(f, SIDE_TESTER, "fd_limit", "RLIMIT_NOFILE");
}

static void an_outcome_alone_is_a_cause_by_its_own_words(void **state) {
    struct fixture *f = *state;
    struct cause cause;
    judged(f, "none");
    assert_false(judge_cause(&cause, &f->record, &f->judgement.findings));
    fail_to_open(f, OUTCOME_refused, 20);
    lose(f, OUTCOME_reset_idle, 3);
    judged(f, "refused");
    expect_cause(f, SIDE_SERVER, "refused", "20 of 1000 connections: connection refused");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(descriptors_are_told_as_the_worker_had_them),
        EACH(without_a_snapshot_the_numbers_are_called_old),
        EACH(what_could_not_be_read_is_not_measured),
        EACH(the_systems_limit_names_the_number_it_should_be),
        EACH(ports_are_told_towards_the_destination),
        EACH(memory_and_connection_tracking),
        EACH(a_server_at_its_limit_of_files),
        EACH(its_own_log_line_is_quoted_and_escaped),
        EACH(a_server_short_of_connections),
        EACH(what_the_log_says_decides_between_a_timeout_and_a_level),
        EACH(those_that_are_refused_beyond_a_limit_were_not_ended_for_others),
        EACH(a_full_accept_queue),
        EACH(an_overflow_of_another_listener_does_not_accuse),
        EACH(a_handshake_that_was_not_done_lost_no_syns),
        EACH(an_overflow_that_met_nobody_is_anothers),
        EACH(syns_dropped_who_knows_where),
        EACH(a_long_path_drops_nothing),
        EACH(a_server_that_does_not_accept),
        EACH(our_own_side_comes_before_all_else),
        EACH(an_outcome_alone_is_a_cause_by_its_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
