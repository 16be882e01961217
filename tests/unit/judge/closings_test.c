/* Inference: endings that agree are named, and traps are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "judge/judge.h"

/* 400 connections, opened over `ramp_ms` from the run clock's 1000 s on, each asking at random. */
struct fixture {
    struct options options;
    struct plan plan;
    struct record record;
    struct judgement judgement;
    struct random random;
};

enum { START_MS = 1000000 };

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    f->options.keepalive = 60 * SECOND;
    f->plan = (struct plan){.options = &f->options,
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

static struct survived *survived(struct fixture *f) {
    return &f->record.total.endings.survived;
}

static void add(struct fixture *f, enum outcome outcome, uint32_t idle_ms, uint32_t age_ms,
                uint32_t moment_ms, uint32_t answers) {
    endings_add(&f->record.total.endings, outcome,
                &(struct ending){.lot = (uint32_t)random_next(&f->random),
                                 .idle_ms = idle_ms,
                                 .age_ms = age_ms,
                                 .moment_ms = START_MS + moment_ms,
                                 .answers = answers});
}

static const struct closing *infer(struct fixture *f, enum outcome outcome) {
    f->judgement.findings.count = 0;
    judge_closings(&f->judgement, &f->plan, &f->record);
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
    assert_string_equal(closing->directive, directive);
    assert_non_null(strstr(closing->text, directive));
    assert_int_equal(f->judgement.findings.count, 1);
    const struct finding *finding = &f->judgement.findings.items[0];
    assert_non_null(strstr(finding->text, outcome_name(outcome)));
    assert_non_null(strstr(finding->text, directive));
    assert_int_equal(finding->side, SIDE_SERVER);
    assert_true(finding->do_count > 0);
    assert_ptr_equal(closings_find(&f->judgement.closings, outcome), closing);
}

static void not_told(struct fixture *f, enum outcome outcome) {
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
                        "5.0 s after their last answer: looks like keepalive_timeout 5s (you said "
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

static void timeouts_are_rounded_to_what_people_write(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint32_t seen_ms, late_ms;
        const char *directive;
    } table[] = {
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
    not_told(f, OUTCOME_closed_idle);
}

static void fewer_than_five_say_nothing(void **state) {
    struct fixture *f = *state;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 4);
    not_told(f, OUTCOME_closed_idle);
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
            *survived(f) =
                (struct survived){29000, 60000, 59900, 9, (START_MS + 60400) * MILLISECOND};
            not_told(f, outcomes[o]);
        }
    }
}

static void a_mixture_of_two_causes_is_not_explained_by_one(void **state) {
    struct fixture *f = *state;
    time_out(f, OUTCOME_closed_idle, 5000, 8, 200);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t age = between(f, 5000, 30000);
        add(f, OUTCOME_closed_idle, between(f, 0, 4000), age, i + age, 3 + i % 7);
    }
    survived(f)->age_ms = 40000;
    not_told(f, OUTCOME_closed_idle);
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
    not_told(f, OUTCOME_closed_announced);
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

static void a_fixed_interval_cannot_tell_a_count_from_an_age(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_announced, 0, 19000, i + 19000, 20);
    *survived(f) = (struct survived){1000, 18000, 18000, 19, (START_MS + 18100) * MILLISECOND};
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
        {60000, 30000, 10, "keepalive_time 60s"},
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
    not_told(f, OUTCOME_closed_announced);
}

static void a_server_that_goes_down_in_order_is_a_moment_and_no_age(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t moment = 20000 + between(f, 0, 5000);
        add(f, OUTCOME_closed_announced, 0, moment - i * 10, moment, 10 + i % 11);
    }
    *survived(f) = (struct survived){3000, 20000, 19990, 20, (START_MS + 19998) * MILLISECOND};
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
static void what_is_in_step_is_told_by_the_smaller_spread(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++) /* a timer of each: all 5 000 ms, one after the other */
        add(f, OUTCOME_closed_idle, 5000 + i % 2, 5000 + i % 2, 5000 + i, 1);
    told(f, OUTCOME_closed_idle, CLOSING_IDLE, "keepalive_timeout 5s");
    memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
    for (uint32_t i = 0; i < 100; i++) /* one moment for all */
        add(f, OUTCOME_closed_idle, 5000 - i, 5000 - i, 5000 + i % 2, 1);
    told(f, OUTCOME_closed_idle, CLOSING_MOMENT, "a restart, or nginx -s reload");
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
    told(f, OUTCOME_closed_idle, CLOSING_MOMENT, "a restart, or nginx -s reload");
}

static void a_request_that_meets_a_known_timeout_is_the_stale_reuse_race(void **state) {
    struct fixture *f = *state;
    f->plan.think = (struct span){5 * SECOND, 5 * SECOND};
    time_out(f, OUTCOME_closed_idle, 5000, 8, 200);
    for (uint32_t i = 0; i < 9; i++)
        add(f, OUTCOME_reset_in_flight, 5002 + i, 5002 + i, 5050 + i, 1);
    judge_closings(&f->judgement, &f->plan, &f->record);
    const struct closing *closing = closings_find(&f->judgement.closings, OUTCOME_reset_in_flight);
    assert_non_null(closing);
    assert_int_equal(closing->dimension, CLOSING_IDLE);
    assert_non_null(strstr(closing->text, "the stale-reuse race with keepalive_timeout 5s"));
}

