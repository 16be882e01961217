/* Headroom: which limit of this machine the plan would meet first if it grew. */
#ifndef JUDGE_FIT_HEADROOM_H
#define JUDGE_FIT_HEADROOM_H

#include <stddef.h>
#include <stdint.h>

struct plan;
struct preflight_facts;
struct setup;

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
struct headroom headroom_of(const struct plan *plan, const struct setup *setup);

/* "descriptors", "ports", ... */
const char *headroom_name(enum headroom_kind kind);

/* Connections for which there are source ports: as the preflight counted them, else as the range
 * is; -1: not known. */
int64_t headroom_ports(const struct plan *plan, const struct setup *setup);

/* The same from what the preflight found: with ports in TIME_WAIT, which are free within a minute.
 * 0: not known. For setup->ports_room. */
int64_t ports_count_headroom(const struct setup *setup, const struct preflight_facts *facts);

#endif
