/* The service over the real door, with a socket that takes as many bytes as the test allows. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/units.h"
#include "net/net.h"
#include "net/net_serve.h"
#include "target/service.h"
#include "wire/http/http_exchange.h"

/* A service, its counters and one client. */
struct bench {
    struct target_settings settings;
    struct counters_shared *shared;
    struct service_parts parts;
    struct service *service;
    int stop[2];
    int client;
};

static size_t room; /* in the socket of the service */

ssize_t __real_net_send_now(struct net *net, int fd, const struct iovec *pieces, int count);
ssize_t __wrap_net_send_now(struct net *net, int fd, const struct iovec *pieces, int count);

ssize_t __wrap_net_send_now(struct net *net, int fd, const struct iovec *pieces, int count) {
    struct iovec fitting[2];
    size_t left = room;
    int used = 0;
    for (int i = 0; i < count && left > 0; i++) {
        fitting[used] = pieces[i];
        if (fitting[used].iov_len > left)
            fitting[used].iov_len = left;
        left -= fitting[used++].iov_len;
    }
    ssize_t sent = used > 0 ? __real_net_send_now(net, fd, fitting, used) : 0;
    room -= sent > 0 ? (size_t)sent : 0;
    return sent;
}

static int client_of(const struct bench *bench) {
    const struct address *to = &bench->settings.listen;
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, &to->of.any, to->length), 0);
    return client;
}

static void start(struct bench *bench) {
    bench->service = service_create(&bench->parts);
    assert_non_null(bench->service);
    bench->client = client_of(bench);
}

static void turns(struct bench *bench, int count) {
    for (int i = 0; i < count; i++)
        assert_int_equal(service_turn(bench->service), 0);
}

