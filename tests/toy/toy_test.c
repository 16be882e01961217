/* A second protocol goes through the fleet and the target, over the real door, by its table alone;
 * and so over a transport. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/worker.h"
#include "net/net.h"
#include "net/net_serve.h"
#include "observe/http_client.h"
#include "target/service.h"
#include "toy/xor_transport.h"
#include "wire/exchange.h"
#include "wire/http/http_exchange.h"

extern const struct exchange toy_exchange;

enum { CONNECTIONS = 50, REQUESTS = 500 };

/* What carries the toy in this test; NULL: plain TCP. */
static const struct transport *transport;

static int use_plain(void **state) {
    (void)state;
    transport = NULL;
    return 0;
}

static int use_xor(void **state) {
    (void)state;
    transport = &xor_transport;
    return 0;
}

static size_t carried(size_t length) {
    return transport == NULL ? length : transport->sealed_bytes(length);
}

static void *map(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

/* --- a server of the toy, in a process of its own --- */

struct server {
    struct target_settings settings;
    struct counters_shared *shared;
    size_t shared_bytes;
    int stop[2];
    pid_t pid;
};

static _Noreturn void serve(const struct server *server, int listener) {
    struct service_parts parts = {.settings = &server->settings,
                                  .shared = server->shared,
                                  .listener = listener,
                                  .stop_fd = server->stop[0]};
    close(server->stop[1]);
    int error = net_create(&parts.net, &(struct net_config){.entries = 256});
    struct service *service = error == 0 ? service_create(&parts) : NULL;
    if (service == NULL)
        _exit(1);
    while (error == 0 && !service_over(service))
        error = service_turn(service);
    _exit(error == 0 ? 0 : 1);
}

static void start_as(struct server *server, const struct target_settings *settings) {
    *server = (struct server){.settings = *settings};
    assert_true(address_parse(&server->settings.listen, "127.0.0.1", 0));
    int listener = net_listen(&server->settings.listen, false);
    assert_true(listener >= 0);
    server->shared_bytes = sizeof *server->shared + sizeof(struct counters);
    server->shared = map(server->shared_bytes);
    assert_int_equal(pipe(server->stop), 0);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0)
        serve(server, listener);
    close(listener);
    close(server->stop[0]);
}

/* The line it answers with, and the rule it breaks that by; NULL: none. */
static void start(struct server *server, const char *line, const char *fault) {
    char error[200];
    struct target_settings settings = {.exchange = &toy_exchange,
                                       .transport = transport,
                                       .workers = 1,
                                       .capacity = CONNECTIONS + 10,
                                       .body = line,
                                       .body_length = (uint32_t)strlen(line)};
    if (fault != NULL) {
        settings.fault_count = 1;
        assert_true(fault_parse(&settings.faults[0], fault, error, sizeof error));
    }
    start_as(server, &settings);
}

/* The kernel may bring the end of a connection later than ours of the pipe, and the server then
 * ends it itself. */
static void wait_until_left(const struct server *server) {
    const struct counters *counters = &server->shared->workers[0];
    for (int i = 0; i < 30000; i++) {
        uint64_t ended = 0;
        for (int ending = 0; ending < ENDINGS; ending++)
            ended += counter_read(&counters->endings[ending]);
        if (ended == counter_read(&counters->accepted))
            return;
        usleep(1000);
    }
    fail_msg("the server still has connections");
}

/* What it counted, when all has ended. */
static struct counters stop(struct server *server) {
    int status;
    struct counters counters;
    wait_until_left(server);
    close(server->stop[1]);
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    assert_int_equal(status, 0);
    memcpy(&counters, &server->shared->workers[0], sizeof counters);
    munmap(server->shared, server->shared_bytes);
    return counters;
}

/* --- a worker of the engine --- */

struct load {
    struct plan plan;
    struct setup setup;
    struct requests requests;
    struct worker_orders orders;
    struct pool pool;
    _Atomic uint64_t taken;
    struct tally_seqlock *seqlock;
    struct tally *tally;
    struct net *net;
    struct worker worker;
    int wake_fd;
    instant until; /* the test's patience */
};

