/* Tests of what the preflight finds of this machine's limits beside ports, and of the server's. */
#include "base/exit_code.h"
#include "host/host.h"
#include "judge/preflight_fixture.h"
#include "options/options.h"

static void assert_status(const struct finding *finding, enum finding_status status) {
    assert_non_null(finding);
    assert_int_equal(finding->status, status);
}

static void the_parents_own_files_are_counted_to_the_last_one(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    fixture->plan.workers = 100;
    fixture->plan.workers_needed = 1;
    host->nofile_hard = 4 + 2 + 200;
    const struct finding *finding = local(fixture, "parent_files");
    assert_status(finding, FINDING_OK);
    assert_string_equal(finding->text, "206 for 100 workers; hard limit 206");
    host->nofile_hard--;
    finding = local(fixture, "parent_files");
    assert_status(finding, FINDING_FAIL);
    assert_numbers(finding, 100, 205, 206);
    assert_holds(finding->text, ": not all workers could be started");
    assert_todo(finding, 0, "--workers 99 ");
    assert_todo(finding, 1, "--ulimit nofile=206");
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
    host->nofile_hard++;
    fixture->facts.own_files++; /* one that was inherited */
    assert_status(local(fixture, "parent_files"), FINDING_FAIL);
    fixture->facts.own_files--;
    strcpy(fixture->plan.status.host, "localhost"); /* one to poll with */
    assert_status(local(fixture, "parent_files"), FINDING_FAIL);
    host->nofile_hard = 5;
    finding = local(fixture, "parent_files");
    assert_int_equal(finding->do_count, 1);
    assert_todo(finding, 0, "ulimit -Hn 207");
    host->nofile_hard = INT64_MAX;
    assert_holds(local(fixture, "parent_files")->text, "hard limit unlimited");
    fixture->facts.own_files = -1;
    assert_holds(local(fixture, "parent_files")->text, "could not tell: /proc/self/fd");
}

static void workers_are_processes_that_a_group_or_a_user_may_not_have(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    fixture->plan.workers = 10;
    fixture->plan.workers_needed = 4;
    assert_holds(local(fixture, "processes")->text, "10 workers; no limit of this control group");
    host->group_processes = (struct host_share){100, 90};
    const struct finding *finding = local(fixture, "processes");
    assert_status(finding, FINDING_OK);
    assert_string_equal(finding->text, "10 workers; room for 10 (pids.max of the control group "
                                       "100, 90 in use)");
    host->group_processes.used = 91;
    finding = local(fixture, "processes");
    assert_status(finding, FINDING_FAIL);
    assert_numbers(finding, 10, 9, 10);
    assert_holds(finding->text, ": not all workers could be started");
    assert_todo(finding, 0, "--workers 4");
    assert_todo(finding, 1, "TasksMax=101, --pids-limit 101");
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
    host->user_processes = (struct host_share){50, 47};
    finding = local(fixture, "processes");
    assert_numbers(finding, 10, 3, 10);
    assert_holds(finding->text, "RLIMIT_NPROC 50, 47 in use");
    assert_int_equal(finding->do_count, 1); /* four would be too many as well */
    assert_todo(finding, 0, "ulimit -u 57");
    host->user_processes.used = 51;
    assert_int_equal(local(fixture, "processes")->have, 0);
    host->user_processes = (struct host_share){-1, -1};
    assert_holds(local(fixture, "processes")->text, "pids.max");
    host->group_processes = (struct host_share){-1, -1};
    assert_string_equal(local(fixture, "processes")->text,
                        "10 workers; could not tell how many processes this control group or user "
                        "may have");
    host->user_processes = (struct host_share){50, -1};
    assert_status(local(fixture, "processes"), FINDING_UNKNOWN);
}

