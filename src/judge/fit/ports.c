/* Source ports: do they suffice for the plan, pair by pair of source and destination address? */
#include <errno.h>
#include <stdio.h>

#include "base/minmax.h"
#include "judge/fit/fit.h"
#include "judge/fit/headroom.h"
#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/outcome.h"

/* The widest range worth having: below 1024 ports are privileged. */
enum { WIDE_LOW = 1024, WIDE_HIGH = 65535, WIDE_PORTS = WIDE_HIGH - WIDE_LOW + 1 };

enum { DETAILS_MAX = 200 };

/* Which of the ports that a pair lacks are counted as free. */
enum moment {
    NOW,
    SOON,  /* with those in TIME_WAIT that tcp_tw_reuse takes again */
    LATER, /* with all in TIME_WAIT */
    WIDE   /* later, in the widest range */
};

static int64_t pairs_of(const struct setup *setup) {
    return setup_pairs(setup);
}

/* Of a pair that nobody uses. The port of a listener on this machine lies in the widest range. */
static int64_t each_of(const struct setup *setup, const struct ephemeral_ports *ports,
                       enum moment moment) {
    if (moment != WIDE)
        return ports->each;
    int64_t listener = setup_has_both_ends(setup) ? 1 : 0;
    int64_t each = WIDE_PORTS - ports->reserved - ports->listening - listener;
    return each > 0 ? each : 0;
}

/* Of a pair that is used. */
static int64_t free_of(int64_t each, const struct host_pair *pair, enum moment moment) {
    int64_t held = pair->in_use;
    if (moment == NOW)
        held += pair->young;
    if (moment <= SOON)
        held += pair->waiting;
    return each > held ? each - held : 0;
}

/* The first pair that nobody uses; `pairs` when there is none. */
static int64_t first_unused(const struct ephemeral_ports *ports, int64_t pairs) {
    int64_t place = 0;
    for (size_t i = 0; i < ports->pair_count && ports->pairs[i].pair == place; i++)
        place++;
    return place < pairs ? place : pairs;
}

/* The greatest plan that fits whole. Connection i belongs to pair i mod n, so pair p with f ports
 * is full when n * f + p connections were opened: the least of these. */
static int64_t room_whole(const struct setup *setup, const struct ephemeral_ports *ports,
                          enum moment moment) {
    int64_t pairs = pairs_of(setup), each = each_of(setup, ports, moment), least = INT64_MAX;
    int64_t unused = first_unused(ports, pairs);
    if (unused < pairs)
        least = each * pairs + unused;
    for (size_t i = 0; i < ports->pair_count; i++) {
        const struct host_pair *pair = &ports->pairs[i];
        int64_t room = free_of(each, pair, moment) * pairs + pair->pair;
        least = room < least ? room : least;
    }
    return least;
}

/* How many of the plan's connections would open: of each pair's share, as many as it has ports. */
static int64_t room_of_plan(const struct plan *plan, const struct setup *setup,
                            const struct ephemeral_ports *ports) {
    int64_t pairs = pairs_of(setup), asked = plan->connections, each = ports->each;
    int64_t share = asked / pairs, more = asked % pairs; /* the first `more` pairs: one more */
    int64_t open = more * min_i64(each, share + 1) + (pairs - more) * min_i64(each, share);
    for (size_t i = 0; i < ports->pair_count; i++) {
        const struct host_pair *pair = &ports->pairs[i];
        int64_t wants = share + (pair->pair < more);
        open -= min_i64(each, wants) - min_i64(free_of(each, pair, NOW), wants);
    }
    return open;
}

int64_t ports_count_headroom(const struct setup *setup, const struct preflight_facts *facts) {
    if (!facts->ports_known || setup->address_count == 0)
        return 0;
    return room_whole(setup, &facts->ports, LATER);
}

static size_t append_count(char *text, size_t size, size_t at, int64_t count, const char *what) {
    if (count <= 0 || at >= size)
        return at;
    int length = snprintf(text + at, size - at, ", %s %s", HUMAN_COUNT(count), what);
    return at + (length > 0 ? (size_t)length : 0);
}

