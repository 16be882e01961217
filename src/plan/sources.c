/* Source addresses of a plan: as many as it needs, or those of --source. */
#include "plan/sources.h"

#include "host/host.h"
#include "options/options.h"
#include "plan/plan.h"
#include "plan/setup.h"

static int family_of(const struct address *address) {
    return address->of.any.sa_family;
}

uint32_t sources_needed(const struct plan *plan, int64_t ports_each, size_t targets) {
    int64_t percent = host_kernel_is(&plan->host, 6, 8) ? 80 : 40;
    int64_t each = ports_each * (int64_t)targets * percent / 100;
    if (each < 1)
        each = 1;
    int64_t needed = (plan->connections + each - 1) / each;
    return needed < ADDRESS_SET_MAX ? (uint32_t)needed : ADDRESS_SET_MAX;
}

/* The address that auto goes by: one of 127/8, which has a whole network of sources, or the first.
 */
static const struct address *leading_address(const struct setup *setup) {
    for (size_t i = 0; i < setup->address_count; i++)
        if (family_of(&setup->addresses[i]) == AF_INET && address_is_loopback(&setup->addresses[i]))
            return &setup->addresses[i];
    return &setup->addresses[0];
}

static size_t count_family(const struct setup *setup, int family) {
    size_t count = 0;
    for (size_t i = 0; i < setup->address_count; i++)
        count += family_of(&setup->addresses[i]) == family;
    return count;
}

/* 127.0.0.1 is left to others. */
static void pick_loopback(struct source_pick *pick, uint32_t count) {
    struct address first;
    (void)address_parse(&first, "127.0.0.2", 0);
    pick->ranges[0] = address_range_of(&first);
    pick->ranges[0].count = count;
    (void)address_set_make(&pick->set, pick->ranges, 1);
}

static void pick_of_host(struct source_pick *pick, const struct address *target, uint32_t needed) {
    struct address found[SOURCE_RANGES_MAX];
    size_t most = needed < SOURCE_RANGES_MAX ? needed : SOURCE_RANGES_MAX;
    size_t count = host_sources_towards(found, most, target);
    for (size_t i = 0; i < count; i++)
        pick->ranges[i] = address_range_of(&found[i]);
    if (count > 0)
        (void)address_set_make(&pick->set, pick->ranges, count);
}

void sources_pick(struct source_pick *pick, const struct plan *plan, const struct setup *setup,
                  int64_t ports_each) {
    pick->set = (struct address_set){0};
    if (setup->address_count == 0)
        return;
    const struct address *target = leading_address(setup);
    uint32_t needed = sources_needed(plan, ports_each, count_family(setup, family_of(target)));
    if (family_of(target) == AF_INET && address_is_loopback(target))
        pick_loopback(pick, needed);
    else
        pick_of_host(pick, target, needed);
}

bool sources_fit(const struct setup *setup) {
    return setup->sources.count == 0 || setup->address_count == 0 ||
           address_set_family(&setup->sources) == family_of(&setup->addresses[0]);
}

static size_t keep_family(struct setup *setup, int family) {
    size_t before = setup->address_count, kept = 0;
    if (count_family(setup, family) == 0)
        return 0;
    for (size_t i = 0; i < before; i++)
        if (family_of(&setup->addresses[i]) == family)
            setup->addresses[kept++] = setup->addresses[i];
    setup->address_count = kept;
    return before - kept;
}

size_t sources_decide(const struct plan *plan, struct setup *setup, int64_t ports_each) {
    const struct option_source_choice *choice = &plan->options->source;
    if (choice->text == NULL || setup->address_count == 0)
        return 0;
    setup->sources = choice->set;
    if (choice->automatic) {
        sources_pick(&setup->picked, plan, setup, ports_each);
        setup->sources = setup->picked.set;
    }
    return setup->sources.count == 0 ? 0 : keep_family(setup, address_set_family(&setup->sources));
}
