/* Scenes: how things stood on this machine when a limit of ours was first met. */
#include "run/scenes.h"

#include <poll.h>

#include "host/net_counters.h"
#include "host/process_facts.h"
#include "run/pairs.h"

/* A table of a million connections takes a few seconds; what takes longer is given up. */
static const duration LOOK_PATIENCE = 10 * SECOND;
enum { LAST_LOOK_MS = 1000 };
static const int64_t FILES_COUNTED_MAX = 1000000;

/* The worker that met it most often; NULL: none that is still there. */
static const struct crew_member *who_met(const struct crew *crew, enum outcome outcome) {
    const struct crew_member *most = NULL;
    uint64_t times = 0;
    for (size_t i = 0; i < crew_count(crew); i++) {
        const struct crew_member *member = crew_member(crew, i);
        uint64_t met = crew_counts(crew, i)->outcomes[outcome];
        if (!member->gone && met > times) {
            most = member;
            times = met;
        }
    }
    return most;
}

static void take_worker(struct limit_scene *scene, const struct crew *crew, enum outcome outcome) {
    const struct crew_member *member = who_met(crew, outcome);
    scene->worker_files = scene->nofile_soft = scene->nofile_hard = -1;
    if (member == NULL)
        return;
    scene->worker_files = process_files("", member->pid, FILES_COUNTED_MAX);
    int64_t soft, hard;
    if (process_nofile("", member->pid, &soft, &hard)) {
        scene->nofile_soft = soft;
        scene->nofile_hard = hard;
    }
}

static void take_machine(struct limit_scene *scene) {
    struct host host;
    host_read(&host, "");
    scene->file_used = host.file_used;
    scene->file_max = host.file_max;
    scene->memory_available_bytes = host.memory_available_bytes;
    scene->tcp_pages = net_tcp_pages("");
    scene->tcp_pages_max = net_tcp_pages_max("");
    scene->conntrack_count = net_conntrack_count("");
    scene->conntrack_max = net_conntrack_max("");
    scene->ports_range = scene->ports_reserved = -1;
    scene->ports_in_use = scene->ports_time_wait = -1;
}

static void begin_look(struct scenes *scenes, const struct plan *plan, instant now) {
    struct address chosen[HOST_ADDRESSES_MAX];
    struct host_pairs pairs = pairs_of(plan, chosen);
    scenes->look_since = now;
    if (plan->address_count > 0)
        ports_look_begin(&scenes->look, "", &pairs);
}

static void end_look(struct scenes *scenes, struct record *record) {
    struct ports_seen seen;
    if (ports_look_take(&scenes->look, &seen) != 0)
        return;
    struct limit_scene *scene = &record->scenes[OUTCOME_ports_exhausted];
    scene->ports_range = seen.range;
    scene->ports_reserved = seen.reserved;
    scene->ports_in_use = seen.in_use;
    scene->ports_time_wait = seen.time_wait;
    scene->sources_absent = seen.sources_absent;
    scene->source_absent = seen.source_absent;
}

void scenes_take(struct scenes *scenes, struct record *record, const struct plan *plan,
                 const struct crew *crew, const struct counts *total, instant now) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        struct limit_scene *scene = &record->scenes[i];
        if (scene->taken || total->outcomes[i] == 0 || outcome_side(outcome) != SIDE_TESTER)
            continue;
        scene->taken = true;
        take_worker(scene, crew, outcome);
        take_machine(scene);
        if (outcome == OUTCOME_ports_exhausted)
            begin_look(scenes, plan, now);
    }
    end_look(scenes, record);
    if (instant_since(now, scenes->look_since) > LOOK_PATIENCE)
        ports_look_end(&scenes->look);
}

bool scenes_whole(const struct scenes *scenes, enum outcome outcome) {
    return outcome != OUTCOME_ports_exhausted || !scenes->look.begun || scenes->look.over;
}

void scenes_finish(struct scenes *scenes, struct record *record) {
    if (scenes->look.begun && !scenes->look.over)
        poll(&(struct pollfd){.fd = scenes->look.fd, .events = POLLIN}, 1, LAST_LOOK_MS);
    end_look(scenes, record);
    ports_look_end(&scenes->look);
}
