/* A hashed timer wheel: a ring of lists, one a tick, with a bitmap that finds the next non-empty
 * one.
 *
 * The wheel stands at a tick, `position`. What is due there has been moved out of its slot into the
 * list of ready timers; a timer in a slot is due later, by a round or more. So each list is walked
 * once a round, whatever is armed and taken meanwhile. */
#include "base/wheel.h"

#include <assert.h>
#include <stddef.h>

#include "base/pages.h"
#include "base/require.h"

enum {
    SLOT_MASK = WHEEL_SLOTS - 1,
    READY = WHEEL_SLOTS, /* the list of ready timers stands after the slots' */
    WORDS = WHEEL_SLOTS / 64,
    SUMMARY_WORDS = WORDS / 64,
};

/* Links are index + 1: memory never touched says "not armed", and costs nothing. */
struct timer {
    uint32_t next;     /* 0: the last of its list */
    uint32_t previous; /* 0: not armed; FIRST: the first of its list */
    uint32_t due;
};

#define FIRST UINT32_MAX

static_assert(sizeof(struct timer) == WHEEL_BYTES_PER_TIMER, "the memory budget counts on it");

struct wheel {
    size_t bytes; /* of the whole mapping */
    uint32_t capacity;
    uint32_t count;
    uint32_t position;
    uint32_t heads[WHEEL_SLOTS + 1];
    uint64_t filled[WORDS];          /* bit s: slot s is not empty */
    uint64_t summary[SUMMARY_WORDS]; /* bit w: filled[w] is not 0 */
    struct timer timers[];
};

struct wheel *wheel_create(uint32_t capacity, uint32_t now) {
    require(capacity < FIRST - 1);
    size_t bytes = sizeof(struct wheel) + capacity * sizeof(struct timer);
    struct wheel *wheel = pages_reserve(bytes);
    if (wheel == NULL)
        return NULL;
    wheel->bytes = bytes;
    wheel->capacity = capacity;
    wheel->position = now;
    return wheel;
}

void wheel_destroy(struct wheel *wheel) {
    if (wheel != NULL)
        pages_release(wheel, wheel->bytes);
}

static void mark_filled(struct wheel *wheel, uint32_t slot) {
    wheel->filled[slot / 64] |= (uint64_t)1 << slot % 64;
    wheel->summary[slot / 4096] |= (uint64_t)1 << slot / 64 % 64;
}

static void mark_empty(struct wheel *wheel, uint32_t slot) {
    wheel->filled[slot / 64] &= ~((uint64_t)1 << slot % 64);
    if (wheel->filled[slot / 64] == 0)
        wheel->summary[slot / 4096] &= ~((uint64_t)1 << slot / 64 % 64);
}

/* The list a timer due at this tick belongs to. Nothing but the ready is due at the position. */
static uint32_t list_of(const struct wheel *wheel, uint32_t due) {
    return due == wheel->position ? READY : due & SLOT_MASK;
}

static void push(struct wheel *wheel, uint32_t list, uint32_t index) {
    uint32_t head = wheel->heads[list];
    wheel->timers[index].next = head;
    wheel->timers[index].previous = FIRST;
    if (head != 0)
        wheel->timers[head - 1].previous = index + 1;
    else if (list != READY)
        mark_filled(wheel, list);
    wheel->heads[list] = index + 1;
}

static void unlink_from(struct wheel *wheel, uint32_t list, uint32_t index) {
    struct timer *timer = &wheel->timers[index];
    if (timer->next != 0)
        wheel->timers[timer->next - 1].previous = timer->previous;
    if (timer->previous != FIRST) {
        wheel->timers[timer->previous - 1].next = timer->next;
    } else {
        wheel->heads[list] = timer->next;
        if (timer->next == 0 && list != READY)
            mark_empty(wheel, list);
    }
    timer->previous = 0;
}

