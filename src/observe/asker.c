/* An asker: connect, send, read, give up in time; on the door, one step an event. */
#include "observe/asker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/require.h"
#include "base/slots.h"

/* What an event is about stands in its tag's slot. */
enum { EVENT_CONNECT, EVENT_READY, EVENT_SEND };
enum { OWNS_CONNECT = 1, OWNS_READY = 2 };
enum { CHUNK_BYTES = 16 * 1024 };

void asker_init(struct asker *asker, struct net *net, uint8_t operation,
                const struct address *address, const struct request *request,
                duration connect_timeout, duration timeout) {
    *asker = (struct asker){
        .state = ASKER_IDLE,
        .net = net,
        .address = *address,
        .request = request,
        .connect_timeout = connect_timeout,
        .timeout = timeout,
        .deadline = INSTANT_NEVER,
        .fd = -1,
        .operation = operation,
    };
}

void asker_from(struct asker *asker, const struct address *source) {
    asker->source = *source;
}

static uint64_t tag_of(const struct asker *asker, uint32_t about) {
    return slot_tag(asker->operation, asker->generation, about);
}

/* The kernel owns nothing of the descriptor any more: give it back. */
static void release_if_quiet(struct asker *asker) {
    if (!asker->closing || asker->owned != 0)
        return;
    net_close(asker->net, asker->fd);
    asker->fd = -1;
    asker->closing = false;
    asker->generation++;
}

void asker_close(struct asker *asker) {
    if (asker->fd < 0 || asker->closing)
        return;
    asker->closing = true;
    net_reset(asker->net, asker->fd);
    release_if_quiet(asker);
}

bool asker_quiet(const struct asker *asker) {
    return asker->fd < 0;
}

static void fail(struct asker *asker, instant now, int error, const char *why) {
    asker->state = ASKER_FAILED;
    asker->ended_at = now;
    asker->error_number = error;
    snprintf(asker->error, sizeof asker->error, "%s", why);
    asker->deadline = INSTANT_NEVER;
    asker_close(asker);
}

static void fail_errno(struct asker *asker, instant now, int error) {
    fail(asker, now, error, strerror(error));
}

static void arm(struct asker *asker) {
    if ((asker->owned & OWNS_READY) != 0)
        return;
    asker->owned |= OWNS_READY;
    net_arm(asker->net, asker->fd, tag_of(asker, EVENT_READY));
}

static void send_request(struct asker *asker, instant now) {
    asker->state = ASKER_WAITING;
    asker->connected = true;
    memset(&asker->kept, 0, sizeof asker->kept);
    response_begin(&asker->response, asker->request->head, &asker->kept);
    asker->asked_at = now;
    asker->deadline = instant_after(now, asker->timeout);
    asker->send_error = 0;
    net_send(asker->net, asker->fd, asker->request->bytes, asker->request->length,
             tag_of(asker, EVENT_SEND));
    arm(asker);
}

static void dial(struct asker *asker, instant now) {
    const struct address *source = asker->source.length > 0 ? &asker->source : NULL;
    int fd = net_open(asker->net, source, &asker->address);
    if (fd < 0) {
        fail_errno(asker, now, -fd);
        return;
    }
    asker->fd = fd;
    asker->connections++;
    asker->state = ASKER_CONNECTING;
    asker->deadline = instant_after(now, asker->connect_timeout);
    asker->owned = OWNS_CONNECT;
    net_connect(asker->net, fd, &asker->address, tag_of(asker, EVENT_CONNECT));
}

void asker_ask(struct asker *asker, instant now) {
    require(asker->state != ASKER_CONNECTING && asker->state != ASKER_WAITING);
    asker->error[0] = '\0';
    asker->error_number = 0;
    asker->connected = false;
    asker->asked_at = asker->ended_at = now;
    if (asker->closing)
        fail(asker, now, 0, "the former connection is still being closed");
    else if (asker->fd >= 0)
        send_request(asker, now);
    else
        dial(asker, now);
}