/* "32768-60999, one source address, 412 in TIME_WAIT". */
static void describe(char *text, size_t size, const struct plan *plan, const struct setup *setup,
                     const struct ephemeral_ports *ports) {
    int64_t in_use = ports->listening, waiting = 0;
    for (size_t i = 0; i < ports->pair_count; i++) {
        in_use += ports->pairs[i].in_use;
        waiting += ports->pairs[i].waiting + ports->pairs[i].young;
    }
    int length = snprintf(text, size, "%lld-%lld, %s source address%s",
                          (long long)plan->host.port_low, (long long)plan->host.port_high,
                          setup->sources.count > 1 ? HUMAN_COUNT(setup->sources.count) : "one",
                          setup->sources.count > 1 ? "es" : "");
    size_t at = length > 0 ? (size_t)length : 0;
    if (setup->address_count > 1)
        at = append_count(text, size, at, (int64_t)setup->address_count, "destination addresses");
    at = append_count(text, size, at, ports->reserved, "reserved");
    at = append_count(text, size, at, in_use, "in use");
    append_count(text, size, at, waiting, "in TIME_WAIT");
}

/* The sources that auto would take, where they are enough. */
static void offer_sources(struct finding *finding, const struct plan *plan,
                          const struct setup *setup, const struct preflight_facts *facts) {
    const struct address_set *set = &facts->offered.set;
    char text[120];
    int64_t each = facts->ports.each * (int64_t)setup->address_count;
    if (plan->options->source.automatic || each * set->count < plan->connections)
        return;
    finding_do(finding, "--source auto   (uses %s)", address_set_format(set, text, sizeof text));
}

/* The range is widened where that is all it takes; else the remedy is how many addresses would do.
 */
static void widen(struct finding *finding, const struct plan *plan, const struct setup *setup,
                  const struct ephemeral_ports *ports) {
    static const char command[] = "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"";
    int64_t asked = plan->connections, n = (int64_t)setup->address_count;
    int64_t later = room_whole(setup, ports, LATER), wide = room_whole(setup, ports, WIDE);
    int64_t best = wide > later ? wide : later;
    if (best <= 0) {
        finding_do(finding, "ss -tan   (what holds all the ports?)");
        return;
    }
    int64_t times = divide_up(asked, best);
    if (wide > later && times <= 1)
        finding_do(finding, "%s   (%s)", command, HUMAN_COUNT(wide));
    else if (wide > later)
        finding_do(finding, "%s   (%s: %s source addresses are needed)", command, HUMAN_COUNT(wide),
                   HUMAN_COUNT(times * (pairs_of(setup) / n)));
    if (times > 1)
        finding_do(finding, "%sa target name with %s addresses   (each has ports of its own)",
                   wide > later ? "that, and " : "", HUMAN_COUNT(times * n));
}

static void judge_short(struct findings *findings, const struct plan *plan,
                        const struct setup *setup, const struct preflight_facts *facts,
                        const char *details) {
    const struct ephemeral_ports *ports = &facts->ports;
    int64_t asked = plan->connections, have = room_of_plan(plan, setup, ports);
    int64_t whole = room_whole(setup, ports, NOW);
    bool passing = room_whole(setup, ports, SOON) >= asked;
    struct finding *finding =
        findings_add(findings, FINDING_source_ports, passing ? FINDING_WARN : FINDING_FAIL,
                     "asked %s; have %s (%s)%s", HUMAN_COUNT(asked), HUMAN_COUNT(have), details,
                     passing ? ": ports in TIME_WAIT are taken again once they are 1 s old" : "");
    finding->asked = finding->need = asked;
    finding->have = have;
    if (passing)
        return;
    if (room_whole(setup, ports, LATER) >= asked)
        finding_do(finding, "wait: TIME_WAIT lasts 60 s");
    offer_sources(finding, plan, setup, facts);
    if (room_whole(setup, ports, LATER) < asked)
        widen(finding, plan, setup, ports);
    if (whole < have && whole > 0) /* pairs fill evenly, and one of them has fewer ports */
        finding_do(finding, "--connections %lld   (fits as it is)", (long long)whole);
}

