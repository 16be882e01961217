/* What a run says of TLS: a certificate that changed, a server that will not resume, ends without
 * close_notify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge/run.h"
#include "judge/verdict/verdict.h"
#include "says.h"

/* A run of 100 connections over TLS that went well; each test spoils something. */
static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    f->options.timeout = f->options.connect_timeout = 3 * SECOND;
    f->plan = (struct plan){.options = &f->options,
                            .parts = 1,
                            .connections = 100,
                            .workers = 1,
                            .ramp = {.target = 100, .rate = {10, 10 * MILLISECOND}},
                            .think = {1 * SECOND, 30 * SECOND},
                            .target = {.tls = true}};
    f->record.balanced = true;
    f->record.total.counts = (struct tally_counts){.attempted = 100,
                                                   .opened = 100,
                                                   .live = 100,
                                                   .sent = 500,
                                                   .answered = 500,
                                                   .tls_begun = 100,
                                                   .tls_full = 100,
                                                   .tls_tickets = 200};
    *state = f;
    return 0;
}

static const struct finding *judged(struct fixture *f, const char *code) {
    memset(&f->judgement, 0, sizeof f->judgement);
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    return find(f, code);
}

static const struct finding *expect_warning(struct fixture *f, const char *code, int64_t have,
                                            const char *words) {
    const struct finding *finding = judged(f, code);
    if (finding == NULL)
        fail_msg("no %s", code);
    assert_int_equal(finding->status, FINDING_WARN);
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_int_equal(finding->have, have);
    assert_says(finding->text, words);
    assert_int_equal(f->judgement.exit_code, 0);
    return finding;
}

