/* The summary says what decided, whose fault it was, and what was not measured. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "report/fixture.h"
#include "report/format/style.h"
#include "report/terminal/summary.h"

static void the_worked_example_reads_as_it_should(void **state) {
    struct fixture *fixture = *state;
    assert_string_equal(
        fixture_summary(fixture, &fixture->record, true),
        "BROKE   100 connections for 1m00s on http://127.0.0.1:8080/\n"
        "\n"
        "  \xe2\x9c\x97"
        " opened              97 %       at least 100 %         97 of 100\n"
        "  \xe2\x9c\x97"
        " lost                3          at most 0\n"
        "  look at       refused: is the server listening on that port?\n"
        "\n"
        "  connections   attempted 100   opened 97   live 94   closed 2   errored 4   lost 3\n"
        "                3 refused: connection refused (server); is the server listening on that "
        "port?\n"
        "                2 closed_idle: closed by the server while no request was outstanding "
        "(server)\n"
        "                1 response_timeout: no complete answer within --timeout, the request "
        "acknowledged (server); the server is slow: its log, its CPU, its workers\n"
        "  ledger        balanced at each of 62 samples and after the drain\n"
        "  ramp          97 opened in 100 ms   planned 100 in 100 ms   worst lateness 3.00 ms\n"
        "  requests      sent 501   answered 500   200: 500   timed out 1   lost 0\n"
        "                mean over the hold 6.5 /s   peak 104.0 /s\n"
        "  server        not asked (--server-status URL)\n"
        "  latency       min 0.25 ms   p50 0.25 ms   p90 0.25 ms   p99 0.25 ms   p99.9 0.25 ms   "
        "max 0.25 ms\n"
        "  connect       min 0.15 ms   p50 0.15 ms   p90 0.15 ms   p99 0.15 ms   p99.9 0.15 ms   "
        "max 0.15 ms\n"
        "  generator     cpu 0.75 s (1.22 % of one core), 6.0 MiB, loop lag p99 0.10 ms: not the "
        "limit\n"
        "  drain         94 closed by us with FIN in 3.10 ms\n"
        "  seed          42\n");
}

static void held_without_a_mark_to_look_at(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.verdict = VERDICT_HELD;
    fixture->judgement.exit_code = EXIT_HELD;
    fixture->judgement.requirements[0].actual = 100;
    fixture->judgement.requirements[0].result = RULE_OK;
    const char *text = fixture_summary(fixture, &fixture->record, false);
    assert_int_equal(strncmp(text, "HELD   100 connections for 1m00s on http://", 42), 0);
    assert_says(text, "  ok opened              100 %      at least 100 %");
    assert_silent(text, "look at");
}

static void how_connections_came_back_has_its_row(void **state) {
    struct fixture *fixture = *state;
    assert_silent(fixture_summary(fixture, &fixture->record, true), "refill");
    fixture->plan.reconnect = (struct units_span){SECOND, 30 * SECOND};
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "  refill        reconnected 0   nothing was refilled\n");
    fixture->record.total.counts.reconnected = 7;
    fixture->record.total.counts.opened += 7;
    fixture->record.total.counts.refilling = 3;
    histogram_add(&fixture->record.total.refill, SECOND);
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "  refill        reconnected 7   refilled 1 in p50 1.00 s   p99 1.00 s   max "
                      "1.00 s   still waiting 3\n");
    assert_says(text, "  ramp          97 opened in ");
}

/* --- hosts --- */

enum { HOSTS = 64 };
static struct record_host hosts[HOSTS];

static void set_host(size_t i, const char *name, uint64_t live, const char *verdict) {
    hosts[i] = (struct record_host){.share = 100, .live = live, .lost_seconds = NAN};
    snprintf(hosts[i].name, sizeof hosts[i].name, "%s", name);
    snprintf(hosts[i].verdict, sizeof hosts[i].verdict, "%s", verdict);
}

static void set_hosts(struct fixture *fixture, size_t count) {
    char name[32];
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "h%zu", i + 1);
        set_host(i, name, 100, "held");
    }
    fixture->record.hosts = hosts;
    fixture->record.host_count = count;
}

static void lose_host(size_t i, uint64_t connections, double seconds) {
    hosts[i].lost = true;
    hosts[i].live = 0;
    hosts[i].verdict[0] = '\0';
    hosts[i].lost_connections = connections;
    hosts[i].lost_seconds = seconds;
}

