/* Orders to a run from whoever started it, beside signals: lines on a pipe. */
#ifndef RUN_ORDERS_H
#define RUN_ORDERS_H

#include <stdbool.h>

#include "base/instant.h"
#include "stats/marks.h"

/* The pipe that this process was given; -1 (at first): none, and no order ever comes. The
 * descriptor is made non-blocking. */
void orders_take_from(int fd);
int orders_fd(void);

/* The same of a part of a run on many hosts: a line is a JSON object, and the ramp begins no sooner
 * than an order says when. */
void orders_take_from_leader(int fd);
/* Whether such an order has not come yet; and the moment that it named, by this host's clock. */
bool orders_await_go(void);
instant orders_go(void);
/* Whether the other end of the pipe is closed. */
bool orders_ended(void);

enum order_kind {
    ORDER_NONE,  /* no more for now */
    ORDER_MARK,  /* "mark TEXT": a moment to note */
    ORDER_GO,    /* {"go": NANOSECONDS}: orders_go() is known */
    ORDER_STOP,  /* {"stop": true}: the end, in order */
    ORDER_HURRY, /* {"hurry": true}: the same, and as soon as without who gives orders */
    ORDER_ABORT, /* {"abort": RULE}: the same, as that rule can no longer hold */
    ORDER_END    /* the pipe's other end is closed: who gives orders is gone */
};

struct order {
    enum order_kind kind;
    char text[MARK_TEXT_MAX]; /* of a mark, or a rule; cut where it does not fit */
    uint32_t number;          /* of a leader's mark; 0: none */
};

/* The next one, and its kind. What is no order is skipped. */
enum order_kind orders_next(struct order *order);

#endif