static void prepare(struct load *load, const struct server *server) {
    load->plan = (struct plan){.parts = 1,
                               .connections = CONNECTIONS,
                               .timeout = 10 * SECOND,
                               .connect_timeout = 10 * SECOND,
                               .workers = 1,
                               .ramp = {{CONNECTIONS, 10 * MILLISECOND}, CONNECTIONS},
                               .think = {10 * MILLISECOND, 10 * MILLISECOND},
                               .requests = REQUESTS};
    load->setup = (struct setup){.addresses = {server->settings.listen}, .address_count = 1};
    load->plan.connect_port = address_port(&server->settings.listen);
    assert_true(toy_exchange.bake(&load->requests, NULL, &load->plan.target));
    load->seqlock = map(sizeof *load->seqlock);
    load->tally = map(sizeof *load->tally);
    load->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&load->pool.left, REQUESTS);
    assert_int_equal(net_create(&load->net, &(struct net_config){.entries = 256}), 0);
    struct fleet_parts parts = {.plan = &load->plan,
                                .setup = &load->setup,
                                .requests = &load->requests,
                                .transport = transport,
                                .net = load->net,
                                .tally = load->tally,
                                .pool = &load->pool,
                                .taken = &load->taken};
    assert_int_equal(
        worker_init(&load->worker, &parts, &load->orders, load->seqlock, load->wake_fd, -1), 0);
    load->until = instant_after(net_now(load->net), 30 * SECOND);
    assert_int_equal(eventfd_write(load->wake_fd, 1), 0); /* the first turn waits for nothing */
}

static void turn(struct load *load) {
    assert_int_equal(worker_turn(&load->worker), 0);
    assert_true(instant_before(net_now(load->net), load->until));
}

static void order(struct load *load, enum worker_order order, enum tally_worker_phase phase) {
    atomic_store(&load->orders.order, order);
    assert_int_equal(eventfd_write(load->wake_fd, 1), 0);
    while (load->worker.phase < phase)
        turn(load);
}

/* All requests of the pool, or until no connection is left; then the freeze and the drain. */
static struct tally_counts run(const struct server *server) {
    struct load *load = calloc(1, sizeof *load);
    struct tally_counts counts;
    assert_non_null(load);
    prepare(load, server);
    while (load->worker.phase < WORKER_READY)
        turn(load);
    atomic_store(&load->orders.start_ns, net_now(load->net).ns);
    order(load, ORDER_RUN, WORKER_HOLDING);
    while (!load->worker.notified_spent && !load->worker.notified_empty)
        turn(load);
    order(load, ORDER_FREEZE, WORKER_FROZEN);
    order(load, ORDER_DRAIN, WORKER_DONE);
    assert_null(tally_imbalance(load->tally));
    counts = load->tally->counts;
    assert_true(tally_drain_balances(&counts));
    worker_free(&load->worker);
    net_destroy(load->net);
    requests_free(&load->requests);
    munmap(load->seqlock, sizeof *load->seqlock);
    munmap(load->tally, sizeof *load->tally);
    close(load->wake_fd);
    free(load);
    return counts;
}

static void expect_outcome(const struct tally_counts *counts, enum outcome outcome,
                           uint64_t connections) {
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (counts->outcomes[i] + counts->drain[i] != (i == (int)outcome ? connections : 0))
            fail_msg("%s: %d and %d", outcome_name((enum outcome)i), (int)counts->outcomes[i],
                     (int)counts->drain[i]);
}

/* --- the client of the observers --- */

struct asking {
    struct net *net;
    struct http_client client;
    struct requests requests;
};