/* No line of the hosts is wider than a terminal. */
static void assert_narrow(const char *text) {
    const char *at = strstr(text, "  hosts  "), *end = strstr(text, "  ramp  ");
    assert_non_null(at);
    for (; at < end; at = strchr(at, '\n') + 1)
        assert_true(strcspn(at, "\n") <= 80);
}

static void few_hosts_have_a_row_each_the_worst_first(void **state) {
    struct fixture *fixture = *state;
    assert_silent(fixture_summary(fixture, &fixture->record, true), "  hosts  ");
    set_hosts(fixture, 5);
    set_host(1, "h2", 97, "held");
    set_host(2, "node-3.example", 12, "broke");
    hosts[2].errored = 88;
    set_host(3, "h4", 40, "");
    lose_host(4, 100, 3.2);
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "drain\n"
                      "  hosts         h5               live   0 of 100   lost 100 at 3.20 s\n"
                      "                h4               live  40 of 100   no verdict\n"
                      "                node-3.example   live  12 of 100   broke, errored 88\n"
                      "                h2               live  97 of 100   held\n"
                      "                h1               live 100 of 100   held\n"
                      "  ramp ");
    assert_narrow(text);
}

static void of_many_hosts_those_that_did_not_hold_have_a_row(void **state) {
    struct fixture *fixture = *state;
    set_hosts(fixture, HOSTS);
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "drain\n  hosts         64, all held   live 6400 of 6400\n  ramp ");
    lose_host(40, 100, 61);
    set_host(60, "h61", 99, "broke");
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "  hosts         h41   live  0 of 100   lost 100 at 1m01s\n"
                      "                h61   live 99 of 100   broke\n"
                      "                and 62 more, all held   live 6200 of 6200\n  ramp ");
    for (size_t i = 0; i < 20; i++)
        lose_host(i, i, NAN);
    text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text,
                "                and 56 more: 13 lost, 1 not held, 42 held   live 4299 of 5600\n");
    assert_narrow(text);
}

/* The largest plan, the longest time. */
static void rows_of_hosts_fit_a_terminal(void **state) {
    struct fixture *fixture = *state;
    set_hosts(fixture, 2);
    set_host(0, "node-12.rack-003", 99999, "broke");
    hosts[0].share = hosts[1].share = 100000;
    hosts[0].errored = 1;
    lose_host(1, 99999, 3723);
    assert_narrow(fixture_summary(fixture, &fixture->record, true));
}

/* Of a file that somebody changed. */
static void a_hosts_name_cannot_write_to_the_terminal(void **state) {
    struct fixture *fixture = *state;
    set_hosts(fixture, 1);
    strcpy(hosts[0].name, "h\033[2J");
    strcpy(hosts[0].verdict, "\033[31m");
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_silent(text, "\033");
    assert_says(text, "  hosts         h\\x1B[2J   live 100 of 100   \\x1B[31m\n");
}

/* Most were closed, without fault and refilled: the resets are what to look at. */
static void a_broken_rule_on_faults_points_at_a_fault(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.counts.outcomes[OUTCOME_closed_idle] = 9000;
    fixture->record.total.counts.outcomes[OUTCOME_reset_in_flight] = 7;
    strcpy(fixture->judgement.requirements[1].rule.metric.name, "errored");
    fixture->judgement.requirements[1].result = RULE_BROKEN;
    assert_says(fixture_summary(fixture, &fixture->record, true), "look at       reset_in_flight");
    fixture->judgement.requirements[1].result = RULE_OK;
    assert_says(fixture_summary(fixture, &fixture->record, true), "look at       closed_idle");
}

