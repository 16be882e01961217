/* This host's monotonic clock, for who has no door. What a run does takes its time from net_now(),
 * which is virtual in the simulator. */
#ifndef BASE_MONOTONIC_H
#define BASE_MONOTONIC_H

#include "base/instant.h"

instant monotonic_now(void);

#endif
