/* Source addresses of a plan: which local addresses it connects from, decided once. */
#ifndef PLAN_SOURCES_H
#define PLAN_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address_set.h"

struct plan;
struct setup;

/* Ranges that --source auto may come to: addresses of this host, those in a row as one. */
enum { SOURCE_RANGES_MAX = 64 };

/* A choice of --source auto. The set lies in the ranges: not to be copied. */
struct source_pick {
    struct address_set set; /* empty: nothing leads to the target */
    struct address_range ranges[SOURCE_RANGES_MAX];
};

/* How many sources fill none of their pairs above four fifths (two fifths where the kernel scans
 * for a port from half on: before 6.8) when each pair has ports_each ports; at least 1, at most
 * ADDRESS_SET_MAX, also where those do not suffice. targets: destination addresses. */
uint32_t sources_needed(const struct plan *plan, int64_t ports_each, size_t targets);

/* The sources that auto takes for the setup's addresses: towards 127/8, addresses of 127/8 from
 * 127.0.0.2 on; else those of this host from which the first address can be reached, as many as are
 * needed.
 */
void sources_pick(struct source_pick *pick, const struct plan *plan, const struct setup *setup,
                  int64_t ports_each);

/* Sets setup->sources as --source has it, and leaves in the setup only the addresses of their
 * family (of IPv4 and IPv6 auto takes 127/8 where it is among them, else that of the first
 * address): how many it left out. Where none would remain all do, and the sources cannot be used:
 * see sources_fit(). */
size_t sources_decide(const struct plan *plan, struct setup *setup, int64_t ports_each);

/* Whether the setup's sources are of the family of its addresses. */
bool sources_fit(const struct setup *setup);

#endif
