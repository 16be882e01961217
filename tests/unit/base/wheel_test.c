/* The timer wheel does what a list of deadlines would, over wraps, rounds and jumps. */
#include "base/expect_bug.h"

#include <sys/mman.h>

#include "base/random.h"
#include "base/wheel.h"

enum { TIMERS = 200 };

/* Deadlines kept as plainly as can be: by ticks since the beginning, which never wrap. */
struct model {
    struct wheel *wheel;
    uint32_t begin; /* the wheel's tick at the model's 0 */
    uint64_t position;
    uint64_t due[TIMERS];
    bool armed[TIMERS];
};

static void model_begin(struct model *model, uint32_t begin) {
    *model = (struct model){.begin = begin, .wheel = wheel_create(TIMERS, begin)};
    assert_non_null(model->wheel);
}

static uint32_t tick(const struct model *model, uint64_t time) {
    return model->begin + (uint32_t)time;
}

static void model_arm(struct model *model, uint32_t index, uint64_t due) {
    wheel_arm(model->wheel, index, tick(model, due));
    model->armed[index] = true;
    model->due[index] = due > model->position ? due : model->position;
}

static void model_cancel(struct model *model, uint32_t index) {
    wheel_cancel(model->wheel, index);
    model->armed[index] = false;
}

/* The earliest deadline; UINT64_MAX when nothing is armed. */
static uint64_t model_earliest(const struct model *model) {
    uint64_t earliest = UINT64_MAX;
    for (int i = 0; i < TIMERS; i++)
        if (model->armed[i] && model->due[i] < earliest)
            earliest = model->due[i];
    return earliest;
}

/* Takes one timer; false when there was, rightly, none. */
static bool model_take(struct model *model, uint64_t now) {
    uint64_t earliest = model_earliest(model);
    uint32_t index = wheel_take(model->wheel, tick(model, now));
    if (index == WHEEL_NONE) {
        assert_true(earliest > now);
        model->position = now;
        return false;
    }
    assert_true(index < TIMERS && model->armed[index]);
    assert_true(model->due[index] <= now && model->due[index] == earliest);
    model->armed[index] = false;
    model->position = earliest;
    return true;
}

/* When the wheel next comes by the slot of a deadline, be it a round or more too early. */
static uint64_t first_visit(const struct model *model, uint64_t due) {
    uint64_t ahead = due - model->position;
    return ahead == 0 ? model->position : model->position + (ahead - 1) % WHEEL_SLOTS + 1;
}

static void model_check(const struct model *model) {
    uint64_t earliest = UINT64_MAX;
    uint32_t count = 0, next = 0;
    for (uint32_t i = 0; i < TIMERS; i++) {
        assert_true(wheel_armed(model->wheel, i) == model->armed[i]);
        count += model->armed[i];
        if (model->armed[i] && first_visit(model, model->due[i]) < earliest)
            earliest = first_visit(model, model->due[i]);
    }
    assert_int_equal(wheel_count(model->wheel), count);
    assert_true(wheel_next(model->wheel, &next) == (count > 0));
    if (count > 0)
        assert_int_equal(next, tick(model, earliest));
}

/* Deadlines near, about a round away, many rounds away, and past. */
static uint64_t any_due(const struct model *model, struct random *random) {
    switch (random_between(random, 0, 5)) {
    case 0: return model->position - (model->position > 0 ? random_between(random, 0, 1) : 0);
    case 1: return model->position + random_between(random, WHEEL_SLOTS - 2, WHEEL_SLOTS + 2);
    case 2: return model->position + random_between(random, 0, 5) * WHEEL_SLOTS;
    case 3: return model->position + random_between(random, 0, 20 * WHEEL_SLOTS);
    default: return model->position + random_between(random, 0, 300);
    }
}

static void any_change(struct model *model, struct random *random) {
    uint32_t index = (uint32_t)random_between(random, 0, TIMERS - 1);
    if (random_between(random, 0, 3) == 0)
        model_cancel(model, index);
    else
        model_arm(model, index, any_due(model, random));
}

