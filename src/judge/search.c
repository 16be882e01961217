/* Doubling, then halving the gap; or a staircase. */
#include "judge/search.h"

static uint64_t at_most(uint64_t value, uint64_t bound) {
    return value < bound ? value : bound;
}

static uint64_t at_least(uint64_t value, uint64_t bound) {
    return value > bound ? value : bound;
}

static uint64_t upwards(const struct search *search) {
    if (search->held == 0)
        return search->first;
    if (search->held >= search->ceiling)
        return 0;
    return at_most(search->held + (search->step > 0 ? search->step : search->held),
                   search->ceiling);
}

static uint64_t between(const struct search *search) {
    uint64_t gap = search->gave - search->held;
    uint64_t fine = at_least(search->precision > 0 ? search->precision : search->held / 200, 1);
    return gap <= fine ? 0 : search->held + gap / 2;
}

uint64_t search_next(const struct search *search) {
    if (search->gave == 0)
        return upwards(search);
    return search->step > 0 ? 0 : between(search);
}

void search_take(struct search *search, uint64_t number, bool held) {
    if (held)
        search->held = at_least(search->held, number);
    else
        search->gave = search->gave == 0 ? number : at_most(search->gave, number);
}

uint64_t search_steps_max(const struct search *search) {
    uint64_t way = search->ceiling - search->first;
    return search->step == 0 ? 2 * 64 : 1 + way / search->step + (way % search->step > 0);
}
