/* The limits of the contract that more than one room counts with. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include "base/units.h"

enum { WORKERS_MAX = 4096, CONNECTIONS_MAX = 10000000 };
enum { SHARDS_MAX = 4096 }; /* parts of one plan */
enum { RULES_MAX = 48, RULE_TEXT_MAX = 120 };
#define REQUESTS_MAX UINT64_C(1000000000000000)
#define RATE_MAX     (10000000 * FREQUENCY_ONE)

#endif
