/* Polls become sums: what the server counted, less what the poller itself caused. */
#include "observe/status_poller.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/minmax.h"
#include "stats/rates.h"
#include "wire/http/http_exchange.h"
#include "wire/http/request.h"
#include "wire/tls/tls_client.h"

static const duration POLL_TIMEOUT = 3 * SECOND;
enum { PAGE_BYTES_MAX = 64 * 1024 }; /* a stub_status page has some hundred */

int status_poller_init(struct status_poller *poller, struct net *net, uint8_t operation,
                       const struct plan *plan, const struct setup *setup) {
    memset(poller, 0, sizeof *poller);
    poller->view.asked = true;
    poller->per_second = NAN;
    if (!request_bake(&poller->request, "GET", &plan->status, NULL, NULL))
        return -ENOMEM;
    http_client_init(&poller->http_client, net, operation, setup->status_addresses,
                     setup->status_address_count, &http_exchange, &poller->request, POLL_TIMEOUT,
                     POLL_TIMEOUT);
    http_client_limit_body(&poller->http_client, PAGE_BYTES_MAX);
    if (!plan->status.tls)
        return 0;
    const struct tls_client_settings settings = {.context = setup->tls,
                                                 .name = plan->status.host,
                                                 .handshakes_max = 1,
                                                 .resume = plan->tls_resume,
                                                 .slots = 1};
    poller->tls = tls_client_create(&settings);
    if (poller->tls == NULL) {
        request_free(&poller->request);
        return -ENOMEM;
    }
    poller->http_client.transport = tls_client_transport(poller->tls);
    return 0;
}

void status_poller_free(struct status_poller *poller) {
    tls_client_destroy(poller->tls);
    request_free(&poller->request);
}

/* --- what the pages grew by --- */

/* A counter of 32 bits began anew at 0 (nginx on such a machine): then it has not moved far. */
static bool has_wrapped(uint64_t before, uint64_t after) {
    enum { FAR = 1 << 30 };
    return before <= UINT32_MAX && after < before && (uint32_t)(after - before) < FAR;
}

static bool went_backwards(uint64_t before, uint64_t after) {
    return after < before && !has_wrapped(before, after);
}

/* All its counters start anew from 0 when the server is restarted. */
static bool was_restarted(const struct stub_status *before, const struct stub_status *after) {
    return went_backwards(before->requests, after->requests) ||
           went_backwards(before->accepted, after->accepted) ||
           went_backwards(before->handled, after->handled);
}

static uint64_t growth(uint64_t before, uint64_t after, bool restarted) {
    if (restarted)
        return after;
    return after < before ? (uint32_t)(after - before) : after - before;
}

/* --- our own part of it --- */

/* Requests whose answer began were counted. */
static void take_own_out(struct status_poller *poller) {
    struct server_view *view = &poller->view;
    const struct http_client *http_client = &poller->http_client;
    uint64_t own = http_client->connections_begun - poller->connections_first;
    view->requests =
        saturating_sub_u64(poller->grown_requests, http_client->begun - poller->polls_first);
    view->requests_unsure = http_client->sent - http_client->begun + poller->sent_before;
    view->accepted = saturating_sub_u64(poller->grown_accepted, own);
    view->handled = saturating_sub_u64(poller->grown_handled, own);
    view->connections_unsure = http_client->connections - http_client->connections_begun;
}

static void measure_hold(struct status_poller *poller, uint64_t requests, instant at) {
    struct server_view *view = &poller->view;
    poller->hold_requests += requests;
    duration held = instant_since(at, poller->hold_since);
    view->hold_measured = held >= RATES_MEAN_MIN;
    view->per_second_mean = rates_mean(poller->hold_requests, held);
    uint64_t unsure = poller->http_client.sent - poller->http_client.begun - poller->hold_unsure;
    view->per_second_mean_min = rates_mean(saturating_sub_u64(poller->hold_requests, unsure), held);
}

static void add_page(struct status_poller *poller, const struct stub_status *page, instant at,
                     uint64_t client_sent) {
    struct server_view *view = &poller->view;
    const struct stub_status *last = &poller->last;
    bool restarted = was_restarted(last, page);
    uint64_t requests = growth(last->requests, page->requests, restarted);
    view->restarts += restarted;
    poller->grown_requests += requests;
    poller->grown_accepted += growth(last->accepted, page->accepted, restarted);
    poller->grown_handled += growth(last->handled, page->handled, restarted);
    take_own_out(poller);
    view->client_sent = client_sent - poller->sent_before;
    view->measured = true;
    requests = saturating_sub_u64(requests, poller->http_client.begun - poller->polls_last);
    duration between = instant_since(at, poller->last_at);
    /* Two polls may follow each other closely where a phase begins: that is no rate. */
    poller->per_second =
        between >= SECOND / 2 ? (double)requests / duration_seconds(between) : (double)NAN;
    if (poller->in_hold && poller->hold_begun)
        measure_hold(poller, requests, at);
}

