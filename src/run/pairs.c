/* Pairs of source and destination address: decided, and their ports counted, before the load. */
#include "run/pairs.h"

#include "host/host.h"
#include "options/options.h"

/* The local ends that the kernel would choose. */
static void find_chosen_sources(const struct setup *setup, struct address *chosen) {
    for (size_t i = 0; i < setup->address_count; i++)
        if (!host_source_towards(&chosen[i], &setup->addresses[i]))
            chosen[i].length = 0;
}

/* Where among the plan's sources the kernel's choice towards that address is; -1: not there. */
static int64_t source_place(const struct setup *setup, const struct address *address) {
    struct address source;
    if (setup->sources.count == 0)
        return 0;
    return host_source_towards(&source, address) ? address_set_find(&setup->sources, &source) : -1;
}

/* The poller of the status page connects from the kernel's choice of address: where that, and an
 * address of the page, are a pair of the plan, one port of it is not the load's. */
static void reserve_for_poller(struct ephemeral_ports *ports, const struct setup *setup) {
    for (size_t i = 0; i < setup->address_count; i++) {
        size_t page = 0;
        while (page < setup->status_address_count &&
               !address_equal(&setup->addresses[i], &setup->status_addresses[page]))
            page++;
        if (page == setup->status_address_count)
            continue;
        int64_t place = source_place(setup, &setup->addresses[i]);
        if (place >= 0)
            (void)ephemeral_ports_take(ports, (uint32_t)((size_t)place * setup->address_count + i));
    }
}

struct host_pairs pairs_of(const struct setup *setup, struct address *chosen) {
    find_chosen_sources(setup, chosen);
    return (struct host_pairs){
        .targets = setup->addresses,
        .target_count = setup->address_count,
        .sources = setup->sources,
        .chosen = chosen,
    };
}

static void read_ports(const struct setup *setup, struct preflight_facts *facts) {
    struct address chosen[ADDRESSES_MAX];
    struct host_pairs pairs = pairs_of(setup, chosen);
    ephemeral_ports_free(&facts->ports);
    facts->ports_known = ephemeral_ports_read(&facts->ports, "", &pairs);
    if (facts->ports_known)
        reserve_for_poller(&facts->ports, setup);
}

/* With the listeners among them counted, auto may come to more addresses than by the range alone.
 */
static void count_ports(const struct plan *plan, struct setup *setup,
                        struct preflight_facts *facts) {
    uint32_t before = setup->sources.count;
    read_ports(setup, facts);
    if (!facts->ports_known)
        return;
    if (!plan->options->source.automatic) {
        sources_pick(&facts->offered, plan, setup, facts->ports.each);
        return;
    }
    sources_decide(plan, setup, facts->ports.each);
    if (setup->sources.count != before)
        read_ports(setup, facts);
}

/* A socket is bound to each, which takes 2 us. */
static void try_sources(const struct setup *setup, struct preflight_facts *facts) {
    for (uint32_t i = 0; i < setup->sources.count; i++) {
        struct address source = address_set_at(&setup->sources, i);
        int error = host_bind_error(&source);
        if (error == 0)
            continue;
        if (facts->sources_unbindable++ == 0) {
            facts->source_unbindable = source;
            facts->source_error = error;
        }
    }
}

void pairs_decide(const struct plan *plan, struct setup *setup, struct preflight_facts *facts) {
    int64_t each = ephemeral_ports_unreserved("");
    facts->addresses_left_out = sources_decide(plan, setup, each > 0 ? each : 1);
}

void pairs_count(const struct plan *plan, struct setup *setup, struct preflight_facts *facts) {
    count_ports(plan, setup, facts);
    try_sources(setup, facts);
}
