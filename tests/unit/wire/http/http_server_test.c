/* The server's half of HTTP/1: facts of requests, the same whatever way their bytes were cut, with
 * a reader that is lent anew for each call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http/http_exchange.h"
#include "wire/http/http_server.h"

/* A connection as a server keeps it: a reader of its own only while it is begun. */
struct server {
    struct http_server_reader own;
    bool begun;
};

/* One call, over a reader that holds another connection's leavings unless it is this one's. */
static struct exchange_fact read_once(struct server *server, const char *bytes, size_t length) {
    static struct http_server_reader scratch;
    struct exchange_conn conn = {.reader = server->begun ? &server->own : &scratch,
                                 .begun = server->begun};
    struct exchange_fact fact;
    if (!server->begun)
        memset(&scratch, 0xa5, sizeof scratch);
    http_exchange.read_request(&conn, bytes, length, &fact);
    assert_in_range(fact.taken, 1, length);
    if (conn.begun && !server->begun)
        server->own = scratch;
    server->begun = conn.begun;
    return fact;
}

/* What a text comes to in pieces of so many bytes: a letter for each fact but MORE. */
static const char *facts_of(const char *text, size_t piece) {
    static char letters[64];
    static const char names[] = {
        [EXCHANGE_REQUEST] = 'r', [EXCHANGE_REPLY] = '1', [EXCHANGE_BAD] = 'b'};
    struct server server = {.begun = false};
    size_t count = 0;
    for (size_t length = strlen(text); length > 0;) {
        struct exchange_fact fact = read_once(&server, text, length < piece ? length : piece);
        text += fact.taken;
        length -= fact.taken;
        if (fact.kind != EXCHANGE_MORE)
            letters[count++] = names[fact.kind];
        if (fact.kind == EXCHANGE_BAD)
            break;
    }
    letters[count++] = server.begun ? '.' : '\0';
    letters[count] = '\0';
    return letters;
}

static void facts_are_the_same_in_pieces_of_any_size(void **state) {
    (void)state;
    static const struct {
        const char *text, *facts;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "r"},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "rr"},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n", "r"},
        {"\r\n\r\n", ""},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", "r."},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", "."},
        {"GET / HTTP/1.1\r\n\r\n", "b"},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/2.0\r\n\r\n", "rb"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= strlen(cases[i].text); piece++)
            assert_string_equal(facts_of(cases[i].text, piece), cases[i].facts);
}

static void a_request_says_what_was_asked(void **state) {
    (void)state;
    static const char text[] = "HEAD /_target/stats?x HTTP/1.0\r\nConnection: "
                               "keep-alive\r\nContent-Length: 2\r\n\r\nabGET";
    for (size_t cut = 1; cut < sizeof text - 4; cut++) {
        struct server server = {.begun = false};
        assert_int_equal(read_once(&server, text, cut).kind, EXCHANGE_MORE);
        assert_true(server.begun);
        struct exchange_fact fact = read_once(&server, text + cut, sizeof text - 1 - cut);
        assert_int_equal(fact.kind, EXCHANGE_REQUEST);
        assert_string_equal(text + cut + fact.taken, "GET");
        assert_int_equal(fact.request->kind, REQUEST_PARSER_TO_HEAD | REQUEST_PARSER_TO_OLD);
        assert_int_equal(fact.request->body_bytes, 2);
        assert_true(fact.request->keep_alive);
        assert_string_equal(fact.request->path, "/_target/stats");
        assert_false(server.begun);
    }
}

static void what_is_no_request_has_a_status_and_nothing_behind_it(void **state) {
    (void)state;
    struct server server = {.begun = false};
    struct exchange_fact fact = read_once(&server, "GET / HTTP/2.0\r\n\r\nGET /", 23);
    assert_int_equal(fact.kind, EXCHANGE_BAD);
    assert_int_equal(fact.status, 505);
    assert_int_equal(fact.taken, 23);
    assert_false(server.begun);
}

static void continue_is_sent_once_and_only_while_the_body_is_awaited(void **state) {
    (void)state;
    static const char text[] =
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
    const size_t length = sizeof text - 1, head = length - 3;
    assert_string_equal(facts_of(text, length), "r");
    assert_string_equal(facts_of(text, 1), "1r");
    for (size_t cut = 1; cut < length; cut++) {
        struct server server = {.begun = false};
        struct exchange_fact fact = read_once(&server, text, cut);
        assert_int_equal(fact.kind, cut < head ? EXCHANGE_MORE : EXCHANGE_REPLY);
        if (cut < head)
            continue;
        assert_int_equal(fact.taken, cut);
        assert_int_equal(fact.reply.length, 25);
        assert_memory_equal(fact.reply.bytes, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        assert_true(server.begun);
        assert_int_equal(read_once(&server, text + cut, length - cut).kind, EXCHANGE_REQUEST);
    }
}

static void a_reply_carries_the_date_of_its_second(void **state) {
    (void)state;
    static char buffer[ANSWER_BUFFER + 1];
    struct http_server_shared shared = {.date = {.second = 0}};
    struct exchange_reply reply = {
        .status = 200, .second = 784111777, .type = "text/plain", .body = {"held\n", 5}};
    struct exchange_bytes rest;
    assert_in_range(http_exchange.reply_bytes, 1, sizeof buffer - 1);
    buffer[http_exchange.compose(&reply, &shared, buffer, &rest)] = '\0';
    assert_non_null(strstr(buffer, "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    reply.second++;
    buffer[http_exchange.compose(&reply, &shared, buffer, &rest)] = '\0';
    assert_non_null(strstr(buffer, "\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n"));
    assert_int_equal(rest.length, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_the_same_in_pieces_of_any_size),
        cmocka_unit_test(a_request_says_what_was_asked),
        cmocka_unit_test(what_is_no_request_has_a_status_and_nothing_behind_it),
        cmocka_unit_test(continue_is_sent_once_and_only_while_the_body_is_awaited),
        cmocka_unit_test(a_reply_carries_the_date_of_its_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
