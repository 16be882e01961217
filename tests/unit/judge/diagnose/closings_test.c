/* Inference: endings that agree are named, and traps are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "judge/verdict/verdict.h"
#include "options/options.h"

/* 400 connections, opened over `ramp_ms` from the run clock's 1000 s on, each asking at random. */
struct fixture {
    struct options options;
    struct plan plan;
    struct setup setup;
    struct record record;
    struct judgement judgement;
    struct random random;
};

enum { START_MS = 1000000 };

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->options.keepalive = 60 * SECOND;
    f->plan = (struct plan){.options = &f->options,
                            .parts = 1,
                            .connections = 400,
                            .workers = 1,
                            .ramp = {{1000, SECOND}, 400},
                            .think = {1 * SECOND, 30 * SECOND}};
    f->record.total.counts.first_attempt_ns = START_MS * MILLISECOND;
    f->record.total.counts.opened = 400;
    f->record.ramp_seconds = 0.4;
    snprintf(f->judgement.target.server, sizeof f->judgement.target.server, "nginx/1.22.1");
    f->judgement.target.answered = true;
    random_seed(&f->random, 42, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    free(*state);
    return 0;
}

static uint32_t between(struct fixture *f, uint32_t low, uint32_t high) {
    return (uint32_t)random_between(&f->random, low, high);
}

static struct endings_survived *survived(struct fixture *f) {
    return &f->record.total.endings.survived;
}

static struct endings_survived survived_all(uint32_t idle_ms, uint32_t age_ms, uint32_t kept_age_ms,
                                            uint32_t answers, int64_t moment_ms) {
    int64_t moment_ns = (START_MS + moment_ms) * MILLISECOND;
    return (struct endings_survived){.idle_ms = idle_ms,
                                     .age_ms = age_ms,
                                     .kept_age_ms = kept_age_ms,
                                     .kept_answers = answers,
                                     .kept_moment_ns = moment_ns,
                                     .past_age_ms = kept_age_ms,
                                     .past_answers = answers - 1,
                                     .past_moment_ns = moment_ns};
}

static void add(struct fixture *f, enum outcome outcome, uint32_t idle_ms, uint32_t age_ms,
                uint32_t moment_ms, uint32_t answers) {
    endings_add(&f->record.total.endings, outcome,
                &(struct ending){.sample_key = (uint32_t)random_next(&f->random),
                                 .idle_ms = idle_ms,
                                 .age_ms = age_ms,
                                 .moment_ms = START_MS + moment_ms,
                                 .answers = answers});
}

static const struct closing *infer(struct fixture *f, enum outcome outcome) {
    f->judgement.findings.count = 0;
    judge_closings(&f->judgement.closings, &f->judgement.findings,
                   &(struct diagnosed_run){&f->plan, &f->setup, &f->record, &f->judgement.target});
    for (size_t i = 0; i < f->judgement.closings.count; i++)
        if (f->judgement.closings.items[i].outcome == outcome)
            return &f->judgement.closings.items[i];
    fail();
    return NULL;
}

static void told(struct fixture *f, enum outcome outcome, enum closing_dimension dimension,
                 const char *directive) {
    const struct closing *closing = infer(f, outcome);
    assert_int_equal(closing->dimension, dimension);
    if (strncmp(closing->directive, directive, strlen(directive)) != 0)
        fail_msg("%s", closing->directive);
    assert_int_equal(f->judgement.findings.count, 1);
    const struct finding *finding = &f->judgement.findings.items[0];
    assert_non_null(strstr(finding->text, outcome_name(outcome)));
    assert_non_null(strstr(finding->text, closing->text));
    assert_int_equal(finding->side, outcome_side(outcome));
    assert_true(finding->do_count > 0);
    assert_ptr_equal(closings_find(&f->judgement.closings, outcome), closing);
}

static void expect_none(struct fixture *f, enum outcome outcome) {
    const struct closing *closing = infer(f, outcome);
    assert_int_equal(closing->dimension, CLOSING_UNKNOWN);
    assert_string_equal(closing->directive, "");
    assert_int_equal(f->judgement.findings.count, 0);
    assert_null(closings_find(&f->judgement.closings, outcome));
}

/* So many closed at `idle_ms` after their last answer, the most of them after their first. */
static void time_out(struct fixture *f, enum outcome outcome, uint32_t idle_ms, uint32_t late_ms,
                     int count) {
    for (int i = 0; i < count; i++) {
        uint32_t opened = (uint32_t)i, idle = idle_ms + between(f, 0, late_ms);
        uint32_t thought = i % 4 == 0 ? between(f, 1000, idle_ms > 1000 ? idle_ms : 1000) : 0;
        add(f, outcome, idle, thought + idle, opened + thought + idle, thought > 0 ? 2 : 1);
    }
    survived(f)->idle_ms = idle_ms - 10;
    survived(f)->age_ms = 2 * idle_ms;
    survived(f)->kept_answers = 2;
}

static void an_idle_timeout_is_named_in_each_servers_words(void **state) {
    struct fixture *f = *state;
    char *server = f->judgement.target.server;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 400);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
    assert_string_equal(f->judgement.closings.items[0].text,
                        "5.0 s after their last answer: looks like keepalive_timeout 5s (-k is "
                        "60s)");
    assert_string_equal(f->judgement.findings.items[0].todo[0], "--keepalive 5s");
    assert_string_equal(f->judgement.findings.items[0].todo[1], "in nginx: keepalive_timeout 75s");
    strcpy(server, "Apache/2.4.62 (Debian)");
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "KeepAliveTimeout 5");
    strcpy(server, "Apache-Coyote/1.1");
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "a keep-alive timeout of 5s");
    strcpy(server, "");
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "a keep-alive timeout of 5s");
    strcpy(f->judgement.target.keep_alive, "timeout=5");
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "server.keepAliveTimeout = 5000");
}

