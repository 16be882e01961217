/* The poller of nginx's stub_status: once a second, on a connection of its own, its own polls taken
 * out of what the server counted. */
#ifndef OBSERVE_STATUS_POLLER_H
#define OBSERVE_STATUS_POLLER_H

#include "observe/http_client.h"
#include "observe/stub_status.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/server.h"

struct tls_client;

struct status_poller {
    struct http_client http_client;
    struct tls_client *tls; /* NULL: plain TCP */
    struct request request;
    struct server_view view;
    struct stub_status last; /* the latest page */
    instant last_at;         /* when it was answered */
    bool polling, over;
    instant polled_at;
    duration took; /* the latest poll, until it was answered or had failed */
    /* Growth of the pages' counters since the first one, restarts bridged. */
    uint64_t grown_requests, grown_accepted, grown_handled;
    /* Of our own that the first page, and the latest one, had in them for certain. */
    uint64_t polls_first, polls_last, connections_first;
    uint64_t sent_before; /* the client's count at the first page */
    double per_second;    /* between the two latest pages; NAN: not measured */
    /* The hold's window. */
    bool in_hold, hold_begun;
    uint64_t hold_requests; /* server's requests, own polls out, since hold_since */
    uint64_t hold_unsure;   /* polls of nobody knows which kind, when it began */
    instant hold_since;
};

/* Bakes the request. 0 or -ENOMEM. It connects to setup->status_addresses, of which there must be
 * one; plan must outlive it. */
int status_poller_init(struct status_poller *poller, struct net *net, uint8_t operation,
                       const struct plan *plan, const struct setup *setup);
void status_poller_free(struct status_poller *poller);

/* Sends a poll unless one is on its way. Steps with an event of its http_client, or with time.
 * client_sent is the client's own count of requests sent so far. All return true when a poll has
 * just ended (view is up to date): one whose socket cannot be made ends at once, without an event.
 */
bool status_poller_poll(struct status_poller *poller, instant now, uint64_t client_sent);
bool status_poller_event(struct status_poller *poller, const struct net_event *event, instant now,
                         uint64_t client_sent);
bool status_poller_tick(struct status_poller *poller, instant now, uint64_t client_sent);

/* The hold begins, or has ended: rates named mean are of the polls between. */
void status_poller_hold(struct status_poller *poller, bool holding);

/* The last request has ended: a page read from now on holds all of them. */
void status_poller_over(struct status_poller *poller);

/* Where the load is over and brought no page behind it, all that the client sent stands beside the
 * last page there was: what it sent since is not in that one. */
void status_poller_no_final_page(struct status_poller *poller, uint64_t client_sent);

/* A page has been read at least once. */
bool status_poller_answered(const struct status_poller *poller);

#endif
