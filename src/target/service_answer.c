/* Decides on requests: what becomes of each, by settings and rules, and what its answer says. */
#include <string.h>

#include "target/choice.h"
#include "target/service_private.h"

static const char refusal_body[] = "refused\n";

static enum peer_page page_of(const char *path) {
    if (strcmp(path, "/_target/stats") == 0)
        return PAGE_STATS;
    return strcmp(path, "/_target/status") == 0 ? PAGE_STATUS : PAGE_NONE;
}

/* The rules that hold for a connection are drawn when it first asks for something that is no page
 * of ours: whoever only watches takes nobody's place. */
static void draw_faults(struct service *service, struct peer *peer) {
    if ((peer->flags & PEER_KNOWN) != 0)
        return;
    const struct target_settings *settings = service->parts.settings;
    peer->flags |= PEER_KNOWN;
    if (settings->fault_count == 0)
        return;
    uint64_t order = atomic_fetch_add(&service->parts.shared->request_order, 1);
    peer->faults = choice_faults(settings, order);
    for (uint32_t i = 0; i < settings->fault_count; i++)
        if ((peer->faults >> i & 1) != 0)
            counter_add(&service->counters->fault_connections[i], 1);
}

static bool has_aged(const struct service *service, const struct peer *peer) {
    duration most = service->parts.settings->max_age;
    uint32_t age = (uint32_t)(service->now.ns / MILLISECOND) - peer->opened_tick;
    return most > 0 && age >= (uint64_t)(most / MILLISECOND);
}

void service_count_fired(struct service *service, uint8_t fault) {
    if (fault != PEER_NO_FAULT)
        counter_add(&service->counters->fault_fired[fault], 1);
}

uint8_t service_rule(const struct service *service, const struct peer *peer, enum fault_kind kind) {
    for (uint8_t i = 0; peer->faults >> i != 0; i++)
        if ((peer->faults >> i & 1) != 0 && service->parts.settings->faults[i].kind == kind)
            return i;
    return PEER_NO_FAULT;
}

static void flag(struct peer *peer, unsigned bits, bool on) {
    peer->flags = (uint16_t)(on ? peer->flags | bits : peer->flags & ~bits);
}

static void end_after(struct peer *peer, enum peer_after after, enum counters_ending ending,
                      uint8_t fault) {
    peer->after = (uint8_t)after;
    peer->ending = (uint8_t)ending;
    peer->fault = fault;
}

/* One request that is no page's. */
static enum peer_event take_ordinary(struct service *service, struct peer *peer, bool keep_alive) {
    draw_faults(service, peer);
    struct choice choice = choice_make(service->parts.settings, peer->faults, peer->answers,
                                       keep_alive, has_aged(service, peer), &service->random);
    if (choice.stall != PEER_NO_FAULT) {
        service_count_fired(service, choice.stall);
        return PEER_REQUEST_STALLED;
    }
    service_count_fired(service, choice.status_fault);
    service_count_fired(service, choice.delay_fault);
    service_count_fired(service, choice.drip);
    service_count_fired(service, choice.rekey);
    peer->status = choice.status;
    peer->drip = choice.drip;
    peer->delay_ms = choice.delay_ms;
    flag(peer, PEER_DELAYED, choice.delay_fault != PEER_NO_FAULT);
    flag(peer, PEER_CUT, choice.cut || choice.alerts || choice.garbage); /* no whole answer */
    flag(peer, PEER_ALERTS, choice.alerts);
    flag(peer, PEER_GARBAGE, choice.garbage);
    flag(peer, PEER_REKEYS, choice.rekey != PEER_NO_FAULT);
    flag(peer, PEER_ANNOUNCES, choice.announces);
    end_after(peer, choice.after, choice.ending, choice.fault);
    return choice.delay_ms > 0 ? PEER_ASKED_LATE : PEER_ASKED;
}

/* A page, or a refusal: at once, and whatever the rules say. */
static enum peer_event answer_plainly(struct peer *peer, uint16_t status, bool keep_alive,
                                      enum counters_ending ending) {
    peer->status = status;
    peer->drip = PEER_NO_FAULT;
    flag(peer, PEER_DELAYED | PEER_CUT | PEER_ALERTS | PEER_GARBAGE | PEER_REKEYS, false);
    flag(peer, PEER_ANNOUNCES, !keep_alive);
    end_after(peer, keep_alive ? AFTER_KEEP : AFTER_FINISH, ending, PEER_NO_FAULT);
    return PEER_ASKED;
}

enum peer_event service_take(struct service *service, struct peer *peer,
                             const struct exchange_request *request) {
    counter_add(&service->counters->requests, 1);
    counter_add(&service->counters->request_body_bytes, request->body_bytes);
    peer->kind = request->kind;
    peer->page = (uint8_t)page_of(request->path);
    if (peer->page == PAGE_NONE)
        return take_ordinary(service, peer, request->keep_alive);
    counter_add(&service->counters->pages, 1);
    return answer_plainly(peer, 200, request->keep_alive, ENDING_client_asked);
}

enum peer_event service_refuse(struct peer *peer, uint16_t status) {
    peer->kind = 0;
    peer->page = PAGE_REFUSAL;
    return answer_plainly(peer, status, false, ENDING_bad_request);
}

/* The body, by what was asked for. */
static void set_body(struct service *service, const struct peer *peer,
                     struct exchange_reply *reply) {
    const struct service_parts *parts = &service->parts;
    char *page = service->page;
    reply->type = "text/plain";
    switch ((enum peer_page)peer->page) {
    case PAGE_NONE:
        reply->body = (struct exchange_bytes){parts->settings->body, parts->settings->body_length};
        break;
    case PAGE_STATS:
        reply->type = "application/json";
        reply->body =
            (struct exchange_bytes){page, pages_stats(page, parts->shared, parts->settings)};
        break;
    case PAGE_STATUS:
        reply->body =
            (struct exchange_bytes){page, pages_status(page, parts->shared, parts->settings)};
        break;
    case PAGE_REFUSAL:
        reply->body = (struct exchange_bytes){refusal_body, sizeof refusal_body - 1};
        break;
    }
}

size_t service_compose(struct service *service, const struct peer *peer,
                       struct exchange_bytes *rest) {
    const struct target_settings *settings = service->parts.settings;
    uint64_t nth = (uint64_t)peer->answers + 1;
    struct exchange_reply reply = {
        .status = peer->status,
        .kind = peer->kind,
        .announces = (peer->flags & PEER_ANNOUNCES) != 0,
        .cut = (peer->flags & PEER_CUT) != 0,
        .delayed = (peer->flags & PEER_DELAYED) != 0,
        .delay_ms = peer->delay_ms,
        .timeout_s = (uint32_t)(settings->keepalive_timeout / SECOND),
        .limited = settings->keepalive_requests > 0 && peer->page == PAGE_NONE,
        .more_answers = settings->keepalive_requests > nth ? settings->keepalive_requests - nth : 0,
        .second = service->second,
    };
    set_body(service, peer, &reply);
    return service->exchange->compose(&reply, service->socks.shared, service->buffer, rest);
}
