/* A machine, a plan and a server that agree in everything, for the tests of the preflight's
 * findings: each spoils something. */
#ifndef TESTS_UNIT_JUDGE_SCENE_H
#define TESTS_UNIT_JUDGE_SCENE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge.h"

struct scene {
    struct options options;
    struct plan plan;
    struct preflight_facts facts;
    struct judgement judgement;
};

static inline void dial(struct scene *scene, size_t count, const char *const *hosts) {
    scene->plan.address_count = count;
    for (size_t i = 0; i < count; i++)
        assert_true(address_parse(&scene->plan.addresses[i], hosts[i], 8080));
    scene->facts.ports_known = true;
    scene->facts.ports = (struct host_ports){.range = 28232, .each = 28232, .tables_known = true};
    scene->facts.addresses_tried = scene->facts.addresses_accepting = count;
}

static inline void connections(struct scene *scene, uint32_t count) {
    scene->plan.connections = count;
    scene->plan.ramp.target = count;
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
        .connection_bytes = 4272,
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
    struct scene *scene = calloc(1, sizeof *scene);
    if (scene == NULL)
        return -1;
    *state = scene;
    scene->options.method = "HEAD";
    scene->options.keepalive = 60 * SECOND;
    struct plan *plan = &scene->plan;
    plan->options = &scene->options;
    plan->command = COMMAND_RUN;
    set_up_host(&plan->host);
    strcpy(plan->dial_host, "localhost");
    plan->dial_port = 8080;
    strcpy(plan->target.url, "http://localhost:8080/");
    plan->workers = plan->workers_needed = 1;
    plan->ramp.rate = (struct rate){10, 10 * MILLISECOND};
    plan->think = (struct span){1 * SECOND, 30 * SECOND};
    plan->hold = 60 * SECOND;
    connections(scene, 10000);
    scene->facts.resolved = scene->facts.target_asked = true;
    scene->facts.rings_tried = scene->facts.rings_made = 1;
    scene->facts.own_files = 4;
    scene->facts.target = (struct target_facts){
        .asked = true,
        .answered = true,
        .status = 200,
        .minor = 1,
        .keep_alive_timeout_s = -1,
        .took = 1200 * MICROSECOND,
    };
    dial(scene, 1, (const char *const[]){"127.0.0.1"});
    return 0;
}

static inline int tear_down(void **state) {
    free(*state);
    return 0;
}

static inline const struct finding *find(const struct findings *findings, const char *code) {
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].code, code) == 0)
            return &findings->items[i];
    return NULL;
}

static inline const struct finding *local(struct scene *scene, const char *code) {
    memset(&scene->judgement, 0, sizeof scene->judgement);
    judge_local(&scene->judgement.findings, &scene->plan, &scene->facts);
    return find(&scene->judgement.findings, code);
}

static inline const struct finding *outside(struct scene *scene, const char *code) {
    memset(&scene->judgement, 0, sizeof scene->judgement);
    judge_target(&scene->judgement.findings, &scene->plan, &scene->facts);
    return find(&scene->judgement.findings, code);
}

static inline int preflight(struct scene *scene) {
    struct judgement *judgement = &scene->judgement;
    memset(judgement, 0, sizeof *judgement);
    judge_local(&judgement->findings, &scene->plan, &scene->facts);
    judge_target(&judgement->findings, &scene->plan, &scene->facts);
    judge_preflight(judgement, &scene->plan, &scene->facts);
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
