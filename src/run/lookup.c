/* Asks DNS for the name in a child, and compares sets of addresses: many servers change their order
 * with each answer. */
#include "run/lookup.h"

#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "host/host.h"

static const duration TIMEOUT = 10 * SECOND, INTERVAL = 30 * SECOND;
enum { NOTES_MAX = 8 }; /* a name that moves at each answer is not noted for ever */

void lookup_init(struct lookup *lookup, const struct plan *plan, const struct setup *setup) {
    struct address literal;
    bool named = !address_parse(&literal, plan->connect_host, plan->connect_port);
    lookup->setup = setup;
    lookup->plan = named && plan_reconnects(plan) ? plan : NULL;
}

void lookup_end(struct lookup *lookup) {
    host_resolve_end(lookup->asking);
    lookup->asking = NULL;
}

static bool holds(const struct address *set, size_t count, const struct address *address) {
    size_t i = 0;
    while (i < count && !address_equal(&set[i], address))
        i++;
    return i < count;
}

static bool same_set(const struct lookup *lookup, const struct address *found, size_t count) {
    bool same = count == lookup->known_count;
    for (size_t i = 0; i < count && same; i++)
        same = holds(lookup->known, lookup->known_count, &found[i]);
    return same;
}

/* Connections go to an address that is not in this first answer. The other way round is no move:
 * the preflight leaves out what does not accept. */
static bool lacks_used(const struct setup *setup, const struct address *found, size_t count) {
    size_t i = 0;
    while (i < setup->address_count && holds(found, count, &setup->addresses[i]))
        i++;
    return i < setup->address_count;
}

/* The addresses that the sources can connect to. */
static size_t keep_family(const struct setup *setup, struct address *found, size_t count) {
    size_t kept = 0;
    int family = address_set_family(&setup->sources);
    for (size_t i = 0; i < count; i++)
        if (setup->sources.count == 0 || found[i].of.any.sa_family == family)
            found[kept++] = found[i];
    return kept;
}

static void note_change(struct lookup *lookup, struct notes *notes) {
    char first[ADDRESS_TEXT_MAX];
    if (lookup->noted++ < NOTES_MAX)
        notes_print(
            notes, "%s resolves to other addresses now, connections go there from now on: %s%s",
            lookup->plan->connect_host, address_format(&lookup->known[0], first, sizeof first),
            lookup->known_count > 1 ? " and others" : "");
}

static void take(struct lookup *lookup, struct crew *crew, struct notes *notes, instant now) {
    struct address found[ADDRESSES_MAX];
    size_t count = 0, named;
    int gai;
    int result = host_resolve_read(lookup->asking, found, &count, &named, &gai);
    if (result == -EAGAIN && instant_since(now, lookup->asked_at) < TIMEOUT)
        return;
    lookup_end(lookup);
    count = result == 0 ? keep_family(lookup->setup, found, count) : 0;
    if (count == 0 || same_set(lookup, found, count))
        return;
    bool moved = lookup->known_count > 0 || lacks_used(lookup->setup, found, count);
    memcpy(lookup->known, found, count * sizeof *found);
    lookup->known_count = count;
    if (!moved)
        return;
    crew_readdress(crew, found, count);
    note_change(lookup, notes);
}

void lookup_tick(struct lookup *lookup, struct crew *crew, struct notes *notes, bool waiting,
                 instant now) {
    if (lookup->plan == NULL)
        return;
    if (lookup->asking != NULL) {
        take(lookup, crew, notes, now);
        return;
    }
    bool due =
        lookup->known_count == 0 || waiting || instant_since(now, lookup->asked_at) >= INTERVAL;
    int error;
    if (!due)
        return;
    lookup->asked_at = now;
    lookup->asking =
        host_resolve_start(lookup->plan->connect_host, lookup->plan->connect_port, &error);
}
