/* The poller of nginx's stub_status: once a second, on a connection of its own, its own polls taken
 * out of what the server counted. */
#ifndef OBSERVE_STATUS_POLLER_H
#define OBSERVE_STATUS_POLLER_H

#include "observe/asker.h"
#include "observe/stub_status.h"
#include "plan/plan.h"
#include "stats/server.h"

struct status_poller {
    struct asker asker;
    struct request request;
    struct server_view view;
    struct stub_status last; /* the latest page */
    instant last_at;         /* when it was answered */
    bool polling;
    uint64_t polls_unsure; /* sent since the last page without an answer: the server may or may not
                              have counted them */
    uint64_t connections_seen; /* own connections accounted for so far */
    uint64_t sent_before;      /* the client's count at the first page */
    double per_second;         /* between the two latest pages; NAN: not measured */
    /* The hold's window. */
    bool in_hold, hold_begun;
    uint64_t hold_requests; /* server's requests, own polls out, since hold_since */
    instant hold_since, hold_until;
};

/* Bakes the request. 0 or -ENOMEM. address: where plan->status dials. */
int status_poller_init(struct status_poller *poller, struct net *net, uint8_t operation,
                       const struct plan *plan, const struct address *address);
void status_poller_free(struct status_poller *poller);

/* Sends a poll unless one is on its way. */
void status_poller_poll(struct status_poller *poller, instant now);

/* Steps with an event of its asker, or with time; client_sent is the client's own count of requests
 * sent so far. Both return true when a poll has just ended (view is up to date). */
bool status_poller_event(struct status_poller *poller, const struct net_event *event, instant now,
                         uint64_t client_sent);
bool status_poller_tick(struct status_poller *poller, instant now, uint64_t client_sent);

/* The hold begins, or has ended: rates named mean are of the polls between. */
void status_poller_hold(struct status_poller *poller, bool holding);

/* A page has been read at least once. */
bool status_poller_answered(const struct status_poller *poller);

#endif
