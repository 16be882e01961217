/* Every case of tests/cases gives its facts whole, split at every offset, and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/http/case_cuts.h"
#include "wire/http/response.h"

enum { FACTS_MAX = 2048, NEAR = 80 };

/* A heap copy of the exact size, so that a sanitizer sees a byte too far and a pointer kept. */
static unsigned char *exact_copy(const unsigned char *bytes, size_t length) {
    unsigned char *copy = malloc(length);
    assert_non_null(copy);
    return memcpy(copy, bytes, length);
}

/* The reader moves between feeds, and its former place goes away. */
static struct response *moved(struct response *response) {
    struct response *place = malloc(sizeof *place);
    assert_non_null(place);
    *place = *response;
    memset(response, 0xa5, sizeof *response);
    free(response);
    return place;
}

static const char *const result_names[] = {"cut", "complete", "bad"};
static const char *const unsolicited_names[] = {"nothing", "more", "408", "other"};
static const char *const reason_names[] = {
#define REASON(name, text) #name,
#include "base/reasons.def"
#undef REASON
};

static size_t print_escaped(char *to, size_t room, const char *key, const char *value) {
    if (value[0] == '\0')
        return 0;
    size_t length = (size_t)snprintf(to, room, " %s=", key);
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        bool plain = byte > ' ' && byte < 0x7f && byte != '\\';
        length += (size_t)snprintf(to + length, room - length, plain ? "%c" : "\\x%02x", byte);
    }
    return length;
}

/* The facts in the words of a case file, all of them said. */
static void print_facts(char *facts, const struct response *response, const char *result,
                        const struct exchange_kept *headers, size_t taken) {
    const struct exchange_answer *f = &response->facts;
    size_t length = (size_t)snprintf(
        facts, FACTS_MAX, "%s %s interim=%u reason=%s started=%s", response->head ? "HEAD" : "GET",
        result, f->interim, reason_names[response->reason], response->started ? "yes" : "no");
    if (response->complete) {
        length += (size_t)snprintf(facts + length, FACTS_MAX - length,
                                   " status=%u minor=%u end=%s body=%llu timeout=%d max=%d",
                                   f->status, f->minor, f->announced_end ? "yes" : "no",
                                   (unsigned long long)f->body_bytes, f->keep_alive_timeout_s,
                                   f->keep_alive_max);
        length += print_escaped(facts + length, FACTS_MAX - length, "server", headers->server);
        length +=
            print_escaped(facts + length, FACTS_MAX - length, "keep_alive", headers->keep_alive);
    }
    snprintf(facts + length, FACTS_MAX - length, " taken=%zu", taken);
}

/* Reads one answer from *at on, and moves *at behind it. */
static void read_answer(const struct case_file *file, size_t cut, bool head, size_t *at,
                        char *facts) {
    struct exchange_kept headers;
    struct response *response = malloc(sizeof *response);
    assert_non_null(response);
    response_begin(response, head, &headers);
    enum response_result result = RESPONSE_MORE;
    size_t start = *at;
    while (result == RESPONSE_MORE && *at < file->length) {
        size_t length = case_cut_next(cut, *at, file->length) - *at;
        unsigned char *bytes = exact_copy(file->bytes + *at, length);
        size_t taken = SIZE_MAX;
        result = response_feed(response, bytes, length, &taken);
        free(bytes);
        assert_true(taken <= length && (result != RESPONSE_MORE || taken == length));
        *at += taken;
        response = moved(response);
    }
    bool ended_by_fin = result == RESPONSE_MORE && response_finish(response) == RESPONSE_COMPLETE;
    print_facts(facts, response, ended_by_fin ? "complete_on_fin" : result_names[result], &headers,
                *at - start);
    free(response);
}

static void read_unsolicited(const struct case_file *file, size_t cut, size_t *at, char *facts) {
    uint32_t progress = 0;
    enum response_unsolicited_kind unsolicited = UNSOLICITED_NOTHING;
    while (unsolicited <= UNSOLICITED_MORE && *at < file->length) {
        size_t length = case_cut_next(cut, *at, file->length) - *at;
        unsigned char *bytes = exact_copy(file->bytes + *at, length);
        unsolicited = response_unsolicited(&progress, bytes, length);
        free(bytes);
        *at += length;
    }
    snprintf(facts, FACTS_MAX, "unsolicited %s", unsolicited_names[unsolicited]);
}