static void a_timeout_seen_a_second_late_is_the_one_announced(void **state) {
    struct fixture *f = *state;
    strcpy(f->judgement.target.server, "");
    strcpy(f->judgement.target.keep_alive, "timeout=5");
    f->record.total.counts.keep_alive_timeout_s = 5;
    time_out(f, OUTCOME_closed_idle, 6000, 8, 100);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "server.keepAliveTimeout = 5000");
    assert_non_null(strstr(f->judgement.closings.items[0].text, "6.0 s after"));
    f->record.total.counts.keep_alive_timeout_s = 20; /* that is another one */
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "server.keepAliveTimeout = 6000");
}

/* nginx: keepalive_timeout 5s 4s. What acts is what was seen, and what is announced stands beside.
 */
static void a_timeout_beside_the_one_announced_is_the_one_seen(void **state) {
    struct fixture *f = *state;
    f->record.total.counts.keep_alive_timeout_s = 4;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 100);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
    assert_non_null(strstr(f->judgement.closings.items[0].text, "its answers announce 4s"));
    f->record.total.counts.keep_alive_timeout_s = 5;
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
    assert_non_null(strstr(f->judgement.closings.items[0].text, "as its answers say"));
}

static void gap(struct fixture *f, uint32_t idle_ms, uint32_t moment_ms) {
    struct ending stood = {.sample_key = (uint32_t)random_next(&f->random),
                           .idle_ms = idle_ms,
                           .age_ms = moment_ms,
                           .answers = 2};
    endings_answered(&f->record.total.endings, &stood, (START_MS + moment_ms) * MILLISECOND, true);
}

/* A server of 3 s that looks each second: it ends what was idle for 3 to 4 s, and spares at each
 * look what was idle for less. */
static void look_each_second(struct fixture *f, bool spare) {
    for (uint32_t look = 4000; look <= 12000; look += 1000)
        for (uint32_t i = 0; i < 10; i++)
            add(f, OUTCOME_closed_idle, 3010 + between(f, 0, 980), look - 100 * i, look + i % 3, 2);
    for (uint32_t look = 4000; spare && look <= 12000; look += 1000)
        for (uint32_t i = 0; i < 6; i++) {
            uint32_t since = between(f, 100, 2950);
            gap(f, since + 700, look + 700);
        }
}

static void a_timeout_that_is_looked_at_now_and_then_is_an_interval(void **state) {
    struct fixture *f = *state;
    look_each_second(f, true);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 3s");
    const struct closing *closing = &f->judgement.closings.items[0];
    assert_true(closing->interval);
    assert_in_range(closing->low, 3000, 3100);
    assert_in_range(closing->high, 3800, 4000);
    assert_non_null(strstr(closing->text, "looked at now and then"));
    assert_non_null(strstr(closing->text, "safe below 3.0 s"));
}

/* Restarts so far apart that nobody lived through one. */
static void without_any_that_was_spared_it_may_be_restarts_and_is_not_told(void **state) {
    struct fixture *f = *state;
    for (uint32_t restart = 5000; restart <= 15000; restart += 5000)
        for (uint32_t i = 0; i < 30; i++)
            add(f, OUTCOME_closed_idle, 3010 + between(f, 0, 980), 4800 - 10 * i, restart + i % 3,
                2);
    expect_none(f, OUTCOME_closed_idle);
}

static void one_that_was_idle_for_longer_contradicts_an_interval(void **state) {
    struct fixture *f = *state;
    look_each_second(f, true);
    gap(f, 3900, 8950);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 3s");
    gap(f, 4600, 9000);
    expect_none(f, OUTCOME_closed_idle);
}

/* 100 stay, and each one later ends as soon as it is open. */
static void those_beyond_a_limit_that_are_refused_are_no_restart(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 100; i < 400; i++)
        add(f, OUTCOME_reset_idle, 1, 1, i + 2, 0);
    told(f, OUTCOME_reset_idle, CLOSING_LEVEL, "worker_connections");
    assert_int_equal(f->judgement.closings.items[0].value, 100);
    assert_non_null(strstr(f->judgement.closings.items[0].text, "the first 100 stayed"));
    memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
    for (uint32_t i = 0; i < 300; i++) /* as many, but not the last ones */
        add(f, OUTCOME_reset_idle, 1, 1, i + 2, 0);
    expect_none(f, OUTCOME_reset_idle);
}

/* As many as a server takes are answered at once; one that has too much to do answers one after the
 * other, and some too late. */
static void those_beyond_a_limit_are_never_answered_and_the_others_at_once(void **state) {
    struct fixture *f = *state;
    f->plan.timeout = 3 * SECOND;
    for (uint32_t i = 100; i < 400; i++)
        endings_add(&f->record.total.endings, OUTCOME_response_timeout,
                    &(struct ending){.sample_key = (uint32_t)random_next(&f->random),
                                     .idle_ms = 3000,
                                     .age_ms = 3000,
                                     .moment_ms = START_MS + i + 3000,
                                     .waited_ms = 3000});
    histogram_add(&f->record.total.distributions[DISTRIBUTION_SERVICE], 5 * MILLISECOND);
    told(f, OUTCOME_response_timeout, CLOSING_LEVEL, "worker_connections");
    histogram_add(&f->record.total.distributions[DISTRIBUTION_SERVICE], 2700 * MILLISECOND);
    expect_none(f, OUTCOME_response_timeout);
}

/* A restart ends the idle ones too. */
static void a_few_that_end_in_flight_alone_are_no_restart(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 23; i++)
        endings_add(&f->record.total.endings, OUTCOME_closed_in_flight,
                    &(struct ending){.sample_key = (uint32_t)random_next(&f->random),
                                     .idle_ms = 1500 - 40 * i,
                                     .age_ms = 1700 - i,
                                     .moment_ms = START_MS + 1800 + i % 8,
                                     .answers = 1,
                                     .waited_ms = 400 - 17 * i});
    expect_none(f, OUTCOME_closed_in_flight);
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_idle, 20 * i, 1700 - i, 1800 + i % 8, 1 + i % 2);
    assert_int_equal(infer(f, OUTCOME_closed_in_flight)->dimension, CLOSING_MOMENT);
}

