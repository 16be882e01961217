/* A prober: asks one server on purpose, on a few connections at once, and keeps what it saw of
 * each; what that says is judge/probe's. It is driven by the events and the clock of a door. */
#ifndef PROBER_PROBER_H
#define PROBER_PROBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "judge/probe/probe_judge.h"
#include "net/net.h"
#include "wire/exchange.h"
#include "wire/requests.h"
#include "wire/transport.h"

struct prober_settings {
    struct net *net;
    uint8_t operation; /* of the tags that are its own */
    const struct exchange *exchange;
    const struct transport *transport; /* NULL: plain TCP */
    const struct address *address;     /* these and the requests outlive the prober */
    const struct address *source;      /* NULL: the kernel's choice */
    const struct request *request;
    const struct request *other; /* tried where that one ends each connection; NULL: none */
    duration connect_timeout, timeout;
    duration bound;       /* how long an idle connection is waited for */
    uint32_t connections; /* that are opened in all, at most */
    uint32_t spent;       /* requests that were made already */
    enum probe_scope scope;
};

/* Never more connections at once, and no more requests in all. */
enum { PROBER_AT_ONCE = 16, PROBER_REQUESTS_MAX = 1450, PROBER_GENTLE_MAX = 40 };

struct prober;

/* NULL: no memory. */
struct prober *prober_create(const struct prober_settings *settings);
/* It must be done or stopped, and quiet. */
void prober_destroy(struct prober *prober);

/* One of its events (the tag's operation is its own). */
void prober_event(struct prober *prober, const struct net_event *event, instant now);

/* Does what is due; when it wants to be called next. To be called behind each batch of events. */
instant prober_tick(struct prober *prober, instant now);

/* Nothing is left to be tried. */
bool prober_done(const struct prober *prober);
/* Ends all connections; what was seen so far stands. */
void prober_stop(struct prober *prober, instant now);
/* The kernel owns nothing of it any more. */
bool prober_quiet(const struct prober *prober);

void prober_judge(const struct prober *prober, struct probe_result *result);
/* As judged last, a moment ago at most. */
const struct probe_result *prober_result(const struct prober *prober);
const struct probe_facts *prober_facts(const struct prober *prober);
/* PROBE_TRACES_MAX at most; they change while it goes on. */
const struct probe_trace *prober_traces(const struct prober *prober, size_t *count);

#endif
