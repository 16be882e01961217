/* Findings of a run on many hosts: whose they are, which host was lost, how far apart they began.
 */
#include "hosts/leader_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/minmax.h"

/* Further apart hosts did not begin together. */
static const duration LATE = SECOND;
/* A start that is known no better than so says little. */
static const duration VAGUE = SECOND / 10;

/* --- of the preflights --- */

/* "h1", "h1, h2 and 3 more": who found the same. */
static void name_hosts(const struct leader *leader, const struct finding *same, size_t from,
                       char names[static 200]) {
    enum { NAMED = 3 };
    size_t found = 0, length = 0;
    for (size_t i = from; i < leader->count; i++) {
        const struct findings *findings = &leader->parts[i].findings;
        bool has = false;
        for (size_t j = 0; j < findings->count && !has; j++)
            has = strcmp(findings->items[j].text, same->text) == 0;
        if (has && found++ < NAMED && length < 150)
            length += (size_t)snprintf(names + length, 200 - length, "%s%.48s",
                                       found > 1 ? ", " : "", leader->parts[i].name);
    }
    if (found > NAMED)
        snprintf(names + length, 200 - length, " and %zu more", found - NAMED);
}

static bool is_told(const struct leader *leader, size_t before, const struct finding *finding) {
    for (size_t i = 0; i < before; i++)
        for (size_t j = 0; j < leader->parts[i].findings.count; j++)
            if (strcmp(leader->parts[i].findings.items[j].text, finding->text) == 0)
                return true;
    return false;
}

void leader_tell_findings(const struct leader *leader, struct findings *findings) {
    for (size_t i = 0; i < leader->count; i++)
        for (size_t j = 0; j < leader->parts[i].findings.count; j++) {
            const struct finding *from = &leader->parts[i].findings.items[j];
            char names[200] = "";
            if (is_told(leader, i, from))
                continue;
            name_hosts(leader, from, i, names);
            struct finding *to = findings_add_named(findings, from->name, from->side, from->status,
                                                    "%s: %s", names, from->text);
            struct finding said = *to;
            *to = *from;
            memcpy(to->text, said.text, sizeof to->text);
        }
}

/* --- of lost hosts --- */

/* Where no worker died but with its host, that is all there is to say of them. */
static void explain_workers(const struct leader *leader, struct saved *whole) {
    struct findings *findings = &whole->judgement.findings;
    const struct host_part *first = NULL;
    size_t lost = 0;
    for (size_t i = 0; i < whole->record->worker_count; i++)
        lost += whole->record->workers[i].lost;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        lost -= min_u64(lost, part->workers_lost);
        first = first == NULL && part->state == PART_LOST && !part->cut ? part : first;
    }
    for (size_t i = 0; i < findings->count && lost == 0 && first != NULL; i++) {
        struct finding *finding = &findings->items[i];
        if (finding->code != FINDING_worker_lost)
            continue;
        finding_evidence(finding, "host %s: %s", first->name, first->why);
        finding->do_count = 0;
        finding_do(finding, "look at host %s and at the way to it", first->name);
    }
}

/* Nobody knows what it would have held. */
static void know_less(struct judgement *judgement) {
    if (judgement->verdict == VERDICT_INCONCLUSIVE)
        return;
    judgement->verdict = VERDICT_INCONCLUSIVE;
    judgement->exit_code = EXIT_INCONCLUSIVE;
}

static void find_loss(const struct host_part *part, struct judgement *judgement) {
    struct finding *finding = findings_add(&judgement->findings, FINDING_host_lost, FINDING_FAIL,
                                           "%s was lost, and %" PRIu64 " connections with it: %s",
                                           part->name, part->lost, part->why);
    finding->have = (int64_t)part->lost;
    if (part->left_at.ns != 0)
        finding_do(finding, "look on %s for who ended its part: only the leader is to", part->name);
    else
        finding_do(finding,
                   "look on %s for the report that its part left where it was started "
                   "(docs/hosts.md)",
                   part->name);
    judgement_reason(judgement, "host %s was lost: %s", part->name, part->why);
    know_less(judgement);
}

