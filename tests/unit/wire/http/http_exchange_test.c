/* Every case of tests/cases gives its facts through the exchange too, whole, split at every offset
 * and byte by byte: what an answer says, where it ends, and what stands around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/url.h"
#include "options/options.h"
#include "wire/http/case_cuts.h"
#include "wire/http/http_exchange.h"
#include "wire/http/request.h"

static const struct exchange *const exchange = &http_exchange;

/* A connection as the fleet keeps one: a reader of its own while an answer is in pieces, and none
 * else. */
struct link {
    struct exchange_kept kept, *keep;
    void *shared;
    void *leased;
    uint32_t word;
    struct exchange_fact fact;
    struct exchange_answer answer; /* the fact's, kept */
    bool begun;                    /* a byte of the answer came */
};

/* The bytes and the reader stand in heap memory of their exact size, which goes away behind the
 * call: a sanitizer sees a byte too far, and a pointer kept. */
static size_t link_read(struct link *link, const struct request *request, const void *bytes,
                        size_t length) {
    char *copy = malloc(length);
    void *reader = malloc(exchange->reader_bytes);
    assert_non_null(copy);
    assert_non_null(reader);
    memcpy(copy, bytes, length);
    if (link->leased != NULL)
        memcpy(reader, link->leased, exchange->reader_bytes);
    struct exchange_conn conn = {.shared = link->shared,
                                 .reader = reader,
                                 .begun = link->leased != NULL,
                                 .word = link->word,
                                 .outstanding = request,
                                 .keep = link->keep};
    exchange->read(&conn, copy, length, &link->fact);
    if (request != NULL && link->fact.answer != NULL && link->fact.kind <= EXCHANGE_LAST_ANSWER)
        link->answer = *link->fact.answer;
    link->begun = conn.begun && exchange_answer_begun(exchange, reader);
    link->word = conn.word;
    assert_int_equal(conn.word >> EXCHANGE_WORD_BITS, 0);
    free(link->leased);
    link->leased = conn.begun ? reader : NULL;
    if (!conn.begun)
        free(reader);
    free(copy);
    assert_true(link->fact.taken > 0 && link->fact.taken <= length);
    return link->fact.taken;
}

static bool link_finish(struct link *link, const struct request *request) {
    if (link->leased == NULL)
        return false;
    struct exchange_conn conn = {
        .reader = link->leased, .begun = true, .outstanding = request, .keep = link->keep};
    exchange->finish(&conn, &link->fact);
    bool ended = link->fact.kind == EXCHANGE_LAST_ANSWER;
    if (ended)
        link->answer = *link->fact.answer;
    return ended;
}

static void link_end(struct link *link) {
    free(link->leased);
    link->leased = NULL;
}

/* What the facts of a line are in the exchange's words. */
static void expect_answer(const struct case_file *file, size_t at_answer, size_t cut,
                          const struct link *link, bool on_fin, size_t taken) {
    const struct case_answer *answer = &file->answers[at_answer];
    struct response expected;
    struct exchange_kept kept;
    case_facts(file, answer, &expected, &kept);
    const struct exchange_answer *want = &expected.facts, *have = &link->answer;
    bool complete = strcmp(answer->result, "complete") == 0;
    bool same = on_fin == (strcmp(answer->result, "complete_on_fin") == 0);
    if (complete || on_fin) {
        enum exchange_kind kind = want->announced_end ? EXCHANGE_LAST_ANSWER : EXCHANGE_ANSWER;
        same = same && link->fact.kind == kind && have->status == want->status &&
               have->minor == want->minor && have->interim == want->interim &&
               have->announced_end == want->announced_end &&
               have->idle_end == (want->status == 408) && have->body_bytes == want->body_bytes &&
               have->keep_alive_timeout_s == want->keep_alive_timeout_s &&
               have->keep_alive_max == want->keep_alive_max &&
               (link->keep == NULL || (strcmp(kept.server, link->kept.server) == 0 &&
                                       strcmp(kept.keep_alive, link->kept.keep_alive) == 0));
    } else if (strcmp(answer->result, "bad") == 0) {
        same = same && link->fact.kind == EXCHANGE_BAD && link->fact.reason == expected.reason;
    } else {
        same = same && link->fact.kind == EXCHANGE_MORE && link->begun == expected.started;
    }
    if (!same || taken != answer->taken)
        case_tell("%s, answer %zu, cut %zu: kind %d, reason %d, status %u, taken %zu of %zu\n",
                  file->name, at_answer + 1, cut, link->fact.kind, link->fact.reason,
                  (unsigned)have->status, taken, answer->taken);
}

