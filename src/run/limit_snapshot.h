/* Snapshots: how things stood on this machine when a limit of ours was first met. */
#ifndef RUN_LIMIT_SNAPSHOT_H
#define RUN_LIMIT_SNAPSHOT_H

#include "engine/crew.h"
#include "host/ports_query.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/record.h"

/* Zero-filled: nothing was met. */
struct limit_snapshots {
    struct ports_query look; /* of ports_exhausted: a child counts */
    instant look_since;
};

/* Takes a snapshot, into the record, for each outcome of our own side that total has and that had
 * none before. Reads a few small files of /proc; never waits. */
void limit_snapshots_take(struct limit_snapshots *snapshots, struct record *record,
                          const struct setup *setup, const struct crew *crew,
                          const struct tally_counts *total, instant now);

/* Whether this outcome's snapshot in the record is as complete as it will be. */
bool limit_snapshots_complete(const struct limit_snapshots *snapshots, enum outcome outcome);

/* The run is over: what is still being counted is waited for, a second at most. */
void limit_snapshots_finish(struct limit_snapshots *snapshots, struct record *record);

#endif
