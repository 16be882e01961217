/* The preflight's probes of this machine itself: the engine, descriptors, listeners. */
#include "run/local_probe.h"

#include <stdio.h>

#include "host/host.h"
#include "host/slabs.h"
#include "net/net.h"
#include "options/options.h"
#include "run/engine_probe.h"

static int64_t bytes_of(enum engine_kind engine) {
    struct net_needs needs = net_needs(&(struct net_config){.engine = engine});
    int64_t all = 0;
    for (size_t i = 0; i < NET_OBJECTS_MAX && needs.objects[i].slab != NULL; i++)
        all += slabs_object_bytes("", needs.objects[i].slab, needs.objects[i].bytes);
    return all;
}

void local_probe_engine(struct preflight_facts *facts, const struct plan *plan, struct setup *setup,
                        bool all) {
    struct engine_choice *choice = &setup->choice;
    if (choice->engine == ENGINE_AUTO)
        engine_probe(choice, plan->options->engine, &plan->host, all ? plan->workers : 0);
    setup->engine_bytes = bytes_of(choice->engine);
    /* Too few rings is a finding of its own, beside which all else is asked. */
    bool some = choice->rings_made > 0;
    facts->door_error = choice->engine == ENGINE_URING && !some ? choice->refusal.error : 0;
}

/* Whether --server-pid is known to listen on none of the target's addresses. */
static bool is_foreign(const struct plan *plan, const struct setup *setup,
                       const struct preflight_facts *facts) {
    int pid = (int)plan->options->server_pid;
    if (host_process_listens(pid, &facts->listeners, &facts->listener) != HOST_LISTENS_NOT)
        return false;
    for (size_t i = 1; i < setup->address_count; i++) {
        struct host_listeners others;
        if (host_has_address(&setup->addresses[i]) &&
            host_listeners_read(&others, &setup->addresses[i]) &&
            host_process_listens(pid, &others, &facts->listener) == HOST_LISTENS)
            return false;
    }
    return true;
}

void local_probe_addresses(struct preflight_facts *facts, const struct plan *plan,
                           struct setup *setup) {
    for (size_t i = 0; i < setup->address_count; i++)
        setup->target_here = setup->target_here || host_has_address(&setup->addresses[i]);
    if (!setup->target_here)
        return;
    facts->listeners_known = host_listeners_read(&facts->listeners, &setup->addresses[0]);
    host_listeners_owner(&facts->listener, &facts->listeners);
    if (plan->options->given.server_pid)
        setup->server_foreign = facts->process_foreign = is_foreign(plan, setup, facts);
}
