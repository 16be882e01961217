/* What the case files cannot say of the response reader: reuse, empty feeds, no place to keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http/response.h"

static enum response_result feed(struct response *response, const char *bytes) {
    size_t taken;
    return response_feed(response, bytes, strlen(bytes), &taken);
}

static void a_reader_begun_anew_remembers_nothing(void **state) {
    (void)state;
    struct exchange_kept headers;
    struct response response;
    response_begin(&response, true, &headers);
    assert_int_equal(feed(&response, "HTTP/1.0 100 x\r\n\r\nHTTP/1.0 200 OK\r\nServer: s\r\n"
                                     "Keep-Alive: timeout=4, max=5\r\nContent-Length: 3\r\n"
                                     "X: \x01"),
                     RESPONSE_BAD);
    response_begin(&response, false, &headers);
    assert_int_equal(feed(&response, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"),
                     RESPONSE_COMPLETE);
    assert_int_equal(response.reason, REASON_none);
    assert_int_equal(response.facts.interim, 0);
    assert_int_equal(response.facts.minor, 1);
    assert_false(response.facts.announced_end);
    assert_int_equal(response.facts.body_bytes, 1);
    assert_int_equal(response.facts.keep_alive_timeout_s, -1);
    assert_int_equal(response.facts.keep_alive_max, -1);
    assert_string_equal(headers.server, "");
    assert_string_equal(headers.keep_alive, "");
}

static void a_fresh_reader_has_no_facts(void **state) {
    (void)state;
    struct response response;
    response_begin(&response, false, NULL);
    assert_false(response.started || response.complete);
    assert_int_equal(response.reason, REASON_none);
    assert_int_equal(response.facts.keep_alive_timeout_s, -1);
    assert_int_equal(response.facts.keep_alive_max, -1);
    assert_int_equal(response_finish(&response), RESPONSE_MORE);
}

static void an_empty_feed_changes_nothing(void **state) {
    (void)state;
    struct response response;
    size_t taken = 7;
    response_begin(&response, false, NULL);
    assert_int_equal(response_feed(&response, NULL, 0, &taken), RESPONSE_MORE);
    assert_int_equal(taken, 0);
    assert_false(response.started);
    assert_int_equal(feed(&response, "HTTP/1.1 204\r\n\r\n"), RESPONSE_COMPLETE);
}

static void values_need_no_place_to_be_kept(void **state) {
    (void)state;
    struct response response;
    response_begin(&response, false, NULL);
    assert_int_equal(feed(&response, "HTTP/1.1 204\r\nServer: s\r\nKeep-Alive: max=3\r\n\r\n"),
                     RESPONSE_COMPLETE);
    assert_int_equal(response.facts.keep_alive_max, 3);
}

static void fin_behind_a_complete_answer_leaves_it_complete(void **state) {
    (void)state;
    struct response response;
    response_begin(&response, true, NULL);
    assert_int_equal(feed(&response, "HTTP/1.1 200 OK\r\n\r\n"), RESPONSE_COMPLETE);
    assert_int_equal(response_finish(&response), RESPONSE_COMPLETE);
    assert_false(response.facts.announced_end);
}

static void a_body_of_many_feeds_is_counted_whole(void **state) {
    (void)state;
    static char piece[65536];
    struct response response;
    response_begin(&response, false, NULL);
    assert_int_equal(feed(&response, "HTTP/1.1 200 OK\r\nContent-Length: 6553600\r\n\r\n"),
                     RESPONSE_MORE);
    size_t taken;
    for (int i = 1; i < 100; i++)
        assert_int_equal(response_feed(&response, piece, sizeof piece, &taken), RESPONSE_MORE);
    assert_int_equal(response_feed(&response, piece, sizeof piece, &taken), RESPONSE_COMPLETE);
    assert_int_equal(response.facts.body_bytes, 6553600);
}

/* The sentence of the header, byte for byte: progress alone is carried over. */
static enum response_unsolicited_kind unsolicited_in_two(const char *bytes, size_t split) {
    uint32_t progress = 0;
    enum response_unsolicited_kind first = response_unsolicited(&progress, bytes, split);
    if (first > UNSOLICITED_MORE)
        return first;
    return response_unsolicited(&progress, bytes + split, strlen(bytes) - split);
}

static void assert_unsolicited(const char *bytes, enum response_unsolicited_kind expected) {
    for (size_t split = 0; split <= strlen(bytes); split++)
        assert_int_equal(unsolicited_in_two(bytes, split), expected);
}