bool wheel_armed(const struct wheel *wheel, uint32_t index) {
    require(index < wheel->capacity);
    return wheel->timers[index].previous != 0;
}

void wheel_cancel(struct wheel *wheel, uint32_t index) {
    if (!wheel_armed(wheel, index))
        return;
    unlink_from(wheel, list_of(wheel, wheel->timers[index].due), index);
    wheel->count--;
}

void wheel_arm(struct wheel *wheel, uint32_t index, uint32_t due) {
    wheel_cancel(wheel, index);
    if ((int32_t)(due - wheel->position) < 0)
        due = wheel->position;
    wheel->timers[index].due = due;
    push(wheel, list_of(wheel, due), index);
    wheel->count++;
}

uint32_t wheel_count(const struct wheel *wheel) {
    return wheel->count;
}

/* The first bit at or above `from` in an array of `words`, or words * 64. */
static uint32_t first_bit(const uint64_t *bits, uint32_t words, uint32_t from) {
    uint32_t word = from / 64;
    if (word >= words)
        return words * 64;
    uint64_t left = bits[word] & ~(uint64_t)0 << from % 64;
    while (left == 0 && ++word < words)
        left = bits[word];
    return word < words ? word * 64 + (uint32_t)__builtin_ctzll(left) : words * 64;
}

/* The first non-empty slot at or above `from`, or WHEEL_SLOTS. */
static uint32_t first_filled(const struct wheel *wheel, uint32_t from) {
    uint64_t left = wheel->filled[from / 64] & ~(uint64_t)0 << from % 64;
    if (left != 0)
        return from / 64 * 64 + (uint32_t)__builtin_ctzll(left);
    uint32_t word = first_bit(wheel->summary, SUMMARY_WORDS, from / 64 + 1);
    return word < WORDS ? word * 64 + (uint32_t)__builtin_ctzll(wheel->filled[word]) : WHEEL_SLOTS;
}

/* Ticks from the position to the next non-empty slot, 1..WHEEL_SLOTS (the position's own slot, a
 * round later); 0 when all slots are empty. */
static uint32_t ticks_ahead(const struct wheel *wheel) {
    uint32_t from = (wheel->position + 1) & SLOT_MASK;
    uint32_t slot = first_filled(wheel, from);
    if (slot == WHEEL_SLOTS)
        slot = first_filled(wheel, 0);
    return slot == WHEEL_SLOTS ? 0 : ((slot - from) & SLOT_MASK) + 1;
}

/* Moves what is due at the position from its slot to the ready. */
static void collect(struct wheel *wheel) {
    uint32_t slot = wheel->position & SLOT_MASK;
    for (uint32_t link = wheel->heads[slot]; link != 0;) {
        uint32_t index = link - 1;
        link = wheel->timers[index].next;
        if (wheel->timers[index].due == wheel->position) {
            unlink_from(wheel, slot, index);
            push(wheel, READY, index);
        }
    }
}

uint32_t wheel_take(struct wheel *wheel, uint32_t now) {
    if ((int32_t)(now - wheel->position) < 0)
        return WHEEL_NONE;
    while (wheel->heads[READY] == 0) {
        uint32_t left = now - wheel->position, ahead = ticks_ahead(wheel);
        if (ahead == 0 || ahead > left) {
            wheel->position = now;
            return WHEEL_NONE;
        }
        wheel->position += ahead;
        collect(wheel);
    }
    uint32_t index = wheel->heads[READY] - 1;
    unlink_from(wheel, READY, index);
    wheel->count--;
    return index;
}

bool wheel_next(const struct wheel *wheel, uint32_t *tick) {
    if (wheel->count == 0)
        return false;
    *tick = wheel->heads[READY] != 0 ? wheel->position : wheel->position + ticks_ahead(wheel);
    return true;
}

uint32_t wheel_due(const struct wheel *wheel, uint32_t index) {
    return wheel->timers[index].due;
}
