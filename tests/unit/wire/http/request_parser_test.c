/* The request reader: the same facts whole, byte by byte and cut anywhere; hostile bytes refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http/request_parser.h"

/* Feeds in pieces of `piece` bytes; how many bytes were taken. */
static size_t feed(struct request_parser *inbound, const char *bytes, size_t length, size_t piece,
                   enum request_parser_result *result) {
    size_t at = 0;
    request_parser_begin(inbound);
    *result = REQUEST_PARSER_MORE;
    while (at < length && *result == REQUEST_PARSER_MORE) {
        size_t some = length - at < piece ? length - at : piece, taken;
        *result = request_parser_feed(inbound, bytes + at, some, &taken);
        assert_true(taken <= some);
        at += taken;
    }
    return at;
}

static const struct request_case {
    const char *says, *bytes;
    enum request_parser_result result;
    uint16_t refusal;
    bool head, keep_alive, expects;
    uint64_t body_bytes;
    const char *path;
    const char *excess; /* what stays for the next request */
} cases[] = {
    {"a GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_COMPLETE, 0, false, true, false,
     0, "/", ""},
    {"a HEAD", "HEAD /a/b HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_COMPLETE, 0, true, true,
     false, 0, "/a/b", ""},
    {"a query is no part of the path", "GET /_target/stats?x=1 HTTP/1.1\r\nHost: x\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 0, "/_target/stats", ""},
    {"a path that is too long is none",
     "GET /0123456789012345678901234567890123456789 HTTP/1.1\r\nHost: x\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 0, "", ""},
    {"a body is counted", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 5, "/", ""},
    {"a chunked body too",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
     "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 5, "/", ""},
    {"a pipelined request waits",
     "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_COMPLETE,
     0, false, true, false, 0, "/", "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"empty lines before a request are skipped", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 0, "/", ""},
    {"Connection: close", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, false, false, 0, "/", ""},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", REQUEST_PARSER_COMPLETE, 0, false, false, false, 0, "/",
     ""},
    {"HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 0, "/", ""},
    {"Expect: 100-continue",
     "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     REQUEST_PARSER_COMPLETE, 0, false, true, true, 1, "/", ""},
    {"an expectation of HTTP/1.0 is none",
     "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
     REQUEST_PARSER_COMPLETE, 0, false, false, false, 1, "/", ""},
    {"another expectation is none",
     "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue2\r\nContent-Length: 1\r\n\r\nx",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 1, "/", ""},
    {"an upgrade is an offer",
     "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nGET",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 0, "/", "GET"},
    {"a request that is cut", "GET / HTTP/1.1\r\nHost:", REQUEST_PARSER_MORE, 0, false, false,
     false, 0, "/", ""},
    {"no Host", "GET / HTTP/1.1\r\nHos: x\r\nHost2: x\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"two Hosts", "GET / HTTP/1.0\r\nHost: x\r\nHOST: x\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_BAD, 501, false, false,
     false, 0, NULL, ""},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", REQUEST_PARSER_BAD, 505, false, false, false, 0, NULL,
     ""},
    {"empty elements among the codings: chunked,",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked,\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 2, "/", ""},
    {"empty elements among the codings: , chunked",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: , chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 2, "/", ""},
    {"empty elements among the codings: chunked ,,",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked ,,\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 2, "/", ""},
    {"empty elements among the codings: gzip,, chunked ,",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip,,\tchunked "
     ",\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 2, "/", ""},
    {"empty elements in lines",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ,\r\ntransfer-ENCODING: "
     "gzip\r\nTransfer-Encoding:\r\nTransfer-Encoding: ,chunked,\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 2, "/", ""},
    {"a coding without an element", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ,\r\n\r\n",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"an empty coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"chunked that is not the last",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", REQUEST_PARSER_BAD,
     400, false, false, false, 0, NULL, ""},
    {"chunked with a parameter",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked;a\r\n\r\n", REQUEST_PARSER_BAD, 400,
     false, false, false, 0, NULL, ""},
    {"coding, then length",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"a coding under HTTP/1.0",
     "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"HTTP/1.2 is read as 1.1", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", REQUEST_PARSER_COMPLETE, 0,
     false, true, false, 0, "/", ""},
    {"HTTP/1.9 too",
     "POST / HTTP/1.9\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 2, "/", ""},
    {"HTTP/1.2 without Host", "GET / HTTP/1.2\r\n\r\n", REQUEST_PARSER_BAD, 400, false, false,
     false, 0, NULL, ""},
    {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", REQUEST_PARSER_BAD, 0, false, false, false,
     0, NULL, ""},
    {"a folded line", "POST / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", REQUEST_PARSER_BAD, 400,
     false, false, false, 0, NULL, ""},
    {"a folded first line", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"white space before a colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", REQUEST_PARSER_BAD, 400,
     false, false, false, 0, NULL, ""},
    {"a Host of two words", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"a Host that is a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"an IPv6 Host with a port", "GET / HTTP/1.1\r\nHost: [::1]:80 \r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 0, "/", ""},
    {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", REQUEST_PARSER_COMPLETE, 0, false, true,
     false, 0, "/", ""},
    {"'*' of OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_COMPLETE, 0, false,
     true, false, 0, "*", ""},
    {"'*' of GET", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_BAD, 400, false, false,
     false, 0, NULL, ""},
    {"absolute-form", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_COMPLETE, 0,
     false, true, false, 0, "http://x/", ""},
    {"a method in lower case", "get / HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"close among empty elements", "GET / HTTP/1.1\r\nHost: x\r\nConnection: ,x,,Close ,\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, false, false, 0, "/", ""},
    {"an expectation among empty elements",
     "POST / HTTP/1.1\r\nHost: x\r\nExpect: ,100-Continue,\r\nContent-Length: 1\r\n\r\nx",
     REQUEST_PARSER_COMPLETE, 0, false, true, true, 1, "/", ""},
    {"a bare LF", "GET / HTTP/1.1\nHost: x\n\n", REQUEST_PARSER_BAD, 400, false, false, false, 0,
     NULL, ""},
    {"a head that ends with LF alone",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nA: b\r\n\n\rhello", REQUEST_PARSER_BAD,
     400, false, false, false, 0, NULL, ""},
    {"a bare CR in a value", "POST / HTTP/1.1\r\nHost: \rx\nA: b\r\n\r\n", REQUEST_PARSER_BAD, 400,
     false, false, false, 0, NULL, ""},
    {"two CRs before an LF", "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"a length behind the body",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: "
     "5\r\n\r\n",
     REQUEST_PARSER_COMPLETE, 0, false, true, false, 0, "/", ""},
    {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REQUEST_PARSER_BAD, 505, false,
     false, false, 0, NULL, ""},
    {"TLS", "\x16\x03\x01\x02", REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"no method of ours", "FROB / HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST_PARSER_BAD, 400, false,
     false, false, 0, NULL, ""},
    {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"length and coding",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"a coding that is not chunked",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", REQUEST_PARSER_BAD, 400,
     false, false, false, 0, NULL, ""},
    {"a length that overflows",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
    {"a bad chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
     REQUEST_PARSER_BAD, 400, false, false, false, 0, NULL, ""},
};

static void expect_case(const struct request_case *expected, size_t piece) {
    struct request_parser inbound;
    enum request_parser_result result;
    size_t length = strlen(expected->bytes);
    size_t taken = feed(&inbound, expected->bytes, length, piece, &result);
    const struct exchange_request *request = &inbound.request;
    if (result != expected->result)
        fail_msg("%s, in pieces of %zu: result %d", expected->says, piece, result);
    if (result == REQUEST_PARSER_BAD) {
        if (expected->refusal != 0)
            assert_int_equal(inbound.refusal, expected->refusal);
        assert_in_range(inbound.refusal, 400, 505);
        return;
    }
    assert_string_equal(expected->bytes + taken, expected->excess);
    assert_string_equal(request->path, expected->path);
    assert_int_equal(request->body_bytes, expected->body_bytes);
    assert_int_equal(inbound.expects, expected->expects);
    if (result == REQUEST_PARSER_COMPLETE) {
        assert_int_equal((request->kind & REQUEST_PARSER_TO_HEAD) != 0, expected->head);
        assert_int_equal(request->keep_alive, expected->keep_alive);
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
        struct request_parser inbound;
        enum request_parser_result result;
        char *fits = head_of(REQUEST_PARSER_HEAD_MAX),
             *beyond = head_of(REQUEST_PARSER_HEAD_MAX + 1);
        feed(&inbound, fits, REQUEST_PARSER_HEAD_MAX, pieces[i], &result);
        assert_int_equal(result, REQUEST_PARSER_COMPLETE);
        feed(&inbound, beyond, REQUEST_PARSER_HEAD_MAX + 1, pieces[i], &result);
        assert_int_equal(result, REQUEST_PARSER_BAD);
        assert_int_equal(inbound.refusal, 431);
        free(fits);
        free(beyond);
    }
}

static void a_body_has_none(void **state) {
    (void)state;
    static const char head[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n";
    static char block[100000];
    struct request_parser inbound;
    size_t taken;
    request_parser_begin(&inbound);
    assert_int_equal(request_parser_feed(&inbound, head, sizeof head - 1, &taken),
                     REQUEST_PARSER_MORE);
    for (int i = 1; i <= 100; i++)
        assert_int_equal(request_parser_feed(&inbound, block, sizeof block, &taken),
                         i < 100 ? REQUEST_PARSER_MORE : REQUEST_PARSER_COMPLETE);
    assert_int_equal(inbound.request.body_bytes, 10000000);
}

static void a_copied_reader_goes_on_where_the_other_was(void **state) {
    (void)state;
    struct request_parser one, two;
    size_t taken;
    request_parser_begin(&one);
    assert_int_equal(request_parser_feed(&one, "HEAD /_tar", 10, &taken), REQUEST_PARSER_MORE);
    two = one;
    memset(&one, 0xa5, sizeof one);
    assert_int_equal(request_parser_feed(&two, "get HTTP/1.1\r\nHost: x\r\n\r\n", 25, &taken),
                     REQUEST_PARSER_COMPLETE);
    assert_string_equal(two.request.path, "/_target");
    assert_int_equal(two.request.kind, REQUEST_PARSER_TO_HEAD);
}

static void empty_lines_alone_start_nothing(void **state) {
    (void)state;
    struct request_parser inbound;
    size_t taken;
    request_parser_begin(&inbound);
    assert_int_equal(request_parser_feed(&inbound, "\r\n\n\r", 4, &taken), REQUEST_PARSER_MORE);
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
