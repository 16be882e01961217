/* DNS during a run: with --reconnect the target's name is resolved again, for a rollout or a
 * fail-over moves it. */
#ifndef RUN_LOOKUP_H
#define RUN_LOOKUP_H

#include "engine/crew.h"
#include "host/host.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "run/notes.h"

struct lookup {
    const struct plan *plan; /* NULL: nothing is looked up: no reconnects, or an address literal */
    const struct setup *setup;
    struct host_resolve *asking;
    instant asked_at; /* the latest time; 0: never yet */
    struct address known[ADDRESSES_MAX];
    size_t known_count;
    uint32_t noted;
};

void lookup_init(struct lookup *lookup, const struct plan *plan, const struct setup *setup);

/* Once a second, while connections reconnect; never waits. Asks every second while some
 * wait to be, else every 30 s. What differs from the answer before goes to the crew and is noted;
 * an answer without addresses, and none within 10 s, changes nothing. */
void lookup_tick(struct lookup *lookup, struct crew *crew, struct notes *notes, bool waiting,
                 instant now);
void lookup_end(struct lookup *lookup);

#endif