static uint64_t any_jump(struct random *random) {
    static const uint64_t longest[] = {0, 1, 1, 10, 100, 1000, WHEEL_SLOTS, 5 * WHEEL_SLOTS};
    return random_between(random, 0, longest[random_between(random, 0, 7)]);
}

/* Timers are armed and cancelled also in the middle of a pass, as the engine does. */
static void play(uint32_t begin, uint64_t seed) {
    struct model model;
    struct random random;
    uint64_t now = 0;
    model_begin(&model, begin);
    random_seed(&random, seed, 0);
    for (int step = 0; step < 4000; step++) {
        for (uint64_t changes = random_between(&random, 0, 4); changes > 0; changes--)
            any_change(&model, &random);
        now += any_jump(&random);
        while (model_take(&model, now))
            if (random_between(&random, 0, 3) == 0)
                any_change(&model, &random);
        if (step % 16 == 0)
            model_check(&model);
    }
    wheel_destroy(model.wheel);
}

static void it_agrees_with_a_plain_list_of_deadlines(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++)
        play(0, seed);
}

static void it_agrees_also_where_the_tick_wraps(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++)
        play(UINT32_MAX - (uint32_t)(seed * seed * 1000), seed);
}

static void a_timer_fires_at_its_tick_and_not_before(void **state) {
    (void)state;
    static const uint32_t delays[] = {
        1,        63, 64, 4096, WHEEL_SLOTS - 1, WHEEL_SLOTS, WHEEL_SLOTS + 1, 10 * WHEEL_SLOTS,
        INT32_MAX};
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        struct wheel *wheel = wheel_create(1, 4000000000);
        wheel_arm(wheel, 0, 4000000000 + delays[i]);
        assert_int_equal(wheel_take(wheel, 4000000000), WHEEL_NONE);
        assert_int_equal(wheel_take(wheel, 4000000000 + delays[i] - 1), WHEEL_NONE);
        assert_true(wheel_armed(wheel, 0));
        assert_int_equal(wheel_take(wheel, 4000000000 + delays[i]), 0);
        assert_false(wheel_armed(wheel, 0));
        wheel_destroy(wheel);
    }
}

static void a_deadline_that_has_passed_fires_at_the_next_take(void **state) {
    (void)state;
    struct wheel *wheel = wheel_create(2, 1000);
    assert_int_equal(wheel_take(wheel, 2000), WHEEL_NONE);
    wheel_arm(wheel, 0, 1500);
    wheel_arm(wheel, 1, 2000);
    uint32_t next = 0;
    assert_true(wheel_next(wheel, &next));
    assert_int_equal(next, 2000);
    uint32_t sum = wheel_take(wheel, 2000);
    sum += wheel_take(wheel, 2000);
    assert_int_equal(sum, 1);
    assert_int_equal(wheel_take(wheel, 2000), WHEEL_NONE);
    wheel_destroy(wheel);
}

static void what_is_armed_in_a_pass_for_a_tick_of_the_pass_fires_in_it(void **state) {
    (void)state;
    struct wheel *wheel = wheel_create(3, 0);
    wheel_arm(wheel, 0, 10);
    wheel_arm(wheel, 1, 30);
    assert_int_equal(wheel_take(wheel, 40), 0);
    wheel_arm(wheel, 0, 10);
    assert_int_equal(wheel_take(wheel, 40), 0);
    wheel_arm(wheel, 2, 20);
    assert_int_equal(wheel_take(wheel, 40), 2);
    assert_int_equal(wheel_take(wheel, 40), 1);
    wheel_arm(wheel, 2, 41);
    assert_int_equal(wheel_take(wheel, 40), WHEEL_NONE);
    assert_int_equal(wheel_take(wheel, 41), 2);
    wheel_destroy(wheel);
}

