/* The local half of the preflight: does the plan fit this machine? */
#include <stdio.h>
#include <string.h>

#include "judge/headroom.h"
#include "judge/judge.h"
#include "judge/local.h"
#include "judge/words.h"
#include "stats/outcome.h"

/* The widest range worth having: below 1024 ports are privileged. */
enum { WIDE_LOW = 1024, WIDE_HIGH = 65535, WIDE_PORTS = WIDE_HIGH - WIDE_LOW + 1 };

bool local_has_both_ends(const struct plan *plan) {
    if (plan->target_here)
        return true;
    for (size_t i = 0; i < plan->address_count; i++)
        if (address_is_loopback(&plan->addresses[i]))
            return true;
    return false;
}

/* Source ports over all addresses of the plan. Connection i goes to address i mod n, so address j
 * that has p ports is full when n * p + j connections were opened: the least of these counts. */
struct room {
    bool known;        /* the range, of every address */
    bool tables_known; /* what is in use, of every address */
    int64_t now;       /* with the ports that are free now */
    int64_t reused;    /* and with those in TIME_WAIT that the kernel takes again */
    int64_t later;     /* and with all in TIME_WAIT */
    int64_t wide;      /* later, in the widest range */
    int64_t reserved, in_use, time_wait; /* summed up */
};

static void room_limit(int64_t *least, int64_t ports, size_t address, size_t addresses) {
    int64_t connections = ports * (int64_t)addresses + (int64_t)address;
    if (connections < *least)
        *least = connections;
}

/* tcp_tw_reuse (Documentation/networking/ip-sysctl.rst): 1 everywhere, 2 for loopback only. */
static bool time_wait_is_reused(const struct plan *plan, const struct address *address) {
    int64_t reuse = plan->host.tcp_tw_reuse;
    return reuse == 1 || (reuse == 2 && address_is_loopback(address));
}

static struct room room_of(const struct plan *plan, const struct preflight_facts *facts) {
    struct room room = {
        .known = plan->address_count > 0,
        .tables_known = true,
        .now = INT64_MAX,
        .reused = INT64_MAX,
        .later = INT64_MAX,
        .wide = INT64_MAX,
    };
    for (size_t i = 0, n = plan->address_count; i < n; i++) {
        const struct host_ports *ports = &facts->ports[i];
        const struct address *address = &plan->addresses[i];
        room.known = room.known && facts->ports_known[i];
        room.tables_known = room.tables_known && ports->time_wait >= 0;
        int64_t waiting = ports->time_wait > 0 ? ports->time_wait : 0;
        int64_t in_use = ports->in_use > 0 ? ports->in_use : 0;
        int64_t later = ports->free + waiting;
        room_limit(&room.now, ports->free, i, n);
        room_limit(&room.reused, time_wait_is_reused(plan, address) ? later : ports->free, i, n);
        room_limit(&room.later, later, i, n);
        /* The port that a listener of this machine has lies in the widest range. */
        int64_t listener = address_is_loopback(address) ? 1 : 0;
        room_limit(&room.wide, WIDE_PORTS - ports->reserved - in_use - listener, i, n);
        room.reserved += ports->reserved;
        room.in_use += in_use;
        room.time_wait += waiting;
    }
    return room;
}

int64_t headroom_count_ports(const struct plan *plan, const struct preflight_facts *facts) {
    struct room room = room_of(plan, facts);
    return room.known && room.later > 0 ? room.later : 0;
}

static size_t append_count(char *text, size_t size, size_t at, int64_t count, const char *what) {
    if (count <= 0 || at >= size)
        return at;
    int length = snprintf(text + at, size - at, ", %s %s", WORDS_COUNT(count), what);
    return at + (length > 0 ? (size_t)length : 0);
}

