/* The statuses of answers: which came most, and which are news. */
#ifndef STATS_STATUSES_H
#define STATS_STATUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_counts;

enum { STATUSES_KEPT = 6 };

struct statuses_count {
    int status;
    uint64_t count;
};

struct statuses {
    uint64_t answered;
    uint64_t errors;                            /* 4xx and 5xx */
    uint64_t others;                            /* all but 2xx */
    size_t count;                               /* of items */
    bool more;                                  /* there were others besides */
    struct statuses_count items[STATUSES_KEPT]; /* those that came most, the most frequent first */
};

/* As many more, of a status that was not added before. */
void statuses_add(struct statuses *statuses, struct statuses_count item);
struct statuses statuses_of(const struct tally_counts *counts);

/* Whether whoever reads of a run that held has to know: one answer in a hundred was an error, or
 * half of them were something else than 2xx. */
bool statuses_are_news(const struct statuses *statuses);

/* For samples of a timeline. The last: 1xx, and from 600 on. */
enum statuses_class {
    STATUS_CLASS_2XX,
    STATUS_CLASS_3XX,
    STATUS_CLASS_4XX,
    STATUS_CLASS_5XX,
    STATUS_CLASS_OTHER,
    STATUS_CLASS_COUNT
};
enum statuses_class statuses_class_of(int status);
void statuses_by_class(const struct tally_counts *counts, double sums[STATUS_CLASS_COUNT]);

#endif
