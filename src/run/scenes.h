/* Scenes: how things stood on this machine when a limit of ours was first met. */
#ifndef RUN_SCENES_H
#define RUN_SCENES_H

#include "engine/crew.h"
#include "host/ports_look.h"
#include "plan/plan.h"
#include "stats/record.h"

/* Zero-filled: nothing was met. */
struct scenes {
    struct ports_look look; /* of ports_exhausted: a child counts */
    instant look_since;
};

/* Takes a scene, into the record, of each outcome of our own side that total has and that had none
 * before. Reads a few small files of /proc; never waits. */
void scenes_take(struct scenes *scenes, struct record *record, const struct plan *plan,
                 const struct crew *crew, const struct counts *total, instant now);

/* Whether all that there will be of this outcome's scene is in the record. */
bool scenes_whole(const struct scenes *scenes, enum outcome outcome);

/* The run is over: what is still being counted is waited for, a second at most. */
void scenes_finish(struct scenes *scenes, struct record *record);

#endif
