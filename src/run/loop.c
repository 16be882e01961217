/* The event loop over the door: one wait, one dispatch. */
#include "run/loop.h"

#include <signal.h>

#include "base/slots.h"
#include "run/signals.h"

enum { EVENTS_AT_ONCE = 32 };

int loop_open(struct loop *loop, uint32_t entries, enum engine_kind engine) {
    *loop = (struct loop){.signals_fd = -1};
    loop->error =
        net_create(&loop->net, &(struct net_config){.entries = entries, .engine = engine});
    return loop->error;
}

void loop_close(struct loop *loop) {
    net_destroy(loop->net);
    loop->net = NULL;
}

void loop_handle(struct loop *loop, uint8_t operation, loop_handler handle, void *owner) {
    loop->sources[operation] = (struct loop_source){handle, owner};
}

void loop_forget(struct loop *loop, uint8_t operation) {
    loop->sources[operation] = (struct loop_source){NULL, NULL};
}

void loop_arm(struct loop *loop, int fd, uint8_t operation, uint32_t slot) {
    net_arm(loop->net, fd, slot_tag(operation, 0, slot));
}

/* --- signals --- */

static void stop_by_signal(void *owner, int number) {
    struct loop *loop = owner;
    if (number == SIGTSTP)
        raise(SIGSTOP);
    else if (signals_is_interrupt(number))
        loop->stopped = true;
}

static void take_signals(void *owner, const struct net_event *event, instant now) {
    struct loop *loop = owner;
    const struct loop_source *source = &loop->sources[slot_tag_operation(event->tag)];
    (void)now;
    for (int number; source->handle != NULL && (number = signals_next(loop->signals_fd)) != 0;)
        loop->signal(loop->signal_owner, number);
    if (source->handle != NULL)
        net_arm(loop->net, loop->signals_fd, event->tag);
}

void loop_handle_signals(struct loop *loop, int signals_fd, uint8_t operation,
                         loop_signal_handler handle, void *owner) {
    loop->signals_fd = signals_fd;
    loop->signal = handle != NULL ? handle : stop_by_signal;
    loop->signal_owner = handle != NULL ? owner : loop;
    loop_handle(loop, operation, take_signals, loop);
    loop_arm(loop, signals_fd, operation, 0);
}

/* --- events --- */

int loop_wait(struct loop *loop, instant until) {
    int error = net_wait(loop->net, until, 1);
    if (error < 0)
        loop->error = error;
    return error;
}

void loop_dispatch(struct loop *loop) {
    struct net_event events[EVENTS_AT_ONCE];
    for (size_t count; (count = net_take(loop->net, events, EVENTS_AT_ONCE)) > 0;)
        for (size_t i = 0; i < count; i++) {
            const struct loop_source *source = &loop->sources[slot_tag_operation(events[i].tag)];
            if (source->handle != NULL)
                source->handle(source->owner, &events[i], net_now(loop->net));
        }
}

bool loop_turn(struct loop *loop, instant until) {
    int error = loop_wait(loop, until);
    loop_dispatch(loop);
    return error == 0 && !loop->stopped;
}

void loop_turn_until(struct loop *loop, instant until, bool (*done)(const void *with),
                     const void *with) {
    while (!done(with) && instant_before(net_now(loop->net), until) && loop_turn(loop, until))
        continue;
}

static bool is_never_done(const void *with) {
    (void)with;
    return false;
}

void loop_pause(struct loop *loop, duration length) {
    loop_turn_until(loop, instant_after(net_now(loop->net), length), is_never_done, NULL);
}

static bool client_is_quiet(const void *client) {
    return http_client_quiet(client);
}

void loop_close_client(struct loop *loop, struct http_client *client) {
    instant until = instant_after(net_now(loop->net), SECOND);
    http_client_close(client);
    loop_turn_until(loop, until, client_is_quiet, client);
}

/* --- timers --- */

instant loop_due(const struct loop_timer *timers, size_t count, const void *owner) {
    instant due = INSTANT_NEVER;
    for (size_t i = 0; i < count; i++)
        due = instant_earlier(due, timers[i].due(owner));
    return due;
}

void loop_run_due(const struct loop_timer *timers, size_t count, void *owner, const instant *now) {
    for (size_t i = 0; i < count; i++)
        if (timers[i].run != NULL && !instant_before(*now, timers[i].due(owner)))
            timers[i].run(owner);
}
