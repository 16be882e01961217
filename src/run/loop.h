/* The parent's event loop: descriptors and signals, each with its handler, timers, and the wait for
 * whichever is first. */
#ifndef RUN_LOOP_H
#define RUN_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"
#include "observe/http_client.h"

/* An event of one operation (net.h: tags); now: by the door's clock. */
typedef void (*loop_handler)(void *owner, const struct net_event *event, instant now);
typedef void (*loop_signal_handler)(void *owner, int number);

/* Runs once its due instant has passed; due gives INSTANT_NEVER while it is not set. */
struct loop_timer {
    instant (*due)(const void *owner);
    void (*run)(void *owner); /* NULL: the timer only ends the wait */
};

enum { LOOP_OPERATIONS = 256 };

struct loop {
    struct net *net;
    int error;    /* -errno of a broken door; 0 */
    bool stopped; /* by an interrupt, where no handler takes signals */
    /* internal */
    struct loop_source {
        loop_handler handle; /* NULL: events of this operation are dropped */
        void *owner;
    } sources[LOOP_OPERATIONS];
    int signals_fd;
    uint8_t signals_operation;
    loop_signal_handler signal;
    void *signal_owner;
};

/* Makes the door, with room for `entries` submissions. 0 or -errno; freed in any case. */
int loop_open(struct loop *loop, uint32_t entries, enum engine_kind engine);
void loop_close(struct loop *loop);

/* Events with this operation go to the handler. */
void loop_handle(struct loop *loop, uint8_t operation, loop_handler handle, void *owner);
/* Events with this operation are dropped from now on, those that have come already too. */
void loop_forget(struct loop *loop, uint8_t operation);
/* One event when the descriptor is readable: net_arm(). */
void loop_arm(struct loop *loop, int fd, uint8_t operation, uint32_t slot);

/* Signals of signals_open() go to the handler. NULL: SIGTSTP stops the process until SIGCONT, an
 * interrupt stops the loop, all others are dropped. */
void loop_handle_signals(struct loop *loop, int signals_fd, uint8_t operation,
                         loop_signal_handler handle, void *owner);

/* Submits what was prepared and waits for an event or until then. 0, or -errno of a broken door. */
int loop_wait(struct loop *loop, instant until);
/* Gives each event that has come to its handler. */
void loop_dispatch(struct loop *loop);

/* Waits and dispatches; false when the door broke or the loop is stopped. */
bool loop_turn(struct loop *loop, instant until);
/* Turns while it is not done and the time is not up, and no longer than loop_turn() gives true. */
void loop_turn_until(struct loop *loop, instant until, bool (*done)(const void *with),
                     const void *with);
/* The same, of a length of time and of nothing that could be done before. */
void loop_pause(struct loop *loop, duration length);
/* Closes the client's connection and waits, a second at most, until the kernel has given it back:
 * whatever follows, the server must not count it. */
void loop_close_client(struct loop *loop, struct http_client *client);

/* When the first of the timers is due. */
instant loop_due(const struct loop_timer *timers, size_t count, const void *owner);
/* Runs those that are due, in the table's order; one may set or cancel those behind it. now: the
 * owner's clock, read again before each. */
void loop_run_due(const struct loop_timer *timers, size_t count, void *owner, const instant *now);

#endif