static void an_odd_number_of_requests_in_step_is_rather_a_round_age(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_announced, 0, 3001 + i % 3, i + 3001, 7);
    *survived(f) = (struct survived){500, 2502, 2502, 6, (START_MS + 2600) * MILLISECOND};
    told(f, OUTCOME_closed_announced, CLOSING_AGE, "keepalive_time 3s");
    assert_non_null(strstr(f->judgement.closings.items[0].text, "or a limit of 7 requests"));
}

static void an_age_limit_with_a_timer_of_its_own_is_told_by_age(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_closed_idle, between(f, 0, 9000), 30000 + i % 7, 30000 + i * 20, 2 + i % 9);
    survived(f)->idle_ms = 9500;
    survived(f)->age_ms = 29990;
    told(f, OUTCOME_closed_idle, CLOSING_AGE, "a connection's age limit of 30s");
    survived(f)->age_ms = 45000;
    not_told(f, OUTCOME_closed_idle);
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
    not_told(f, OUTCOME_closed_idle);
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
    not_told(f, OUTCOME_closed_idle);
}

static void our_own_think_time_is_no_timeout(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 100; i++)
        add(f, OUTCOME_reset_in_flight, 5000 + i % 3, 5000 * (i % 9 + 1), 7000 * i, i % 9 + 1);
    survived(f)->age_ms = 60000;
    f->plan.think = (struct span){5 * SECOND, 5 * SECOND};
    not_told(f, OUTCOME_reset_in_flight);
    f->plan.think = (struct span){1 * SECOND, 30 * SECOND}; /* where we vary, it does */
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
    not_told(f, OUTCOME_closed_idle);
}

static void only_a_moment_explains_what_no_limit_does(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 50; i++)
        add(f, OUTCOME_response_timeout, 8000, 8000, 8000 + 5 * i, 1);
    not_told(f, OUTCOME_response_timeout);
    memset(&f->record.total.endings, 0, sizeof f->record.total.endings);
    for (uint32_t i = 0; i < 50; i++)
        add(f, OUTCOME_reset_mid_response, 100 * i, 8000, 8000 + i, i);
    told(f, OUTCOME_reset_mid_response, CLOSING_MOMENT, "a restart, or nginx -s reload");
}

static void the_longest_numbers_fit(void **state) {
    struct fixture *f = *state;
    f->options.given.interval = true;
    f->options.keepalive = 24 * HOUR;
    f->plan.think = (struct span){24 * HOUR - 1, 24 * HOUR - 1};
    strcpy(f->judgement.target.server, "");
    for (int o = 0; o < OUTCOME_COUNT; o++)
        for (uint32_t i = 0; i < 10; i++)
            add(f, (enum outcome)o, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX);
    *survived(f) = (struct survived){0, 0, 0, 0, INT64_MAX};
    judge_closings(&f->judgement, &f->plan, &f->record);
    assert_int_equal(f->judgement.closings.count, OUTCOME_COUNT);
    for (int o = 0; o < OUTCOME_COUNT; o++)
        assert_true(strlen(f->judgement.closings.items[o].text) + 1 <
                    sizeof f->judgement.closings.items[o].text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_idle_timeout_is_named_in_each_servers_words),
        TEST(a_timeout_seen_a_second_late_is_the_one_announced),
        TEST(timeouts_are_rounded_to_what_people_write),
        TEST(an_idle_time_that_others_survived_is_no_timeout),
        TEST(fewer_than_five_say_nothing),
        TEST(closes_at_random_are_not_explained),
        TEST(a_mixture_of_two_causes_is_not_explained_by_one),
        TEST(a_few_strays_do_not_hide_a_cause),
        TEST(a_limit_of_requests_is_an_exact_number),
        TEST(a_close_right_behind_the_last_answer_is_a_limit_of_requests_too),
        TEST(a_server_without_keep_alive_is_called_so),
        TEST(a_fixed_interval_cannot_tell_a_count_from_an_age),
        TEST(an_age_limit_is_a_sharp_lower_edge),
        TEST(an_age_at_which_others_were_kept_is_no_limit),
        TEST(a_server_that_goes_down_in_order_is_a_moment_and_no_age),
        TEST(a_reload_ends_all_within_moments),
        TEST(what_is_in_step_is_told_by_the_smaller_spread),
        TEST(a_few_in_step_are_told_by_the_rounder_number),
        TEST(a_request_that_meets_a_known_timeout_is_the_stale_reuse_race),
        TEST(an_odd_number_of_requests_in_step_is_rather_a_round_age),
        TEST(an_age_limit_with_a_timer_of_its_own_is_told_by_age),
        TEST(an_age_of_49_days_or_more_is_no_limit),
        TEST(no_moment_is_told_in_a_run_of_more_than_49_days),
        TEST(our_own_think_time_is_no_timeout),
        TEST(room_made_for_others_is_a_level_and_no_timeout),
        TEST(only_a_moment_explains_what_no_limit_does),
        TEST(the_longest_numbers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