/* One of two bounds that is not there says nothing of the other. */
static void no_limit_is_reported_only_where_both_are_known(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    host->group_processes = (struct host_share){-1, -1};
    assert_status(local(fixture, "processes"), FINDING_UNKNOWN);
    assert_string_equal(local(fixture, "processes")->text,
                        "1 worker; could not tell how many processes this control group may have");
    host->user_processes = (struct host_share){50, 47};
    assert_status(local(fixture, "processes"), FINDING_UNKNOWN);
    assert_string_equal(local(fixture, "processes")->text,
                        "1 worker; room for 3 (RLIMIT_NPROC 50, 47 in use); could not tell how "
                        "many processes this control group may have");
    host->user_processes.used = 50;
    assert_status(local(fixture, "processes"), FINDING_FAIL);
    host->user_processes = (struct host_share){-1, -1};
    host->group_processes = (struct host_share){INT64_MAX, -1};
    assert_status(local(fixture, "processes"), FINDING_UNKNOWN);
    assert_holds(local(fixture, "processes")->text, "could not tell how many processes this user");
}

/* As host_read() of an empty root has it. */
static void where_nothing_can_be_read_nothing_is_said_to_be_unlimited(void **state) {
    struct preflight_fixture *fixture = *state;
    char kept[sizeof fixture->plan.host.kernel];
    memcpy(kept, fixture->plan.host.kernel, sizeof kept);
    host_read(&fixture->plan.host, "/nonexistent");
    memcpy(fixture->plan.host.kernel, kept, sizeof kept);
    fixture->facts.ports_known = false;
    fixture->facts.own_files = fixture->facts.conntrack_before = fixture->facts.conntrack_with = -1;
    fixture->facts.listeners_known = true; /* by netlink */
    fixture->facts.listeners = (struct host_listeners){.count = 1, .backlog = 511};
    static const char *const codes[] = {"parent_files", "system_files", "processes", "source_ports",
                                        "memory",       "tcp_memory",   "backlog"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_status(local(fixture, codes[i]), FINDING_UNKNOWN);
        assert_holds(local(fixture, codes[i])->text, "could not tell");
        assert_null(strstr(local(fixture, codes[i])->text, "no limit"));
    }
    assert_status(outside(fixture, "conntrack"), FINDING_UNKNOWN);
    assert_holds(local(fixture, "ramp")->text, "(could not tell cpu.max)");
    fixture->plan.host.memory_available_bytes = INT64_C(21) << 30;
    assert_holds(local(fixture, "memory")->text,
                 "free (could not tell what the control group may take)");
}

static void a_ring_that_no_process_could_try_is_not_known(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->setup.choice.refusal.error = -EAGAIN;
    const struct finding *finding = local(fixture, "io_uring");
    assert_status(finding, FINDING_UNKNOWN);
    assert_holds(finding->text, "no process could be started");
}

static void as_many_rings_as_workers_or_the_number_that_can_be_made(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->plan.workers = 16;
    fixture->plan.workers_needed = 1;
    fixture->plan.host.memlock_bytes = 8 << 20;
    fixture->setup.choice.rings_tried = fixture->setup.choice.rings_made = 16;
    assert_status(local(fixture, "io_uring"), FINDING_OK);
    fixture->setup.choice.refusal.error = -ENOMEM; /* of a larger step than this one */
    assert_status(local(fixture, "io_uring"), FINDING_OK);
    fixture->setup.choice.rings_made = 14;
    fixture->setup.choice.refusal =
        (struct engine_refusal){.error = -ENOMEM, .remedies = {"ulimit -l"}};
    const struct finding *finding = local(fixture, "io_uring");
    assert_status(finding, FINDING_FAIL);
    assert_numbers(finding, 16, 14, 16);
    assert_holds(finding->text, "16 workers need a ring each; 14 can be made");
    assert_holds(finding->text, "RLIMIT_MEMLOCK 8.0 MiB");
    assert_todo(finding, 0, "--workers 1");
    assert_todo(finding, 1, "ulimit -l");
    fixture->plan.workers_needed = 15;
    assert_todo(local(fixture, "io_uring"), 0, "ulimit -l");
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
}

