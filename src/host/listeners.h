/* Which listeners of this host a connect reaches, as sock_diag(7) lists them. */
#ifndef HOST_LISTENERS_H
#define HOST_LISTENERS_H

#include "host/host.h"

/* How well a listener's address fits one that is connected to: those that fit best take it. */
enum listener_fit { LISTENER_NONE, LISTENER_ANY_OF_V6, LISTENER_ANY, LISTENER_EXACT };

struct listener_search {
    struct address target; /* a connect to "any" goes to loopback */
    enum listener_fit best;
    struct host_listeners found;
};

void listener_search_init(struct listener_search *search, const struct address *target);

/* Counts a listener in if none fits better: a sock_diag_take of host/sock_diag.h, with: the
 * search. */
struct inet_diag_msg;
void listener_search_take(void *search, const struct inet_diag_msg *message);

#endif
