/* Snapshots: how things stood on this machine when a limit of ours was first met. */
#include "run/limit_snapshot.h"

#include <poll.h>

#include "host/host.h"
#include "host/net_counters.h"
#include "host/process_facts.h"
#include "run/pairs.h"

/* A table of a million connections takes a few seconds; what takes longer is given up. */
static const duration LOOK_TIMEOUT = 10 * SECOND;
enum { LAST_LOOK_MS = 1000 };
static const int64_t FILES_COUNTED_MAX = 1000000;

/* The worker that met the limit most often; NULL: no such worker is still there. */
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

static void take_worker(struct evidence_limit_snapshot *snapshot, const struct crew *crew,
                        enum outcome outcome) {
    const struct crew_member *member = who_met(crew, outcome);
    snapshot->worker_files = snapshot->nofile_soft = snapshot->nofile_hard = -1;
    if (member == NULL)
        return;
    snapshot->worker_files = process_files("", member->pid, FILES_COUNTED_MAX);
    int64_t soft, hard;
    if (process_nofile("", member->pid, &soft, &hard)) {
        snapshot->nofile_soft = soft;
        snapshot->nofile_hard = hard;
    }
}

static void take_machine(struct evidence_limit_snapshot *snapshot) {
    struct host host;
    host_read(&host, "");
    snapshot->file_used = host.file_used;
    snapshot->file_max = host.file_max;
    snapshot->memory_available_bytes = host.memory_available_bytes;
    snapshot->tcp_pages = net_tcp_pages("");
    snapshot->tcp_pages_max = net_tcp_pages_max("");
    snapshot->conntrack_count = net_conntrack_count("");
    snapshot->conntrack_max = net_conntrack_max("");
    snapshot->ports_range = snapshot->ports_reserved = -1;
    snapshot->ports_in_use = snapshot->ports_time_wait = -1;
}

static void begin_look(struct limit_snapshots *snapshots, const struct setup *setup, instant now) {
    struct address chosen[ADDRESSES_MAX];
    struct host_pairs pairs = pairs_of(setup, chosen);
    snapshots->look_since = now;
    if (setup->address_count > 0)
        ports_query_begin(&snapshots->look, "", &pairs);
}

static void end_look(struct limit_snapshots *snapshots, struct record *record) {
    struct ports_seen seen;
    if (ports_query_take(&snapshots->look, &seen) != 0)
        return;
    struct evidence_limit_snapshot *snapshot = &record->snapshots[OUTCOME_ports_exhausted];
    snapshot->ports_range = seen.range;
    snapshot->ports_reserved = seen.reserved;
    snapshot->ports_in_use = seen.in_use;
    snapshot->ports_time_wait = seen.time_wait;
    snapshot->sources_absent = seen.sources_absent;
    snapshot->source_absent = seen.source_absent;
}

void limit_snapshots_take(struct limit_snapshots *snapshots, struct record *record,
                          const struct setup *setup, const struct crew *crew,
                          const struct tally_counts *total, instant now) {
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome outcome = (enum outcome)i;
        struct evidence_limit_snapshot *snapshot = &record->snapshots[i];
        if (snapshot->taken || total->outcomes[i] == 0 || outcome_side(outcome) != SIDE_TESTER)
            continue;
        snapshot->taken = true;
        take_worker(snapshot, crew, outcome);
        take_machine(snapshot);
        if (outcome == OUTCOME_ports_exhausted)
            begin_look(snapshots, setup, now);
    }
    end_look(snapshots, record);
    if (instant_since(now, snapshots->look_since) > LOOK_TIMEOUT)
        ports_query_end(&snapshots->look);
}

bool limit_snapshots_complete(const struct limit_snapshots *snapshots, enum outcome outcome) {
    return outcome != OUTCOME_ports_exhausted || !snapshots->look.begun || snapshots->look.over;
}

void limit_snapshots_finish(struct limit_snapshots *snapshots, struct record *record) {
    if (snapshots->look.begun && !snapshots->look.over)
        poll(&(struct pollfd){.fd = snapshots->look.fd, .events = POLLIN}, 1, LAST_LOOK_MS);
    end_look(snapshots, record);
    ports_query_end(&snapshots->look);
}