/* The facts that a line of the file expects, put the same way. */
static void print_expected(char *facts, const struct case_file *file,
                           const struct case_answer *answer) {
    if (strcmp(answer->method, "unsolicited") == 0) {
        snprintf(facts, FACTS_MAX, "unsolicited %s", answer->result);
        return;
    }
    struct response response;
    struct exchange_kept headers;
    case_facts(file, answer, &response, &headers);
    print_facts(facts, &response, answer->result, &headers, answer->taken);
}

static void check_cut(const struct case_file *file, size_t cut) {
    size_t at = 0;
    for (size_t i = 0; i < file->answer_count; i++) {
        const struct case_answer *answer = &file->answers[i];
        char expected[FACTS_MAX], actual[FACTS_MAX];
        print_expected(expected, file, answer);
        if (strcmp(answer->method, "unsolicited") == 0)
            read_unsolicited(file, cut, &at, actual);
        else
            read_answer(file, cut, strcmp(answer->method, "HEAD") == 0, &at, actual);
        if (strcmp(expected, actual) != 0)
            case_tell("%s, answer %zu, cut %zu:\n  expected %s\n  actual   %s\n", file->name, i + 1,
                      cut, expected, actual);
    }
}

static void check_whole(const struct case_file *file) {
    check_cut(file, CASE_WHOLE);
}

static void check_bytes(const struct case_file *file) {
    check_cut(file, CASE_BYTES);
}

static void check_splits(const struct case_file *file) {
    case_splits(file, NEAR, check_cut);
}

/* Before its last byte, and before the byte that proves a fault, an answer is neither complete nor
 * bad; and FIN there does not complete it unless it reads until FIN. */
static void check_prefix(const struct case_file *file, size_t length, bool fin_completes) {
    struct response response;
    response_begin(&response, strcmp(file->answers[0].method, "HEAD") == 0, NULL);
    unsigned char *bytes = exact_copy(file->bytes, length);
    size_t taken;
    enum response_result result = response_feed(&response, bytes, length, &taken);
    free(bytes);
    if (result != RESPONSE_MORE || taken != length)
        case_tell("%s is decided by %zu bytes\n", file->name, length);
    if (!fin_completes && response_finish(&response) != RESPONSE_MORE)
        case_tell("%s is completed by FIN behind %zu bytes\n", file->name, length);
}

static void check_prefixes(const struct case_file *file) {
    const struct case_answer *answer = &file->answers[0];
    bool on_fin = strcmp(answer->result, "complete_on_fin") == 0;
    if (strcmp(answer->method, "unsolicited") == 0)
        return;
    for (size_t length = 0; length < answer->taken; length++)
        if (case_worth_a_split(file, length, NEAR))
            check_prefix(file, length, on_fin);
}

/* What stands behind an answer changes nothing. */
static void check_tail(const struct case_file *file) {
    const struct case_answer *answer = &file->answers[0];
    if (strcmp(answer->method, "unsolicited") == 0 || answer->taken == file->length)
        return;
    struct case_file other = *file;
    other.answer_count = 1;
    other.bytes = exact_copy(file->bytes, file->length);
    memset(other.bytes + answer->taken, 0xff, file->length - answer->taken);
    check_cut(&other, CASE_WHOLE);
    free(other.bytes);
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

static void an_answer_is_not_decided_before_the_byte_that_decides_it(void **state) {
    (void)state;
    case_each(check_prefixes);
}

static void bytes_behind_an_answer_are_not_looked_at(void **state) {
    (void)state;
    case_each(check_tail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_read_whole_gives_its_facts),
        cmocka_unit_test(a_case_read_byte_by_byte_gives_its_facts),
        cmocka_unit_test(a_case_split_anywhere_gives_its_facts),
        cmocka_unit_test(an_answer_is_not_decided_before_the_byte_that_decides_it),
        cmocka_unit_test(bytes_behind_an_answer_are_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