static void ascii_marks_where_the_locale_is_not_utf8(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.requirements[1].result = RULE_NOT_JUDGED;
    const char *text = fixture_summary(fixture, &fixture->record, false);
    assert_says(text, "  X  opened ");
    assert_says(text, "  -  lost ");
    assert_says(text, "not judged: the run was cut short");
    for (const char *at = text; *at != '\0'; at++)
        assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

static void color_is_never_the_only_meaning(void **state) {
    struct fixture *fixture = *state;
    FILE *out = fixture_stream(fixture);
    report_summary(out, (struct style){.color = true}, &fixture->plan, &fixture->record,
                   &fixture->judgement);
    fclose(out);
    assert_says(fixture->text, "\033[1;31mBROKE\033[0m   100 connections");
    assert_says(fixture->text, "\033[1;31mX \033[0m opened");
}

static void find_ours(struct fixture *fixture, enum outcome outcome) {
    setenv("TZ", "UTC", 1);
    judge_outcome(&fixture->judgement.findings, outcome, &fixture->plan, &fixture->setup,
                  &fixture->record, &fixture->record.total.counts);
}

static void a_limit_of_ours_explains_itself(void **state) {
    struct fixture *fixture = *state;
    struct tally_counts *counts = &fixture->record.total.counts;
    counts->outcomes[OUTCOME_fd_limit] = 3;
    counts->outcomes[OUTCOME_refused] = 30; /* more, and yet not what decided it */
    fixture->judgement.verdict = VERDICT_INCONCLUSIVE;
    fixture->judgement.exit_code = EXIT_INCONCLUSIVE;
    fixture->plan.connections = 25000;
    fixture->record.ramp_seconds = 30;
    fixture->record.first_seen_seconds[OUTCOME_fd_limit] = 20.1;
    fixture->record.snapshots[OUTCOME_fd_limit] =
        (struct evidence_limit_snapshot){.taken = true,
                                         .worker_files = 20000,
                                         .nofile_soft = 20000,
                                         .nofile_hard = 20000,
                                         .file_used = 41200,
                                         .file_max = 2466177};
    find_ours(fixture, OUTCOME_fd_limit);
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_int_equal(strncmp(text, "INCONCLUSIVE   25000 connections", 32), 0);
    assert_says(text,
                "\nERROR  out of descriptors at 97 connections        fd_limit: EMFILE: this "
                "process's descriptor limit, x 3\n"
                "  whose    the tester (this machine), not the server\n"
                "  limit    RLIMIT_NOFILE soft 20000, hard 20000; in use by the worker 20000; "
                "whole system 41200 of 2466177\n"
                "  since    22:13:40, 20.1 s into the ramp; 3 connections were never tried again\n"
                "  do       --workers 2   (each worker has its own limit)\n"
                "  or       raise the limit: ulimit -n 25006, LimitNOFILE=25006, --ulimit "
                "nofile=25006\n"
                "  verdict  inconclusive (exit 4): this run says nothing about the server\n");
    assert_says(text, "  look at       fd_limit: --workers 2   (each");
    assert_says(text, "it was the limit");
    assert_silent(text, "not the limit");
}

static void in_mid_run_a_limit_is_told_in_short(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.counts.outcomes[OUTCOME_denied] = 1;
    find_ours(fixture, OUTCOME_denied);
    FILE *out = fixture_stream(fixture);
    report_error_short(out, (struct style){0}, &fixture->judgement.findings.items[0],
                       &fixture->record);
    fclose(out);
    assert_string_equal(fixture->text,
                        "ERROR  denied by this machine at 97 connections        denied: EPERM, "
                        "EACCES or ENOSYS: a firewall, a namespace or a filter of system calls of "
                        "this machine says no, x 1\n"
                        "  whose    the tester (this machine), not the server\n"
                        "  limit    connection tracking: not measured\n"
                        "  do       look at nft list ruleset, conntrack's table in dmesg, and a "
                        "container's seccomp profile\n");
}

static void what_is_tried_again_is_not_called_lost(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.counts.outcomes[OUTCOME_fd_limit_system] = 7;
    fixture->record.first_seen_seconds[OUTCOME_fd_limit_system] = 1.5;
    fixture->plan.reconnect = (struct units_span){SECOND, 30 * SECOND};
    find_ours(fixture, OUTCOME_fd_limit_system);
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "  limit    fs.file-max 2466177; in use 41200 by all processes of this "
                      "machine before the run\n");
    assert_says(text, "  since    22:13:21, 1.40 s into the hold; tried again with --reconnect's "
                      "backoff\n");
}

static void what_the_server_ran_out_of_explains_itself_where_the_run_broke(void **state) {
    struct fixture *fixture = *state;
    struct finding *finding =
        findings_add(&fixture->judgement.findings, FINDING_short_of_connections, FINDING_WARN,
                     "the server ran out");
    finding_evidence(finding, "stub_status: active at most 513 while \x1b[2J");
    finding_do(finding, "in nginx: worker_connections 1130");
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "\nERROR  the server is out of connections        short_of_connections\n"
                      "  whose    the server, not the tester\n"
                      "  limit    stub_status: active at most 513 while \\x1B[2J\n"
                      "  do       in nginx: worker_connections 1130\n"
                      "  verdict  broke (exit 1)\n");
    assert_says(text, "  look at       short_of_connections: the server ran out; in nginx: worker");
    fixture->judgement.verdict = VERDICT_HELD;
    assert_silent(fixture_summary(fixture, &fixture->record, true), "ERROR");
}

