/* The limits of this machine as numbers of connections, in the order a growing plan meets them. */
#include "judge/fit/headroom.h"

#include "judge/fit/local.h"
#include "plan/plan.h"
#include "plan/setup.h"

const char *headroom_name(enum headroom_kind kind) {
    static const char *const names[HEADROOM_KINDS] = {
        [HEADROOM_DESCRIPTORS] = "descriptors",
        [HEADROOM_PORTS] = "ports",
        [HEADROOM_SYSTEM_FILES] = "fs.file-max",
        [HEADROOM_MEMORY] = "memory",
    };
    return names[kind];
}

/* Keeps the row in order; -1 and INT64_MAX are no limits. */
static void add(struct headroom *headroom, enum headroom_kind kind, int64_t connections) {
    if (connections < 0 || connections == INT64_MAX)
        return;
    size_t at = headroom->count++;
    for (; at > 0 && headroom->limits[at - 1].connections > connections; at--)
        headroom->limits[at] = headroom->limits[at - 1];
    headroom->limits[at] = (struct headroom_limit){kind, connections};
}

/* Connection i belongs to worker i mod workers: all are full at the same time. */
static int64_t by_descriptors(const struct plan *plan) {
    int64_t hard = plan->host.nofile_hard;
    if (hard < 0 || hard == INT64_MAX)
        return -1;
    int64_t room = hard > PLAN_WORKER_FILES ? hard - PLAN_WORKER_FILES : 0, all;
    return __builtin_mul_overflow(room, (int64_t)plan->workers, &all) ? -1 : all;
}

static int64_t by_system_files(const struct plan *plan, const struct setup *setup) {
    const struct host *host = &plan->host;
    if (host->file_max < 0 || host->file_max == INT64_MAX || host->file_used < 0)
        return -1;
    int64_t room = host->file_max - host->file_used - (int64_t)plan->workers * PLAN_WORKER_FILES;
    return room > 0 ? room / (setup_has_both_ends(setup) ? 2 : 1) : 0;
}

int64_t headroom_ports(const struct plan *plan, const struct setup *setup) {
    const struct host *host = &plan->host;
    if (setup->ports_room > 0)
        return setup->ports_room;
    if (host->port_low < 0 || host->port_high < host->port_low || setup->address_count == 0)
        return -1;
    return (host->port_high - host->port_low + 1) * (int64_t)setup_pairs(setup);
}

struct headroom headroom_of(const struct plan *plan, const struct setup *setup) {
    struct headroom headroom = {0};
    add(&headroom, HEADROOM_DESCRIPTORS, by_descriptors(plan));
    add(&headroom, HEADROOM_PORTS, headroom_ports(plan, setup));
    add(&headroom, HEADROOM_SYSTEM_FILES, by_system_files(plan, setup));
    add(&headroom, HEADROOM_MEMORY, memory_room(plan, setup));
    return headroom;
}