static void lose(struct fixture *f, uint32_t idle_ms, uint32_t asked_ms) {
    endings_add(&f->record.total.endings, OUTCOME_silent,
                &(struct ending){.sample_key = (uint32_t)random_next(&f->random),
                                 .idle_ms = idle_ms + 3000,
                                 .age_ms = asked_ms + 3000,
                                 .moment_ms = START_MS + asked_ms + 3000,
                                 .answers = 2,
                                 .waited_ms = 3000});
}

static void a_path_that_forgets_loses_what_was_asked_after_so_long(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 60; i++)
        gap(f, 1000 + 33 * i, 5000 + 200 * i);
    for (uint32_t i = 0; i < 30; i++)
        lose(f, 3010 + 100 * i, 5000 + 100 * i);
    told(f, OUTCOME_silent, CLOSING_FORGOTTEN, "a path that forgets");
    assert_int_equal(f->judgement.closings.items[0].low, 2947);
    assert_int_equal(f->judgement.closings.items[0].high, 3010);
    gap(f, 3500, 9000); /* asked later, and answered */
    expect_none(f, OUTCOME_silent);
}

static void what_no_request_outlived_is_a_silence_since_then(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 60; i++)
        gap(f, 500 + 97 * (i % 31), 1000 + 50 * i);
    for (uint32_t i = 0; i < 30; i++)
        lose(f, 600 + 89 * (i % 29), 4001 + 100 * i);
    told(f, OUTCOME_silent, CLOSING_SILENCE, "no answer since 4.0 s");
    gap(f, 700, 5000);
    expect_none(f, OUTCOME_silent);
}

static void timeouts_are_rounded_to_what_people_write(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint32_t seen_ms, late_ms;
        const char *directive;
    } table[] = {
        {966, 10, "keepalive_timeout 1s"}, /* the answer was read late */
        {75003, 50, "keepalive_timeout 75s"},  {4998, 5, "keepalive_timeout 5s"},
        {10100, 100, "keepalive_timeout 10s"}, {65001, 3, "keepalive_timeout 65s"},
        {501, 5, "keepalive_timeout 500ms"},   {2501, 5, "keepalive_timeout 2500ms"},
        {73002, 5, "keepalive_timeout 73s"},   {3600010, 90, "keepalive_timeout 1h"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
        time_out(f, OUTCOME_closed_idle, table[i].seen_ms, table[i].late_ms, 50);
        told(f, OUTCOME_closed_idle, CLOSING_IDLE, table[i].directive);
    }
}

static void an_idle_time_that_others_survived_is_no_timeout(void **state) {
    struct fixture *f = *state;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 400);
    survived(f)->idle_ms = 5500;
    expect_none(f, OUTCOME_closed_idle);
}

static void fewer_than_five_say_nothing(void **state) {
    struct fixture *f = *state;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 4);
    expect_none(f, OUTCOME_closed_idle);
    time_out(f, OUTCOME_closed_idle, 5000, 8, 1);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
}

static void closes_at_random_are_not_explained(void **state) {
    struct fixture *f = *state;
    static const enum outcome outcomes[] = {OUTCOME_closed_idle, OUTCOME_closed_announced,
                                            OUTCOME_reset_in_flight, OUTCOME_protocol_error};
    for (uint64_t seed = 1; seed <= 50; seed++) {
        random_seed(&f->random, seed, 0);
        for (size_t o = 0; o < 4; o++) {
            memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
            for (uint32_t i = 0; i < 10 * seed; i++) {
                uint32_t age = between(f, 2000, 60000);
                add(f, outcomes[o], between(f, 0, 20000), age, i % 400 + age, 1 + age / 15000);
            }
            *survived(f) = survived_all(29000, 60000, 59900, 9, 60400);
            expect_none(f, outcomes[o]);
        }
    }
}

static void of_a_mixture_the_part_that_agrees_is_told_with_its_share(void **state) {
    struct fixture *f = *state;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 200);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t age = between(f, 5000, 30000);
        add(f, OUTCOME_closed_idle, between(f, 0, 4000), age, i + age, 3 + i % 7);
    }
    survived(f)->age_ms = 40000;
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
    const struct closing *closing = &f->judgement.closings.items[0];
    assert_true(closing->for_some);
    assert_in_range(closing->share_percent, 60, 72);
    assert_non_null(strstr(closing->text, " % of them 5.0 s after"));
}

static void a_few_strays_do_not_hide_a_cause(void **state) {
    struct fixture *f = *state;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 250);
    for (uint32_t i = 0; i < 5; i++)
        add(f, OUTCOME_closed_idle, 100 + 700 * i, 9000, 9000 + i, 5);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
}

/* Requests at random times until answer `limit` ends it. */
static void count_out(struct fixture *f, enum outcome outcome, uint32_t limit, uint32_t idle_ms) {
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t age = 0;
        for (uint32_t answer = 1; answer < limit; answer++) {
            age += between(f, 100, 1000);
            if (age > survived(f)->kept_age_ms && answer + 1 < limit)
                survived(f)->kept_age_ms = age;
        }
        add(f, outcome, idle_ms, age, i + age, limit);
    }
    survived(f)->kept_answers = limit - 1;
    survived(f)->kept_moment_ns = (START_MS + 30000) * MILLISECOND;
    survived(f)->idle_ms = 1000;
    survived(f)->age_ms = 30000;
}