static void a_lost_worker_is_named_with_its_signal(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.counts.outcomes[OUTCOME_worker_lost] = 94;
    fixture->workers[0].lost = true;
    fixture->workers[0].status = SIGKILL; /* as waitpid(2) gives it */
    find_ours(fixture, OUTCOME_worker_lost);
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "worker 0 (process 4711, 100 connections) was ended by signal 9 (Killed)");
    fixture->workers[0].status = SIGXCPU;
    fixture->judgement.findings.count = 0;
    find_ours(fixture, OUTCOME_worker_lost);
    text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "  do       ulimit -t unlimited, or LimitCPU=infinity\n");
    assert_says(text, "  look at       worker_lost: ulimit -t unlimited");
    fixture->workers[0].status = SIGKILL;
    fixture->plan.host.cpu_seconds = 3600;
    fixture->judgement.findings.count = 0;
    find_ours(fixture, OUTCOME_worker_lost);
    text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "RLIMIT_CPU is 3600 s");
    assert_says(text, "dmesg: was it killed");
    fixture->workers[0].status = SIGSYS;
    fixture->judgement.findings.count = 0;
    find_ours(fixture, OUTCOME_worker_lost);
    assert_says(fixture_summary(fixture, &fixture->record, true), "a seccomp filter ended it");
    fixture->workers[0].status = 70 << 8;
    fixture->judgement.findings.count = 0;
    find_ours(fixture, OUTCOME_worker_lost);
    text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "left with exit code 70");
}

static void what_a_schedule_could_not_send_reaches_the_headline(void **state) {
    struct fixture *fixture = *state;
    struct tally_counts *counts = &fixture->record.total.counts;
    counts->scheduled = 1000;
    counts->unsent = 9;
    assert_says(fixture_summary(fixture, &fixture->record, true), "8080/\n");
    counts->unsent = 10;
    assert_says(fixture_summary(fixture, &fixture->record, true), "8080/, unsent 1 % of --rate\n");
}

static void answers_that_refuse_reach_the_headline(void **state) {
    struct fixture *fixture = *state;
    uint64_t *statuses = fixture->record.total.counts.statuses;
    statuses[200] = 0;
    statuses[500] = 500;
    assert_says(fixture_summary(fixture, &fixture->record, true), "8080/, answered 500: 100 %\n");
    statuses[200] = 249;
    statuses[500] = 151;
    statuses[404] = 100;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "8080/, answered 500: 30.2 %, 404: 20 %\n");
    statuses[200] = 496;
    statuses[500] = 4;
    statuses[404] = 0;
    assert_says(fixture_summary(fixture, &fixture->record, true), "8080/\n");
    statuses[301] = 500;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "8080/, answered 301: 50 %, 500: 0.4 %\n");
}

static void what_is_not_quite_all_never_reads_100_percent(void **state) {
    struct fixture *fixture = *state;
    fixture->judgement.requirements[0].actual = 99.99999;
    assert_says(fixture_summary(fixture, &fixture->record, true), " 99.99999 % ");
    fixture->judgement.requirements[0].actual = 99.97;
    assert_says(fixture_summary(fixture, &fixture->record, true), " 99.97 % ");
}

static void the_servers_figures_stand_beside_the_clients(void **state) {
    struct fixture *fixture = *state;
    struct server_view *server = &fixture->record.server;
    *server = (struct server_view){.asked = true,
                                   .measured = true,
                                   .polls_sent = 62,
                                   .polls_answered = 62,
                                   .final_poll = true,
                                   .requests = 501,
                                   .client_sent = 501,
                                   .accepted = 97,
                                   .handled = 97,
                                   .hold_measured = true,
                                   .per_second_mean = 6.5};
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "  server        stub_status: 501 requests, 6.5 /s over the hold; agrees with the "
                "client\n  latency");
    server->requests = 1503;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "the server counted 1002 more: other clients, or requests whose answer never "
                "came\n");
    server->requests = 499;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "the server counted 2 fewer: requests that never reached it");
    server->final_poll = false;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "could not be compared: 2 fewer than the client sent, but the last poll failed");
    server->final_poll = true;
    server->requests = 502;
    server->requests_unsure = 1;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "may agree with the client: 1 more, and as many polls of ours");
    server->requests = 503;
    assert_says(fixture_summary(fixture, &fixture->record, true), "counted 1 more: other clients");
    server->handled = 90;
    server->restarts = 1;
    server->polls_failed = 3;
    snprintf(server->last_failure, sizeof server->last_failure, "no \033[2Jpage");
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "7 connections accepted and not handled");
    assert_says(text, "counters went backwards");
    assert_says(text, "3 of 62 polls failed: no \\x1B[2Jpage");
}

