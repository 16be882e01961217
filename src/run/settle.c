/* Polls of the status page, or a moment's patience. */
#include "run/settle.h"

#include <signal.h>

#include "base/slots.h"
#include "net/net.h"
#include "observe/status_poller.h"
#include "run/signals.h"

enum { SIGNAL_OPERATION, STATUS_OPERATION };
/* Resets are there within a round trip, and a server's loop takes thousands of them at once. */
static const duration MOMENT = 200 * MILLISECOND;
static const duration PAUSE = 50 * MILLISECOND, PATIENCE = 10 * SECOND;

struct settling {
    struct net *net;
    int signals_fd;
    struct status_poller poller;
    bool asks;    /* there is a status page, and a poller for it */
    bool stopped; /* a signal asked for the end */
};

static void take_signals(struct settling *settling) {
    for (int signal; (signal = signals_next(settling->signals_fd)) != 0;) {
        if (signal == SIGTSTP)
            raise(SIGSTOP);
        else if (signal != SIGUSR1 && signal != SIGUSR2 && signal != SIGWINCH && signal != SIGCONT)
            settling->stopped = true;
    }
    net_arm(settling->net, settling->signals_fd, slot_tag(SIGNAL_OPERATION, 0, 0));
}

/* Waits for events until then, and takes them; false when the ring broke or we are to stop. */
static bool wait_on(struct settling *settling, instant until) {
    int error = net_wait(settling->net, until, 1);
    struct net_event events[16];
    for (size_t count; (count = net_take(settling->net, events, 16)) > 0;)
        for (size_t i = 0; i < count; i++) {
            if (slot_tag_operation(events[i].tag) == SIGNAL_OPERATION)
                take_signals(settling);
            else if (settling->asks)
                status_poller_event(&settling->poller, &events[i], net_now(settling->net), 0);
        }
    return error == 0 && !settling->stopped;
}

static void pause_for(struct settling *settling, duration length) {
    instant until = instant_after(net_now(settling->net), length);
    while (instant_before(net_now(settling->net), until) && wait_on(settling, until))
        continue;
}

/* One page; -1 when it did not come. */
static int64_t ask(struct settling *settling) {
    struct status_poller *poller = &settling->poller;
    uint64_t answered = poller->view.polls_answered;
    status_poller_poll(poller, net_now(settling->net));
    while (poller->polling && wait_on(settling, poller->asker.deadline))
        status_poller_tick(poller, net_now(settling->net), 0);
    return poller->view.polls_answered > answered ? (int64_t)poller->view.active : -1;
}

static bool begin(struct settling *settling, const struct plan *plan, int signals_fd) {
    *settling = (struct settling){.signals_fd = signals_fd};
    if (net_create(&settling->net, &(struct net_config){.entries = 64}) != 0)
        return false;
    net_arm(settling->net, signals_fd, slot_tag(SIGNAL_OPERATION, 0, 0));
    settling->asks = plan->status_address.length > 0 &&
                     status_poller_init(&settling->poller, settling->net, STATUS_OPERATION, plan,
                                        &plan->status_address) == 0;
    return true;
}

/* The page's connection is gone before the load begins: the server must not count it. */
static void end(struct settling *settling) {
    if (settling->net == NULL)
        return;
    if (settling->asks) {
        instant until = instant_after(net_now(settling->net), SECOND);
        asker_close(&settling->poller.asker);
        while (!asker_quiet(&settling->poller.asker) &&
               instant_before(net_now(settling->net), until) && wait_on(settling, until))
            continue;
        status_poller_free(&settling->poller);
    }
    net_destroy(settling->net);
}

int64_t settle_active(const struct plan *plan, int signals_fd) {
    struct settling settling;
    int64_t active = -1;
    if (plan->status_address.length == 0)
        return -1;
    if (begin(&settling, plan, signals_fd) && settling.asks)
        active = ask(&settling);
    end(&settling);
    return active;
}

bool settle_wait(const struct plan *plan, int signals_fd, int64_t before) {
    struct settling settling;
    if (begin(&settling, plan, signals_fd)) {
        instant until = instant_after(net_now(settling.net), PATIENCE);
        if (!settling.asks || before < 0)
            pause_for(&settling, MOMENT);
        else
            while (ask(&settling) > before && instant_before(net_now(settling.net), until) &&
                   !settling.stopped)
                pause_for(&settling, PAUSE);
    }
    end(&settling);
    return !settling.stopped;
}
