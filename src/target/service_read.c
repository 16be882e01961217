/* Reads requests: each in its turn, pipelined ones after the answer to the one before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/choice.h"
#include "target/service_inner.h"

void service_return_reader(struct service *service, struct peer *peer) {
    if (peer->reader == SLOT_NONE)
        return;
    slots_return(&service->reader_slots, peer->reader);
    counter_add(&service->counters->in_pieces, (uint64_t)-1);
    peer->reader = SLOT_NONE;
}

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

static void count_fired(struct service *service, uint8_t fault) {
    if (fault != PEER_NO_FAULT)
        counter_add(&service->counters->fault_fired[fault], 1);
}

static void flag(struct peer *peer, unsigned bits, bool on) {
    peer->flags = (uint16_t)(on ? peer->flags | bits : peer->flags & ~bits);
}

static void end_after(struct peer *peer, enum peer_after after, enum ending ending, uint8_t fault) {
    peer->after = (uint8_t)after;
    peer->ending = (uint8_t)ending;
    peer->fault = fault;
}

/* One request that is no page's. */
static void answer_ordinary(struct service *service, struct peer *peer, bool keep_alive) {
    draw_faults(service, peer);
    struct choice choice = choice_make(service->parts.settings, peer->faults, peer->answers,
                                       keep_alive, has_aged(service, peer), &service->random);
    if (choice.stall != PEER_NO_FAULT) {
        count_fired(service, choice.stall);
        service_befall(service, peer, PEER_ASKED_VAIN);
        return;
    }
    count_fired(service, choice.status_fault);
    count_fired(service, choice.delay_fault);
    count_fired(service, choice.drip);
    peer->status = choice.status;
    peer->drip = choice.drip;
    peer->delay_ms = choice.delay_ms;
    flag(peer, PEER_DELAYED, choice.delay_fault != PEER_NO_FAULT);
    flag(peer, PEER_CUT, choice.cut);
    flag(peer, PEER_ANNOUNCES, choice.announces);
    end_after(peer, choice.after, choice.ending, choice.fault);
    service_befall(service, peer, choice.delay_ms > 0 ? PEER_ASKED_LATE : PEER_ASKED);
}

/* A page, or a refusal: at once, and whatever the rules say. */
static void answer_plainly(struct service *service, struct peer *peer, uint16_t status,
                           bool keep_alive, enum ending ending) {
    peer->status = status;
    peer->drip = PEER_NO_FAULT;
    flag(peer, PEER_DELAYED | PEER_CUT, false);
    flag(peer, PEER_ANNOUNCES, !keep_alive);
    end_after(peer, keep_alive ? AFTER_KEEP : AFTER_FINISH, ending, PEER_NO_FAULT);
    service_befall(service, peer, PEER_ASKED);
}

static void take_request(struct service *service, struct peer *peer,
                         const struct inbound_facts *facts) {
    counter_add(&service->counters->requests, 1);
    counter_add(&service->counters->request_body_bytes, facts->body_bytes);
    flag(peer, PEER_HEAD, facts->head);
    flag(peer, PEER_OLD, facts->minor == 0);
    flag(peer, PEER_CONTINUED, false);
    peer->page = (uint8_t)page_of(facts->path);
    if (peer->page == PAGE_NONE) {
        answer_ordinary(service, peer, facts->keep_alive);
        return;
    }
    counter_add(&service->counters->pages, 1);
    answer_plainly(service, peer, 200, facts->keep_alive, ENDING_client_asked);
}

static void refuse_request(struct service *service, struct peer *peer, uint16_t status) {
    flag(peer, PEER_HEAD | PEER_OLD, false);
    peer->page = PAGE_REFUSAL;
    answer_plainly(service, peer, status, false, ENDING_bad_request);
}

/* RFC 9110 10.1.1: the client waits with the body until it is told to go on. */
static void tell_to_continue(struct service *service, struct peer *peer,
                             const struct inbound *reader) {
    if (!reader->head_done || !reader->facts.expects || (peer->flags & PEER_CONTINUED) != 0)
        return;
    peer->flags |= PEER_CONTINUED;
    struct iovec piece = {(void *)answer_continue, strlen(answer_continue)};
    ssize_t sent = net_send_now(service->parts.net, peer->fd, &piece, 1);
    if (sent > 0)
        counter_add(&service->counters->bytes_out, (uint64_t)sent);
}

/* The request goes on in bytes that are not there yet: its reader becomes the connection's own. */
static void keep_reader(struct service *service, struct peer *peer, struct inbound *reader) {
    if (peer->reader == SLOT_NONE && reader->started) {
        peer->reader = slots_take(&service->reader_slots); /* as many as connections */
        service->readers[peer->reader] = *reader;
        counter_add(&service->counters->in_pieces, 1);
    }
    tell_to_continue(service, peer, reader);
}

/* Feeds one request; how many bytes it took. */
static size_t feed(struct service *service, struct peer *peer, const char *bytes, size_t length) {
    size_t taken;
    bool leased = peer->reader != SLOT_NONE;
    struct inbound *reader = leased ? &service->readers[peer->reader] : &service->reader;
    if (!leased)
        inbound_begin(reader);
    enum inbound_result result = inbound_feed(reader, bytes, length, &taken);
    if (result == INBOUND_MORE) {
        keep_reader(service, peer, reader);
        return taken;
    }
    const struct inbound_facts facts = reader->facts;
    service_return_reader(service, peer);
    if (result == INBOUND_COMPLETE)
        take_request(service, peer, &facts);
    else
        refuse_request(service, peer, facts.refusal);
    return result == INBOUND_BAD ? length : taken;
}

/* Keeps bytes whose turn has not come. */
static void keep_unread(struct service *service, struct peer *peer, const char *bytes,
                        size_t length) {
    size_t before = peer->unread != NULL ? peer->unread->length : 0;
    struct held *held = realloc(peer->unread, sizeof *held + before + length);
    if (held == NULL) {
        service_befall(service, peer, PEER_NO_MEMORY);
        return;
    }
    memcpy(held->bytes + before, bytes, length);
    held->length = before + length;
    peer->unread = held;
}

static void take_bytes(struct service *service, struct peer *peer, const char *bytes,
                       size_t length) {
    while (length > 0 && peer->state == PEER_READING) {
        size_t taken = feed(service, peer, bytes, length);
        bytes += taken;
        length -= taken;
    }
    if (length > 0 && (peer->state == PEER_DELAYING || peer->state == PEER_SENDING))
        keep_unread(service, peer, bytes, length);
}

void service_read_held(struct service *service, struct peer *peer) {
    struct held *held = peer->unread;
    peer->unread = NULL;
    take_bytes(service, peer, held->bytes, held->length);
    free(held);
}

void service_read(struct service *service, struct peer *peer) {
    ssize_t got =
        net_receive(service->parts.net, peer->fd, service->scratch, sizeof service->scratch);
    if (got == -EAGAIN)
        return;
    if (got <= 0) {
        service_befall(service, peer, got == 0 ? PEER_FIN : service_errno((int)-got));
        return;
    }
    counter_add(&service->counters->bytes_in, (uint64_t)got);
    take_bytes(service, peer, service->scratch, (size_t)got);
}