/* The page counts the connection it came on, and its own request as being written. */
static void add_levels(struct server_view *view, const struct stub_status *page) {
    view->active = saturating_sub_u64(page->active, 1);
    view->reading = page->reading;
    view->writing = saturating_sub_u64(page->writing, 1);
    view->waiting = page->waiting;
    view->active_peak = max_u64(view->active_peak, view->active);
    view->reading_peak = max_u64(view->reading_peak, view->reading);
    view->writing_peak = max_u64(view->writing_peak, view->writing);
    view->waiting_peak = max_u64(view->waiting_peak, view->waiting);
}

static void page_read(struct status_poller *poller, const struct stub_status *page, instant at,
                      uint64_t client_sent) {
    struct server_view *view = &poller->view;
    if (view->polls_answered == 0) {
        poller->sent_before = client_sent;
        poller->polls_first = poller->http_client.begun;
        poller->connections_first = poller->http_client.connections_begun;
    } else {
        add_page(poller, page, at, client_sent);
    }
    if (poller->in_hold && !poller->hold_begun) {
        poller->hold_begun = true;
        poller->hold_since = at;
        poller->hold_unsure = poller->http_client.sent - poller->http_client.begun;
    }
    add_levels(view, page);
    view->final_poll = poller->over;
    poller->last = *page;
    poller->last_at = at;
    poller->polls_last = poller->http_client.begun;
    view->polls_answered++;
}

static void poll_failed(struct status_poller *poller, const char *why) {
    struct server_view *view = &poller->view;
    view->polls_failed++;
    poller->per_second = NAN;
    snprintf(view->last_failure, sizeof view->last_failure, "%s", why);
}

/* True when the poll that was on its way has ended. */
static bool finish_poll(struct status_poller *poller, uint64_t client_sent) {
    struct http_client *http_client = &poller->http_client;
    if (!poller->polling ||
        (http_client->state != HTTP_CLIENT_ANSWERED && http_client->state != HTTP_CLIENT_FAILED))
        return false;
    poller->polling = false;
    poller->took = instant_since(http_client->ended_at, poller->polled_at);
    struct stub_status page;
    char why[64];
    if (http_client->state == HTTP_CLIENT_FAILED) {
        poll_failed(poller, http_client->error);
    } else if (http_client->facts.status != 200) {
        snprintf(why, sizeof why, "answered %u", (unsigned)http_client->facts.status);
        poll_failed(poller, why);
    } else if (!stub_status_parse(&page, http_client->kept.body, http_client->kept.body_length)) {
        poll_failed(poller, "the answer is not a stub_status page");
    } else {
        page_read(poller, &page, http_client->ended_at, client_sent);
    }
    return true;
}

bool status_poller_poll(struct status_poller *poller, instant now, uint64_t client_sent) {
    if (poller->polling)
        return false;
    poller->polling = true;
    poller->polled_at = now;
    poller->view.polls_sent++;
    http_client_ask(&poller->http_client, now);
    return finish_poll(poller, client_sent);
}

bool status_poller_event(struct status_poller *poller, const struct net_event *event, instant now,
                         uint64_t client_sent) {
    http_client_event(&poller->http_client, event, now);
    return finish_poll(poller, client_sent);
}

bool status_poller_tick(struct status_poller *poller, instant now, uint64_t client_sent) {
    http_client_tick(&poller->http_client, now);
    return finish_poll(poller, client_sent);
}

void status_poller_over(struct status_poller *poller) {
    poller->over = true;
}

void status_poller_hold(struct status_poller *poller, bool holding) {
    poller->in_hold = holding;
}

void status_poller_no_final_page(struct status_poller *poller, uint64_t client_sent) {
    if (poller->over && !poller->view.final_poll)
        poller->view.client_sent = saturating_sub_u64(client_sent, poller->sent_before);
}

bool status_poller_answered(const struct status_poller *poller) {
    return poller->view.polls_answered > 0;
}
