/* What the local half of the preflight and the headroom both count with. */
#ifndef JUDGE_LOCAL_H
#define JUDGE_LOCAL_H

#include "judge/judge.h"

/* An idle connection and its armed poll take 4.09 kB of kernel memory, and at most 128 bytes of
 * ours; a server on the same machine takes as much again for its end. */
enum { CONNECTION_BYTES = 4400 };

/* The finding on source ports (ports.c). */
void judge_ports(struct findings *findings, const struct plan *plan,
                 const struct preflight_facts *facts);

/* Both ends of the connections are on this machine. */
bool local_has_both_ends(const struct plan *plan);

#endif