static void the_control_groups_memory_holds_our_end(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    /* Needs 10 000 x 4 400 and 2 MiB: 46 097 152; both ends of it are not this group's. */
    host->group_memory = (struct host_share){160000000, 100000000};
    const struct finding *finding = local(fixture, "memory");
    assert_status(finding, FINDING_OK);
    host->group_memory.used = 110000000;
    finding = local(fixture, "memory");
    assert_status(finding, FINDING_WARN);
    assert_numbers(finding, 46097152, 50000000, 46097152);
    assert_holds(finding->text, "47.7 MiB free in this control group (limit 153 MiB)");
    assert_todo(finding, 1, "MemoryMax=");
    host->group_memory.used = 130000000;
    finding = local(fixture, "memory");
    assert_status(finding, FINDING_FAIL);
    assert_holds(finding->text, ": processes would be killed");
    assert_int_equal(preflight(fixture), EXIT_UNFIT);
    host->group_memory = (struct host_share){INT64_MAX, -1};
    host->memory_available_bytes = 1;
    assert_holds(local(fixture, "memory")->text, "for both ends");
}

/* 10,000 of 4,400 bytes each and what TLS adds, once more for the other end. */
static void connections_over_tls_take_what_openssl_keeps(void **state) {
    struct preflight_fixture *fixture = *state;
    struct plan *plan = &fixture->plan;
    const int64_t plain = 10000 * 2 * 4400 + (2 << 20);
    assert_int_equal(local(fixture, "memory")->need, plain);
    plan->target.tls = true;
    plan->connect_timeout = 3 * SECOND; /* 1,000 a second: more than 1,024 */
    const int64_t keys = plain + 10000 * 2 * 224, pool = 1024 * 51200;
    const struct finding *finding = local(fixture, "memory");
    assert_int_equal(finding->need, keys + pool);
    assert_holds(finding->text, "by this kernel's slabs; of TLS 224 B");
    plan->tls_resume = TLS_RESUME_RECONNECT;
    assert_int_equal(local(fixture, "memory")->need, keys + 10000 * 2 * 768 + pool + 1024 * 20480);
    plan->tls_resume = TLS_RESUME_ALWAYS;
    assert_int_equal(local(fixture, "memory")->need, keys + pool + 1024 * (20480 + 768));
    plan->tls_resume = TLS_RESUME_NEVER;
    fixture->options.tls_max = "1.2";
    finding = local(fixture, "memory");
    assert_int_equal(finding->need, plain + 10000 * 2 * 20480 + pool);
    assert_holds(finding->text, "of TLS 20.0 KiB");
    fixture->options.tls_max = "1.3";
    assert_int_equal(local(fixture, "memory")->need, keys + pool);
    strcpy(fixture->setup.tls_seen.version, "TLSv1.2"); /* as the server would have it */
    assert_int_equal(local(fixture, "memory")->need, plain + 10000 * 2 * 20480 + pool);
    plan->workers = 2;
    connections(fixture, 20);
    assert_int_equal(local(fixture, "memory")->need,
                     20 * 2 * (4400 + 20480) + 2 * ((2 << 20) + 10 * 51200));
}

static void where_slabs_cannot_be_read_the_number_is_said_to_be_of_another_kernel(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_holds(local(fixture, "memory")->text, "4.2 KiB of the kernel's a connection, by this "
                                                 "kernel's slabs");
    fixture->plan.host.connection_bytes = -1;
    const struct finding *finding = local(fixture, "memory");
    assert_holds(finding->text, "4.0 KiB of the kernel's a connection, as measured on 6.18");
    assert_int_equal(finding->need, 10000 * 2 * (4090 + 128) + (2 << 20));
    fixture->setup.engine_bytes = 208; /* another engine's */
    assert_int_equal(local(fixture, "memory")->need, 10000 * 2 * (4042 + 128) + (2 << 20));
}

