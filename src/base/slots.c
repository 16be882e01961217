/* A free list threaded through an array: a taken slot links to itself, so that a slot returned
 * twice is noticed. */
#include "base/slots.h"

#include "base/require.h"

void slots_init(struct slots *slots, uint32_t *next, uint32_t capacity) {
    require(capacity < SLOT_NONE);
    *slots = (struct slots){.next = next, .capacity = capacity, .free = SLOT_NONE};
}

uint32_t slots_take(struct slots *slots) {
    uint32_t index = slots->free;
    if (index != SLOT_NONE)
        slots->free = slots->next[index];
    else if (slots->fresh < slots->capacity)
        index = slots->fresh++;
    else
        return SLOT_NONE;
    slots->next[index] = index;
    slots->taken++;
    return index;
}

void slots_return(struct slots *slots, uint32_t index) {
    require(index < slots->fresh && slots->next[index] == index);
    slots->next[index] = slots->free;
    slots->free = index;
    slots->taken--;
}
