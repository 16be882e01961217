/* A door and a clock that a test plays: descriptors become readable and signals come at instants
 * that the test has set, and a wait moves the clock to the first of them. No connection opens. */
#ifndef TEST_RUN_DOOR_H
#define TEST_RUN_DOOR_H

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "base/require.h"
#include "net/net.h"
#include "net/net_serve.h"
#include "run/signals.h"

enum { DOOR_EVENTS_MAX = 64, DOOR_WAITS_MAX = 100000 };

struct net {
    instant now;
    struct door_event {
        instant at; /* INSTANT_NEVER: it has come */
        int fd;
        int signal; /* raised then; 0: none */
    } events[DOOR_EVENTS_MAX];
    size_t event_count;
    struct door_armed {
        int fd;
        uint64_t tag;
        bool ready;
    } armed[DOOR_EVENTS_MAX];
    size_t armed_count;
    bool exists;
    unsigned waits;               /* an endless loop fails */
    int create_error, wait_error; /* -errno of the next; 0 */
    void (*moved)(instant now);   /* the clock has moved */
};

static struct net door;

static void door_reset(void) {
    door = (struct net){.now = {SECOND}};
}

/* The descriptor becomes readable `after` from the start. */
static inline void door_ready_at(duration after, int fd) {
    require(door.event_count < DOOR_EVENTS_MAX);
    door.events[door.event_count++] = (struct door_event){{SECOND + after}, fd, 0};
}

static inline void door_raise_at(duration after, int signals_fd, int number) {
    door_ready_at(after, signals_fd);
    door.events[door.event_count - 1].signal = number;
}

/* --- net.h --- */

int net_create(struct net **out, const struct net_config *config) {
    (void)config;
    *out = door.create_error == 0 ? &door : NULL;
    door.exists = *out != NULL;
    return door.create_error;
}

void net_destroy(struct net *net) {
    if (net != NULL)
        net->exists = false;
}

instant net_now(struct net *net) {
    return net->now;
}

void net_arm(struct net *net, int fd, uint64_t tag) {
    require(net->armed_count < DOOR_EVENTS_MAX);
    net->armed[net->armed_count++] = (struct door_armed){fd, tag, false};
}

static struct door_armed *door_armed_of(struct net *net, int fd) {
    for (size_t i = 0; i < net->armed_count; i++)
        if (net->armed[i].fd == fd)
            return &net->armed[i];
    return NULL;
}

static void door_fire(struct net *net) {
    for (size_t i = 0; i < net->event_count; i++) {
        struct door_event *event = &net->events[i];
        struct door_armed *armed = door_armed_of(net, event->fd);
        if (armed == NULL || instant_before(net->now, event->at))
            continue;
        if (event->signal != 0)
            raise(event->signal);
        event->at = INSTANT_NEVER;
        armed->ready = true;
    }
}

int net_wait_together(struct net *net, instant until, duration most, uint32_t wanted,
                      duration *waited) {
    (void)net, (void)until, (void)most, (void)wanted;
    *waited = 0;
    return 0;
}

int net_wait(struct net *net, instant until, uint32_t wanted) {
    (void)wanted;
    require(++net->waits < DOOR_WAITS_MAX);
    for (size_t i = 0; i < net->event_count; i++)
        if (door_armed_of(net, net->events[i].fd) != NULL)
            until = instant_earlier(until, net->events[i].at);
    require(until.ns != INSTANT_NEVER.ns); /* nothing would ever come */
    if (instant_before(net->now, until))
        net->now = until;
    if (net->moved != NULL)
        net->moved(net->now);
    door_fire(net);
    int error = net->wait_error;
    net->wait_error = 0;
    return error;
}

size_t net_take(struct net *net, struct net_event *events, size_t max) {
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < net->armed_count; i++)
        if (net->armed[i].ready && count < max)
            events[count++] = (struct net_event){net->armed[i].tag, 1};
        else
            net->armed[kept++] = net->armed[i];
    net->armed_count = kept;
    return count;
}

const char *net_engine(const struct net *net) {
    (void)net;
    return "test";
}

int net_open(struct net *net, const struct address *source, const struct address *target) {
    (void)net, (void)source, (void)target;
    return -EMFILE;
}

int net_listen(struct address *address, bool shared) {
    (void)address, (void)shared;
    return -EADDRINUSE;
}

/* --- never called: nothing is open --- */

void net_connect(struct net *net, int fd, const struct address *target, uint64_t tag) {
    (void)net, (void)fd, (void)target, (void)tag;
    require(false);
}

bool net_connected_to_itself(struct net *net, int fd, const struct address *target) {
    (void)net, (void)fd, (void)target;
    require(false);
}

void net_send_owned(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    (void)net, (void)fd, (void)bytes, (void)length, (void)tag;
    require(false);
}

void net_send_shared(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    (void)net, (void)fd, (void)bytes, (void)length, (void)tag;
    require(false);
}

ssize_t net_receive(struct net *net, int fd, void *buffer, size_t size) {
    (void)net, (void)fd, (void)buffer, (void)size;
    require(false);
}

void net_send_last(struct net *net, int fd, const void *bytes, size_t length) {
    (void)net, (void)fd, (void)bytes, (void)length;
    fail();
}

void net_shutdown(struct net *net, int fd) {
    (void)net, (void)fd;
    require(false);
}

void net_reset(struct net *net, int fd) {
    (void)net, (void)fd;
    require(false);
}

void net_close(struct net *net, int fd) {
    (void)net, (void)fd;
    require(false);
}

#endif
