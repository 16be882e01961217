/* The client of the observers over real sockets: what it makes of a server that ends, goes on too
 * long, or sends what nobody asked for. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/slots.h"
#include "base/url.h"
#include "observe/http_client.h"
#include "wire/http/http_exchange.h"
#include "wire/http/request.h"

enum { OPERATION = 7 };
static const duration TIMEOUT = 2 * SECOND;

/* The server is the test itself: it accepts, reads a request and writes what is to be answered. */
struct meeting {
    struct net *net;
    struct http_client client;
    struct request request;
    struct address address;
    int listener;
    int server; /* the latest connection, -1: none */
};

static void listen_on_any_port(struct meeting *meeting) {
    const struct timeval at_most = {.tv_sec = 2};
    meeting->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    meeting->address.of.v4 =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    meeting->address.length = sizeof meeting->address.of.v4;
    assert_int_equal(bind(meeting->listener, &meeting->address.of.any, meeting->address.length), 0);
    assert_int_equal(listen(meeting->listener, 8), 0);
    setsockopt(meeting->listener, SOL_SOCKET, SO_RCVTIMEO, &at_most, sizeof at_most);
    assert_int_equal(
        getsockname(meeting->listener, &meeting->address.of.any, &meeting->address.length), 0);
}

static int meet(void **state) {
    static struct meeting meeting;
    static const struct url target = {.path = "/", .authority = "server"};
    meeting = (struct meeting){.server = -1};
    listen_on_any_port(&meeting);
    assert_true(request_bake(&meeting.request, "GET", &target, NULL, NULL));
    assert_int_equal(net_create(&meeting.net, &(struct net_config){.entries = 64}), 0);
    http_client_init(&meeting.client, meeting.net, OPERATION, &meeting.address, 1, &http_exchange,
                     &meeting.request, TIMEOUT, TIMEOUT);
    *state = &meeting;
    return 0;
}

/* Until the client is in that state, or does not get there. */
static void run_until(struct meeting *meeting, bool (*there)(const struct http_client *client)) {
    instant until = instant_after(net_now(meeting->net), TIMEOUT);
    while (!there(&meeting->client) && instant_before(net_now(meeting->net), until)) {
        assert_int_equal(net_wait(meeting->net, until, 1), 0);
        net_gather(meeting->net);
        struct net_event event;
        while (net_take(meeting->net, &event, 1) == 1)
            http_client_event(&meeting->client, &event, net_now(meeting->net));
    }
    assert_true(there(&meeting->client));
}

static bool waits(const struct http_client *client) {
    return client->state == HTTP_CLIENT_WAITING;
}

static bool has_ended(const struct http_client *client) {
    return client->state == HTTP_CLIENT_ANSWERED || client->state == HTTP_CLIENT_FAILED;
}

static bool is_quiet(const struct http_client *client) {
    return http_client_quiet(client);
}

static bool has_begun_something(const struct http_client *client) {
    return client->word != 0;
}

static int part(void **state) {
    struct meeting *meeting = *state;
    http_client_close(&meeting->client);
    run_until(meeting, is_quiet);
    net_destroy(meeting->net);
    request_free(&meeting->request);
    close(meeting->listener);
    if (meeting->server >= 0)
        close(meeting->server);
    return 0;
}

/* The client asks, on a new connection where `anew`, and the server has read the request. */
static void ask(struct meeting *meeting, bool anew) {
    http_client_ask(&meeting->client, net_now(meeting->net));
    run_until(meeting, waits);
    assert_int_equal(net_wait(meeting->net, net_now(meeting->net), 1), 0); /* hands it over */
    if (anew) {
        int former = meeting->server;
        meeting->server = accept(meeting->listener, NULL, NULL);
        assert_true(meeting->server >= 0);
        if (former >= 0)
            close(former);
    }
    const struct timeval at_most = {.tv_sec = 2};
    setsockopt(meeting->server, SOL_SOCKET, SO_RCVTIMEO, &at_most, sizeof at_most);
    char request[1024];
    assert_true(recv(meeting->server, request, sizeof request, 0) > 0);
}