static void tcp_memory_is_warned_of_where_it_could_be_reached(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    const struct finding *finding = local(fixture, "tcp_memory");
    assert_status(finding, FINDING_OK);
    /* 645 requests a second, a page each way, at both ends. */
    assert_int_equal(finding->need, 645 * 4);
    host->tcp_mem_max = 95 + 645 * 4;
    assert_status(local(fixture, "tcp_memory"), FINDING_OK);
    host->tcp_mem_max--;
    finding = local(fixture, "tcp_memory");
    assert_status(finding, FINDING_WARN);
    assert_holds(finding->text, ": segments may be dropped");
    assert_todo(finding, 0, "net.ipv4.tcp_mem=\"2675 2675 5350\"");
    assert_int_equal(preflight(fixture), EXIT_HELD);
    fixture->plan.think = (struct units_span){0, 0}; /* all of them at once */
    assert_int_equal(local(fixture, "tcp_memory")->need, 10000 * 4);
    host->tcp_mem_used = host->tcp_mem_max + 1;
    assert_int_equal(local(fixture, "tcp_memory")->have, 0);
    host->tcp_mem_used = -1;
    assert_status(local(fixture, "tcp_memory"), FINDING_UNKNOWN);
}

static void the_listeners_own_backlog_counts_before_somaxconn(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->plan.ramp.rate = (struct units_rate){1000, 10 * MILLISECOND};
    assert_status(local(fixture, "backlog"), FINDING_OK);
    fixture->facts.listeners_known = true; /* in another network namespace, behind a NAT */
    assert_holds(local(fixture, "backlog")->text, "somaxconn 4096 and");
    fixture->facts.listeners = (struct host_listeners){.count = 1, .backlog = 511};
    const struct finding *finding = local(fixture, "backlog");
    assert_status(finding, FINDING_WARN);
    assert_string_equal(finding->text, "the backlog of the listener is 511 (somaxconn 4096) and up "
                                       "to 1000 connects in 10 ms: SYNs may be dropped on the "
                                       "server");
    assert_numbers(finding, 1000, 511, 1000);
    assert_todo(finding, 0, "--ramp 511/10ms");
    assert_todo(finding, 1, "a longer backlog in the server's listen: 1000");
    assert_int_equal(preflight(fixture), EXIT_HELD);
    fixture->facts.listeners = (struct host_listeners){.count = 2, .backlog = 1022};
    assert_status(local(fixture, "backlog"), FINDING_OK);
    assert_holds(local(fixture, "backlog")->text, "the listeners together is 1022");
    fixture->plan.host.somaxconn = 128;
    fixture->facts.listeners = (struct host_listeners){.count = 1, .backlog = 128};
    assert_todo(local(fixture, "backlog"), 1, "sysctl -w net.core.somaxconn=1000, and as much");
}

static void without_syn_cookies_the_syn_backlog_counts_too(void **state) {
    struct preflight_fixture *fixture = *state;
    struct host *host = &fixture->plan.host;
    fixture->plan.ramp.rate = (struct units_rate){1536, 10 * MILLISECOND};
    host->tcp_syncookies = 0;
    assert_status(local(fixture, "backlog"), FINDING_OK);
    fixture->plan.ramp.rate.count++;
    const struct finding *finding = local(fixture, "backlog");
    assert_status(finding, FINDING_WARN);
    assert_holds(finding->text, "no SYN cookies and tcp_max_syn_backlog 2048");
    assert_todo(finding, 1, "net.ipv4.tcp_syncookies=1");
    host->tcp_syncookies = 2;
    assert_status(local(fixture, "backlog"), FINDING_OK);
}

static void a_server_at_an_address_of_this_host_is_here(void **state) {
    struct preflight_fixture *fixture = *state;
    connect_to(fixture, 1, (const char *const[]){"192.0.2.1"});
    assert_status(local(fixture, "backlog"), FINDING_SKIPPED);
    fixture->setup.target_here = true;
    assert_status(local(fixture, "backlog"), FINDING_OK);
    assert_holds(local(fixture, "memory")->text, "for both ends");
}

