/* Headroom: which limit of this machine the plan would meet first if it grew. */
#ifndef JUDGE_HEADROOM_H
#define JUDGE_HEADROOM_H

#include "judge/judge.h"

enum headroom_kind {
    HEADROOM_DESCRIPTORS, /* of the plan's workers together */
    HEADROOM_PORTS,
    HEADROOM_SYSTEM_FILES, /* fs.file-max */
    HEADROOM_MEMORY,
    HEADROOM_KINDS
};

struct headroom_limit {
    enum headroom_kind kind;
    int64_t connections; /* that fit */
};

/* Least first; what is not known, or without a limit, is left out. */
struct headroom {
    size_t count;
    struct headroom_limit limits[HEADROOM_KINDS];
};

/* From the plan and its host facts; pure. */
struct headroom headroom_of(const struct plan *plan);

/* "descriptors", "ports", ... */
const char *headroom_name(enum headroom_kind kind);

/* Connections for which there are source ports: as the preflight counted them, else as the range
 * is; -1: not known. */
int64_t headroom_ports(const struct plan *plan);

/* The same from what the preflight found: with ports in TIME_WAIT, which are free within a minute.
 * 0: not known. For plan->ports_room. */
int64_t headroom_count_ports(const struct plan *plan, const struct preflight_facts *facts);

#endif