/* "32768-60999, one source address, 412 in TIME_WAIT". */
static void room_describe(char *text, size_t size, const struct plan *plan,
                          const struct room *room) {
    int length = snprintf(text, size, "%lld-%lld, one source address",
                          (long long)plan->host.port_low, (long long)plan->host.port_high);
    size_t at = length > 0 ? (size_t)length : 0;
    if (plan->address_count > 1)
        at = append_count(text, size, at, (int64_t)plan->address_count, "destination addresses");
    at = append_count(text, size, at, room->reserved, "reserved");
    at = append_count(text, size, at, room->in_use, "in use");
    append_count(text, size, at, room->time_wait, "in TIME_WAIT");
}

/* The range is widened where that is all it takes; else it is said how many addresses would do. */
static void ports_do(struct finding *finding, const struct plan *plan, const struct room *room) {
    static const char widen[] = "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"";
    int64_t asked = plan->connections, n = (int64_t)plan->address_count;
    if (room->later >= asked)
        finding_do(finding, "wait: TIME_WAIT lasts 60 s");
    bool wider = room->wide > room->later;
    int64_t best = wider ? room->wide : room->later;
    if (wider && best >= asked) {
        finding_do(finding, "%s   (%s)", widen, WORDS_COUNT(best));
        return;
    }
    if (best >= asked)
        return;
    if (best <= 0) {
        finding_do(finding, "ss -tan   (what holds all the ports?)");
        return;
    }
    int64_t times = divide_up(asked, best);
    if (wider)
        finding_do(finding, "%s   (%s: %s source addresses are needed)", widen, WORDS_COUNT(best),
                   WORDS_COUNT(times));
    finding_do(finding, "%sa target name with %s addresses   (each has ports of its own)",
               wider ? "and " : "", WORDS_COUNT(times * n));
}

static void judge_ports_short(struct findings *findings, const struct plan *plan,
                              const struct room *room, const char *details) {
    int64_t asked = plan->connections;
    bool passing = room->reused >= asked;
    struct finding *finding = findings_add(
        findings, "source_ports", SIDE_TESTER, passing ? FINDING_WARN : FINDING_FAIL,
        "asked %s; have %s (%s)%s", WORDS_COUNT(asked), WORDS_COUNT(room->now), details,
        passing ? ": ports in TIME_WAIT are taken again once they are 1 s old" : "");
    finding->asked = finding->need = asked;
    finding->have = room->now;
    if (!passing)
        ports_do(finding, plan, room);
}

static void judge_ports(struct findings *findings, const struct plan *plan,
                        const struct preflight_facts *facts) {
    struct room room = room_of(plan, facts);
    if (!room.known) {
        findings_add(findings, "source_ports", SIDE_TESTER, FINDING_UNKNOWN, "could not tell: %s",
                     plan->address_count == 0 ? "no address to connect to is known"
                                              : "net.ipv4.ip_local_port_range could not be read");
        return;
    }
    char details[200];
    room_describe(details, sizeof details, plan, &room);
    if (room.now < plan->connections) {
        judge_ports_short(findings, plan, &room, details);
        return;
    }
    struct finding *finding;
    if (room.tables_known)
        finding = findings_add(findings, "source_ports", SIDE_TESTER, FINDING_OK, "%s free (%s)",
                               WORDS_COUNT(room.now), details);
    else
        finding = findings_add(findings, "source_ports", SIDE_TESTER, FINDING_UNKNOWN,
                               "could not tell how many of %s are in use (%s)",
                               WORDS_COUNT(room.now), details);
    finding->asked = finding->need = plan->connections;
    finding->have = room.now;
}

void judge_local(struct findings *findings, const struct plan *plan,
                 const struct preflight_facts *facts) {
    judge_ring(findings, plan, facts);
    judge_descriptors(findings, plan);
    judge_parent_files(findings, plan, facts);
    judge_system_files(findings, plan);
    judge_processes(findings, plan);
    judge_ports(findings, plan, facts);
    judge_memory(findings, plan);
    judge_tcp_memory(findings, plan);
    judge_backlog(findings, plan, facts);
    judge_ramp(findings, plan);
    judge_cpu(findings, plan);
}