void judge_ports(struct findings *findings, const struct plan *plan, const struct setup *setup,
                 const struct preflight_facts *facts) {
    if (!facts->ports_known || setup->address_count == 0) {
        findings_add(findings, FINDING_source_ports, FINDING_UNKNOWN, "could not tell: %s",
                     setup->address_count == 0 ? "no address to connect to is known"
                                               : "net.ipv4.ip_local_port_range could not be read");
        return;
    }
    char details[DETAILS_MAX];
    describe(details, sizeof details, plan, setup, &facts->ports);
    int64_t room = room_whole(setup, &facts->ports, NOW);
    if (room < plan->connections) {
        judge_short(findings, plan, setup, facts, details);
        return;
    }
    struct finding *finding;
    if (facts->ports.tables_known)
        finding = findings_add(findings, FINDING_source_ports, FINDING_OK, "%s free (%s)",
                               HUMAN_COUNT(room), details);
    else
        finding = findings_add(findings, FINDING_source_ports, FINDING_UNKNOWN,
                               "could not tell how many of %s are in use (%s)", HUMAN_COUNT(room),
                               details);
    finding->asked = finding->need = plan->connections;
    finding->have = room;
}

/* --- the addresses themselves --- */

static const char *family_name(int family) {
    return family == AF_INET6 ? "IPv6" : "IPv4";
}

static void judge_misfit(struct findings *findings, const struct setup *setup) {
    char text[160];
    int family = address_set_family(&setup->sources);
    struct finding *finding = findings_add(
        findings, FINDING_sources, FINDING_FAIL, "%s is %s, and the target has %s only",
        address_set_format(&setup->sources, text, sizeof text), family_name(family),
        family_name(family == AF_INET6 ? AF_INET : AF_INET6));
    finding_do(finding, "--source auto");
}

static void judge_unbindable(struct findings *findings, const struct setup *setup,
                             const struct preflight_facts *facts) {
    char text[ADDRESS_RANGE_TEXT_MAX], others[48] = "";
    struct address_range range = address_range_of(&facts->source_unbindable);
    uint32_t missing = facts->sources_unbindable;
    bool absent = facts->source_error == EADDRNOTAVAIL;
    if (missing > 1)
        snprintf(others, sizeof others, ", nor are %s more", HUMAN_COUNT(missing - 1));
    address_range_format(&range, text, sizeof text);
    struct finding *finding =
        findings_add(findings, FINDING_sources, FINDING_FAIL, "%s: %s%s", text,
                     absent ? "not an address of this host" : "no socket can be bound to it: ",
                     absent ? others : outcome_errno_name(facts->source_error));
    finding->asked = finding->need = setup->sources.count;
    finding->have = setup->sources.count - missing;
    if (!absent)
        return;
    finding_do(finding, "ip -brief address   (which there are)");
    finding_do(finding, "ip address add %s dev DEVICE", text);
}

void judge_sources(struct findings *findings, const struct plan *plan, const struct setup *setup,
                   const struct preflight_facts *facts) {
    const struct option_source_choice *choice = &plan->options->source;
    if (choice->text == NULL || setup->address_count == 0)
        return;
    if (setup->sources.count == 0) {
        findings_add(findings, FINDING_sources, FINDING_FAIL,
                     "auto found no address of this host from which the target can be reached");
        return;
    }
    if (!sources_fit(setup)) {
        judge_misfit(findings, setup);
        return;
    }
    if (facts->sources_unbindable > 0) {
        judge_unbindable(findings, setup, facts);
        return;
    }
    char text[200], left_out[80] = "";
    if (facts->addresses_left_out > 0)
        snprintf(left_out, sizeof left_out, "; %s address%s of the other family left out",
                 HUMAN_COUNT(facts->addresses_left_out),
                 facts->addresses_left_out == 1 ? "" : "es");
    struct finding *finding =
        findings_add(findings, FINDING_sources, FINDING_OK, "%s address%s%s: %s%s",
                     HUMAN_COUNT(setup->sources.count), setup->sources.count == 1 ? "" : "es",
                     choice->automatic ? " (auto)" : "",
                     address_set_format(&setup->sources, text, sizeof text), left_out);
    finding->have = setup->sources.count;
}
