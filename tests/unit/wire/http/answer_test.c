/* Answers, byte for byte; and that our own reader of responses reads them. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http/answer.h"
#include "wire/http/request_parser.h"
#include "wire/http/response.h"

static char buffer[ANSWER_BUFFER];
static struct answer_date date;

static const struct exchange_reply plain = {
    .status = 200, .type = "text/plain", .body = {"held\n", 5}};

static const char *said(const struct exchange_reply *reply) {
    static char text[ANSWER_BUFFER + 1];
    struct exchange_bytes rest;
    size_t length = answer_compose(reply, &date, buffer, &rest);
    memcpy(text, buffer, length);
    text[length] = '\0';
    return text;
}

static void an_answer_is_a_head_and_its_body(void **state) {
    (void)state;
    assert_string_equal(said(&plain), "HTTP/1.1 200 OK\r\nServer: holdfast-target\r\n"
                                      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                      "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
                                      "held\n");
}

static void each_date_is_as_rfc_9110_writes_it(void **state) {
    (void)state;
    struct answer_date other = {0};
    answer_date_set(&other, 1795653251);
    assert_string_equal(other.text, "Date: Thu, 26 Nov 2026 00:34:11 GMT\r\n");
    answer_date_set(&other, 0x7fffffff);
    assert_string_equal(other.text, "Date: Tue, 19 Jan 2038 03:14:07 GMT\r\n");
}

static void what_was_asked_for_is_answered(void **state) {
    (void)state;
    struct exchange_reply reply = plain;
    reply.delayed = true;
    reply.delay_ms = 1050;
    assert_non_null(strstr(said(&reply), "\r\ndelay: 1.050\r\n"));
    reply.timeout_s = 5;
    assert_non_null(strstr(said(&reply), "\r\nKeep-Alive: timeout=5\r\n"));
    reply.limited = true;
    reply.more_answers = 19;
    assert_non_null(strstr(said(&reply), "\r\nKeep-Alive: timeout=5, max=19\r\n"));
    reply.timeout_s = 0;
    assert_non_null(strstr(said(&reply), "\r\nKeep-Alive: max=19\r\n"));
    reply.announces = true;
    assert_non_null(strstr(said(&reply), "\r\nConnection: close\r\n"));
    assert_null(strstr(said(&reply), "Keep-Alive"));
    reply = plain;
    reply.kind = REQUEST_PARSER_TO_OLD;
    assert_non_null(strstr(said(&reply), "\r\nConnection: keep-alive\r\n"));
}

static void a_head_has_the_length_and_no_body(void **state) {
    (void)state;
    struct exchange_reply reply = plain;
    reply.kind = REQUEST_PARSER_TO_HEAD;
    assert_non_null(strstr(said(&reply), "Content-Length: 5\r\n\r\n"));
    assert_null(strstr(said(&reply), "held"));
}

static void statuses_without_a_body_have_none(void **state) {
    (void)state;
    struct exchange_reply reply = plain;
    reply.status = 204;
    assert_null(strstr(said(&reply), "Content-Length"));
    assert_null(strstr(said(&reply), "held"));
}

static void a_large_body_is_not_copied(void **state) {
    (void)state;
    char *body = calloc(1, ANSWER_SMALL_MAX + 1);
    struct exchange_reply reply = plain;
    struct exchange_bytes rest;
    reply.body = (struct exchange_bytes){body, ANSWER_SMALL_MAX};
    answer_compose(&reply, &date, buffer, &rest);
    assert_int_equal(rest.length, 0);
    reply.body.length++;
    answer_compose(&reply, &date, buffer, &rest);
    assert_ptr_equal(rest.bytes, body);
    assert_int_equal(rest.length, ANSWER_SMALL_MAX + 1);
    reply.cut = true;
    answer_compose(&reply, &date, buffer, &rest);
    assert_int_equal(rest.length, ANSWER_SMALL_MAX / 2);
    free(body);
}

/* Every combination is read as what it is, and its half as no answer. */
static void our_own_reader_reads_all_of_them(void **state) {
    (void)state;
    static const uint16_t statuses[] = {200, 204, 304, 404, 431, 503, 599};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses * 256; i++) {
        unsigned bits = (unsigned)(i % 256);
        struct exchange_reply reply = {.status = statuses[i / 256],
                                       .kind = (uint16_t)(bits & 3),
                                       .announces = (bits & 4) != 0,
                                       .cut = (bits & 8) != 0,
                                       .delayed = (bits & 16) != 0,
                                       .delay_ms = UINT32_MAX,
                                       .timeout_s = (bits & 32) != 0 ? 86400 : 0,
                                       .limited = (bits & 64) != 0,
                                       .more_answers = UINT64_MAX,
                                       .type = "application/json",
                                       .body = {"held\n", (bits & 128) != 0 ? 5 : 1}};
        struct exchange_bytes rest;
        size_t length = answer_compose(&reply, &date, buffer, &rest);
        struct response response;
        size_t taken;
        response_begin(&response, (reply.kind & REQUEST_PARSER_TO_HEAD) != 0, NULL);
        enum response_result result = response_feed(&response, buffer, length, &taken);
        assert_int_equal(result, reply.cut ? RESPONSE_MORE : RESPONSE_COMPLETE);
        assert_int_equal(taken, length);
        if (reply.cut)
            continue;
        assert_int_equal(response.facts.status, reply.status);
        assert_int_equal(response.facts.announced_end, reply.announces);
    }
}

static int setup(void **state) {
    (void)state;
    setlocale(LC_ALL, "de_DE.UTF-8");
    answer_date_set(&date, 784111777); /* the example of RFC 9110 5.6.7 */
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_a_head_and_its_body),
        cmocka_unit_test(each_date_is_as_rfc_9110_writes_it),
        cmocka_unit_test(what_was_asked_for_is_answered),
        cmocka_unit_test(a_head_has_the_length_and_no_body),
        cmocka_unit_test(statuses_without_a_body_have_none),
        cmocka_unit_test(a_large_body_is_not_copied),
        cmocka_unit_test(our_own_reader_reads_all_of_them),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
