/* Orders to a run from whoever started it, beside signals: lines on a pipe. */
#ifndef RUN_ORDERS_H
#define RUN_ORDERS_H

#include <stdbool.h>

#include "stats/marks.h"

/* The pipe that this process was given; -1 (at first): none, and no order ever comes. The
 * descriptor is made non-blocking. */
void orders_take_from(int fd);
int orders_fd(void);

enum order_kind {
    ORDER_NONE, /* no more for now */
    ORDER_MARK, /* "mark TEXT": a moment to note */
    ORDER_END   /* the pipe's other end is closed: who gives orders is gone */
};

/* The next one; text: of a mark, cut where it does not fit. What is no order is skipped. */
enum order_kind orders_next(char text[static MARK_TEXT_MAX]);

#endif
