/* The request reader: the same facts whole, byte by byte and cut anywhere; hostile bytes refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/inbound.h"

/* Feeds in pieces of `piece` bytes; how many bytes were taken. */
static size_t feed(struct inbound *inbound, const char *bytes, size_t length, size_t piece,
                   enum inbound_result *result) {
    size_t at = 0;
    inbound_begin(inbound);
    *result = INBOUND_MORE;
    while (at < length && *result == INBOUND_MORE) {
        size_t some = length - at < piece ? length - at : piece, taken;
        *result = inbound_feed(inbound, bytes + at, some, &taken);
        assert_true(taken <= some);
        at += taken;
    }
    return at;
}

static const struct request_case {
    const char *says, *bytes;
    enum inbound_result result;
    uint16_t refusal;
    bool head, keep_alive, expects;
    uint64_t body_bytes;
    const char *path;
    const char *excess; /* what stays for the next request */
} cases[] = {
    {"a GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", INBOUND_COMPLETE, 0, false, true, false, 0, "/",
     ""},
    {"a HEAD", "HEAD /a/b HTTP/1.1\r\nHost: x\r\n\r\n", INBOUND_COMPLETE, 0, true, true, false, 0,
     "/a/b", ""},
    {"a query is no part of the path", "GET /_target/stats?x=1 HTTP/1.1\r\nHost: x\r\n\r\n",
     INBOUND_COMPLETE, 0, false, true, false, 0, "/_target/stats", ""},
    {"a path that is too long is none",
     "GET /0123456789012345678901234567890123456789 HTTP/1.1\r\nHost: x\r\n\r\n", INBOUND_COMPLETE,
     0, false, true, false, 0, "", ""},
    {"a body is counted", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
     INBOUND_COMPLETE, 0, false, true, false, 5, "/", ""},
    {"a chunked body too",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
     "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
     INBOUND_COMPLETE, 0, false, true, false, 5, "/", ""},
    {"a pipelined request waits",
     "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n", INBOUND_COMPLETE, 0,
     false, true, false, 0, "/", "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"empty lines before a request are skipped", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
     INBOUND_COMPLETE, 0, false, true, false, 0, "/", ""},
    {"Connection: close", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
     INBOUND_COMPLETE, 0, false, false, false, 0, "/", ""},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", INBOUND_COMPLETE, 0, false, false, false, 0, "/", ""},
    {"HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     INBOUND_COMPLETE, 0, false, true, false, 0, "/", ""},
    {"Expect: 100-continue",
     "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     INBOUND_COMPLETE, 0, false, true, true, 1, "/", ""},
    {"an expectation of HTTP/1.0 is none",
     "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", INBOUND_COMPLETE, 0,
     false, false, false, 1, "/", ""},
    {"another expectation is none",
     "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue2\r\nContent-Length: 1\r\n\r\nx",
     INBOUND_COMPLETE, 0, false, true, false, 1, "/", ""},
    {"an upgrade is an offer",
     "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nGET",
     INBOUND_COMPLETE, 0, false, true, false, 0, "/", "GET"},
    {"a request that is cut", "GET / HTTP/1.1\r\nHost:", INBOUND_MORE, 0, false, false, false, 0,
     "/", ""},
    {"no Host", "GET / HTTP/1.1\r\nHos: x\r\nHost2: x\r\n\r\n", INBOUND_BAD, 400, false, false,
     false, 0, NULL, ""},
    {"two Hosts", "GET / HTTP/1.0\r\nHost: x\r\nHOST: x\r\n\r\n", INBOUND_BAD, 400, false, false,
     false, 0, NULL, ""},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n", INBOUND_BAD, 501, false, false, false,
     0, NULL, ""},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", INBOUND_BAD, 505, false, false, false, 0, NULL, ""},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", INBOUND_BAD, 0, false, false, false, 0, NULL, ""},
    {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", INBOUND_BAD, 505, false, false,
     false, 0, NULL, ""},
    {"TLS", "\x16\x03\x01\x02", INBOUND_BAD, 400, false, false, false, 0, NULL, ""},
    {"no method of ours", "FROB / HTTP/1.1\r\nHost: x\r\n\r\n", INBOUND_BAD, 400, false, false,
     false, 0, NULL, ""},
    {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
     INBOUND_BAD, 400, false, false, false, 0, NULL, ""},
    {"length and coding",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     INBOUND_BAD, 400, false, false, false, 0, NULL, ""},
    {"a coding that is not chunked",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", INBOUND_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"a length that overflows",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", INBOUND_BAD, 400,
     false, false, false, 0, NULL, ""},
    {"a bad chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
     INBOUND_BAD, 400, false, false, false, 0, NULL, ""},
};