static void answered(struct asker *asker, instant now, bool more_follows) {
    asker->facts = asker->response.facts;
    asker->state = ASKER_ANSWERED;
    asker->ended_at = now;
    asker->deadline = INSTANT_NEVER;
    if (asker->facts.announced_end || more_follows)
        asker_close(asker);
}

static void use_bytes(struct asker *asker, instant now, const char *bytes, size_t length) {
    if (asker->state != ASKER_WAITING) {
        asker_close(asker); /* bytes nobody asked for: not to be used again */
        return;
    }
    size_t taken = 0;
    enum response_result result = response_feed(&asker->response, bytes, length, &taken);
    if (result == RESPONSE_COMPLETE)
        answered(asker, now, taken < length);
    else if (result == RESPONSE_BAD)
        fail(asker, now, 0, reason_text(asker->response.reason));
}

/* A failed send took the socket's error with it: what is left to receive looks like a clean end. */
static void use_end(struct asker *asker, instant now, ssize_t got) {
    int error = got < 0 ? (int)-got : asker->send_error;
    if (asker->state != ASKER_WAITING) {
        asker_close(asker);
    } else if (error != 0) {
        fail_errno(asker, now, error);
    } else if (response_finish(&asker->response) == RESPONSE_COMPLETE) {
        answered(asker, now, true);
    } else {
        bool begun = asker->response.started;
        fail(asker, now, 0, begun ? "closed inside the answer" : "closed without an answer");
    }
}

static void readable(struct asker *asker, instant now) {
    char chunk[CHUNK_BYTES];
    while (asker->fd >= 0 && !asker->closing) {
        ssize_t got = net_receive(asker->net, asker->fd, chunk, sizeof chunk);
        if (got == -EAGAIN)
            break;
        if (got > 0)
            use_bytes(asker, now, chunk, (size_t)got);
        else
            use_end(asker, now, got);
    }
    if (asker->fd >= 0 && !asker->closing)
        arm(asker); /* a kept connection's end is noticed when it happens */
}

/* To be connected was all that was asked. */
static void accepted(struct asker *asker, instant now) {
    asker->state = ASKER_ANSWERED;
    asker->connected = true;
    asker->ended_at = now;
    asker->deadline = INSTANT_NEVER;
    asker_close(asker);
}

static void connected(struct asker *asker, instant now, int result) {
    if (result < 0)
        fail_errno(asker, now, -result);
    else if (net_connected_to_itself(asker->net, asker->fd))
        fail_errno(asker, now, ECONNREFUSED);
    else if (asker->request == NULL)
        accepted(asker, now);
    else
        send_request(asker, now);
}

void asker_event(struct asker *asker, const struct net_event *event, instant now) {
    if (asker->fd < 0 || slot_tag_generation(event->tag) != (asker->generation & 0xffffff))
        return;
    uint32_t about = slot_tag_slot(event->tag);
    if (about == EVENT_CONNECT)
        asker->owned &= ~(uint32_t)OWNS_CONNECT;
    if (about == EVENT_READY)
        asker->owned &= ~(uint32_t)OWNS_READY;
    if (about == EVENT_SEND && event->result < 0 && event->result != -EPIPE)
        asker->send_error = -event->result; /* EPIPE is the echo of a FIN */
    if (asker->closing)
        release_if_quiet(asker);
    else if (about == EVENT_CONNECT)
        connected(asker, now, event->result);
    else
        readable(asker, now); /* a failed send too: the socket says how it ended */
}

instant asker_tick(struct asker *asker, instant now) {
    if (instant_before(now, asker->deadline))
        return asker->deadline;
    if (asker->state == ASKER_CONNECTING)
        fail(asker, now, ETIMEDOUT, "no connection in time");
    else if (asker->state == ASKER_WAITING)
        fail(asker, now, ETIMEDOUT, "no answer in time");
    return asker->deadline;
}
