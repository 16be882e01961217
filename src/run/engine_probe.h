/* Which body of the door is to carry a run: tried on this host before anything is opened. */
#ifndef RUN_ENGINE_PROBE_H
#define RUN_ENGINE_PROBE_H

#include "base/engine_kind.h"
#include "host/host.h"

/* Makes rings in a child (a seccomp filter may kill instead of returning an error), as many as
 * there are to be workers where RLIMIT_MEMLOCK may not hold them together, else one; and chooses.
 * workers 0: one ring, whatever there are to be. */
void engine_probe(struct engine_choice *choice, enum engine_kind asked, const struct host *host,
                  uint32_t workers);

#endif
