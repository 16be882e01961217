/* Polls of the status page, or a moment's timeout. */
#include "run/cooldown.h"

#include "observe/status_poller.h"
#include "run/loop.h"

enum { SIGNAL_OPERATION, STATUS_OPERATION };
/* Resets are there within a round trip, and a server's loop takes thousands of them at once. */
static const duration MOMENT = 200 * MILLISECOND;
static const duration PAUSE = 50 * MILLISECOND, TIMEOUT = 10 * SECOND;

struct cooldown {
    struct loop loop;
    struct status_poller poller;
    bool polls; /* there is a status page, and a poller for it */
};

static void take_poll(void *owner, const struct net_event *event, instant now) {
    struct cooldown *cooldown = owner;
    status_poller_event(&cooldown->poller, event, now, 0);
}

/* Connections active as one page has them; -1 when the page did not come. */
static int64_t poll_active(struct cooldown *cooldown) {
    struct status_poller *poller = &cooldown->poller;
    struct loop *loop = &cooldown->loop;
    uint64_t answered = poller->view.polls_answered;
    (void)status_poller_poll(poller, net_now(loop->net), 0);
    while (poller->polling && loop_turn(loop, poller->http_client.deadline))
        status_poller_tick(poller, net_now(loop->net), 0);
    return poller->view.polls_answered > answered ? (int64_t)poller->view.active : -1;
}

static bool begin(struct cooldown *cooldown, const struct plan *plan, const struct setup *setup,
                  int signals_fd) {
    cooldown->polls = false;
    if (loop_open(&cooldown->loop, 64, setup->choice.engine) != 0)
        return false;
    loop_handle_signals(&cooldown->loop, signals_fd, SIGNAL_OPERATION, NULL, NULL);
    cooldown->polls =
        setup->status_address_count > 0 && status_poller_init(&cooldown->poller, cooldown->loop.net,
                                                              STATUS_OPERATION, plan, setup) == 0;
    if (cooldown->polls)
        loop_handle(&cooldown->loop, STATUS_OPERATION, take_poll, cooldown);
    return true;
}

/* The page's connection is gone before the load begins: the server must not count it. */
static void end(struct cooldown *cooldown) {
    if (cooldown->polls) {
        loop_close_client(&cooldown->loop, &cooldown->poller.http_client);
        status_poller_free(&cooldown->poller);
    }
    loop_close(&cooldown->loop);
}

int64_t cooldown_active(const struct plan *plan, const struct setup *setup, int signals_fd) {
    struct cooldown cooldown;
    int64_t active = -1;
    if (setup->status_address_count == 0)
        return -1;
    if (begin(&cooldown, plan, setup, signals_fd) && cooldown.polls)
        active = poll_active(&cooldown);
    end(&cooldown);
    return active;
}

bool cooldown_wait(const struct plan *plan, const struct setup *setup, int signals_fd,
                   int64_t before) {
    struct cooldown cooldown;
    if (begin(&cooldown, plan, setup, signals_fd)) {
        struct loop *loop = &cooldown.loop;
        instant until = instant_after(net_now(loop->net), TIMEOUT);
        if (!cooldown.polls || before < 0)
            loop_pause(loop, MOMENT);
        else
            while (poll_active(&cooldown) > before && instant_before(net_now(loop->net), until) &&
                   !loop->stopped)
                loop_pause(loop, PAUSE);
    }
    end(&cooldown);
    return !cooldown.loop.stopped;
}
