/* Gathering: no timer fires before the completions that were ready are taken. */
#ifndef SOCK_GATHER_H
#define SOCK_GATHER_H

#include <stdbool.h>

#include "net/net.h"

/* While a timer of the owner is due: brings in what completed, and has it taken; until nothing more
 * came. take_events: takes all that is there and reads the clock; true when there was any. */
void gather_before_timers(struct net *net, void *owner, bool (*timer_is_due)(const void *owner),
                          bool (*take_events)(void *owner));

#endif
