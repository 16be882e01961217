/* Which signals that end a run are one wish: timeout(1) signals its child and then the group, a
 * service manager sends SIGHUP right behind SIGTERM, and no hand is that quick. */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/instant.h"

/* The latest interrupt that was a wish of its own. */
struct interrupt {
    int number; /* 0: none yet */
    instant at;
};

/* Whether this signal is the same interrupt: the same number again, or one of both is SIGHUP,
 * within 0.5 s. Else it is noted. */
bool interrupt_is_same(struct interrupt *last, int number, instant now);

/* The same, of this process and by its monotonic clock. */
bool interrupt_is_repeated(int number);

/* Whether SIGINT, SIGTERM or SIGHUP is pending (blocked) that is not the same interrupt again. */
bool interrupt_is_pending(void);

#endif