static void arming_again_moves_and_cancelling_disarms_also_what_is_due(void **state) {
    (void)state;
    struct wheel *wheel = wheel_create(3, 0);
    for (uint32_t i = 0; i < 3; i++)
        wheel_arm(wheel, i, 10);
    uint32_t first = wheel_take(wheel, 10), moved = (first + 1) % 3, cancelled = (first + 2) % 3;
    wheel_arm(wheel, moved, 20);
    wheel_cancel(wheel, cancelled);
    wheel_cancel(wheel, cancelled);
    assert_int_equal(wheel_count(wheel), 1);
    assert_int_equal(wheel_take(wheel, 19), WHEEL_NONE);
    assert_int_equal(wheel_take(wheel, 20), moved);
    assert_int_equal(wheel_count(wheel), 0);
    wheel_destroy(wheel);
}

static void the_past_takes_nothing(void **state) {
    (void)state;
    struct wheel *wheel = wheel_create(1, 100);
    wheel_arm(wheel, 0, 100);
    assert_int_equal(wheel_take(wheel, 99), WHEEL_NONE);
    assert_int_equal(wheel_take(wheel, 100), 0);
    wheel_destroy(wheel);
}

static void next_walks_to_a_far_deadline_in_as_many_steps_as_rounds(void **state) {
    (void)state;
    struct wheel *wheel = wheel_create(1, 7);
    uint32_t next = 0, steps = 0, due = 7 + 100 * WHEEL_SLOTS + 5;
    assert_false(wheel_next(wheel, &next));
    wheel_arm(wheel, 0, due);
    do {
        assert_true(wheel_next(wheel, &next));
        steps++;
    } while (wheel_take(wheel, next) == WHEEL_NONE);
    assert_int_equal(next, due);
    assert_int_equal(steps, 101);
    wheel_destroy(wheel);
}

/* Jumps of 2^31 - 1 ticks, a thousand times: walking tick by tick would outlast the timeout. */
static void a_jump_costs_nothing_when_nothing_is_armed(void **state) {
    (void)state;
    struct wheel *wheel = wheel_create(1, 0);
    uint32_t now = 0;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(wheel_take(wheel, now += INT32_MAX), WHEEL_NONE);
    wheel_arm(wheel, 0, now + 1);
    assert_int_equal(wheel_take(wheel, now + INT32_MAX), 0);
    wheel_destroy(wheel);
}

static void timers_never_armed_cost_no_memory(void **state) {
    (void)state;
    const uint32_t capacity = 50000000;
    const size_t bytes = (size_t)capacity * WHEEL_BYTES_PER_TIMER;
    struct wheel *wheel = wheel_create(capacity, 0);
    unsigned char *pages = calloc(bytes / 4096 + 1, 1);
    assert_non_null(wheel);
    assert_non_null(pages);
    wheel_arm(wheel, 0, 10);
    wheel_arm(wheel, capacity / 2, 20);
    assert_int_equal(wheel_take(wheel, 10), 0);
    assert_int_equal(mincore(wheel, bytes, pages), 0);
    size_t resident = 0, page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < bytes / page; i++)
        resident += pages[i] & 1;
    /* with transparent huge pages a touch costs 2 MiB; all of it would be 600 MB */
    assert_true(resident * page <= 16 << 20);
    free(pages);
    wheel_destroy(wheel);
}

static void arm_beyond_capacity(void) {
    wheel_arm(wheel_create(4, 0), 4, 1);
}

static void a_timer_beyond_the_capacity_is_a_bug(void **state) {
    (void)state;
    expect_bug(arm_beyond_capacity, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_a_plain_list_of_deadlines),
        cmocka_unit_test(it_agrees_also_where_the_tick_wraps),
        cmocka_unit_test(a_timer_fires_at_its_tick_and_not_before),
        cmocka_unit_test(a_deadline_that_has_passed_fires_at_the_next_take),
        cmocka_unit_test(what_is_armed_in_a_pass_for_a_tick_of_the_pass_fires_in_it),
        cmocka_unit_test(arming_again_moves_and_cancelling_disarms_also_what_is_due),
        cmocka_unit_test(the_past_takes_nothing),
        cmocka_unit_test(next_walks_to_a_far_deadline_in_as_many_steps_as_rounds),
        cmocka_unit_test(a_jump_costs_nothing_when_nothing_is_armed),
        cmocka_unit_test(timers_never_armed_cost_no_memory),
        cmocka_unit_test(a_timer_beyond_the_capacity_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