static void say(const struct bench *bench, const char *text) {
    assert_int_equal(send(bench->client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static bool is_readable(const struct bench *bench) {
    struct pollfd look = {.fd = bench->client, .events = POLLIN};
    return poll(&look, 1, 0) == 1;
}

/* What came up to `end`, with turns of the service in between, and for five seconds at most. */
static const char *hear(struct bench *bench, const char *end) {
    static char text[4096];
    size_t length = 0;
    instant until = instant_after(net_now(bench->parts.net), 5 * SECOND);
    text[0] = '\0';
    while (strstr(text, end) == NULL && length < sizeof text - 1) {
        assert_true(instant_before(net_now(bench->parts.net), until));
        if (!is_readable(bench)) {
            turns(bench, 1);
            continue;
        }
        ssize_t got = recv(bench->client, text + length, sizeof text - 1 - length, 0);
        assert_true(got > 0);
        length += (size_t)got;
        text[length] = '\0';
    }
    return text;
}

static uint64_t count_of(const counter *count) {
    return counter_read(count);
}

static const char continued[] = "HTTP/1.1 100 Continue\r\n\r\n";
static const char expecting[] =
    "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";

static void a_full_socket_delays_100_continue(void **state) {
    struct bench *bench = *state;
    room = 0;
    say(bench, expecting);
    turns(bench, 5);
    assert_false(is_readable(bench));
    room = SIZE_MAX;
    assert_string_equal(hear(bench, "\r\n\r\n"), continued);
    say(bench, "ab");
    assert_non_null(strstr(hear(bench, "held\n"), "HTTP/1.1 200 OK\r\n"));
}

static void a_socket_that_takes_half_of_100_continue_gets_the_other_half(void **state) {
    struct bench *bench = *state;
    room = 10;
    say(bench, expecting);
    assert_string_equal(hear(bench, "HTTP/1.1 1"), "HTTP/1.1 1");
    turns(bench, 3);
    assert_false(is_readable(bench));
    room = SIZE_MAX;
    assert_string_equal(hear(bench, "\r\n\r\n"), continued + 10);
}

/* The client does not wait for it (RFC 9110 10.1.1 lets it). */
static void an_answer_stands_behind_100_continue(void **state) {
    struct bench *bench = *state;
    room = 10;
    say(bench, expecting);
    turns(bench, 3);
    say(bench, "ab");
    say(bench, "GET / HTTP/1.0\r\n\r\n");
    turns(bench, 5);
    assert_int_equal(count_of(&bench->shared->workers[0].statuses[200]), 0);
    room = SIZE_MAX;
    const char *text = hear(bench, "Connection: close");
    assert_memory_equal(text, continued, sizeof continued - 1);
    text += sizeof continued - 1;
    assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(text + 17, "held\nHTTP/1.1 200 OK\r\n"));
    assert_int_equal(count_of(&bench->shared->workers[0].statuses[200]), 2);
}

static void who_leaves_before_100_continue_ends_once(void **state) {
    struct bench *bench = *state;
    const struct counters *counters = &bench->shared->workers[0];
    room = 0;
    say(bench, expecting);
    turns(bench, 3);
    close(bench->client);
    bench->client = -1;
    for (int i = 0; i < 100 && counters_ended(counters) == 0; i++)
        turns(bench, 1);
    assert_int_equal(count_of(&counters->endings[ENDING_client_gave_up]), 1);
    assert_int_equal(counters_ended(counters), 1);
    assert_int_equal(count_of(&counters->in_pieces), 0);
}

/* HTTP, but that no answer has a head, and all of its body is handed over uncopied. */
static size_t compose_bare(const struct exchange_reply *reply, void *shared, char *buffer,
                           struct exchange_bytes *rest) {
    (void)shared, (void)buffer;
    *rest = reply->body;
    return 0;
}

/* Each page is written into the same place. */
static void a_page_that_waits_for_room_stays_what_it_was(void **state) {
    struct bench *bench = *state;
    static struct exchange bare;
    bare = http_exchange;
    bare.compose = compose_bare;
    bench->settings.exchange = &bare;
    start(bench);
    int first = bench->client;
    room = 10;
    say(bench, "GET /_target/status HTTP/1.1\r\nHost: x\r\n\r\n");
    turns(bench, 3);
    bench->client = client_of(bench);
    say(bench, "GET /_target/stats HTTP/1.1\r\nHost: x\r\n\r\n");
    turns(bench, 5);
    close(bench->client);
    bench->client = first;
    room = SIZE_MAX;
    const char *text = hear(bench, "Waiting: ");
    assert_memory_equal(text, "Active connections: 1 ", 22);
}

static int setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    struct address *listen = &bench->settings.listen;
    assert_true(address_parse(listen, "127.0.0.1", 0));
    bench->settings.exchange = &http_exchange;
    bench->settings.workers = 1;
    bench->settings.capacity = 8;
    bench->settings.body = "held\n";
    bench->settings.body_length = 5;
    bench->settings.status = 200;
    bench->shared = calloc(1, sizeof *bench->shared + sizeof(struct counters));
    assert_int_equal(pipe(bench->stop), 0);
    bench->parts = (struct service_parts){.settings = &bench->settings,
                                          .shared = bench->shared,
                                          .listener = net_listen(listen, false),
                                          .stop_fd = bench->stop[0]};
    assert_true(bench->parts.listener >= 0);
    assert_int_equal(net_create(&bench->parts.net, &(struct net_config){.entries = 64}), 0);
    *state = bench;
    return 0;
}

static int setup_started(void **state) {
    setup(state);
    start(*state);
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    if (bench->client >= 0)
        close(bench->client);
    close(bench->stop[1]);
    while (!service_over(bench->service))
        turns(bench, 1);
    service_destroy(bench->service);
    close(bench->parts.listener);
    net_destroy(bench->parts.net);
    close(bench->stop[0]);
    free(bench->shared);
    free(bench);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_socket_delays_100_continue, setup_started, teardown),
        cmocka_unit_test_setup_teardown(
            a_socket_that_takes_half_of_100_continue_gets_the_other_half, setup_started, teardown),
        cmocka_unit_test_setup_teardown(an_answer_stands_behind_100_continue, setup_started,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_leaves_before_100_continue_ends_once, setup_started,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_page_that_waits_for_room_stays_what_it_was, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
