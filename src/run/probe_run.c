/* A probe over the parent's loop. */
#include "run/probe_run.h"

#include <errno.h>
#include <string.h>

#include "options/options.h"
#include "prober/prober.h"
#include "run/loop.h"
#include "wire/http/http_exchange.h"
#include "wire/http/request.h"
#include "wire/tls/tls_client.h"

enum { SIGNAL_OPERATION, PROBE_OPERATION };
enum { ENTRIES = 64 };

struct probe_parts {
    struct loop loop;
    struct request request, other;
    bool has_other;
    struct tls_client *tls; /* NULL: plain TCP */
    struct address source;
    struct prober *prober;
};

/* The plan's, HEAD for a method that may change something; GET is tried where HEAD is not kept. */
static bool bake(struct probe_parts *parts, const struct plan *plan) {
    struct option_text_list headers = plan->options->header;
    bool get = strcmp(plan->options->method, "GET") == 0;
    options_drop_length(&headers);
    if (!request_bake_kept(&parts->request, get ? "GET" : "HEAD", &plan->target, &headers, NULL))
        return false;
    parts->has_other = !get;
    return get || request_bake_kept(&parts->other, "GET", &plan->target, &headers, NULL);
}

static bool make_tls(struct probe_parts *parts, const struct plan *plan,
                     const struct setup *setup) {
    const struct tls_client_settings settings = {
        .context = setup->tls, .name = plan->tls_name, .handshakes_max = PROBER_AT_ONCE};
    if (plan->target.tls)
        parts->tls = tls_client_create(&settings);
    return !plan->target.tls || parts->tls != NULL;
}

static void take_event(void *owner, const struct net_event *event, instant now) {
    prober_event(owner, event, now);
}

static bool make_prober(struct probe_parts *parts, const struct plan *plan,
                        const struct setup *setup, const struct probe_asked *asked) {
    const struct prober_settings settings = {
        .net = parts->loop.net,
        .operation = PROBE_OPERATION,
        .exchange = &http_exchange,
        .transport = parts->tls != NULL ? tls_client_transport(parts->tls) : NULL,
        .address = &setup->addresses[0],
        .source = setup_source(setup, 0, &parts->source),
        .request = &parts->request,
        .other = parts->has_other ? &parts->other : NULL,
        .connect_timeout = plan->connect_timeout,
        .timeout = plan->timeout,
        .bound = asked->bound,
        .connections = asked->connections,
        .spent = asked->spent,
        .scope = asked->scope,
    };
    parts->prober = prober_create(&settings);
    if (parts->prober != NULL)
        loop_handle(&parts->loop, PROBE_OPERATION, take_event, parts->prober);
    return parts->prober != NULL;
}

static bool is_quiet(const void *with) {
    return prober_quiet(with);
}

static void turn_to_the_end(struct probe_parts *parts, const struct probe_watch *watch) {
    struct prober *prober = parts->prober;
    bool goes_on = true;
    while (goes_on) {
        instant due = prober_tick(prober, net_now(parts->loop.net));
        if (watch != NULL)
            watch->turn(watch->owner, prober_result(prober), prober_facts(prober),
                        net_now(parts->loop.net));
        goes_on = !prober_done(prober) && loop_turn(&parts->loop, due);
    }
}

static void turn(struct probe_parts *parts, struct probe_result *result, struct probe_facts *facts,
                 bool *interrupted, const struct probe_watch *watch) {
    struct loop *loop = &parts->loop;
    turn_to_the_end(parts, watch);
    *interrupted = loop->stopped;
    prober_judge(parts->prober, result);
    *facts = *prober_facts(parts->prober);
    if (!prober_done(parts->prober))
        prober_stop(parts->prober, net_now(loop->net));
    loop->stopped = false;
    loop_forget(loop, SIGNAL_OPERATION); /* one that comes from now on is for what follows */
    loop_turn_until(loop, instant_after(net_now(loop->net), SECOND), is_quiet, parts->prober);
}

static int carry_out(struct probe_parts *parts, struct probe_result *result,
                     struct probe_facts *facts, bool *interrupted, const struct plan *plan,
                     const struct setup *setup, const struct probe_asked *asked) {
    if (!bake(parts, plan) || !make_tls(parts, plan, setup) ||
        !make_prober(parts, plan, setup, asked))
        return -ENOMEM;
    turn(parts, result, facts, interrupted, asked->watch);
    return parts->loop.error;
}

int probe_run(struct probe_result *result, struct probe_facts *facts, bool *interrupted,
              const struct plan *plan, const struct setup *setup, const struct probe_asked *asked,
              int signals_fd) {
    struct probe_parts parts = {.has_other = false};
    probe_judge(result, &(struct probe_evidence){.count = 0});
    memset(facts, 0, sizeof *facts);
    *interrupted = false;
    int error = loop_open(&parts.loop, ENTRIES, setup->choice.engine);
    if (error < 0)
        return error;
    loop_handle_signals(&parts.loop, signals_fd, SIGNAL_OPERATION, NULL, NULL);
    error = carry_out(&parts, result, facts, interrupted, plan, setup, asked);
    loop_close(&parts.loop);
    prober_destroy(parts.prober);
    tls_client_destroy(parts.tls);
    request_free(&parts.request);
    request_free(&parts.other);
    return error;
}