static void expect_case(const struct request_case *expected, size_t piece) {
    struct inbound inbound;
    enum inbound_result result;
    size_t length = strlen(expected->bytes);
    size_t taken = feed(&inbound, expected->bytes, length, piece, &result);
    const struct inbound_facts *facts = &inbound.facts;
    if (result != expected->result)
        fail_msg("%s, in pieces of %zu: result %d", expected->says, piece, result);
    if (result == INBOUND_BAD) {
        if (expected->refusal != 0)
            assert_int_equal(facts->refusal, expected->refusal);
        assert_in_range(facts->refusal, 400, 505);
        return;
    }
    assert_string_equal(expected->bytes + taken, expected->excess);
    assert_string_equal(facts->path, expected->path);
    assert_int_equal(facts->body_bytes, expected->body_bytes);
    assert_int_equal(facts->expects, expected->expects);
    if (result == INBOUND_COMPLETE) {
        assert_int_equal(facts->head, expected->head);
        assert_int_equal(facts->keep_alive, expected->keep_alive);
    }
}

static void requests_read_the_same_whole_and_in_pieces_of_any_size(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= strlen(cases[i].bytes); piece++)
            expect_case(&cases[i], piece);
}

/* A head of `length` bytes: the request line, one long header, the empty line. */
static char *head_of(size_t length) {
    static const char start[] = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    char *head = malloc(length);
    assert_non_null(head);
    memset(head, 'x', length);
    memcpy(head, start, sizeof start - 1);
    memcpy(head + length - 4, "\r\n\r\n", 4);
    return head;
}

static void a_head_has_a_limit(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 7, 1460, 65536, 1 << 20};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct inbound inbound;
        enum inbound_result result;
        char *fits = head_of(INBOUND_HEAD_MAX), *beyond = head_of(INBOUND_HEAD_MAX + 1);
        feed(&inbound, fits, INBOUND_HEAD_MAX, pieces[i], &result);
        assert_int_equal(result, INBOUND_COMPLETE);
        feed(&inbound, beyond, INBOUND_HEAD_MAX + 1, pieces[i], &result);
        assert_int_equal(result, INBOUND_BAD);
        assert_int_equal(inbound.facts.refusal, 431);
        free(fits);
        free(beyond);
    }
}

static void a_body_has_none(void **state) {
    (void)state;
    static const char head[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n";
    static char block[100000];
    struct inbound inbound;
    size_t taken;
    inbound_begin(&inbound);
    assert_int_equal(inbound_feed(&inbound, head, sizeof head - 1, &taken), INBOUND_MORE);
    for (int i = 1; i <= 100; i++)
        assert_int_equal(inbound_feed(&inbound, block, sizeof block, &taken),
                         i < 100 ? INBOUND_MORE : INBOUND_COMPLETE);
    assert_int_equal(inbound.facts.body_bytes, 10000000);
}

static void a_copied_reader_goes_on_where_the_other_was(void **state) {
    (void)state;
    struct inbound one, two;
    size_t taken;
    inbound_begin(&one);
    assert_int_equal(inbound_feed(&one, "HEAD /_tar", 10, &taken), INBOUND_MORE);
    two = one;
    memset(&one, 0xa5, sizeof one);
    assert_int_equal(inbound_feed(&two, "get HTTP/1.1\r\nHost: x\r\n\r\n", 25, &taken),
                     INBOUND_COMPLETE);
    assert_string_equal(two.facts.path, "/_target");
    assert_true(two.facts.head);
}

static void empty_lines_alone_start_nothing(void **state) {
    (void)state;
    struct inbound inbound;
    size_t taken;
    inbound_begin(&inbound);
    assert_int_equal(inbound_feed(&inbound, "\r\n\n\r", 4, &taken), INBOUND_MORE);
    assert_int_equal(taken, 4);
    assert_false(inbound.started);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_read_the_same_whole_and_in_pieces_of_any_size),
        cmocka_unit_test(a_head_has_a_limit),
        cmocka_unit_test(a_body_has_none),
        cmocka_unit_test(a_copied_reader_goes_on_where_the_other_was),
        cmocka_unit_test(empty_lines_alone_start_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
