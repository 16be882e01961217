/* Slots are given lowest first and last returned first, and never twice. */
#include "base/expect_bug.h"

#include "base/slots.h"

enum { CAPACITY = 8 };

static uint32_t links[CAPACITY];
static struct slots slots;

static void fresh_slots_come_lowest_first_until_all_are_taken(void **state) {
    (void)state;
    slots_init(&slots, links, CAPACITY);
    for (uint32_t i = 0; i < CAPACITY; i++)
        assert_int_equal(slots_take(&slots), i);
    assert_int_equal(slots_take(&slots), SLOT_NONE);
    assert_int_equal(slots.taken, CAPACITY);
}

static void the_last_returned_is_the_first_given(void **state) {
    (void)state;
    slots_init(&slots, links, CAPACITY);
    for (int i = 0; i < 5; i++)
        slots_take(&slots);
    slots_return(&slots, 1);
    slots_return(&slots, 3);
    assert_int_equal(slots.taken, 3);
    assert_int_equal(slots_take(&slots), 3);
    assert_int_equal(slots_take(&slots), 1);
    assert_int_equal(slots_take(&slots), 5);
}

static void a_slot_never_taken_keeps_its_memory_untouched(void **state) {
    (void)state;
    memset(links, 0xa5, sizeof links);
    slots_init(&slots, links, CAPACITY);
    slots_return(&slots, slots_take(&slots));
    slots_take(&slots);
    for (int i = 1; i < CAPACITY; i++)
        assert_int_equal(links[i], 0xa5a5a5a5);
}

static void a_pool_of_none_gives_none(void **state) {
    (void)state;
    slots_init(&slots, NULL, 0);
    assert_int_equal(slots_take(&slots), SLOT_NONE);
}

static void return_twice(void) {
    slots_init(&slots, links, CAPACITY);
    slots_take(&slots);
    slots_take(&slots);
    slots_return(&slots, 0);
    slots_return(&slots, 1);
    slots_return(&slots, 0);
}

/* Even where the memory happens to look like that of a taken slot. */
static void return_never_taken(void) {
    links[1] = 1;
    slots_init(&slots, links, CAPACITY);
    slots_take(&slots);
    slots_return(&slots, 1);
}

static void returning_what_is_not_taken_is_a_bug(void **state) {
    (void)state;
    expect_bug(return_twice, NULL, 0);
    expect_bug(return_never_taken, NULL, 0);
}

static void a_tag_gives_back_what_was_put_in(void **state) {
    (void)state;
    uint64_t tag = slot_tag(0xfe, 0xabcdef, 0x89abcdef);
    assert_int_equal(slot_tag_operation(tag), 0xfe);
    assert_int_equal(slot_tag_generation(tag), 0xabcdef);
    assert_int_equal(slot_tag_slot(tag), 0x89abcdef);
}

static void a_generation_above_24_bits_wraps_and_spoils_no_neighbour(void **state) {
    (void)state;
    uint64_t tag = slot_tag(1, 0xff000002, 3);
    assert_int_equal(slot_tag_operation(tag), 1);
    assert_int_equal(slot_tag_generation(tag), 2);
    assert_int_equal(slot_tag_slot(tag), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_slots_come_lowest_first_until_all_are_taken),
        cmocka_unit_test(the_last_returned_is_the_first_given),
        cmocka_unit_test(a_slot_never_taken_keeps_its_memory_untouched),
        cmocka_unit_test(a_pool_of_none_gives_none),
        cmocka_unit_test(returning_what_is_not_taken_is_a_bug),
        cmocka_unit_test(a_tag_gives_back_what_was_put_in),
        cmocka_unit_test(a_generation_above_24_bits_wraps_and_spoils_no_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