/* It came to its end, and cannot be added up with the others. */
static void find_left_out(const struct host_part *part, struct judgement *judgement) {
    struct finding *finding =
        findings_add(&judgement->findings, FINDING_host_lost, FINDING_FAIL,
                     "%s is not in the figures: %s", part->name, part->refused);
    finding_do(finding, "the same without %s, or with fewer workers on each host (-w)", part->name);
    judgement_reason(judgement, "host %s is not in the figures: %s", part->name, part->refused);
    know_less(judgement);
}

static void find_losses(const struct leader *leader, struct saved *whole) {
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (part->refused[0] != '\0')
            find_left_out(part, &whole->judgement);
        else if (part->state == PART_LOST && !part->cut)
            find_loss(part, &whole->judgement);
    }
    explain_workers(leader, whole);
}

/* --- of the run --- */

/* "h1 12, h3 4": where an outcome came about. */
static void name_places(const struct leader *leader, enum outcome outcome, char names[static 200]) {
    enum { NAMED = 3, ROOM = 60 };
    size_t found = 0, length = 0;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (part->outcomes[outcome] == 0 || found++ >= NAMED)
            continue;
        length += (size_t)snprintf(names + length, ROOM, "%s%.30s %" PRIu64, found > 1 ? ", " : "",
                                   part->name, part->outcomes[outcome]);
    }
    if (found > NAMED)
        snprintf(names + length, 200 - length, " and %zu more", found - NAMED);
}

/* As the first host that met it explained it; NULL: none did. */
static const struct finding *find_own(const struct leader *leader, const struct finding *same,
                                      const char **host) {
    for (size_t i = 0; i < leader->count; i++)
        for (size_t j = 0; j < leader->parts[i].own_count; j++)
            if (strcmp(leader->parts[i].own[j].name, same->name) == 0) {
                *host = leader->parts[i].name;
                return &leader->parts[i].own[j];
            }
    return NULL;
}

static void explain_outcome(const struct leader *leader, struct finding *finding,
                            enum outcome outcome) {
    char names[200] = "";
    const char *host = "";
    const struct finding *own = find_own(leader, finding, &host);
    name_places(leader, outcome, names);
    if (own == NULL) {
        finding_evidence(finding, "%s", names);
        return;
    }
    finding_evidence(finding, "%s; %.60s: %s", names, host, own->evidence);
    finding->do_count = own->do_count;
    memcpy(finding->todo, own->todo, sizeof finding->todo);
}

/* What is not the server's doing is of some host, and of its own limits: those of the first part,
 * whose plan the whole has, say nothing. */
static void name_outcomes(const struct leader *leader, struct findings *findings) {
    for (size_t i = 0; i < findings->count; i++)
        for (int o = 0; o < OUTCOME_COUNT; o++) {
            struct finding *finding = &findings->items[i];
            enum outcome outcome = (enum outcome)o;
            const char *host;
            if (finding->code == finding_code_of_outcome(outcome) &&
                (outcome != OUTCOME_worker_lost || find_own(leader, finding, &host) != NULL) &&
                outcome_side(outcome) != SIDE_SERVER &&
                (finding->evidence[0] == '\0' || outcome_side(outcome) == SIDE_TESTER))
                explain_outcome(leader, finding, outcome);
        }
}

/* --- of all of them --- */

static const char *last_to_begin(const struct leader *leader) {
    const struct host_part *last = &leader->parts[0];
    for (size_t i = 1; i < leader->count; i++)
        if (leader->parts[i].started.ns > last->started.ns)
            last = &leader->parts[i];
    return last->name;
}

/* What held need not have held at once for as long as was planned. */
static void find_late(const struct leader *leader, duration apart, struct saved *whole,
                      struct finding *finding) {
    struct judgement *judgement = &whole->judgement;
    const char *last = last_to_begin(leader);
    double late = duration_seconds(apart), hold = whole->record->hold_seconds;
    finding->status = FINDING_WARN;
    finding_do(finding, "look at %s, which began last: was it stopped, or short of CPU?", last);
    if (late <= 0.1 * hold || judgement->verdict != VERDICT_HELD)
        return;
    judgement_reason(judgement,
                     "host %s began %.1f s after the first: all were not held together for %.1f s",
                     last, late, hold);
    know_less(judgement);
}

static const struct host_part *vaguest(const struct leader *leader) {
    const struct host_part *found = &leader->parts[0];
    for (size_t i = 1; i < leader->count; i++)
        if (leader->parts[i].clock.round_trip > found->clock.round_trip)
            found = &leader->parts[i];
    return found;
}

