/* Doubling, then halving the gap; or a staircase; what broke is tried again. */
#include "judge/verdict/bisect.h"

#include "base/minmax.h"

struct bisect bisect_begin(uint64_t first, uint64_t step, uint64_t ceiling, uint64_t precision) {
    return (struct bisect){
        .first = first, .step = step, .ceiling = ceiling, .precision = precision, .climbing = true};
}

static uint64_t upwards(const struct bisect *search) {
    if (search->held == 0)
        return search->first;
    if (search->held >= search->ceiling)
        return 0;
    return min_u64(search->held + (search->step > 0 ? search->step : search->held),
                   search->ceiling);
}

/* How far apart what held and what broke may stay. */
static uint64_t fineness(const struct bisect *search) {
    return max_u64(search->precision > 0 ? search->precision : search->held / 200, 1);
}

static uint64_t between(const struct bisect *search) {
    uint64_t gap = search->broke - search->held, fine = fineness(search);
    return gap <= fine ? 0 : search->held + gap / 2;
}

/* The number that was hinted at, and where that held the next one beside it. */
static uint64_t hinted(const struct bisect *search) {
    uint64_t next = search->hint == search->held ? search->hint + fineness(search) : search->hint;
    return search->hint >= search->held && search->hint > 0 && next < search->broke ? next : 0;
}

bool bisect_is_open(const struct bisect *search) {
    return search->broke != 0 && !search->certain;
}

static bool may_repeat(const struct bisect *search) {
    return bisect_is_open(search) && search->repeats < BISECT_REPEATS_MAX;
}

uint64_t bisect_next(const struct bisect *search) {
    uint64_t next;
    if (search->broke == 0)
        return upwards(search);
    if (may_repeat(search) && (search->step > 0 || (search->climbing && hinted(search) == 0)))
        return search->broke;
    if (search->step > 0)
        return 0;
    if ((next = hinted(search)) != 0 || (next = between(search)) != 0)
        return next;
    return may_repeat(search) ? search->broke : 0;
}

/* More than chance would keep. */
static bool is_more(uint64_t kept, uint64_t before) {
    return kept > before + max_u64(before / 50, 1);
}

static void take_broken(struct bisect *search, uint64_t number, bool surely, uint64_t kept) {
    bool again = search->broke == number;
    if (search->broke != 0 && number > search->broke)
        return;
    search->repeats += again;
    if (!again && search->certain)
        search->above = search->broke;
    search->certain = surely || (again && !is_more(kept, search->kept));
    search->kept = again ? max_u64(search->kept, kept) : kept;
    search->broke = number;
    if (search->certain)
        search->climbing = false;
}

/* A number that broke before holds now: what lies above may do so too, all but certain as it was.
 */
static void regain(struct bisect *search) {
    search->repeats++;
    search->regained++;
    search->broke = search->above;
    search->above = search->kept = search->hint = 0;
    search->certain = false;
    search->climbing = search->broke == 0;
}

void bisect_take(struct bisect *search, uint64_t number, enum bisect_result result, uint64_t kept) {
    if (result != BISECT_HELD) {
        take_broken(search, number, result == BISECT_BROKE_CERTAINLY, kept);
        return;
    }
    search->held = max_u64(search->held, number);
    if (search->broke != 0 && search->broke <= search->held)
        regain(search);
    if (search->broke != 0 && search->broke <= search->held)
        search->broke = 0;
}

void bisect_hint(struct bisect *search, uint64_t number) {
    if (number > search->held && search->broke != 0 && number < search->broke)
        search->hint = number;
}

uint64_t bisect_steps_max(const struct bisect *search) {
    uint64_t way = search->ceiling - search->first;
    return search->step == 0 ? 2 * 64 : 1 + way / search->step + (way % search->step > 0);
}
