/* Pairs of source and destination address: decided, and their ports counted, before the load. */
#include "run/pairs.h"

/* The local ends that the kernel would choose. */
static void learn_chosen(const struct plan *plan, struct address *chosen) {
    for (size_t i = 0; i < plan->address_count; i++)
        if (!host_source_towards(&chosen[i], &plan->addresses[i]))
            chosen[i].length = 0;
}

/* The poller of the status page connects from the kernel's choice of address: where that, and the
 * page's address, are a pair of the plan, one port of it is not the load's. */
static void reserve_for_poller(struct host_ports *ports, const struct plan *plan) {
    struct address source;
    size_t i = 0;
    while (i < plan->address_count && !address_equal(&plan->addresses[i], &plan->status_address))
        i++;
    if (plan->status_address.length == 0 || i == plan->address_count)
        return;
    int64_t place = 0;
    if (plan->sources.count > 0)
        place = host_source_towards(&source, &plan->status_address)
                    ? address_set_find(&plan->sources, &source)
                    : -1;
    if (place >= 0)
        (void)host_ports_take(ports, (uint32_t)((size_t)place * plan->address_count + i));
}

struct host_pairs pairs_of(const struct plan *plan, struct address *chosen) {
    learn_chosen(plan, chosen);
    return (struct host_pairs){
        .targets = plan->addresses,
        .target_count = plan->address_count,
        .sources = plan->sources,
        .chosen = chosen,
    };
}

static void read_ports(const struct plan *plan, struct preflight_facts *facts) {
    struct address chosen[HOST_ADDRESSES_MAX];
    struct host_pairs pairs = pairs_of(plan, chosen);
    host_ports_free(&facts->ports);
    facts->ports_known = host_ports_read(&facts->ports, "", &pairs);
    if (facts->ports_known)
        reserve_for_poller(&facts->ports, plan);
}

/* With the listeners among them counted, auto may come to more addresses than by the range alone.
 */
static void count_ports(struct plan *plan, struct preflight_facts *facts) {
    uint32_t before = plan->sources.count;
    read_ports(plan, facts);
    if (!facts->ports_known)
        return;
    if (!plan->options->source.automatic) {
        sources_pick(&facts->offered, plan, facts->ports.each);
        return;
    }
    sources_decide(plan, facts->ports.each);
    if (plan->sources.count != before)
        read_ports(plan, facts);
}

/* A socket is bound to each, which takes 2 us. */
static void try_sources(const struct plan *plan, struct preflight_facts *facts) {
    for (uint32_t i = 0; i < plan->sources.count; i++) {
        struct address source = address_set_at(&plan->sources, i);
        int error = host_bind_error(&source);
        if (error == 0)
            continue;
        if (facts->sources_unbindable++ == 0) {
            facts->source_unbindable = source;
            facts->source_error = error;
        }
    }
}

void pairs_decide(struct plan *plan, struct preflight_facts *facts) {
    int64_t each = host_ports_unreserved("");
    facts->addresses_left_out = sources_decide(plan, each > 0 ? each : 1);
}

void pairs_count(struct plan *plan, struct preflight_facts *facts) {
    count_ports(plan, facts);
    try_sources(plan, facts);
}