static void a_run_in_which_nothing_of_it_happened_says_nothing(void **state) {
    struct fixture *f = *state;
    static const char *const codes[] = {"certificate_changed", "resumption_refused",
                                        "without_close_notify"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_null(judged(f, codes[i]));
    f->record.total.counts.tls_resumed = 40;
    f->record.total.counts.tls_full = 60;
    assert_null(judged(f, "resumption_refused"));
}

static void a_server_that_will_not_resume_is_told_with_how_often_it_was_asked(void **state) {
    struct fixture *f = *state;
    f->record.total.counts.tls_resumptions_refused = 50;
    const struct finding *finding = expect_warning(
        f, "resumption_refused", 0,
        "asked to resume 50 times: the server resumed 0, and made 50 full handshakes instead");
    assert_int_equal(finding->need, 50);
    assert_says(finding->evidence, "tickets received 200");
    assert_says(finding->todo[0], "session tickets");
    assert_silent(finding->todo[0], "nginx");
    f->record.total.counts.tls_resumed = 30;
    f->record.total.counts.tls_full = 70;
    f->record.total.counts.tls_resumptions_refused = 1;
    finding = expect_warning(f, "resumption_refused", 30,
                             "31 times: the server resumed 30, and made 1 full "
                             "handshake instead");
    assert_says(finding->todo[0], "one ticket key on all servers");
}

static void nginx_is_told_its_own_directives(void **state) {
    struct fixture *f = *state;
    f->record.total.counts.tls_resumptions_refused = 50;
    memset(&f->judgement, 0, sizeof f->judgement);
    f->judgement.setup = &f->setup;
    snprintf(f->judgement.target.server, sizeof f->judgement.target.server, "nginx/1.22.1");
    f->judgement.target.asked = f->judgement.target.answered = true;
    judge_run(&f->judgement, &f->plan, &f->record);
    const struct finding *finding = find(f, "resumption_refused");
    assert_non_null(finding);
    assert_says(finding->todo[0], "ssl_session_tickets on");
    assert_says(finding->todo[1], "ssl_session_ticket_key");
}

static void a_certificate_that_changed_is_told_with_both_and_when(void **state) {
    struct fixture *f = *state;
    struct tally_counts *counts = &f->record.total.counts;
    counts->tls_other_certificates = 20;
    expect_warning(f, "certificate_changed", 20,
                   "changed during the run: 20 of 100 full handshakes showed another");
    counts->tls_change = (struct tally_certificate_change){
        .at_ns = 1, .before = {1764547200, "CN=old"}, .after = {1796083200, "CN=\033[1mnew"}};
    f->record.certificate_changed_seconds = 12.34;
    const struct finding *finding =
        expect_warning(f, "certificate_changed", 20,
                       "12.3 s into it, from CN=old until 2025-12-01 00:00 UTC to CN=");
    assert_says(finding->text, "until 2026-12-01 00:00 UTC");
    assert_silent(finding->text, "\033");
    assert_true(finding->since_seconds == 12.34);
}

static void the_first_once_more_while_a_server_reloads_is_a_change(void **state) {
    struct fixture *f = *state;
    struct tally_counts *counts = &f->record.total.counts;
    counts->tls_other_certificates = 20;
    counts->tls_first_certificate_again = 3;
    const struct finding *finding = expect_warning(
        f, "certificate_changed", 20, "two certificates within seconds: 20 full handshakes");
    assert_says(finding->text, "cannot be told apart");
    counts->tls_other_certificates_later = 1;
    finding = expect_warning(f, "certificate_changed", 20, "changed during the run: 20 of 100");
    assert_says(finding->text, "and 3 the first again within seconds");
}

static void a_certificate_of_the_preflight_alone_did_not_change_in_the_run(void **state) {
    struct fixture *f = *state;
    struct tally_counts *counts = &f->record.total.counts;
    f->record.certificate_changed_seconds = 0.02;
    counts->tls_change = (struct tally_certificate_change){
        .at_ns = 1, .before = {1764547200, "CN=old"}, .after = {1796083200, "CN=new"}};
    counts->tls_other_certificates = counts->tls_other_certificates_later = 100;
    const struct finding *finding =
        expect_warning(f, "certificate_changed", 100,
                       "the preflight met a certificate (CN=old until 2025-12-01 00:00 UTC) that");
    assert_says(finding->text, "each of 100 showed another one");
    assert_silent(finding->text, "changed");
    assert_false(finding->since_seconds > 0);
    counts->tls_full = 101;
    finding = expect_warning(f, "certificate_changed", 100, "changed during the run, 0.0 s");
    assert_true(finding->since_seconds > 0);
}

static void certificates_that_take_turns_are_no_change(void **state) {
    struct fixture *f = *state;
    f->record.total.counts.tls_other_certificates = 20;
    f->record.total.counts.tls_first_certificate_again = 5;
    f->record.total.counts.tls_first_certificate_later = 1;
    const struct finding *finding = expect_warning(
        f, "certificate_changed", 20, "more than one certificate: 20 full handshakes showed");
    assert_says(finding->text, "5 the first again");
}

static void an_end_without_close_notify_is_told_with_what_it_means(void **state) {
    struct fixture *f = *state;
    lose(f, OUTCOME_closed_idle, 7);
    f->record.total.counts.live = 100; /* they were opened again */
    f->record.total.counts.opened = f->record.total.counts.attempted = 107;
    f->record.total.counts.tls_closed_without_notify = 7;
    f->plan.reconnect = (struct units_span){1 * SECOND, 2 * SECOND};
    f->options.reconnect = f->plan.reconnect;
    const struct finding *finding = expect_warning(
        f, "without_close_notify", 7, "closed 7 connections by FIN without close_notify");
    assert_says(finding->text, "RFC 8446 6.1");
    assert_says(finding->evidence, "RFC 9112 9.8");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(a_run_in_which_nothing_of_it_happened_says_nothing),
        EACH(a_server_that_will_not_resume_is_told_with_how_often_it_was_asked),
        EACH(nginx_is_told_its_own_directives),
        EACH(a_certificate_that_changed_is_told_with_both_and_when),
        EACH(the_first_once_more_while_a_server_reloads_is_a_change),
        EACH(a_certificate_of_the_preflight_alone_did_not_change_in_the_run),
        EACH(certificates_that_take_turns_are_no_change),
        EACH(an_end_without_close_notify_is_told_with_what_it_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
