/* The statuses of answers: which came most, and which are news. */
#include "stats/statuses.h"

#include <string.h>

#include "stats/tally.h"

enum statuses_class statuses_class_of(int status) {
    return status >= 200 && status < 600 ? (enum statuses_class)(status / 100 - 2)
                                         : STATUS_CLASS_OTHER;
}

/* Into the list at its place; what falls off its end is `more`. */
static void insert(struct statuses *statuses, struct statuses_count item) {
    size_t at = statuses->count;
    while (at > 0 && statuses->items[at - 1].count < item.count)
        at--;
    if (at == STATUSES_KEPT) {
        statuses->more = true;
        return;
    }
    if (statuses->count == STATUSES_KEPT)
        statuses->more = true;
    else
        statuses->count++;
    memmove(&statuses->items[at + 1], &statuses->items[at],
            (statuses->count - 1 - at) * sizeof item);
    statuses->items[at] = item;
}

void statuses_add(struct statuses *statuses, struct statuses_count item) {
    enum statuses_class class = statuses_class_of(item.status);
    statuses->answered += item.count;
    statuses->others += class == STATUS_CLASS_2XX ? 0 : item.count;
    statuses->errors += class == STATUS_CLASS_4XX || class == STATUS_CLASS_5XX ? item.count : 0;
    insert(statuses, item);
}

struct statuses statuses_of(const struct tally_counts *counts) {
    struct statuses statuses = {0};
    for (int i = 0; i < TALLY_STATUS_MAX; i++)
        if (counts->statuses[i] > 0)
            statuses_add(&statuses, (struct statuses_count){i, counts->statuses[i]});
    return statuses;
}

bool statuses_are_news(const struct statuses *statuses) {
    enum { ONE_IN = 100 };
    return (statuses->errors > 0 && statuses->errors >= statuses->answered / ONE_IN) ||
           (statuses->others > 0 && statuses->others >= statuses->answered - statuses->others);
}

void statuses_by_class(const struct tally_counts *counts, double sums[STATUS_CLASS_COUNT]) {
    memset(sums, 0, STATUS_CLASS_COUNT * sizeof sums[0]);
    for (int i = 0; i < TALLY_STATUS_MAX; i++)
        sums[statuses_class_of(i)] += (double)counts->statuses[i];
}