static void read_answer(const struct case_file *file, size_t at_answer, size_t cut,
                        struct link *link, size_t *at) {
    bool head = strcmp(file->answers[at_answer].method, "HEAD") == 0;
    const struct request request = {.kind = head ? REQUEST_HEAD : 0};
    size_t start = *at;
    link->fact.kind = EXCHANGE_MORE;
    link->begun = false;
    while (link->fact.kind == EXCHANGE_MORE && *at < file->length)
        *at += link_read(link, &request, file->bytes + *at,
                         case_cut_next(cut, *at, file->length) - *at);
    bool on_fin = link->fact.kind == EXCHANGE_MORE && link_finish(link, &request);
    expect_answer(file, at_answer, cut, link, on_fin, *at - start);
    link_end(link);
}

static void read_unsolicited(const struct case_file *file, size_t at_answer, size_t cut,
                             struct link *link, size_t *at) {
    const char *expected = file->answers[at_answer].result;
    link->fact.kind = EXCHANGE_MORE;
    while (link->fact.kind == EXCHANGE_MORE && *at < file->length)
        *at +=
            link_read(link, NULL, file->bytes + *at, case_cut_next(cut, *at, file->length) - *at);
    const char *actual = link->fact.kind == EXCHANGE_IDLE_END                       ? "408"
                         : link->fact.kind == EXCHANGE_UNSOLICITED                  ? "other"
                         : exchange_residue(exchange, link->word) == EXCHANGE_CLEAN ? "nothing"
                                                                                    : "more";
    if (strcmp(actual, expected) != 0)
        case_tell("%s, cut %zu: %s and not %s\n", file->name, cut, actual, expected);
}

/* As an observer reads it, which keeps headers, and as the fleet does, with its cache: twice, for
 * what the first has put there the second finds. */
static void check_cut(const struct case_file *file, size_t cut) {
    void *shared = calloc(1, exchange->shared_bytes);
    assert_non_null(shared);
    for (int reading = 0; reading < 3; reading++) {
        struct link link = {.shared = reading > 0 ? shared : NULL};
        link.keep = reading == 0 ? &link.kept : NULL;
        size_t at = 0;
        for (size_t i = 0; i < file->answer_count; i++)
            if (strcmp(file->answers[i].method, "unsolicited") == 0)
                read_unsolicited(file, i, cut, &link, &at);
            else
                read_answer(file, i, cut, &link, &at);
        link_end(&link);
    }
    free(shared);
}

static void check_whole(const struct case_file *file) {
    check_cut(file, CASE_WHOLE);
}

static void check_bytes(const struct case_file *file) {
    check_cut(file, CASE_BYTES);
}

static void check_splits(const struct case_file *file) {
    enum { NEAR = 20 };
    case_splits(file, NEAR, check_cut);
}

static void a_case_read_whole_gives_its_facts(void **state) {
    (void)state;
    case_each(check_whole);
}

static void a_case_read_byte_by_byte_gives_its_facts(void **state) {
    (void)state;
    case_each(check_bytes);
}

static void a_case_split_anywhere_gives_its_facts(void **state) {
    (void)state;
    case_each(check_splits);
}

static const struct request get = {.kind = 0};

static enum exchange_kind kind_of(struct link *link, const struct request *request,
                                  const char *text) {
    link_read(link, request, text, strlen(text));
    return link->fact.kind;
}

/* A CR whose LF may still come is half an empty line; with it, what came is whole again. */
static void half_an_empty_line_is_a_residue_until_its_other_half_comes(void **state) {
    (void)state;
    struct link link = {.word = 0};
    assert_int_equal(kind_of(&link, NULL, "\r\n\r"), EXCHANGE_MORE);
    assert_int_equal(exchange_residue(exchange, link.word), EXCHANGE_HALF);
    assert_int_equal(kind_of(&link, NULL, "\n"), EXCHANGE_MORE);
    assert_int_equal(exchange_residue(exchange, link.word), EXCHANGE_CLEAN);
    assert_int_equal(kind_of(&link, NULL, "HTTP/1.1 4"), EXCHANGE_MORE);
    assert_int_equal(exchange_residue(exchange, link.word), EXCHANGE_BEGUN);
    assert_int_equal(kind_of(&link, NULL, "08 "), EXCHANGE_IDLE_END);
}