static void connect_to(struct asking *asking, const struct server *server) {
    static const struct url nowhere;
    assert_true(toy_exchange.bake(&asking->requests, NULL, &nowhere));
    assert_int_equal(net_create(&asking->net, &(struct net_config){.entries = 64}), 0);
    http_client_init(&asking->client, asking->net, 1, &server->settings.listen, 1, &toy_exchange,
                     &asking->requests.items[0], 10 * SECOND, 10 * SECOND);
    asking->client.transport = transport;
}

static void take_events(struct asking *asking) {
    struct net_event event;
    instant until = http_client_tick(&asking->client, net_now(asking->net));
    instant soon = instant_after(net_now(asking->net), SECOND);
    assert_int_equal(net_wait(asking->net, instant_earlier(until, soon), 1), 0);
    while (net_take(asking->net, &event, 1) == 1)
        http_client_event(&asking->client, &event, net_now(asking->net));
}

static enum http_client_state ask(struct asking *asking) {
    http_client_ask(&asking->client, net_now(asking->net));
    while (asking->client.state == HTTP_CLIENT_CONNECTING ||
           asking->client.state == HTTP_CLIENT_WAITING)
        take_events(asking);
    return asking->client.state;
}

static void leave(struct asking *asking) {
    http_client_close(&asking->client);
    while (!http_client_quiet(&asking->client))
        take_events(asking);
    net_destroy(asking->net);
    requests_free(&asking->requests);
}

/* --- the sentences --- */

static void lines_are_asked_and_answered(void **state) {
    (void)state;
    struct server server;
    start(&server, "noon\n", NULL);
    struct tally_counts counts = run(&server);
    struct counters served = stop(&server);
    assert_int_equal(counts.opened, CONNECTIONS);
    assert_int_equal(counts.sent, REQUESTS);
    assert_int_equal(counts.answered, REQUESTS);
    assert_int_equal(counts.statuses[0], REQUESTS);
    assert_int_equal(counts.bytes_out, REQUESTS * carried(strlen("time?\n")));
    assert_int_equal(counts.bytes_in, REQUESTS * carried(strlen("noon\n")));
    expect_outcome(&counts, OUTCOME_drained, CONNECTIONS);
    assert_int_equal(counter_read(&served.accepted), CONNECTIONS);
    assert_int_equal(counter_read(&served.requests), REQUESTS);
    assert_int_equal(counter_read(&served.endings[ENDING_client_closed]), CONNECTIONS);
    assert_int_equal(counter_read(&served.bytes_in), REQUESTS * carried(strlen("time?\n")));
    assert_int_equal(counter_read(&served.bytes_out), REQUESTS * carried(strlen("noon\n")));
}

static void a_line_that_drips_is_read_in_pieces(void **state) {
    (void)state;
    struct server server;
    start(&server, "noon\n", "drip=1/1ms");
    struct tally_counts counts = run(&server);
    stop(&server);
    assert_int_equal(counts.answered, REQUESTS);
    expect_outcome(&counts, OUTCOME_drained, CONNECTIONS);
}

static void half_a_line_is_no_answer(void **state) {
    (void)state;
    struct server server;
    start(&server, "noon\n", "mid-close=2");
    struct tally_counts counts = run(&server);
    struct counters served = stop(&server);
    assert_int_equal(counts.answered, CONNECTIONS);
    expect_outcome(&counts, OUTCOME_closed_mid_response, CONNECTIONS);
    assert_int_equal(counter_read(&served.endings[ENDING_mid_close]), CONNECTIONS);
}

static void a_second_line_is_unsolicited(void **state) {
    (void)state;
    struct server server;
    start(&server, "noon\nnoon\n", NULL);
    struct tally_counts counts = run(&server);
    stop(&server);
    assert_int_equal(counts.answered, CONNECTIONS);
    expect_outcome(&counts, OUTCOME_unsolicited, CONNECTIONS);
}