static void a_warm_up_of_the_whole_hold_is_warned_of(void **state) {
    struct preflight_fixture *fixture = *state;
    fixture->plan.hold = 10 * SECOND;
    fixture->options.warmup = 10 * SECOND;
    assert_null(local(fixture, "warmup"));
    fixture->options.given.warmup = true;
    assert_status(local(fixture, "warmup"), FINDING_WARN);
    assert_holds(local(fixture, "warmup")->text, "10s of warm-up in a hold of 10s: no latency");
    fixture->plan.hold++;
    assert_null(local(fixture, "warmup"));
    fixture->plan.hold = 0;
    assert_null(local(fixture, "warmup"));
}

static void a_ramp_over_tls_is_of_handshakes(void **state) {
    struct preflight_fixture *fixture = *state;
    struct plan *plan = &fixture->plan;
    plan->target.tls = true;
    assert_string_equal(
        local(fixture, "ramp")->text,
        "1000 connects with TLS a second, 40 to 110 % of one core; 1 worker on 2 CPUs");
    assert_status(local(fixture, "ramp"), FINDING_OK);
    plan->ramp.rate = (struct units_rate){26, 10 * MILLISECOND};
    const struct finding *finding = local(fixture, "ramp");
    assert_status(finding, FINDING_WARN);
    assert_todo(finding, 0, "--workers 2   (one a CPU)");
    assert_todo(finding, 1, "--ramp 2500");
}

static void a_ramp_or_rate_beyond_the_cpus_is_warned_of(void **state) {
    struct preflight_fixture *fixture = *state;
    struct plan *plan = &fixture->plan;
    assert_string_equal(local(fixture, "ramp")->text,
                        "1000 connects a second, 1.2 to 2.5 % of one core; 1 worker on 2 CPUs");
    assert_string_equal(local(fixture, "cpu")->text,
                        "645 requests a second, 0.32 to 0.97 % of one core; 1 worker on 2 CPUs");
    plan->host.cpu_quota_milli = 1; /* of control groups */
    assert_int_equal(local(fixture, "cpu")->status, FINDING_WARN);
    assert_holds(local(fixture, "ramp")->text, "1 worker on 2 CPUs, 0.001 of them by cpu.max: it");
    plan->host.cpu_quota_milli = INT64_MAX;
    connections(fixture, 10000000);
    plan->ramp.rate =
        (struct units_rate){833, 10 * MILLISECOND}; /* 12 us each: one worker's core */
    assert_status(local(fixture, "ramp"), FINDING_OK);
    plan->ramp.rate.count = 834;
    const struct finding *finding = local(fixture, "ramp");
    assert_status(finding, FINDING_WARN);
    assert_numbers(finding, 83400, 83333, 83400);
    assert_holds(finding->text, ": it will be late");
    assert_todo(finding, 0, "--workers 2   (one a CPU)");
    assert_todo(finding, 1, "--ramp 83333");
    plan->workers = 2;
    assert_status(local(fixture, "ramp"), FINDING_OK);
    plan->workers = 153;
    plan->think = (struct units_span){25 * SECOND, 25 * SECOND}; /* 400 000 a second: two cores' */
    assert_status(local(fixture, "cpu"), FINDING_OK);
    plan->think = (struct units_span){24 * SECOND, 25 * SECOND};
    finding = local(fixture, "cpu");
    assert_status(finding, FINDING_WARN);
    assert_holds(finding->text, "204 to 612 % of one core; 153 workers on 2 CPUs: it will");
    assert_todo(finding, 0, "longer think times");
    plan->rate = 500000 * FREQUENCY_ONE;
    assert_todo(local(fixture, "cpu"), 0, "--rate 400000");
    plan->rate = 0;
    assert_int_equal(plan->options->command, COMMAND_RUN);
    plan->think = (struct units_span){0, 0};
    assert_status(local(fixture, "cpu"), FINDING_OK);
    assert_holds(local(fixture, "cpu")->text, "a closed loop takes what it gets");
}

