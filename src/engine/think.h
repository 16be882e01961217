/* Exponential think times, in whole ticks. */
#ifndef ENGINE_THINK_H
#define ENGINE_THINK_H

#include <stdint.h>

#include "base/units.h"

/* Pure: the draw (64 uniform bits) as a time of an exponential distribution about `mean`, cut at
 * EXPONENTIAL_CUT means; in ticks of 1 ms, rounded. */
uint64_t think_exponential(uint64_t draw, duration mean);

#endif