static void a_line_that_is_too_long_is_a_protocol_error(void **state) {
    (void)state;
    struct server server;
    start(&server, "this line is a byte longer than the sixty-four that one may have\n", NULL);
    assert_int_equal(server.settings.body_length, 65);
    struct tally_counts counts = run(&server);
    stop(&server);
    assert_int_equal(counts.answered, 0);
    assert_int_equal(counts.reasons[REASON_other], CONNECTIONS);
    expect_outcome(&counts, OUTCOME_protocol_error, CONNECTIONS);
}

static void an_observer_asks_again_and_again_on_one_connection(void **state) {
    (void)state;
    struct server server;
    struct asking asking;
    start(&server, "noon\n", "drip=1/1ms");
    connect_to(&asking, &server);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(&asking), HTTP_CLIENT_ANSWERED);
    assert_int_equal(asking.client.facts.status, 0);
    assert_int_equal(asking.client.begun, 3);
    assert_int_equal(asking.client.connections, 1);
    leave(&asking);
    struct counters served = stop(&server);
    assert_int_equal(counter_read(&served.requests), 3);
}

static void an_observer_fails_by_half_a_line(void **state) {
    (void)state;
    struct server server;
    struct asking asking;
    start(&server, "noon\n", "mid-close=2");
    connect_to(&asking, &server);
    assert_int_equal(ask(&asking), HTTP_CLIENT_ANSWERED);
    assert_int_equal(ask(&asking), HTTP_CLIENT_FAILED);
    leave(&asking);
    stop(&server);
}

static int connect_plainly(const struct server *server) {
    const struct address *to = &server->settings.listen;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, &to->of.any, to->length), 0);
    return client;
}

static void the_target_refuses_what_is_no_line(void **state) {
    (void)state;
    struct server server;
    char bytes[65], answer[64];
    memset(bytes, 'x', sizeof bytes);
    start(&server, "noon\n", NULL);
    int client = connect_plainly(&server);
    assert_int_equal(send(client, bytes, sizeof bytes, MSG_NOSIGNAL), sizeof bytes);
    assert_int_equal(recv(client, answer, sizeof answer, MSG_WAITALL), strlen("refused\n"));
    assert_memory_equal(answer, "refused\n", strlen("refused\n"));
    close(client);
    struct counters served = stop(&server);
    assert_int_equal(counter_read(&served.endings[ENDING_bad_request]), 1);
}

/* While the first line is answered three others wait: one of the same record, one of a record
 * behind it, and one of a record that is cut in its midst. */
static void the_target_answers_what_it_read_in_advance(void **state) {
    (void)state;
    struct server server;
    char bytes[64], answer[64];
    uint8_t client_state = 0;
    start(&server, "noon\n", "delay=100ms");
    size_t length = transport->seal(NULL, &client_state, "a\nb\n", 4, bytes);
    length += transport->seal(NULL, &client_state, "c\n", 2, bytes + length);
    length += transport->seal(NULL, &client_state, "d\n", 2, bytes + length);
    int client = connect_plainly(&server);
    assert_int_equal(send(client, bytes, length - 1, MSG_NOSIGNAL), length - 1);
    usleep(20000);
    assert_int_equal(send(client, bytes + length - 1, 1, MSG_NOSIGNAL), 1);
    length = 4 * carried(strlen("noon\n"));
    assert_int_equal(recv(client, answer, length, MSG_WAITALL), length);
    for (size_t at = 0; at < length; at += 6) {
        struct transport_conn conn = {.state = &client_state};
        struct transport_fact fact;
        transport->open(&conn, answer + at, 6, &fact);
        assert_int_equal(fact.kind, TRANSPORT_DATA);
        assert_memory_equal(fact.plain.bytes, "noon\n", 5);
    }
    close(client);
    struct counters served = stop(&server);
    assert_int_equal(counter_read(&served.requests), 4);
}

static void the_target_ends_what_sends_no_records(void **state) {
    (void)state;
    struct server server;
    char answer[64];
    start(&server, "noon\n", NULL);
    int client = connect_plainly(&server);
    assert_int_equal(send(client, "\177\n", 2, MSG_NOSIGNAL), 2);
    assert_true(recv(client, answer, sizeof answer, 0) <= 0);
    close(client);
    struct counters served = stop(&server);
    assert_int_equal(counter_read(&served.endings[ENDING_tls_broken]), 1);
}

