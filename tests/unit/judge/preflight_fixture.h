/* A machine, a plan and a server that agree in everything, for the tests of the preflight's
 * findings: each spoils something. */
#ifndef TESTS_UNIT_JUDGE_PREFLIGHT_FIXTURE_H
#define TESTS_UNIT_JUDGE_PREFLIGHT_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "judge/fit/fit.h"
#include "judge/fit/preflight_facts.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"

struct preflight_fixture {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct preflight_facts facts;
    struct judgement judgement;
};

static inline void connect_to(struct preflight_fixture *fixture, size_t count,
                              const char *const *hosts) {
    fixture->setup.address_count = count;
    for (size_t i = 0; i < count; i++)
        assert_true(address_parse(&fixture->setup.addresses[i], hosts[i], 8080));
    fixture->facts.ports_known = true;
    fixture->facts.ports =
        (struct ephemeral_ports){.range = 28232, .each = 28232, .tables_known = true};
    fixture->facts.addresses_tried = fixture->facts.addresses_accepting = count;
}

static inline void connections(struct preflight_fixture *fixture, uint32_t count) {
    fixture->plan.connections = count;
    fixture->plan.ramp.target = count;
}

static inline void set_up_host(struct host *host) {
    *host = (struct host){
        .kernel = "6.18.0",
        .nofile_soft = 20000,
        .nofile_hard = 20000,
        .nr_open = 1048576,
        .file_max = 2466177,
        .file_used = 41200,
        .port_low = 32768,
        .port_high = 60999,
        .cpus = 2,
        .cpu_quota_milli = INT64_MAX,
        .somaxconn = 4096,
        .tcp_max_syn_backlog = 2048,
        .tcp_syncookies = 1,
        .tcp_tw_reuse = 2,
        .tcp_mem_max = 575796,
        .tcp_mem_used = 95,
        .conntrack_max = 262144,
        .connection_bytes = 4016,
        .group_memory = {INT64_MAX, -1},
        .group_processes = {INT64_MAX, -1},
        .user_processes = {INT64_MAX, -1},
        .memory_total_bytes = INT64_C(24) << 30,
        .memory_available_bytes = INT64_C(21) << 30,
        .memlock_bytes = 65536,
        .io_uring_group = "-1",
    };
}

static inline int set_up(void **state) {
    struct preflight_fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL)
        return -1;
    *state = fixture;
    fixture->options.method = "HEAD";
    fixture->options.keepalive = 60 * SECOND;
    struct plan *plan = &fixture->plan;
    plan->options = &fixture->options;
    fixture->options.command = COMMAND_RUN;
    set_up_host(&plan->host);
    strcpy(plan->connect_host, "localhost");
    plan->connect_port = 8080;
    strcpy(plan->target.url, "http://localhost:8080/");
    plan->parts = 1;
    plan->workers = plan->workers_needed = 1;
    plan->ramp.rate = (struct units_rate){10, 10 * MILLISECOND};
    plan->think = (struct units_span){1 * SECOND, 30 * SECOND};
    plan->hold = 60 * SECOND;
    connections(fixture, 10000);
    fixture->facts.resolved = fixture->facts.target_asked = true;
    fixture->setup.choice =
        (struct engine_choice){.engine = ENGINE_URING,
                               .rings_tried = 1,
                               .rings_made = 1,
                               .refusal.reason = "kernel 6.18.0, not disabled, not filtered"};
    fixture->setup.engine_bytes = 256;
    fixture->facts.own_files = 4;
    fixture->facts.target = (struct record_target){
        .asked = true,
        .answered = true,
        .status = 200,
        .minor = 1,
        .keep_alive_timeout_s = -1,
        .took = 1200 * MICROSECOND,
    };
    connect_to(fixture, 1, (const char *const[]){"127.0.0.1"});
    return 0;
}

static inline int tear_down(void **state) {
    free(*state);
    return 0;
}

static inline const struct finding *find(const struct findings *findings, const char *code) {
    return findings_first(findings, finding_code_by_name(code));
}

static inline const struct finding *local(struct preflight_fixture *fixture, const char *code) {
    memset(&fixture->judgement, 0, sizeof fixture->judgement);
    judge_local(&fixture->judgement.findings, &fixture->plan, &fixture->setup, &fixture->facts);
    return find(&fixture->judgement.findings, code);
}

static inline const struct finding *outside(struct preflight_fixture *fixture, const char *code) {
    memset(&fixture->judgement, 0, sizeof fixture->judgement);
    judge_target(&fixture->judgement.findings, &fixture->plan, &fixture->setup, &fixture->facts);
    return find(&fixture->judgement.findings, code);
}

static inline int preflight(struct preflight_fixture *fixture) {
    struct judgement *judgement = &fixture->judgement;
    memset(judgement, 0, sizeof *judgement);
    judge_local(&judgement->findings, &fixture->plan, &fixture->setup, &fixture->facts);
    judge_target(&judgement->findings, &fixture->plan, &fixture->setup, &fixture->facts);
    judge_preflight(judgement, &fixture->plan, &fixture->facts);
    return judgement->exit_code;
}

static inline void assert_numbers(const struct finding *finding, int64_t asked, int64_t have,
                                  int64_t need) {
    assert_int_equal(finding->asked, asked);
    assert_int_equal(finding->have, have);
    assert_int_equal(finding->need, need);
}

static inline void assert_holds(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static inline void assert_todo(const struct finding *finding, size_t index, const char *part) {
    assert_true(index < finding->do_count);
    assert_holds(finding->todo[index], part);
}

#endif