static void what_was_not_measured_says_so(void **state) {
    struct fixture *fixture = *state;
    struct record *record = &fixture->record;
    memset(&record->total, 0, sizeof record->total);
    record->server.asked = true;
    record->ramp_seconds = record->hold_seconds = record->drain_seconds = NAN;
    record->per_second_mean = record->per_second_peak = NAN;
    record->pss_bytes_max = -1;
    record->cpu_user_seconds = NAN;
    fixture->judgement.requirements[0].actual = NAN;
    const char *text = fixture_summary(fixture, record, true);
    assert_int_equal(strncmp(text, "BROKE   100 connections on http", 31), 0);
    assert_says(text, "opened              not measured at least 100 %");
    assert_says(text, "  server        stub_status: not measured\n");
    assert_says(text, "  latency       not measured\n");
    assert_says(text, "  connect       not measured\n");
    assert_says(text, "mean over the hold not measured   peak not measured\n");
    assert_says(text, "0 opened before it was cut short   planned ");
    assert_says(text, "lateness not measured");
    assert_says(text, "  generator     cpu not measured, memory not measured, loop lag p99 not "
                      "measured: whether it was the limit is "
                      "not known\n");
}

static void our_lateness_is_admitted(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 500; i++)
        histogram_add(&fixture->record.total.lag, 50 * MILLISECOND);
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "it was late, and the latencies hold that too");
}

static void a_drain_by_reset_says_why(void **state) {
    struct fixture *fixture = *state;
    fixture->record.drain_by_reset = true;
    fixture->plan.host.port_high = fixture->plan.host.port_low + 299;
    fixture->record.total.counts.drain[OUTCOME_abandoned] = 5;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "  drain         94 closed by us with RST in 3.10 ms (FIN would leave more than a "
                "quarter of the local ports in TIME_WAIT)   5 abandoned\n");
    fixture->plan.host.port_high = fixture->plan.host.port_low + 9999; /* a step of a search */
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "  drain         94 closed by us with RST in 3.10 ms   5 abandoned\n");
}

static void a_ledger_out_of_balance_is_a_bug(void **state) {
    struct fixture *fixture = *state;
    fixture->record.balanced = false;
    fixture->record.imbalance = "attempted = connecting + live + closed + errored";
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "NOT BALANCED: attempted = connecting + live + closed + errored; this is a bug");
}

static void a_keep_alive_mismatch_explains_idle_closes(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.counts.outcomes[OUTCOME_refused] = 0;
    struct finding *finding = findings_add(&fixture->judgement.findings, FINDING_keep_alive_seen,
                                           FINDING_WARN, "timeout=5 is too early");
    finding_do(finding, "--keepalive 5");
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "  look at       closed_idle: timeout=5 is too early; --keepalive 5\n");
    finding->status = FINDING_OK;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "  look at       closed_idle: the server's keep-alive timeout");
}

static void a_cause_that_could_be_told_stands_in_its_row_and_is_looked_at_first(void **state) {
    struct fixture *fixture = *state;
    fixture->record.total.counts.outcomes[OUTCOME_refused] = 0;
    fixture->judgement.closings.count = 1;
    fixture->judgement.closings.items[0] = (struct closing){
        .outcome = OUTCOME_closed_idle,
        .dimension = CLOSING_IDLE,
        .directive = "keepalive_timeout 5s",
        .text = "5.0 s after their last answer: looks like keepalive_timeout 5s (-k is 60s)",
        .advice = "--keepalive 5s",
    };
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "\n                2 closed_idle, 5.0 s after their last answer: looks like "
                      "keepalive_timeout 5s (-k is 60s)\n");
    assert_says(text, "  look at       closed_idle: keepalive_timeout 5s; --keepalive 5s\n");
    fixture->judgement.closings.items[0].dimension = CLOSING_UNKNOWN;
    assert_says(fixture_summary(fixture, &fixture->record, true),
                "2 closed_idle: closed by the server while no request was outstanding");
}

