/* Slots with generations: how a late completion is known from one of its slot's next tenant. */
#ifndef BASE_SLOTS_H
#define BASE_SLOTS_H

#include <stdint.h>

/* A completion's tag: what was asked (8 bits), the slot's generation (24 bits), the slot (32). */
static inline uint64_t slot_tag(uint8_t operation, uint32_t generation, uint32_t slot) {
    return (uint64_t)operation << 56 | (uint64_t)(generation & 0xffffff) << 32 | slot;
}

static inline uint8_t slot_tag_operation(uint64_t tag) {
    return (uint8_t)(tag >> 56);
}

static inline uint32_t slot_tag_generation(uint64_t tag) {
    return (uint32_t)(tag >> 32) & 0xffffff;
}

static inline uint32_t slot_tag_slot(uint64_t tag) {
    return (uint32_t)tag;
}

/* A pool of indices 0..capacity-1, lowest first, last returned first given; the memory of an index
 * never taken is never touched. */
struct slots {
    uint32_t *next;
    uint32_t capacity;
    uint32_t fresh; /* lowest index never taken */
    uint32_t free;  /* head of the list of returned ones, or SLOT_NONE */
    uint32_t taken;
};

#define SLOT_NONE UINT32_MAX

/* next: `capacity` elements, the caller's, for the life of the pool. */
void slots_init(struct slots *slots, uint32_t *next, uint32_t capacity);
uint32_t slots_take(struct slots *slots); /* SLOT_NONE when all are taken */
void slots_return(struct slots *slots, uint32_t index);

#endif