#define ANSWER "HTTP/1.1 204 No Content\r\n\r\n"

static void a_lone_cr_in_front_of_an_answer_is_unsolicited(void **state) {
    (void)state;
    struct link link = {.word = 0};
    assert_int_equal(kind_of(&link, NULL, "\r"), EXCHANGE_MORE);
    assert_int_equal(kind_of(&link, &get, ANSWER), EXCHANGE_UNSOLICITED);
    assert_int_equal(link.fact.reason, REASON_bad_status_line);
}

/* The LF is of the empty line that half had come: elsewhere it is a fault. */
static void the_other_half_of_an_empty_line_is_not_kept_as_part_of_the_answer(void **state) {
    (void)state;
    void *shared = calloc(1, exchange->shared_bytes);
    struct link half = {.shared = shared}, fresh = {.shared = shared};
    assert_int_equal(kind_of(&half, NULL, "\r"), EXCHANGE_MORE);
    assert_int_equal(kind_of(&half, &get, "\n" ANSWER), EXCHANGE_ANSWER);
    assert_int_equal(kind_of(&fresh, &get, "\n" ANSWER), EXCHANGE_BAD);
    free(shared);
}

/* What an answer of HEAD says is not what one of GET does. */
static void what_is_shared_keeps_head_apart(void **state) {
    (void)state;
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    const struct request head = {.kind = REQUEST_HEAD};
    struct link link = {.shared = calloc(1, exchange->shared_bytes)};
    assert_int_equal(kind_of(&link, &head, text), EXCHANGE_ANSWER);
    assert_int_equal(kind_of(&link, &get, text), EXCHANGE_MORE);
    assert_true(link.begun);
    link_end(&link);
    free(link.shared);
}

static void the_body_so_far_is_told_while_an_answer_goes_on(void **state) {
    (void)state;
    struct link link = {.word = 0};
    assert_int_equal(kind_of(&link, &get, "HTTP/1.1 200 OK\r\n\r\nsome"), EXCHANGE_MORE);
    assert_int_equal(link.answer.body_bytes, 4);
    assert_int_equal(kind_of(&link, &get, "more"), EXCHANGE_MORE);
    assert_int_equal(link.answer.body_bytes, 8);
    assert_true(link_finish(&link, &get));
    assert_true(link.answer.announced_end);
    link_end(&link);
}

static void an_upgrade_that_was_asked_for_has_a_reason_of_its_own(void **state) {
    (void)state;
    static const char text[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    const struct request asks = {.kind = REQUEST_UPGRADE};
    struct link link = {.word = 0};
    assert_int_equal(kind_of(&link, &get, text), EXCHANGE_BAD);
    assert_int_equal(link.fact.reason, REASON_unasked_upgrade);
    assert_int_equal(kind_of(&link, &asks, text), EXCHANGE_BAD);
    assert_int_equal(link.fact.reason, REASON_upgraded);
}

static void requests_name_the_exchange_that_baked_them(void **state) {
    (void)state;
    static const struct url target = {.port = 80, .path = "/", .authority = "example.org"};
    const struct options options = {.method = "GET"};
    struct requests requests;
    assert_true(exchange->bake(&requests, &options, &target));
    assert_ptr_equal(requests.exchange, exchange);
    requests_free(&requests);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_read_whole_gives_its_facts),
        cmocka_unit_test(a_case_read_byte_by_byte_gives_its_facts),
        cmocka_unit_test(a_case_split_anywhere_gives_its_facts),
        cmocka_unit_test(half_an_empty_line_is_a_residue_until_its_other_half_comes),
        cmocka_unit_test(a_lone_cr_in_front_of_an_answer_is_unsolicited),
        cmocka_unit_test(the_other_half_of_an_empty_line_is_not_kept_as_part_of_the_answer),
        cmocka_unit_test(what_is_shared_keeps_head_apart),
        cmocka_unit_test(the_body_so_far_is_told_while_an_answer_goes_on),
        cmocka_unit_test(an_upgrade_that_was_asked_for_has_a_reason_of_its_own),
        cmocka_unit_test(requests_name_the_exchange_that_baked_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