static void find_skew(const struct leader *leader, struct saved *whole) {
    char text[200];
    duration apart = leader_skew(leader, text);
    if (apart < 0)
        return;
    struct finding *finding =
        findings_add(&whole->judgement.findings, FINDING_hosts, FINDING_OK, "%s", text);
    finding->have = apart / MICROSECOND;
    const struct host_part *vague = vaguest(leader);
    if (vague->clock.round_trip / 2 > VAGUE) {
        finding->status = FINDING_WARN;
        finding_do(finding, "a quicker way to %s: its clock answered after %.0f ms at best",
                   vague->name, (double)vague->clock.round_trip / 1e6);
    }
    if (apart > LATE)
        find_late(leader, apart, whole, finding);
}

/* Clocks are no matter here: who began with the others and held for less ended before them. */
static void explain_overlap(const struct leader *leader, struct saved *whole) {
    struct findings *findings = &whole->judgement.findings;
    double hold = whole->record->hold_seconds;
    struct finding *merged = NULL;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].code == FINDING_merged && findings->items[i].status == FINDING_WARN)
            merged = &findings->items[i];
    for (size_t i = 0; i < leader->count && merged != NULL; i++) {
        const struct host_part *part = &leader->parts[i];
        bool early = part->ended_empty || leader->plan->requests > 0;
        if (!part->merged || part->state == PART_LOST || !early || part->hold_seconds >= 0.9 * hold)
            continue;
        merged->do_count = 0;
        finding_do(merged, "look at %s, which held %.1f s of %.1f s: %s", part->name,
                   part->hold_seconds, hold,
                   part->ended_empty ? RECORD_ENDED_EMPTY " there"
                                     : "its share of the requests (-n) was sent");
        return;
    }
}

/* --- of hosts that differ --- */

/* The first address of one that the other has not; NULL: none. */
static const struct address *address_beyond(const struct host_part *of,
                                            const struct host_part *other) {
    for (size_t i = 0; i < of->address_count; i++) {
        bool has = false;
        for (size_t j = 0; j < other->address_count && !has; j++)
            has = address_equal(&of->addresses[i], &other->addresses[j]);
        if (!has)
            return &of->addresses[i];
    }
    return NULL;
}

/* true: told. */
static bool find_elsewhere(const struct host_part *has, const struct host_part *lacks,
                           struct findings *findings) {
    char text[ADDRESS_TEXT_MAX];
    const struct address *address = address_beyond(has, lacks);
    if (address == NULL)
        return false;
    struct finding *finding = findings_add(
        findings, FINDING_hosts, FINDING_WARN, "the target is %s on %s, and is not on %s",
        address_format(address, text, sizeof text), has->name, lacks->name);
    finding_do(finding, "--connect-to, where all hosts are to load the same server");
    return true;
}

static void find_engine(const struct host_part *first, const struct host_part *part,
                        struct findings *findings) {
    const char *reason = part->engine_reason[0] != '\0' ? part->engine_reason : "as it was asked";
    struct finding *finding =
        findings_add(findings, FINDING_hosts, FINDING_WARN, "%s ran on %s, %s on %s: %s",
                     part->name, part->engine, first->name, first->engine, reason);
    finding_do(finding, "--engine %s, where all hosts are to be alike", part->engine);
}

/* The whole has engine and target of the first; each of the others that has another is named. */
static void find_differences(const struct leader *leader, struct findings *findings) {
    const struct host_part *first = NULL;
    for (size_t i = 0; i < leader->count; i++) {
        const struct host_part *part = &leader->parts[i];
        if (!part->merged || part->engine[0] == '\0')
            continue;
        first = first == NULL ? part : first;
        if (!find_elsewhere(part, first, findings))
            (void)find_elsewhere(first, part, findings);
        if (strcmp(first->engine, part->engine) != 0)
            find_engine(first, part, findings);
    }
}

void leader_find_hosts(const struct leader *leader, struct saved *whole) {
    find_skew(leader, whole);
    explain_overlap(leader, whole);
    find_differences(leader, &whole->judgement.findings);
    name_outcomes(leader, &whole->judgement.findings);
    find_losses(leader, whole);
}