static void a_limit_of_requests_is_an_exact_number(void **state) {
    struct fixture *f = *state;
    count_out(f, OUTCOME_closed_announced, 20, 0);
    told(f, OUTCOME_closed_announced, CLOSING_REQUESTS, "keepalive_requests 20");
    assert_null(strstr(f->judgement.closings.items[0].text, "or an age"));
    strcpy(f->judgement.target.server, "Apache/2.4.62"); /* which does not count the first */
    told(f, OUTCOME_closed_announced, CLOSING_REQUESTS, "MaxKeepAliveRequests 19");
    survived(f)->kept_answers = 20; /* one was kept by its 20th answer */
    expect_none(f, OUTCOME_closed_announced);
}

static void a_close_right_behind_the_last_answer_is_a_limit_of_requests_too(void **state) {
    struct fixture *f = *state;
    count_out(f, OUTCOME_closed_idle, 100, 1);
    survived(f)->kept_answers = 100; /* it was not said in the answer */
    told(f, OUTCOME_closed_idle, CLOSING_REQUESTS, "keepalive_requests 100");
}

static void a_server_without_keep_alive_is_called_so(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_announced, 0, 1, i, 1);
    told(f, OUTCOME_closed_announced, CLOSING_REQUESTS, "keep-alive switched off");
}

static void an_end_behind_each_head_may_be_of_head_alone(void **state) {
    struct fixture *f = *state;
    f->options.method = "HEAD";
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_idle, 1, 2, i, 1);
    told(f, OUTCOME_closed_idle, CLOSING_REQUESTS,
         "a server that ends a connection behind each HEAD");
    assert_non_null(strstr(f->judgement.findings.items[0].todo[0], "-X GET"));
    f->options.method = "GET";
    told(f, OUTCOME_closed_idle, CLOSING_REQUESTS, "keep-alive switched off");
}

static void a_fixed_interval_cannot_tell_a_count_from_an_age(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_announced, 0, 19000, i + 19000, 20);
    *survived(f) = survived_all(1000, 18000, 18000, 19, 18100);
    told(f, OUTCOME_closed_announced, CLOSING_REQUESTS, "keepalive_requests 20");
    assert_non_null(strstr(f->judgement.closings.items[0].text, "or an age limit of up to 19.0 s"));
}

/* Each asks at random times; the first answer after `limit_ms` is the last. */
static void grow_old(struct fixture *f, uint32_t limit_ms, uint32_t think_ms, uint32_t ramp_ms) {
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t age = 0, answers = 1, opened = i * ramp_ms / 300;
        for (; age < limit_ms; answers++) {
            if (age > survived(f)->kept_age_ms)
                survived(f)->kept_age_ms = age;
            if ((START_MS + opened + age) * MILLISECOND > survived(f)->kept_moment_ns)
                survived(f)->kept_moment_ns = (START_MS + opened + age) * MILLISECOND;
            age += between(f, think_ms / 10, think_ms);
        }
        add(f, OUTCOME_closed_announced, 0, age, opened + age, answers);
    }
    survived(f)->kept_answers = 1000;
}

static void an_age_limit_is_a_sharp_lower_edge(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint32_t limit_ms, think_ms, ramp_ms;
        const char *directive;
    } table[] = {
        {10000, 1000, 200, "keepalive_time 10s"},
        {10000, 5000, 4000, "keepalive_time 10s"},
        {3600000, 30000, 10000, "keepalive_time 1h"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
        grow_old(f, table[i].limit_ms, table[i].think_ms, table[i].ramp_ms);
        told(f, OUTCOME_closed_announced, CLOSING_AGE, table[i].directive);
    }
}

static void an_age_at_which_others_were_kept_is_no_limit(void **state) {
    struct fixture *f = *state;
    grow_old(f, 10000, 1000, 1000);
    survived(f)->kept_age_ms = 15000;
    survived(f)->kept_moment_ns = (START_MS + 20000) * MILLISECOND;
    expect_none(f, OUTCOME_closed_announced);
}

static void a_server_that_goes_down_in_order_is_a_moment_and_no_age(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t moment = 20000 + between(f, 0, 5000);
        add(f, OUTCOME_closed_announced, 0, moment - i * 10, moment, 10 + i % 11);
    }
    *survived(f) = survived_all(3000, 20000, 19990, 20, 19998);
    told(f, OUTCOME_closed_announced, CLOSING_MOMENT, "a restart, or nginx -s reload");
}

static void a_reload_ends_all_within_moments(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 300; i++)
        add(f, OUTCOME_closed_idle, between(f, 0, 20000), 30000 - i, 30200 + i / 10, 1 + i % 5);
    survived(f)->idle_ms = 20000;
    survived(f)->age_ms = 30000;
    told(f, OUTCOME_closed_idle, CLOSING_MOMENT, "a restart, or nginx -s reload");
    assert_string_equal(f->judgement.closings.items[0].text,
                        "within 29 ms of each other, 30.2 s into the run: looks like a restart, or "
                        "nginx -s reload");
    for (uint32_t i = 0; i < 200; i++)
        add(f, OUTCOME_closed_idle, between(f, 0, 20000), 60000 - i, 60200 + i / 10, 5 + i % 5);
    told(f, OUTCOME_closed_idle, CLOSING_MOMENT, "a restart, or nginx -s reload");
    assert_non_null(strstr(f->judgement.closings.items[0].text, "in 2 bursts"));
}

/* Connections in step: opened within 10 ms, and none had asked again. */
static void told_in_step(struct fixture *f, uint32_t rivals) {
    told(f, OUTCOME_closed_idle, CLOSING_MOMENT, "a restart, or nginx -s reload");
    assert_int_equal(f->judgement.closings.items[0].rivals, rivals);
}

