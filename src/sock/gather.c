/* The kernel may have run only some of the completions that were ready, so it is asked again until
 * it has no more; bounded, for new ones may come as fast as we take. */
#include "sock/gather.h"

void gather_before_timers(struct net *net, void *owner, bool (*timer_is_due)(const void *owner),
                          bool (*take_events)(void *owner)) {
    enum { ROUNDS = 64 };
    for (int i = 0; i < ROUNDS && timer_is_due(owner); i++) {
        net_gather(net);
        if (!take_events(owner))
            return;
    }
}