static void conntrack_counts_only_where_it_tracks_this_path(void **state) {
    struct preflight_fixture *fixture = *state;
    struct preflight_facts *facts = &fixture->facts;
    struct host *host = &fixture->plan.host;
    host->conntrack_max = 9000;
    facts->conntrack_before = facts->conntrack_with = 0;
    assert_string_equal(outside(fixture, "conntrack")->text,
                        "does not track this path (0 of 9000 in use)");
    facts->conntrack_before = facts->conntrack_with = 8500; /* tracks others */
    assert_status(outside(fixture, "conntrack"), FINDING_OK);
    facts->conntrack_with = 8499;
    assert_status(outside(fixture, "conntrack"), FINDING_OK);
    facts->conntrack_before = 200;
    facts->conntrack_with = 201;
    const struct finding *finding = outside(fixture, "conntrack");
    assert_status(finding, FINDING_WARN);
    assert_int_equal(finding->side, SIDE_TESTER);
    assert_numbers(finding, 10000, 8800, 10000);
    assert_holds(finding->text, "tracks this path, it seems: asked 10000; have 8800");
    assert_holds(finding->text, ": a full table drops SYNs without a word");
    assert_todo(finding, 0, "nf_conntrack_max=12700");
    assert_int_equal(preflight(fixture), EXIT_HELD);
    host->conntrack_max = 10200;
    assert_status(outside(fixture, "conntrack"), FINDING_OK);
    facts->conntrack_with = -1;
    assert_status(outside(fixture, "conntrack"), FINDING_UNKNOWN);
    host->conntrack_max = facts->conntrack_before = -1;
    assert_string_equal(outside(fixture, "conntrack")->text, "not loaded");
    facts->conntrack_before = 3;
    assert_status(outside(fixture, "conntrack"), FINDING_UNKNOWN);
}

/* --- the server --- */

static const struct finding *observed(struct preflight_fixture *fixture, const char *code) {
    memset(&fixture->judgement, 0, sizeof fixture->judgement);
    judge_observed(&fixture->judgement.findings, &fixture->plan, &fixture->setup, &fixture->facts);
    return find(&fixture->judgement.findings, code);
}

static void watch_nginx(struct preflight_fixture *fixture) {
    fixture->options.given.server_pid = true;
    strcpy(fixture->facts.process_name, "nginx");
    fixture->facts.server = (struct server_limits){
        .processes = 2,
        .nginx = true,
        .files_limit = 6000,
        .files_open = 10,
        .files_room = 2 * (6000 - 10),
        .worker_connections = 6000,
        .config = "/etc/nginx/nginx.conf",
    };
}

static void a_server_without_descriptors_for_all_is_warned_of(void **state) {
    struct preflight_fixture *fixture = *state;
    assert_null(observed(fixture, "server_files"));
    watch_nginx(fixture);
    struct server_limits *server = &fixture->facts.server;
    assert_status(observed(fixture, "server_files"), FINDING_OK);
    server->files_room = 10000;
    assert_status(observed(fixture, "server_files"), FINDING_OK);
    strcpy(fixture->plan.status.host, "localhost"); /* its connection is one more */
    assert_status(observed(fixture, "server_files"), FINDING_WARN);
    fixture->plan.status.host[0] = '\0';
    server->files_limit = 600;
    server->files_room = 2 * 590;
    const struct finding *finding = observed(fixture, "server_files");
    assert_status(finding, FINDING_WARN);
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_numbers(finding, 10000, 1180, 10000);
    assert_string_equal(finding->text, "the server has descriptors for 1180 more connections (2 "
                                       "workers, limit 600 each, up to 10 open): it cannot accept "
                                       "the others");
    assert_todo(finding, 0, "worker_rlimit_nofile 5010;");
    assert_todo(finding, 1, "prlimit --nofile=5010");
    server->nginx = false;
    assert_holds(observed(fixture, "server_files")->text, "(2 processes, limit 600");
    assert_todo(observed(fixture, "server_files"), 0, "prlimit");
    server->files_room = INT64_MAX;
    assert_holds(observed(fixture, "server_files")->text, "unlimited");
    server->files_room = -1;
    assert_status(observed(fixture, "server_files"), FINDING_UNKNOWN);
    fixture->options.no_check = true;
    assert_null(observed(fixture, "server_files"));
}

