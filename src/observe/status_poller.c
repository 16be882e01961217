/* Polls become sums: what the server counted, less what the poller itself caused. */
#include "observe/status_poller.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const duration POLL_PATIENCE = 3 * SECOND;

int status_poller_init(struct status_poller *poller, struct net *net, uint8_t operation,
                       const struct plan *plan, const struct address *address) {
    memset(poller, 0, sizeof *poller);
    poller->view.asked = true;
    poller->per_second = NAN;
    if (!request_bake(&poller->request, "GET", &plan->status, &(struct text_list){0}, NULL))
        return -ENOMEM;
    asker_init(&poller->asker, net, operation, address, &poller->request, POLL_PATIENCE,
               POLL_PATIENCE);
    return 0;
}

void status_poller_free(struct status_poller *poller) {
    request_free(&poller->request);
}

void status_poller_poll(struct status_poller *poller, instant now) {
    if (poller->polling)
        return;
    poller->polling = true;
    poller->view.polls_sent++;
    asker_ask(&poller->asker, now);
}

/* What a counter grew by; it starts anew from 0 when the server was restarted. */
static uint64_t growth(uint64_t before, uint64_t after, bool restarted) {
    return restarted ? after : after - before;
}

static uint64_t less(uint64_t value, uint64_t own) {
    return value > own ? value - own : 0;
}

static void add_page(struct status_poller *poller, const struct stub_status *page, instant at,
                     uint64_t client_sent) {
    struct server_view *view = &poller->view;
    bool restarted = page->requests < poller->last.requests;
    view->restarts += restarted;
    /* This poll is in the page it brought; so are those whose answers never came, if they got
     * there. */
    uint64_t requests = growth(poller->last.requests, page->requests, restarted);
    requests = less(requests, 1 + poller->polls_unsure);
    uint64_t own = poller->asker.connections - poller->connections_seen;
    view->requests += requests;
    view->accepted += less(growth(poller->last.accepted, page->accepted, restarted), own);
    view->handled += less(growth(poller->last.handled, page->handled, restarted), own);
    view->client_sent = client_sent - poller->sent_before;
    view->measured = true;
    duration between = instant_since(at, poller->last_at);
    /* Two polls may follow each other closely where a phase begins: that is no rate. */
    poller->per_second =
        between >= SECOND / 2 ? (double)requests / duration_seconds(between) : (double)NAN;
    if (poller->in_hold && poller->hold_begun) {
        poller->hold_requests += requests;
        poller->hold_until = at;
        duration held = instant_since(at, poller->hold_since);
        view->hold_measured = held > 0;
        view->per_second_mean = (double)poller->hold_requests / duration_seconds(held);
    }
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* The page counts the connection it came on, and its own request as being written. */
static void add_levels(struct server_view *view, const struct stub_status *page) {
    view->active = less(page->active, 1);
    view->reading = page->reading;
    view->writing = less(page->writing, 1);
    view->waiting = page->waiting;
    view->active_peak = larger(view->active_peak, view->active);
    view->reading_peak = larger(view->reading_peak, view->reading);
    view->writing_peak = larger(view->writing_peak, view->writing);
    view->waiting_peak = larger(view->waiting_peak, view->waiting);
}

static void page_read(struct status_poller *poller, const struct stub_status *page, instant at,
                      uint64_t client_sent) {
    struct server_view *view = &poller->view;
    if (view->polls_answered == 0)
        poller->sent_before = client_sent;
    else
        add_page(poller, page, at, client_sent);
    if (poller->in_hold && !poller->hold_begun) {
        poller->hold_begun = true;
        poller->hold_since = at;
    }
    add_levels(view, page);
    poller->last = *page;
    poller->last_at = at;
    poller->polls_unsure = 0;
    poller->connections_seen = poller->asker.connections;
    view->polls_answered++;
}

static void poll_failed(struct status_poller *poller, const char *why) {
    struct server_view *view = &poller->view;
    view->polls_failed++;
    poller->polls_unsure += poller->asker.connected;
    poller->per_second = NAN;
    snprintf(view->last_failure, sizeof view->last_failure, "%s", why);
}

/* True when the poll that was on its way has ended. */
static bool settle(struct status_poller *poller, uint64_t client_sent) {
    struct asker *asker = &poller->asker;
    if (!poller->polling || (asker->state != ASKER_ANSWERED && asker->state != ASKER_FAILED))
        return false;
    poller->polling = false;
    struct stub_status page;
    char why[64];
    if (asker->state == ASKER_FAILED) {
        poll_failed(poller, asker->error);
    } else if (asker->facts.status != 200) {
        snprintf(why, sizeof why, "answered %u", (unsigned)asker->facts.status);
        poll_failed(poller, why);
    } else if (!stub_status_parse(&page, asker->kept.body, asker->kept.body_length)) {
        poll_failed(poller, "the answer is not a stub_status page");
    } else {
        page_read(poller, &page, asker->ended_at, client_sent);
    }
    return true;
}

bool status_poller_event(struct status_poller *poller, const struct net_event *event, instant now,
                         uint64_t client_sent) {
    asker_event(&poller->asker, event, now);
    return settle(poller, client_sent);
}

bool status_poller_tick(struct status_poller *poller, instant now, uint64_t client_sent) {
    asker_tick(&poller->asker, now);
    return settle(poller, client_sent);
}

void status_poller_hold(struct status_poller *poller, bool holding) {
    poller->in_hold = holding;
}

bool status_poller_answered(const struct status_poller *poller) {
    return poller->view.polls_answered > 0;
}