static void numbers_and_reasons_kept_are_shown(void **state) {
    struct fixture *fixture = *state;
    struct tally_counts *counts = &fixture->record.total.counts;
    counts->outcomes[OUTCOME_io_error] = 2;
    counts->errnos[71] = 2;
    counts->outcomes[OUTCOME_protocol_error] = 4;
    counts->reasons[REASON_bad_length] = 4;
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "errors   EPROTO 2   ECONNREFUSED 3\n");
    assert_says(text, "4 times Content-Length malformed");
}

static void label_and_file_are_escaped_and_seed_repeats(void **state) {
    struct fixture *fixture = *state;
    fixture->options.label = "night \033]0;owned\a run";
    fixture->options.json = "run\n.json";
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "  seed          42\n");
    assert_says(text, "  label         night \\x1B]0;owned\\x07 run\n");
    assert_says(text, "  files         run\\x0A.json\n");
    fixture->options.json = "-";
    assert_silent(fixture_summary(fixture, &fixture->record, true), "files");
}

static void an_unfit_preflight_started_nothing(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make_preflight(COMMAND_RUN);
    struct judgement *judgement = &fixture->judgement;
    judgement->verdict = VERDICT_UNFIT;
    judgement->exit_code = EXIT_UNFIT;
    snprintf(judgement->reasons[0], sizeof judgement->reasons[0], "source ports: have 10");
    judgement->reason_count = 1;
    findings_add(&judgement->findings, FINDING_io_uring, FINDING_OK, "fine");
    struct finding *finding = findings_add(&judgement->findings, FINDING_source_ports, FINDING_FAIL,
                                           "asked 100; have 10");
    finding_do(finding, "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"");
    assert_string_equal(fixture_summary(fixture, NULL, true),
                        "UNFIT   100 connections on http://127.0.0.1:8080/\n"
                        "\n"
                        "  source ports: have 10\n"
                        "  nothing was started\n"
                        "  look at       source_ports: sysctl -w "
                        "net.ipv4.ip_local_port_range=\"1024 65535\"\n");
    fixture_free(fixture);
}

/* Exit 0 all the same, but no good news: neither its first word nor its colour are those of a run
 * that went well. */
static void a_run_that_held_with_errors_for_answers_says_so_first(void **state) {
    struct fixture *fixture = *state;
    uint64_t *statuses = fixture->record.total.counts.statuses;
    fixture->judgement.verdict = VERDICT_HELD;
    statuses[200] = 0;
    statuses[503] = 500;
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_int_equal(strncmp(text, "HELD, but answered 503: 100 %   100 connections for ", 52), 0);
    statuses[200] = 350;
    statuses[503] = 150;
    struct summary_title title = summary_title(&fixture->record, &fixture->judgement);
    assert_string_equal(title.text, "HELD, but answered 503: 30 %");
    assert_int_equal(title.tint, TINT_WARN);
    statuses[503] = 1;
    title = summary_title(&fixture->record, &fixture->judgement);
    assert_string_equal(title.text, "HELD");
    assert_int_equal(title.tint, TINT_GOOD);
}

static void a_preflight_that_fits_says_so(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make_preflight(COMMAND_CHECK);
    assert_string_equal(fixture_summary(fixture, NULL, true),
                        "HELD   the plan fits: 100 connections on http://127.0.0.1:8080/\n");
    findings_add(&fixture->judgement.findings, FINDING_keepalive_time, FINDING_WARN, "1h");
    assert_string_equal(fixture_summary(fixture, NULL, true),
                        "HELD   the plan fits, with warnings: 100 connections on "
                        "http://127.0.0.1:8080/\n");
    fixture_free(fixture);
}

static void an_interrupted_preflight_is_inconclusive(void **state) {
    (void)state;
    struct fixture *fixture = fixture_make_preflight(COMMAND_RUN);
    fixture->judgement.verdict = VERDICT_INCONCLUSIVE;
    fixture->judgement.exit_code = EXIT_INCONCLUSIVE;
    assert_string_equal(fixture_summary(fixture, NULL, true),
                        "INCONCLUSIVE   100 connections on http://127.0.0.1:8080/\n"
                        "\n"
                        "  nothing was started\n"
                        "  look at       nothing yet: it was cut short; let it run to its end\n");
    fixture_free(fixture);
}

static void no_target_after_load_looks_at_what_happened_most(void **state) {
    struct fixture *fixture = *state;
    struct tally_counts *counts = &fixture->record.total.counts;
    memset(counts, 0, sizeof *counts);
    counts->attempted = 100;
    counts->outcomes[OUTCOME_refused] = 60;
    counts->outcomes[OUTCOME_connect_timeout] = 40;
    fixture->judgement.verdict = VERDICT_NO_TARGET;
    fixture->judgement.exit_code = EXIT_NO_TARGET;
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_int_equal(strncmp(text, "NO TARGET   100 connections", 27), 0);
    assert_says(text, "  look at       refused: is the server listening on that port?\n");
    assert_says(text, "  opened>=100% is broken: 97 %\n"); /* the reason */
}

static void handshakes_that_were_not_done_accuse_no_accept_queue(void **state) {
    struct fixture *fixture = *state;
    struct tally_counts *counts = &fixture->record.total.counts;
    memset(counts, 0, sizeof *counts);
    counts->attempted = 40;
    counts->tls_begun = counts->tls_timed_out = counts->outcomes[OUTCOME_connect_timeout] = 40;
    fixture->judgement.verdict = VERDICT_NO_TARGET;
    fixture->judgement.exit_code = EXIT_NO_TARGET;
    const char *text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text,
                "  look at       connect_timeout: TCP was up, the TLS handshake was not done: ");
    assert_null(strstr(text, "a full accept queue"));
    counts->tls_timed_out = 30;
    text = fixture_summary(fixture, &fixture->record, true);
    assert_says(text, "connect_timeout: where TCP was up, the TLS handshake was not done: ");
    assert_says(text, "; else lost SYNs");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(the_worked_example_reads_as_it_should),
        WITH_FIXTURE(held_without_a_mark_to_look_at),
        WITH_FIXTURE(how_connections_came_back_has_its_row),
        WITH_FIXTURE(few_hosts_have_a_row_each_the_worst_first),
        WITH_FIXTURE(of_many_hosts_those_that_did_not_hold_have_a_row),
        WITH_FIXTURE(rows_of_hosts_fit_a_terminal),
        WITH_FIXTURE(a_hosts_name_cannot_write_to_the_terminal),
        WITH_FIXTURE(a_broken_rule_on_faults_points_at_a_fault),
        WITH_FIXTURE(ascii_marks_where_the_locale_is_not_utf8),
        WITH_FIXTURE(color_is_never_the_only_meaning),
        WITH_FIXTURE(a_limit_of_ours_explains_itself),
        WITH_FIXTURE(in_mid_run_a_limit_is_told_in_short),
        WITH_FIXTURE(what_is_tried_again_is_not_called_lost),
        WITH_FIXTURE(what_the_server_ran_out_of_explains_itself_where_the_run_broke),
        WITH_FIXTURE(a_lost_worker_is_named_with_its_signal),
        WITH_FIXTURE(answers_that_refuse_reach_the_headline),
        WITH_FIXTURE(a_run_that_held_with_errors_for_answers_says_so_first),
        WITH_FIXTURE(what_a_schedule_could_not_send_reaches_the_headline),
        WITH_FIXTURE(what_is_not_quite_all_never_reads_100_percent),
        WITH_FIXTURE(the_servers_figures_stand_beside_the_clients),
        WITH_FIXTURE(what_was_not_measured_says_so),
        WITH_FIXTURE(our_lateness_is_admitted),
        WITH_FIXTURE(a_drain_by_reset_says_why),
        WITH_FIXTURE(a_ledger_out_of_balance_is_a_bug),
        WITH_FIXTURE(a_keep_alive_mismatch_explains_idle_closes),
        WITH_FIXTURE(a_cause_that_could_be_told_stands_in_its_row_and_is_looked_at_first),
        WITH_FIXTURE(numbers_and_reasons_kept_are_shown),
        WITH_FIXTURE(label_and_file_are_escaped_and_seed_repeats),
        cmocka_unit_test(an_unfit_preflight_started_nothing),
        cmocka_unit_test(a_preflight_that_fits_says_so),
        cmocka_unit_test(an_interrupted_preflight_is_inconclusive),
        WITH_FIXTURE(no_target_after_load_looks_at_what_happened_most),
        WITH_FIXTURE(handshakes_that_were_not_done_accuse_no_accept_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