static void what_is_in_step_is_told_by_the_smaller_spread(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++) /* a timer of each: all 5 000 ms, one after the other */
        add(f, OUTCOME_closed_idle, 5000 + i % 2, 5000 + i % 2, 5000 + i, 1);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
    memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
    for (uint32_t i = 0; i < 100; i++) /* one moment for all, or a server that looks now and then */
        add(f, OUTCOME_closed_idle, 5000 - i, 5000 - i, 5000 + i % 2, 1);
    told_in_step(f, 1U << CLOSING_IDLE | 1U << CLOSING_AGE);
    assert_non_null(
        strstr(f->judgement.closings.items[0].text,
               "nginx -s reload, or the end of one of its processes (or an idle timeout, or an age "
               "limit of up to 4.9 s: a slower ramp"));
    for (uint32_t i = 0; i < 5; i++) /* nothing but one moment ends what was just answered, too */
        add(f, OUTCOME_closed_idle, 10 + i, 5000 - i, 5000, 2);
    told(f, OUTCOME_closed_idle, CLOSING_MOMENT, "a restart, or nginx -s reload");
}

/* A busy server, or we, saw all of them at once, behind the time that it announces: a restart would
 * have had to come just then. */
static void in_step_behind_an_announced_timeout_it_is_that(void **state) {
    struct fixture *f = *state;
    static const struct {
        int64_t announced;
        uint32_t longest;
        bool idle;
    } cases[] = {{5, 5101, true}, {5, 5000, false}, {4, 5101, false}, {0, 5101, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
        f->record.total.counts.keep_alive_timeout_s = cases[i].announced;
        for (uint32_t k = 0; k < 100; k++)
            add(f, OUTCOME_closed_idle, cases[i].longest - k, cases[i].longest - k, 5100 + k % 2,
                1);
        if (!cases[i].idle) {
            told_in_step(f, 1U << CLOSING_IDLE | 1U << CLOSING_AGE);
            continue;
        }
        told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
        assert_int_equal(f->judgement.closings.items[0].rivals,
                         1U << CLOSING_MOMENT | 1U << CLOSING_AGE);
        assert_non_null(strstr(f->judgement.closings.items[0].text, "as its answers say"));
    }
}

/* Never asked again, so that age and idle time are one: the age alone is sharp where a busy machine
 * read the answers late. */
static void behind_an_announced_timeout_an_age_is_that(void **state) {
    struct fixture *f = *state;
    for (int announced = 0; announced <= 5; announced += 5) {
        memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
        f->record.total.counts.keep_alive_timeout_s = announced;
        for (uint32_t k = 0; k < 100; k++)
            add(f, OUTCOME_closed_idle, 4995 + between(f, 0, 400), 5400 + k % 4, 5400 + 10 * k, 1);
        if (announced > 0)
            told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
        else
            told(f, OUTCOME_closed_idle, CLOSING_AGE, "a connection's age limit of 5400ms");
        assert_int_equal(f->judgement.closings.items[0].rivals,
                         1U << (announced > 0 ? CLOSING_AGE : CLOSING_IDLE));
    }
}

/* Ten in 10 ms: a server's clock may be no finer than that. */
static void a_few_in_step_are_told_by_the_rounder_number(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 10; i++)
        add(f, OUTCOME_closed_idle, 5009 - i, 5010 - i, 5010, 1);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
    memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
    for (uint32_t i = 0; i < 10; i++)
        add(f, OUTCOME_closed_idle, 3379 - i, 3380 - i, 3380, 1);
    told_in_step(f, 1U << CLOSING_IDLE | 1U << CLOSING_AGE);
}

static void a_request_that_meets_a_known_timeout_is_the_stale_reuse_race(void **state) {
    struct fixture *f = *state;
    f->plan.think = (struct units_span){5 * SECOND, 5 * SECOND};
    time_out(f, OUTCOME_closed_idle, 5000, 8, 200);
    for (uint32_t i = 0; i < 9; i++)
        add(f, OUTCOME_reset_in_flight, 5002 + i, 5002 + i, 5050 + i, 1);
    judge_closings(&f->judgement.closings, &f->judgement.findings,
                   &(struct diagnosed_run){&f->plan, &f->setup, &f->record, &f->judgement.target});
    const struct closing *closing = closings_find(&f->judgement.closings, OUTCOME_reset_in_flight);
    assert_non_null(closing);
    assert_int_equal(closing->dimension, CLOSING_IDLE);
    assert_non_null(strstr(closing->text, "the stale-reuse race with keepalive_timeout 5s"));
}

static void an_odd_number_of_requests_in_step_is_rather_a_moment(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_announced, 0, 3001 + i % 3, i + 3001, 7);
    *survived(f) = survived_all(500, 2502, 2502, 6, 2600);
    told(f, OUTCOME_closed_announced, CLOSING_MOMENT, "a restart, or nginx -s reload");
    assert_non_null(strstr(f->judgement.closings.items[0].text, "or a limit of 7 requests"));
    assert_non_null(strstr(f->judgement.closings.items[0].text, "or an age limit of up to 3.0 s"));
}

static void an_age_limit_with_a_timer_of_its_own_is_told_by_age(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_idle, between(f, 0, 9000), 30000 + i % 7, 30000 + i * 20, 2 + i % 9);
    survived(f)->idle_ms = 9500;
    survived(f)->age_ms = 29990;
    told(f, OUTCOME_closed_idle, CLOSING_AGE, "a connection's age limit of 30s");
    survived(f)->age_ms = 45000;
    expect_none(f, OUTCOME_closed_idle);
}

/* Ours is the time between requests: that it is the same in all says nothing of the server. */
/* They may be of any age beyond that. */
static void an_age_of_49_days_or_more_is_no_limit(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 50; i++)
        add(f, OUTCOME_closed_idle, between(f, 100, 30000), ENDINGS_AGE_MAX,
            between(f, 0, UINT32_MAX / 2), between(f, 1, 10000));
    survived(f)->idle_ms = 30000;
    survived(f)->age_ms = ENDINGS_AGE_MAX;
    expect_none(f, OUTCOME_closed_idle);
    for (int i = 0; i < 50; i++)
        add(f, OUTCOME_closed_announced, between(f, 0, 40), ENDINGS_AGE_MAX,
            between(f, 0, UINT32_MAX / 2), between(f, 1, 10000));
    survived(f)->kept_age_ms = ENDINGS_AGE_MAX;
    survived(f)->kept_answers = 10000;
    f->judgement.findings.count = 0;
    assert_int_equal(infer(f, OUTCOME_closed_announced)->dimension, CLOSING_UNKNOWN);
}

