/* Sends answers: mostly in one call; what the socket does not take is held until it does. */
#include <stdlib.h>
#include <string.h>

#include "target/service_inner.h"

static const char refusal_body[] = "refused\n";

/* The body, by what was asked for. */
static void set_body(struct service *service, const struct peer *peer, struct answer_facts *facts) {
    const struct service_parts *parts = &service->parts;
    facts->type = "text/plain";
    facts->body = service->page;
    switch ((enum peer_page)peer->page) {
    case PAGE_NONE:
        facts->body = parts->settings->body;
        facts->body_length = parts->settings->body_length;
        break;
    case PAGE_STATS:
        facts->type = "application/json";
        facts->body_length = (uint32_t)pages_stats(service->page, parts->shared, parts->settings);
        break;
    case PAGE_STATUS:
        facts->body_length = (uint32_t)pages_status(service->page, parts->shared, parts->settings);
        break;
    case PAGE_REFUSAL:
        facts->body = refusal_body;
        facts->body_length = sizeof refusal_body - 1;
        break;
    }
}

static struct answer compose(struct service *service, const struct peer *peer) {
    const struct target_settings *settings = service->parts.settings;
    uint64_t nth = (uint64_t)peer->answers + 1;
    struct answer_facts facts = {
        .status = peer->status,
        .head = (peer->flags & PEER_HEAD) != 0,
        .old = (peer->flags & PEER_OLD) != 0,
        .announces = (peer->flags & PEER_ANNOUNCES) != 0,
        .cut = (peer->flags & PEER_CUT) != 0,
        .delayed = (peer->flags & PEER_DELAYED) != 0,
        .delay_ms = peer->delay_ms,
        .timeout_s = (uint32_t)(settings->keepalive_timeout / SECOND),
        .limited = settings->keepalive_requests > 0 && peer->page == PAGE_NONE,
        .more_answers = settings->keepalive_requests > nth ? settings->keepalive_requests - nth : 0,
    };
    set_body(service, peer, &facts);
    return answer_compose(&facts, &service->date, service->buffer);
}

/* All that was to go out is out. */
static void sent_all(struct service *service, struct peer *peer) {
    if ((peer->flags & PEER_CUT) == 0) {
        counter_add(&service->counters->statuses[peer->status], 1);
        peer->answers += peer->page == PAGE_NONE;
    }
    service_befall(service, peer, PEER_SENT);
}

static bool hold(struct peer *peer, const char *bytes, const struct answer *answer, size_t sent) {
    size_t first = sent < answer->length ? answer->length - sent : 0;
    size_t of_rest = sent > answer->length ? sent - answer->length : 0;
    struct held *held = malloc(sizeof *held + first);
    if (held == NULL)
        return false;
    *held = (struct held){.length = first,
                          .rest = answer->rest != NULL ? answer->rest + of_rest : NULL,
                          .rest_length = answer->rest_length - of_rest};
    memcpy(held->bytes, bytes + answer->length - first, first);
    peer->unsent = held;
    return true;
}

void service_answer(struct service *service, struct peer *peer) {
    struct answer answer = compose(service, peer);
    size_t sent = 0;
    if (peer->drip == PEER_NO_FAULT) {
        struct iovec pieces[] = {{service->buffer, answer.length},
                                 {(void *)answer.rest, answer.rest_length}};
        ssize_t result =
            net_send_now(service->parts.net, peer->fd, pieces, answer.rest_length > 0 ? 2 : 1);
        if (result < 0) {
            service_befall(service, peer, service_errno((int)-result));
            return;
        }
        sent = (size_t)result;
        counter_add(&service->counters->bytes_out, sent);
    }
    if (sent == answer.length + answer.rest_length)
        sent_all(service, peer);
    else if (!hold(peer, service->buffer, &answer, sent))
        service_befall(service, peer, PEER_NO_MEMORY);
    else if (peer->drip != PEER_NO_FAULT)
        service_send_more(service, peer);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Up to `most` bytes of what is held, in at most two pieces; how many there are. */
static int pieces_of(struct held *held, size_t most, struct iovec pieces[static 2]) {
    int count = 0;
    size_t first = least(held->length - held->at, most);
    size_t second = least(held->rest_length, most - first);
    if (first > 0)
        pieces[count++] = (struct iovec){held->bytes + held->at, first};
    if (second > 0)
        pieces[count++] = (struct iovec){(void *)held->rest, second};
    return count;
}

static void advance(struct held *held, size_t sent) {
    size_t first = least(held->length - held->at, sent);
    held->at += first;
    if (sent > first) {
        held->rest += sent - first;
        held->rest_length -= sent - first;
    }
}

void service_send_more(struct service *service, struct peer *peer) {
    const struct fault *drip =
        peer->drip != PEER_NO_FAULT ? &service->parts.settings->faults[peer->drip] : NULL;
    struct held *held = peer->unsent;
    struct iovec pieces[2];
    int count = pieces_of(held, drip != NULL ? drip->rate.count : SIZE_MAX, pieces);
    ssize_t sent = net_send_now(service->parts.net, peer->fd, pieces, count);
    if (sent < 0) {
        service_befall(service, peer, service_errno((int)-sent));
        return;
    }
    counter_add(&service->counters->bytes_out, (uint64_t)sent);
    advance(held, (size_t)sent);
    if (held->at < held->length || held->rest_length > 0) {
        if (drip != NULL)
            service_arm_timer(service, peer, drip->rate.per);
        return;
    }
    free(held);
    peer->unsent = NULL;
    sent_all(service, peer);
}
