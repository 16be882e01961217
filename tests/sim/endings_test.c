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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announced_end_is_noted_with_the_answer_that_said_so),
        cmocka_unit_test(a_close_while_idle_is_noted_by_the_time_since_the_last_answer),
        cmocka_unit_test(a_close_in_flight_is_noted_by_the_time_since_the_last_answer_too),
        cmocka_unit_test(the_others_are_noted_as_survivors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
