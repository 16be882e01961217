/* What the server said of itself beside the run, as the reports need it. */
#ifndef STATS_SERVER_H
#define STATS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

/* Sums over the polls of one run; own polls and own connections are taken out. */
struct server_view {
    bool asked;    /* --server-status was given */
    bool measured; /* two polls or more were answered: the figures below hold */
    uint64_t polls_sent, polls_answered, polls_failed;
    uint64_t requests;    /* begun at the server between first and last answered poll */
    uint64_t client_sent; /* the client's own count over the same window */
    uint64_t accepted, handled;
    uint64_t active_peak;
    uint64_t restarts; /* times its counters went backwards */
    /* Over the hold, between the poll next after its start and the last poll not after its end. */
    bool hold_measured;
    double per_second_mean;
    char last_failure[160]; /* "" = none: why the latest failed poll failed */
};

#endif