/* Two may be 49 days apart and bear the same number. */
static void no_moment_is_told_in_a_run_of_more_than_49_days(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 50; i++)
        add(f, OUTCOME_closed_idle, between(f, 100, 30000), between(f, 100000, 4000000),
            5000 + between(f, 0, 20), between(f, 1, 10000));
    survived(f)->idle_ms = 30000;
    survived(f)->age_ms = 5000000;
    f->record.hold_seconds = 49 * 86400;
    told(f, OUTCOME_closed_idle, CLOSING_MOMENT, "a restart, or nginx -s reload");
    f->record.hold_seconds = 50 * 86400;
    expect_none(f, OUTCOME_closed_idle);
}

static void our_own_think_time_is_no_timeout(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_reset_in_flight, 5000 + i % 3, 5000 * (i % 9 + 1), 7000 * i, i % 9 + 1);
    survived(f)->age_ms = 60000;
    f->plan.think = (struct units_span){5 * SECOND, 5 * SECOND};
    expect_none(f, OUTCOME_reset_in_flight);
    f->plan.think = (struct units_span){1 * SECOND, 30 * SECOND}; /* where we vary, it may */
    expect_none(f, OUTCOME_reset_in_flight);
    struct ending_group *group = &f->record.total.endings.of[OUTCOME_reset_in_flight];
    for (uint32_t i = 0; i < group->kept; i++) /* and no reaction to what was asked just then */
        group->sample[i].waited_ms = 40 * i;
    told(f, OUTCOME_reset_in_flight, CLOSING_IDLE, "keepalive_timeout 5s");
}

/* nginx closes those longest idle, so that all have about the same idle time. */
static void room_made_for_others_is_a_level_and_no_timeout(void **state) {
    struct fixture *f = *state;
    f->plan.connections = 1000;
    f->plan.ramp = (struct ramp){{1000, SECOND}, 1000};
    f->record.total.counts.opened = 1000;
    f->record.ramp_seconds = 1.0;
    for (uint32_t i = 0; i < 540; i++)
        add(f, OUTCOME_closed_idle, 470 + i % 4, 470 + i % 4, 475 + i * 525 / 540, 1);
    survived(f)->idle_ms = 9000;
    survived(f)->age_ms = 20000;
    told(f, OUTCOME_closed_idle, CLOSING_LEVEL, "worker_connections");
    assert_in_range(f->judgement.closings.items[0].value, 470, 480);
    f->record.total.counts.opened = 10000; /* so many more were opened and stayed */
    f->plan.ramp = (struct ramp){{1000, SECOND}, 10000};
    f->record.ramp_seconds = 10.0;
    expect_none(f, OUTCOME_closed_idle);
}

/* 100 ms late, 475 are open when 575 are due. */
static void a_level_is_told_by_a_ramp_that_ran_late(void **state) {
    struct fixture *f = *state;
    f->plan.connections = 1000;
    f->plan.ramp = (struct ramp){{1000, SECOND}, 1000};
    f->record.total.counts.opened = 1000;
    f->record.ramp_seconds = 1.1;
    for (uint32_t i = 0; i < 540; i++)
        add(f, OUTCOME_closed_idle, 470 + i % 4, 470 + i % 4, 575 + i * 525 / 540, 1);
    survived(f)->idle_ms = 9000;
    survived(f)->age_ms = 20000;
    expect_none(f, OUTCOME_closed_idle);
    f->record.total.counts.ramp_late_ns = 100 * MILLISECOND;
    told(f, OUTCOME_closed_idle, CLOSING_LEVEL, "worker_connections");
    assert_in_range(f->judgement.closings.items[0].value, 470, 480);
    f->record.total.endings.of[OUTCOME_closed_idle].count = 300; /* fewer than came since */
    expect_none(f, OUTCOME_closed_idle);
}

static void only_a_moment_explains_what_no_limit_does(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 50; i++)
        add(f, OUTCOME_response_timeout, 8000, 8000, 8000 + 5 * i, 1);
    expect_none(f, OUTCOME_response_timeout);
    memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
    for (uint32_t i = 0; i < 50; i++)
        add(f, OUTCOME_reset_mid_response, 100 * i, 8000 - 10 * i, 8000 + i, i);
    told(f, OUTCOME_reset_mid_response, CLOSING_MOMENT, "a restart, or nginx -s reload");
}

/* All that our own clock brings together: timeouts of requests asked together, bytes that come with
 * their answers, connections that were opened together and had no answer, or ended at once. */
static void what_our_own_clock_makes_is_no_moment_of_the_server(void **state) {
    struct fixture *f = *state;
    static const struct {
        enum outcome outcome;
        uint32_t age_ms, answers;
    } rows[] = {
        {OUTCOME_response_timeout, 30000, 9}, {OUTCOME_silent, 30000, 9},
        {OUTCOME_protocol_error, 30000, 9},   {OUTCOME_unsolicited, 30000, 9},
        {OUTCOME_io_error, 30000, 9},         {OUTCOME_worker_lost, 30000, 9},
        {OUTCOME_closed_in_flight, 30000, 0}, {OUTCOME_reset_in_flight, 5000, 0},
        {OUTCOME_reset_idle, 5000, 0},        {OUTCOME_closed_idle, 90, 1},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
        for (uint32_t i = 0; i < 100; i++)
            add(f, rows[row].outcome, between(f, 0, rows[row].age_ms), rows[row].age_ms + i,
                31000 + i / 10, rows[row].answers);
        survived(f)->idle_ms = 29000;
        survived(f)->age_ms = 31000;
        expect_none(f, rows[row].outcome);
    }
}