/* Bodies that no socket takes at once, both ways. */
static void http_is_carried_too(void **state) {
    (void)state;
    enum { BODY = 4 * 1024 * 1024, REQUEST_BODY = 1024 * 1024 };
    static char body[BODY], bytes[REQUEST_BODY + 200];
    struct server server;
    struct asking asking = {.requests = {.count = 0}};
    memset(body, 'x', sizeof body);
    int head =
        snprintf(bytes, sizeof bytes, "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n",
                 REQUEST_BODY);
    memset(bytes + head, 'y', REQUEST_BODY);
    struct request request = {.bytes = bytes, .length = (size_t)head + REQUEST_BODY};
    start_as(&server, &(struct target_settings){.exchange = &http_exchange,
                                                .transport = transport,
                                                .workers = 1,
                                                .capacity = 10,
                                                .status = 200,
                                                .body = body,
                                                .body_length = sizeof body});
    assert_int_equal(net_create(&asking.net, &(struct net_config){.entries = 64}), 0);
    http_client_init(&asking.client, asking.net, 1, &server.settings.listen, 1, &http_exchange,
                     &request, 10 * SECOND, 10 * SECOND);
    asking.client.transport = transport;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&asking), HTTP_CLIENT_ANSWERED);
        assert_int_equal(asking.client.facts.status, 200);
        assert_int_equal(asking.client.facts.body_bytes, BODY);
    }
    assert_int_equal(asking.client.connections, 1);
    leave(&asking);
    struct counters served = stop(&server);
    assert_int_equal(counter_read(&served.request_body_bytes), 3 * REQUEST_BODY);
}

static size_t seal_nothing(void *shared, void *state, const void *bytes, size_t length, char *out) {
    (void)shared;
    (void)state;
    memcpy(out, bytes, length);
    return length;
}

/* The server understands the fleet, and the fleet not the server: 'n' is no length of a record. */
static void a_fleet_ends_what_sends_no_records(void **state) {
    (void)state;
    struct server server;
    struct transport half = xor_transport;
    half.seal = seal_nothing;
    transport = NULL;
    start(&server, "noon\n", NULL);
    transport = &half;
    struct tally_counts counts = run(&server);
    stop(&server);
    assert_int_equal(counts.answered, 0);
    expect_outcome(&counts, OUTCOME_tls_broken, CONNECTIONS);
}

#define PLAIN(test)    cmocka_unit_test_setup(test, use_plain)
#define OVER_XOR(test) cmocka_unit_test_setup(test, use_xor)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAIN(lines_are_asked_and_answered),
        PLAIN(a_line_that_drips_is_read_in_pieces),
        PLAIN(half_a_line_is_no_answer),
        PLAIN(a_second_line_is_unsolicited),
        PLAIN(a_line_that_is_too_long_is_a_protocol_error),
        PLAIN(an_observer_asks_again_and_again_on_one_connection),
        PLAIN(an_observer_fails_by_half_a_line),
        PLAIN(the_target_refuses_what_is_no_line),
        OVER_XOR(lines_are_asked_and_answered),
        OVER_XOR(a_line_that_drips_is_read_in_pieces),
        OVER_XOR(half_a_line_is_no_answer),
        OVER_XOR(a_second_line_is_unsolicited),
        OVER_XOR(a_line_that_is_too_long_is_a_protocol_error),
        OVER_XOR(an_observer_asks_again_and_again_on_one_connection),
        OVER_XOR(an_observer_fails_by_half_a_line),
        OVER_XOR(http_is_carried_too),
        OVER_XOR(the_target_answers_what_it_read_in_advance),
        OVER_XOR(the_target_ends_what_sends_no_records),
        OVER_XOR(a_fleet_ends_what_sends_no_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