static void send_text(const struct meeting *meeting, const char *text) {
    assert_int_equal(send(meeting->server, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void answer(struct meeting *meeting, const char *text) {
    send_text(meeting, text);
    run_until(meeting, has_ended);
}

static void an_answer_is_kept_and_its_connection_used_again(void **state) {
    struct meeting *meeting = *state;
    for (int i = 0; i < 2; i++) {
        ask(meeting, i == 0);
        answer(meeting, "HTTP/1.1 200 OK\r\nServer: it\r\nContent-Length: 2\r\n\r\nhi\r\n");
        assert_int_equal(meeting->client.state, HTTP_CLIENT_ANSWERED);
        assert_int_equal(meeting->client.facts.status, 200);
        assert_string_equal(meeting->client.kept.server, "it");
        assert_memory_equal(meeting->client.kept.body, "hi", 2);
    }
    assert_int_equal(meeting->client.connections, 1);
    assert_int_equal(meeting->client.begun, 2);
}

static void an_answer_that_the_end_completes_is_the_last_of_its_connection(void **state) {
    struct meeting *meeting = *state;
    ask(meeting, true);
    send_text(meeting, "HTTP/1.1 200 OK\r\n\r\nall");
    shutdown(meeting->server, SHUT_WR);
    run_until(meeting, has_ended);
    assert_int_equal(meeting->client.state, HTTP_CLIENT_ANSWERED);
    assert_int_equal(meeting->client.facts.body_bytes, 3);
    run_until(meeting, is_quiet);
}

static void an_answer_that_is_cut_is_told_from_none(void **state) {
    struct meeting *meeting = *state;
    static const char *const begun[] = {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "\r\n"};
    static const char *const why[] = {"closed inside the answer", "closed without an answer"};
    for (int i = 0; i < 2; i++) {
        ask(meeting, true);
        send_text(meeting, begun[i]);
        shutdown(meeting->server, SHUT_WR);
        run_until(meeting, has_ended);
        assert_string_equal(meeting->client.error, why[i]);
        run_until(meeting, is_quiet);
    }
    assert_int_equal(meeting->client.begun, 1);
    assert_int_equal(meeting->client.connections_begun, 1);
}

static void a_longer_body_than_can_be_fails_before_it_ends(void **state) {
    struct meeting *meeting = *state;
    http_client_limit_body(&meeting->client, 4);
    ask(meeting, true);
    answer(meeting, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfives");
    assert_int_equal(meeting->client.state, HTTP_CLIENT_FAILED);
}

static bool has_begun_its_answer(const struct http_client *client) {
    return client->answer_begun;
}

/* Each is cut, and nothing follows: at the deadline. */
static void an_answer_that_stays_unfinished_says_how_far_it_came(void **state) {
    struct meeting *meeting = *state;
    static const struct {
        const char *cut, *error;
    } rows[] = {
        {"", "no answer in time"},
        {"HTTP/1.1 20", "an answer began, and its head was not whole in time"},
        {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 O",
         "an answer began, and its head was not whole in time"},
        {"HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nhello",
         "answered 503, and its body was not whole in time: 5 of 100 bytes came"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
         "answered 200, and its body was not whole in time: 0 of 7 bytes came"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
         "answered 200, and its body had no end in time: 3 bytes came"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ask(meeting, true);
        send_text(meeting, rows[i].cut);
        if (rows[i].cut[0] != '\0')
            run_until(meeting, has_begun_its_answer);
        http_client_tick(&meeting->client, meeting->client.deadline);
        assert_int_equal(meeting->client.state, HTTP_CLIENT_FAILED);
        assert_int_equal(meeting->client.error_number, ETIMEDOUT);
        assert_string_equal(meeting->client.error, rows[i].error);
        run_until(meeting, is_quiet);
    }
}

static void what_is_no_answer_has_its_reason(void **state) {
    struct meeting *meeting = *state;
    ask(meeting, true);
    answer(meeting, "SSH-2.0\r\n");
    assert_string_equal(meeting->client.error, reason_text(REASON_bad_status_line));
}

static bool is_on_its_second_connection(const struct http_client *client) {
    return client->connections == 2 && client->state == HTTP_CLIENT_WAITING;
}

/* RFC 9110 15.5.9: of the idle connection, and it counts nothing. */
static void expect_asked_again(struct meeting *meeting, const char *answer_408) {
    ask(meeting, true);
    answer(meeting, "HTTP/1.1 204 No Content\r\n\r\n");
    ask(meeting, false);
    send_text(meeting, answer_408);
    shutdown(meeting->server, SHUT_WR);
    run_until(meeting, is_on_its_second_connection);
    assert_int_equal(meeting->client.begun, 1);
}

static void a_408_on_a_reused_connection_is_asked_again(void **state) {
    expect_asked_again(*state, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
                               "Connection: close\r\n\r\n");
}

static void a_408_that_the_end_completes_is_asked_again_too(void **state) {
    expect_asked_again(*state, "HTTP/1.1 408 Request Timeout\r\n\r\n");
}

/* What may become a 408 that nobody asked for, and does not. */
static void what_began_between_two_requests_ends_the_connection(void **state) {
    struct meeting *meeting = *state;
    ask(meeting, true);
    answer(meeting, "HTTP/1.1 204 No Content\r\n\r\n");
    send_text(meeting, "HTTP/1.1 40");
    run_until(meeting, has_begun_something);
    ask(meeting, true);
    answer(meeting, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(meeting->client.facts.status, 200);
    assert_int_equal(meeting->client.connections, 2);
}

/* ---- Over a transport ---- */

/* The client says h, the server u, and the client f: then it is up. An a is alert 116. */
static void open_letter(struct transport_conn *conn, char *bytes, size_t length,
                        struct transport_fact *fact) {
    (void)length;
    *fact = (struct transport_fact){.kind = TRANSPORT_DATA, .taken = 1, .plain = {bytes, 1}};
    if (*bytes == 'u') {
        fact->kind = TRANSPORT_UP;
        *(char *)conn->state = 'f';
    } else if (*bytes == 'a') {
        fact->kind = TRANSPORT_ALERT;
        fact->alert = 116;
    }
}

static bool begin_letters(void *shared, void *state, uint32_t slot) {
    (void)shared, (void)slot;
    *(char *)state = 'h';
    return true;
}

static size_t take_letter(void *shared, void *state, char *out, size_t room) {
    (void)shared, (void)room;
    char *owed = state;
    *out = *owed;
    *owed = 0;
    return *out != 0;
}

static size_t seal_letters(void *shared, void *state, const void *bytes, size_t length, char *out) {
    (void)shared, (void)state;
    memcpy(out, bytes, length);
    return length;
}

static size_t as_long(size_t length) {
    return length;
}

static const struct transport letters = {.name = "letters",
                                         .state_bytes = 1,
                                         .fragment_bytes = 1,
                                         .sealed_bytes = as_long,
                                         .open = open_letter,
                                         .seal = seal_letters,
                                         .begin = begin_letters,
                                         .take_owed = take_letter};

/* As a server that wants a certificate, and sees at once that there is none. */
static void an_alert_right_behind_the_handshake_is_told_and_not_waited_out(void **state) {
    struct meeting *meeting = *state;
    char letter;
    meeting->client.transport = &letters;
    http_client_ask(&meeting->client, net_now(meeting->net));
    assert_int_equal(net_wait(meeting->net, net_now(meeting->net), 1), 0);
    meeting->server = accept(meeting->listener, NULL, NULL);
    assert_true(meeting->server >= 0);
    send_text(meeting, "ua");
    run_until(meeting, has_ended);
    assert_int_equal(recv(meeting->server, &letter, 1, 0), 1);
    assert_int_equal(letter, 'h');
    assert_int_equal(meeting->client.state, HTTP_CLIENT_FAILED);
    assert_non_null(strstr(meeting->client.error, "alert 116"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_is_kept_and_its_connection_used_again, meet,
                                        part),
        cmocka_unit_test_setup_teardown(
            an_answer_that_the_end_completes_is_the_last_of_its_connection, meet, part),
        cmocka_unit_test_setup_teardown(an_answer_that_is_cut_is_told_from_none, meet, part),
        cmocka_unit_test_setup_teardown(a_longer_body_than_can_be_fails_before_it_ends, meet, part),
        cmocka_unit_test_setup_teardown(what_is_no_answer_has_its_reason, meet, part),
        cmocka_unit_test_setup_teardown(an_answer_that_stays_unfinished_says_how_far_it_came, meet,
                                        part),
        cmocka_unit_test_setup_teardown(a_408_on_a_reused_connection_is_asked_again, meet, part),
        cmocka_unit_test_setup_teardown(a_408_that_the_end_completes_is_asked_again_too, meet,
                                        part),
        cmocka_unit_test_setup_teardown(what_began_between_two_requests_ends_the_connection, meet,
                                        part),
        cmocka_unit_test_setup_teardown(
            an_alert_right_behind_the_handshake_is_told_and_not_waited_out, meet, part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