/* A ramp of 10 ms, and a server that goes down in order after 3.5 s, or has such a limit. */
static void an_age_that_all_have_at_a_moment_may_be_either(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint32_t at_ms;
        enum closing_dimension dimension;
        const char *directive, *other;
    } rows[] = {
        {3520, CLOSING_MOMENT, "a restart, or nginx -s reload", "(or an age limit"},
        {4000, CLOSING_MOMENT, "a restart, or nginx -s reload", "(or an age limit"},
    };
    for (size_t row = 0; row < 2; row++) {
        memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
        grow_old(f, rows[row].at_ms, 500, 10);
        told(f, OUTCOME_closed_announced, rows[row].dimension, rows[row].directive);
        assert_non_null(strstr(f->judgement.closings.items[0].text, rows[row].other));
    }
}

/* A kill with a straggler is no age either: what agrees is the moment. */
static void an_age_by_a_timer_follows_the_ramp(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 12; i++)
        add(f, OUTCOME_reset_idle, between(f, 0, 900), 4000 - i, 4000, 3);
    add(f, OUTCOME_reset_idle, 1300, 4400, 4400, 3);
    expect_none(f, OUTCOME_reset_idle);
}

static void fixed_intervals_until_the_end_count_no_requests(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_idle, 5, 3205 - i / 10, 3300 + i / 50, 7);
    survived(f)->kept_answers = 7;
    expect_none(f, OUTCOME_closed_idle);
}

static void add_with(struct fixture *f, uint16_t status, uint32_t count) {
    struct tally_counts *counts = &f->record.total.counts;
    for (uint32_t i = 0; i < count; i++)
        endings_add(&f->record.total.endings, OUTCOME_closed_announced,
                    &(struct ending){.sample_key = (uint32_t)random_next(&f->random),
                                     .age_ms = 1,
                                     .moment_ms = START_MS + i,
                                     .answers = 1,
                                     .status = status});
    counts->statuses[status] += count;
}

static void an_error_status_that_ends_connections_is_their_cause(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint16_t status;
        const char *meaning, *advice;
    } rows[] = {
        {400, "it does not take the request", "curl -v"},
        {405, "it does not take the method", "curl -v"},
        {408, "came too late", "curl -v"},
        {421, "host name", "curl -v"},
        {426, "another version", "curl -v"},
        {429, "rate of requests", "fewer requests"},
        {431, "headers are too large", "curl -v"},
        {418, "it refuses the request", "curl -v"},
        {500, "it fails", "error log"},
        {503, "overloaded", "error log"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&f->record.total, 0, sizeof f->record.total);
        add_with(f, rows[i].status, i == 0 ? 2 : 100); /* of two as well */
        const struct closing *closing = infer(f, OUTCOME_closed_announced);
        assert_int_equal(closing->dimension, CLOSING_STATUS);
        assert_int_equal(closing->value, rows[i].status);
        assert_non_null(strstr(closing->text, "each with an answer of status "));
        assert_non_null(strstr(closing->text, rows[i].meaning));
        assert_string_equal(f->judgement.findings.items[0].name, "error_status");
        assert_non_null(strstr(f->judgement.findings.items[0].todo[0], rows[i].advice));
        assert_null(strstr(f->judgement.findings.items[0].todo[0], "keep"));
    }
}

static void of_several_statuses_each_part_is_named(void **state) {
    struct fixture *f = *state;
    add_with(f, 503, 60);
    add_with(f, 429, 30);
    add_with(f, 200, 110);
    const struct closing *closing = infer(f, OUTCOME_closed_announced);
    assert_int_equal(closing->dimension, CLOSING_STATUS);
    assert_string_equal(closing->text,
                        "30 % of them with an answer of status 503 (it is overloaded, or has "
                        "nobody to serve us), 15 % with another error status");
}

/* Every answer is 404, and the 20th of a connection is its last. */
static void a_status_that_keeps_connections_too_ends_none(void **state) {
    struct fixture *f = *state;
    count_out(f, OUTCOME_closed_announced, 20, 0);
    struct ending_group *group = &f->record.total.endings.of[OUTCOME_closed_announced];
    for (uint32_t i = 0; i < group->kept; i++)
        group->sample[i].status = 404;
    f->record.total.counts.statuses[404] = 20 * group->count;
    told(f, OUTCOME_closed_announced, CLOSING_REQUESTS, "keepalive_requests 20");
}

static void the_longest_numbers_fit(void **state) {
    struct fixture *f = *state;
    f->options.given.interval = true;
    f->options.keepalive = 24 * HOUR;
    f->plan.think = (struct units_span){24 * HOUR - 1, 24 * HOUR - 1};
    strcpy(f->judgement.target.server, "");
    for (int o = 0; o < OUTCOME_COUNT; o++)
        for (uint32_t i = 0; i < 10; i++)
            add(f, (enum outcome)o, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX);
    *survived(f) = (struct endings_survived){.kept_moment_ns = INT64_MAX};
    judge_closings(&f->judgement.closings, &f->judgement.findings,
                   &(struct diagnosed_run){&f->plan, &f->setup, &f->record, &f->judgement.target});
    assert_int_equal(f->judgement.closings.count, OUTCOME_COUNT);
    for (int o = 0; o < OUTCOME_COUNT; o++)
        assert_true(strlen(f->judgement.closings.items[o].text) + 1 <
                    sizeof f->judgement.closings.items[o].text);
}

/* A timeout of 3 s of which answers were read so late that less of it was seen. */
static void blur(struct fixture *f, uint32_t count, uint32_t late_ms_max) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t late = between(f, 0, late_ms_max), opened = i * 10;
        endings_add(&f->record.total.endings, OUTCOME_closed_idle,
                    &(struct ending){.sample_key = (uint32_t)random_next(&f->random),
                                     .idle_ms = 3000 - late,
                                     .age_ms = 3000,
                                     .moment_ms = START_MS + opened + 3000,
                                     .answers = 1,
                                     .late_ms = (uint16_t)late});
    }
}