static void nginx_closes_idle_connections_when_a_sixteenth_is_free(void **state) {
    struct preflight_fixture *fixture = *state;
    watch_nginx(fixture);
    struct server_limits *server = &fixture->facts.server;
    server->processes = 1;
    server->worker_connections = 512;
    connections(fixture, 478); /* as measured against nginx 1.22 */
    assert_status(observed(fixture, "server_connections"), FINDING_OK);
    connections(fixture, 479);
    const struct finding *finding = observed(fixture, "server_connections");
    assert_status(finding, FINDING_WARN);
    assert_numbers(finding, 479, 478, 479);
    assert_holds(finding->text, "nginx keeps about 478 idle connections (worker_connections 512, 1 "
                                "worker; /etc/nginx/nginx.conf): beyond 15/16");
    assert_todo(finding, 0, "worker_connections 513;");
    server->worker_connections = 513;
    assert_status(observed(fixture, "server_connections"), FINDING_OK);
    server->processes = 4;
    connections(fixture, 4 * 479);
    assert_status(observed(fixture, "server_connections"), FINDING_OK);
    server->worker_connections = 1;
    assert_int_equal(observed(fixture, "server_connections")->have, 0);
    assert_int_equal(preflight(fixture), EXIT_HELD);
}

static void an_nginx_that_cannot_be_looked_into_is_unknown(void **state) {
    struct preflight_fixture *fixture = *state;
    watch_nginx(fixture);
    struct server_limits *server = &fixture->facts.server;
    server->worker_connections = -1;
    strcpy(server->trouble, "/etc/nginx/nginx.conf: Permission denied");
    const struct finding *finding = observed(fixture, "server_connections");
    assert_status(finding, FINDING_UNKNOWN);
    assert_holds(finding->text, "could not tell nginx's worker_connections: "
                                "/etc/nginx/nginx.conf: Permission denied");
    server->trouble[0] = '\0';
    assert_holds(observed(fixture, "server_connections")->text, "could not be read");
    server->worker_connections = 512;
    server->processes = 0;
    assert_holds(observed(fixture, "server_connections")->text, "no workers that can be seen");
    server->nginx = false;
    assert_null(observed(fixture, "server_connections"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_parents_own_files_are_counted_to_the_last_one),
        TEST(workers_are_processes_that_a_group_or_a_user_may_not_have),
        TEST(no_limit_is_reported_only_where_both_are_known),
        TEST(where_nothing_can_be_read_nothing_is_said_to_be_unlimited),
        TEST(a_ring_that_no_process_could_try_is_not_known),
        TEST(as_many_rings_as_workers_or_the_number_that_can_be_made),
        TEST(the_control_groups_memory_holds_our_end),
        TEST(connections_over_tls_take_what_openssl_keeps),
        TEST(where_slabs_cannot_be_read_the_number_is_said_to_be_of_another_kernel),
        TEST(tcp_memory_is_warned_of_where_it_could_be_reached),
        TEST(the_listeners_own_backlog_counts_before_somaxconn),
        TEST(without_syn_cookies_the_syn_backlog_counts_too),
        TEST(a_server_at_an_address_of_this_host_is_here),
        TEST(a_warm_up_of_the_whole_hold_is_warned_of),
        TEST(a_ramp_over_tls_is_of_handshakes),
        TEST(a_ramp_or_rate_beyond_the_cpus_is_warned_of),
        TEST(conntrack_counts_only_where_it_tracks_this_path),
        TEST(a_server_without_descriptors_for_all_is_warned_of),
        TEST(nginx_closes_idle_connections_when_a_sixteenth_is_free),
        TEST(an_nginx_that_cannot_be_looked_into_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
