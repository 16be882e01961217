/* What is noted of each ending is what the server did: after how many answers, and how long after
 * the last. */
#include "play.h"

enum { SUFFERERS = 3, CONNECTIONS = 10 };

static const struct ending_group *suffer(struct play *play, const struct script *script,
                                         enum outcome outcome) {
    struct script scripts[SUFFERERS];
    for (int i = 0; i < SUFFERERS; i++)
        scripts[i] = *script;
    struct play_config config = {
        .world = {.seed = 5,
                  .scripts = scripts,
                  .script_count = SUFFERERS,
                  .latency = {MILLISECOND, 2 * MILLISECOND},
                  .idle_after = 20 * MILLISECOND},
        .connections = CONNECTIONS,
        .ramp = {10, 10 * MILLISECOND},
        .think = {50 * MILLISECOND, 100 * MILLISECOND},
    };
    play_start(play, &config);
    play_until(play, 2 * SECOND);
    const struct endings *endings = &play->tally->endings;
    assert_int_equal(endings_count(endings), SUFFERERS);
    assert_int_equal(endings->of[outcome].count, SUFFERERS);
    assert_int_equal(endings->of[outcome].kept, SUFFERERS);
    return &endings->of[outcome];
}

static void an_announced_end_is_noted_with_the_answer_that_said_so(void **state) {
    (void)state;
    struct play play;
    const struct ending_group *group = suffer(
        &play, &(struct script){.deed = DEED_ANSWER_CLOSE, .deed_at = 4}, OUTCOME_closed_announced);
    for (int i = 0; i < SUFFERERS; i++) {
        assert_int_equal(group->sample[i].answers, 5);
        assert_int_equal(group->sample[i].idle_ms, 0);
        assert_in_range(group->sample[i].age_ms, 4 * 50, 5 * 110);
    }
    play_end(&play);
    play_free(&play);
}

static void a_close_while_idle_is_noted_by_the_time_since_the_last_answer(void **state) {
    (void)state;
    struct play play;
    const struct ending_group *group =
        suffer(&play, &(struct script){.deed = DEED_IDLE_FIN, .deed_at = 2}, OUTCOME_closed_idle);
    for (int i = 0; i < SUFFERERS; i++) {
        assert_int_equal(group->sample[i].answers, 3);
        assert_in_range(group->sample[i].idle_ms, 0, 21);
        assert_in_range(group->sample[i].age_ms, 2 * 50, 3 * 110 + 21);
    }
    play_end(&play);
    play_free(&play);
}

static void a_close_in_flight_is_noted_by_the_time_since_the_last_answer_too(void **state) {
    (void)state;
    struct play play;
    const struct ending_group *group =
        suffer(&play, &(struct script){.deed = DEED_RST, .deed_at = 2}, OUTCOME_reset_in_flight);
    for (int i = 0; i < SUFFERERS; i++) {
        assert_int_equal(group->sample[i].answers, 2);
        assert_in_range(group->sample[i].idle_ms, 50, 115);
    }
    play_end(&play);
    play_free(&play);
}

/* Seven go on: the freeze finds them older than the others ever were, and idle at most as long as
 * they think. */
static void the_others_are_noted_as_survivors(void **state) {
    (void)state;
    struct play play;
    suffer(&play, &(struct script){.deed = DEED_ANSWER_CLOSE, .deed_at = 4},
           OUTCOME_closed_announced);
    const struct endings_survived *survived = &play.tally->endings.survived;
    assert_in_range(survived->idle_ms, 80, 110);
    assert_in_range(survived->kept_age_ms, 1800, 2000);
    assert_in_range(survived->kept_answers, 2000 / 115, 2000 / 50);
    assert_true(survived->kept_moment_ns <= play.begun.ns + 2 * SECOND);
    play_until(&play, 2 * SECOND + 40 * MILLISECOND);
    play_freeze(&play);
    assert_in_range(survived->age_ms, 2030, 2100);
    assert_in_range(survived->kept_age_ms, 1900, 2100);
    assert_int_equal(endings_count(&play.tally->endings), SUFFERERS);
    play_drain(&play, false); /* the drain's own ends are none of these */
    assert_int_equal(endings_count(&play.tally->endings), SUFFERERS);
    play_free(&play);
}

/* We wake late and take long for each event: what a timer of the server's shows lies within what is
 * noted of our own lateness; but for a few, where nothing was due and nobody knows that a wake was
 * late. */
static void an_idle_time_is_known_to_within_our_own_lateness(void **state) {
    (void)state;
    enum { IDLE_MS = 700, SLACK_MS = 2 * 10 + 12 };
    uint32_t late = 0, ended = 0, beyond = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        /* The others keep on asking: the next wait is always short, and it is known when it ends
         * late. */
        struct sim_policy policies[2] = {{.idle = IDLE_MS * MILLISECOND}};
        struct play_config config = {
            .world = {.seed = seed,
                      .policies = policies,
                      .second_percent = 70,
                      .latency = {MILLISECOND, 3 * MILLISECOND},
                      .late_wakes = 8000 * (uint32_t)(seed % 4),
                      .late_by = 400 * MILLISECOND,
                      .event_cost = (duration)(seed % 3) * 2 * MILLISECOND},
            .connections = 200,
            .ramp = {200, 500 * MILLISECOND},
            .think = {100 * MILLISECOND, 2 * SECOND},
            .audit_every = 4096,
        };
        struct play play;
        play_start(&play, &config);
        play_until(&play, 5 * SECOND);
        const struct ending_group *group = &play.tally->endings.of[OUTCOME_closed_idle];
        for (uint32_t i = 0; i < group->kept; i++) {
            const struct ending *ending = &group->sample[i];
            int64_t off = (int64_t)ending->idle_ms - IDLE_MS;
            beyond += (off < 0 ? -off : off) > ending->late_ms + SLACK_MS;
            late += ending->late_ms > 100;
            assert_true(seed % 12 > 0 || ending->late_ms == 0); /* where we never were */
        }
        ended += group->kept;
        play_end(&play);
        play_free(&play);
    }
    assert_true(ended > 500 && late > 50);
    assert_in_range(beyond, 0, ended / 25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announced_end_is_noted_with_the_answer_that_said_so),
        cmocka_unit_test(a_close_while_idle_is_noted_by_the_time_since_the_last_answer),
        cmocka_unit_test(a_close_in_flight_is_noted_by_the_time_since_the_last_answer_too),
        cmocka_unit_test(the_others_are_noted_as_survivors),
        cmocka_unit_test(an_idle_time_is_known_to_within_our_own_lateness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