static void an_idle_time_that_is_blurred_by_our_own_lateness_says_nothing(void **state) {
    struct fixture *f = *state;
    blur(f, 200, 1800);
    expect_none(f, OUTCOME_closed_idle);
    blur(f, 170, 20); /* the others are told by those that are sharp */
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 3s");
    assert_false(f->judgement.closings.items[0].interval);
}

/* As late as we were, so may have been a server on this machine, of which nobody knows. */
static void an_interval_is_far_wider_than_our_own_lateness(void **state) {
    struct fixture *f = *state;
    look_each_second(f, true);
    histogram_add(&f->record.total.lag, 100 * MILLISECOND);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 3s");
    histogram_add(&f->record.total.lag, 692 * MILLISECOND);
    expect_none(f, OUTCOME_closed_idle);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void a_process_that_ended_then_is_no_restart(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 400; i++)
        add(f, OUTCOME_closed_idle, between(f, 100, 3000), between(f, 3000, 3400), 3400,
            between(f, 1, 4));
    f->record.server_process = (struct server_process_view){.asked = true,
                                                            .pid = 42,
                                                            .ended = true,
                                                            .ended_seconds = 4.1,
                                                            .samples = 4,
                                                            .oom_kills = 1,
                                                            .at_memory_limit = 45,
                                                            .group_memory_bytes = 52428800,
                                                            .group_memory_max = 52428800};
    f->record.total.counts.outcomes[OUTCOME_closed_idle] = 400;
    f->judgement.setup = &f->setup;
    judge_run(&f->judgement, &f->plan, &f->record);
    bool oom = false;
    for (size_t i = 0; i < f->judgement.findings.count; i++) {
        const struct finding *finding = &f->judgement.findings.items[i];
        if (strstr(finding->text, "restart") != NULL)
            fail_msg("%s", finding->text);
        if (strcmp(finding->name, "server_oom") != 0)
            continue;
        oom = true;
        assert_non_null(strstr(finding->text, "process 42 ended 4.1 s into the run"));
        assert_non_null(strstr(finding->evidence, "oom_kill rose by 1"));
        assert_non_null(strstr(finding->evidence, "50.0 MiB of its limit of 50.0 MiB"));
    }
    assert_true(oom);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_process_that_ended_then_is_no_restart),
        TEST(an_idle_timeout_is_named_in_each_servers_words),
        TEST(a_timeout_seen_a_second_late_is_the_one_announced),
        TEST(a_timeout_beside_the_one_announced_is_the_one_seen),
        TEST(a_timeout_that_is_looked_at_now_and_then_is_an_interval),
        TEST(without_any_that_was_spared_it_may_be_restarts_and_is_not_told),
        TEST(one_that_was_idle_for_longer_contradicts_an_interval),
        TEST(an_idle_time_that_is_blurred_by_our_own_lateness_says_nothing),
        TEST(an_interval_is_far_wider_than_our_own_lateness),
        TEST(those_beyond_a_limit_that_are_refused_are_no_restart),
        TEST(those_beyond_a_limit_are_never_answered_and_the_others_at_once),
        TEST(a_few_that_end_in_flight_alone_are_no_restart),
        TEST(a_path_that_forgets_loses_what_was_asked_after_so_long),
        TEST(what_no_request_outlived_is_a_silence_since_then),
        TEST(timeouts_are_rounded_to_what_people_write),
        TEST(an_idle_time_that_others_survived_is_no_timeout),
        TEST(fewer_than_five_say_nothing),
        TEST(closes_at_random_are_not_explained),
        TEST(of_a_mixture_the_part_that_agrees_is_told_with_its_share),
        TEST(a_few_strays_do_not_hide_a_cause),
        TEST(a_limit_of_requests_is_an_exact_number),
        TEST(a_close_right_behind_the_last_answer_is_a_limit_of_requests_too),
        TEST(a_server_without_keep_alive_is_called_so),
        TEST(an_end_behind_each_head_may_be_of_head_alone),
        TEST(a_fixed_interval_cannot_tell_a_count_from_an_age),
        TEST(an_age_limit_is_a_sharp_lower_edge),
        TEST(an_age_at_which_others_were_kept_is_no_limit),
        TEST(a_server_that_goes_down_in_order_is_a_moment_and_no_age),
        TEST(a_reload_ends_all_within_moments),
        TEST(what_is_in_step_is_told_by_the_smaller_spread),
        TEST(in_step_behind_an_announced_timeout_it_is_that),
        TEST(behind_an_announced_timeout_an_age_is_that),
        TEST(a_few_in_step_are_told_by_the_rounder_number),
        TEST(a_request_that_meets_a_known_timeout_is_the_stale_reuse_race),
        TEST(an_odd_number_of_requests_in_step_is_rather_a_moment),
        TEST(an_age_limit_with_a_timer_of_its_own_is_told_by_age),
        TEST(an_age_of_49_days_or_more_is_no_limit),
        TEST(no_moment_is_told_in_a_run_of_more_than_49_days),
        TEST(our_own_think_time_is_no_timeout),
        TEST(room_made_for_others_is_a_level_and_no_timeout),
        TEST(a_level_is_told_by_a_ramp_that_ran_late),
        TEST(only_a_moment_explains_what_no_limit_does),
        TEST(what_our_own_clock_makes_is_no_moment_of_the_server),
        TEST(an_age_that_all_have_at_a_moment_may_be_either),
        TEST(an_age_by_a_timer_follows_the_ramp),
        TEST(fixed_intervals_until_the_end_count_no_requests),
        TEST(an_error_status_that_ends_connections_is_their_cause),
        TEST(of_several_statuses_each_part_is_named),
        TEST(a_status_that_keeps_connections_too_ends_none),
        TEST(the_longest_numbers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
