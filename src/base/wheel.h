/* A timer wheel: one deadline per slot, armed, moved and cancelled in constant time. */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

/* Time is counted in ticks (1 ms in the engine), a 32-bit count that may wrap: a deadline lies less
 * than 2^31 ticks ahead. Deadlines beyond WHEEL_SLOTS ticks stay in their slot for more rounds. */
enum { WHEEL_SLOTS = 32768 };

struct wheel;

/* A wheel of `capacity` timers (indices 0..capacity-1), standing at tick `now`. All memory is taken
 * here. NULL when there is none. The caller owns it. */
struct wheel *wheel_create(uint32_t capacity, uint32_t now);
void wheel_destroy(struct wheel *wheel);

/* Arms timer `index` for tick `due`, or moves it; a due that has passed fires at the next
 * wheel_take(). */
void wheel_arm(struct wheel *wheel, uint32_t index, uint32_t due);
void wheel_cancel(struct wheel *wheel, uint32_t index);
bool wheel_armed(const struct wheel *wheel, uint32_t index);

/* How many timers are armed. */
uint32_t wheel_count(const struct wheel *wheel);

/* Disarms and returns one timer that is due at `now` or before, earliest tick first, or
 * WHEEL_NONE. A timer armed meanwhile for a tick <= now is returned by a later call of the same
 * pass. */
#define WHEEL_NONE UINT32_MAX
uint32_t wheel_take(struct wheel *wheel, uint32_t now);

/* The tick a timer was last armed for; still so just after wheel_take() gave it. A tick that had
 * passed when it was armed reads as the one the wheel stood at. */
uint32_t wheel_due(const struct wheel *wheel, uint32_t index);

/* Writes the earliest tick at which wheel_take() may have something to do; false when nothing is
 * armed. May be early (a timer of a later round), never late. */
bool wheel_next(const struct wheel *wheel, uint32_t *tick);

/* Bytes one timer takes; for the memory budget. */
enum { WHEEL_BYTES_PER_TIMER = 12 };

#endif