static void unsolicited_bytes_are_told_apart_wherever_they_are_cut(void **state) {
    (void)state;
    assert_unsolicited("", UNSOLICITED_NOTHING);
    assert_unsolicited("\r\n\r\n", UNSOLICITED_NOTHING);
    assert_unsolicited("\r\n\r", UNSOLICITED_MORE);
    assert_unsolicited("\n", UNSOLICITED_BYTES);
    assert_unsolicited("\r\n\n", UNSOLICITED_BYTES);
    assert_unsolicited("\r\r\n", UNSOLICITED_BYTES);
    assert_unsolicited("\rHTTP/1.1 408 ", UNSOLICITED_BYTES);
    assert_unsolicited("\r\nHTTP/1.1 408 Request Timeout\r\n\r\n", UNSOLICITED_408);
    assert_unsolicited("HTTP/1.0 408\r", UNSOLICITED_408);
    assert_unsolicited("HTTP/1.1 408\n", UNSOLICITED_408);
    assert_unsolicited("HTTP/1.1 408", UNSOLICITED_MORE);
    assert_unsolicited("H", UNSOLICITED_MORE);
    assert_unsolicited("HTTP/1.1 4080", UNSOLICITED_BYTES);
    assert_unsolicited("HTTP/1.1 408\t", UNSOLICITED_BYTES);
    assert_unsolicited("HTTP/2.0 408 ", UNSOLICITED_BYTES);
    assert_unsolicited("HTTP/1.9 408 ", UNSOLICITED_408);
    assert_unsolicited("HTTP/1.1\r\n408 ", UNSOLICITED_BYTES);
    assert_unsolicited("http/1.1 408 ", UNSOLICITED_BYTES);
    assert_unsolicited("HTTP/1.1 200 OK\r\n\r\n", UNSOLICITED_BYTES);
    assert_unsolicited(" HTTP/1.1 408 ", UNSOLICITED_BYTES);
    assert_unsolicited("220 smtp.example.org ESMTP\r\n", UNSOLICITED_BYTES);
}

static void a_nul_byte_nobody_asked_for_is_unsolicited(void **state) {
    (void)state;
    uint32_t progress = 0;
    assert_int_equal(response_unsolicited(&progress, "\0", 1), UNSOLICITED_BYTES);
}

static void empty_lines_are_nothing_up_to_64_kib_in_a_row(void **state) {
    (void)state;
    uint32_t progress = 0;
    for (int i = 0; i < RESPONSE_BLANK_MAX / 2; i++)
        assert_int_equal(response_unsolicited(&progress, "\r\n", 2), UNSOLICITED_NOTHING);
    uint32_t full = progress;
    assert_int_equal(response_unsolicited(&full, "HTTP/1.1 408 ", 13), UNSOLICITED_408);
    full = progress;
    assert_int_equal(response_unsolicited(&full, "HTTP/1.1 40", 11), UNSOLICITED_MORE);
    assert_true(full < 1 << 17);
    assert_int_equal(response_unsolicited(&progress, "\r", 1), UNSOLICITED_BYTES);
}

/* The row goes on before the next answer, and so does a line of it that was cut. */
static void an_answer_follows_the_empty_lines_before_it(void **state) {
    (void)state;
    struct response response;
    size_t taken;
    response_begin(&response, true, NULL);
    response_follow(&response, 1);
    assert_int_equal(response_feed(&response, "\nHTTP", 5, &taken), RESPONSE_MORE);
    response_begin(&response, true, NULL);
    response_follow(&response, 1);
    assert_int_equal(response_feed(&response, "HTTP", 4, &taken), RESPONSE_BAD);
    response_begin(&response, true, NULL);
    response_follow(&response, RESPONSE_BLANK_MAX);
    assert_int_equal(response_feed(&response, "\r", 1, &taken), RESPONSE_BAD);
    assert_int_equal(response.reason, REASON_head_too_large);
}

static void a_101_is_told_by_whether_an_upgrade_was_asked_for(void **state) {
    (void)state;
    static const enum reason reasons[] = {REASON_unasked_upgrade, REASON_upgraded};
    for (int asked = 0; asked < 2; asked++) {
        struct response response;
        size_t taken;
        response_begin(&response, false, NULL);
        response.upgrade = asked == 1;
        assert_int_equal(response_feed(&response, "HTTP/1.1 101 \r\n", 15, &taken), RESPONSE_BAD);
        assert_int_equal(response.reason, reasons[asked]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_begun_anew_remembers_nothing),
        cmocka_unit_test(a_fresh_reader_has_no_facts),
        cmocka_unit_test(an_empty_feed_changes_nothing),
        cmocka_unit_test(values_need_no_place_to_be_kept),
        cmocka_unit_test(fin_behind_a_complete_answer_leaves_it_complete),
        cmocka_unit_test(a_body_of_many_feeds_is_counted_whole),
        cmocka_unit_test(unsolicited_bytes_are_told_apart_wherever_they_are_cut),
        cmocka_unit_test(a_nul_byte_nobody_asked_for_is_unsolicited),
        cmocka_unit_test(empty_lines_are_nothing_up_to_64_kib_in_a_row),
        cmocka_unit_test(an_answer_follows_the_empty_lines_before_it),
        cmocka_unit_test(a_101_is_told_by_whether_an_upgrade_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
