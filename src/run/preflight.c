/* The preflight's questions: a trial ring, the names, the ports, one request. */
#include "run/preflight.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slots.h"
#include "host/net_counters.h"
#include "host/process_facts.h"
#include "judge/headroom.h"
#include "net/net.h"
#include "observe/asker.h"
#include "observe/log_follower.h"
#include "observe/process_watch.h"
#include "observe/status_poller.h"
#include "run/ground.h"
#include "run/pairs.h"
#include "run/signals.h"

enum { SIGNAL_OPERATION, RESOLVE_OPERATION, STATUS_OPERATION, ASKER_OPERATION };
static const duration RESOLVE_PATIENCE = 10 * SECOND;

struct preflight {
    struct plan *plan;
    struct preflight_facts *facts;
    struct net *net;
    int signals_fd;
    struct asker askers[HOST_ADDRESSES_MAX];
    struct status_poller *poller;
    bool resolve_ready;
};

/* --- waiting --- */

static void take_signals(struct preflight *preflight) {
    for (int signal; (signal = signals_next(preflight->signals_fd)) != 0;) {
        if (signal == SIGTSTP)
            raise(SIGSTOP);
        else if (signal != SIGUSR1 && signal != SIGUSR2 && signal != SIGWINCH && signal != SIGCONT)
            preflight->facts->interrupted = true;
    }
    net_arm(preflight->net, preflight->signals_fd, slot_tag(SIGNAL_OPERATION, 0, 0));
}

static void take_event(struct preflight *preflight, const struct net_event *event) {
    instant now = net_now(preflight->net);
    uint8_t operation = slot_tag_operation(event->tag);
    if (operation == SIGNAL_OPERATION)
        take_signals(preflight);
    else if (operation == RESOLVE_OPERATION)
        preflight->resolve_ready = true;
    else if (operation == STATUS_OPERATION && preflight->poller != NULL)
        status_poller_event(preflight->poller, event, now, 0);
    else if (operation >= ASKER_OPERATION)
        asker_event(&preflight->askers[operation - ASKER_OPERATION], event, now);
}

/* Waits for events until `until` and takes them; false when the matter is over: interrupted, or the
 * ring broke. */
static bool wait_on(struct preflight *preflight, instant until) {
    int error = net_wait(preflight->net, until, 1);
    struct net_event events[16];
    for (size_t count; (count = net_take(preflight->net, events, 16)) > 0;)
        for (size_t i = 0; i < count; i++)
            take_event(preflight, &events[i]);
    if (error < 0)
        preflight->facts->ring_error = error;
    return error == 0 && !preflight->facts->interrupted;
}

/* --- names --- */

static void explain_resolve(struct preflight *preflight, const char *name, int result, int gai) {
    snprintf(preflight->facts->resolve_error, sizeof preflight->facts->resolve_error,
             "\"%.80s\": %.60s", name, result == -ENOENT ? gai_strerror(gai) : strerror(-result));
}

/* Resolves one name into addresses; false (and an explanation) when there are none. */
static bool resolve(struct preflight *preflight, const char *name, uint16_t port,
                    struct address *addresses, size_t *count) {
    int error = 0, gai = 0, result = -EAGAIN;
    struct host_resolve *resolve = host_resolve_start(name, port, &error);
    if (resolve == NULL) {
        explain_resolve(preflight, name, -error, 0);
        return false;
    }
    instant until = instant_after(net_now(preflight->net), RESOLVE_PATIENCE);
    uint64_t tag = slot_tag(RESOLVE_OPERATION, 0, 0);
    while (result == -EAGAIN) {
        preflight->resolve_ready = false;
        net_arm(preflight->net, host_resolve_fd(resolve), tag);
        while (!preflight->resolve_ready && instant_before(net_now(preflight->net), until) &&
               wait_on(preflight, until))
            continue;
        if (!preflight->resolve_ready)
            break;
        result = host_resolve_read(resolve, addresses, count, &gai);
    }
    host_resolve_end(resolve);
    if (result == 0)
        return true;
    explain_resolve(preflight, name, result == -EAGAIN ? -ETIMEDOUT : result, gai);
    return false;
}

static void resolve_names(struct preflight *preflight) {
    struct plan *plan = preflight->plan;
    if (!resolve(preflight, plan->dial_host, plan->dial_port, plan->addresses,
                 &plan->address_count))
        return;
    preflight->facts->resolved = true;
    struct address found[HOST_ADDRESSES_MAX];
    size_t count = 0;
    if (plan->status.host[0] == '\0')
        return;
    if (resolve(preflight, plan->status.host, plan->status.port, found, &count)) {
        plan->status_address = found[0];
        return;
    }
    /* The target's own name is fine: this one is the status page's trouble. */
    snprintf(preflight->facts->status_error, sizeof preflight->facts->status_error, "%s",
             preflight->facts->resolve_error);
    preflight->facts->resolve_error[0] = '\0';
    preflight->facts->status_asked = true;
}

/* --- the target --- */

static bool busy(const struct asker *asker) {
    return asker->state == ASKER_CONNECTING || asker->state == ASKER_WAITING;
}

/* Waits until none of the askers is on its way. */
static bool settle_askers(struct preflight *preflight, size_t count) {
    for (;;) {
        instant until = INSTANT_NEVER, now = net_now(preflight->net);
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            until = instant_earlier(until, asker_tick(&preflight->askers[i], now));
            any |= busy(&preflight->askers[i]);
        }
        if (!any)
            return true;
        if (!wait_on(preflight, until))
            return false;
    }
}

/* The preflight's connections are gone before the load begins: the server must not count them. */
static void close_asker(struct preflight *preflight, struct asker *asker) {
    instant until = instant_after(net_now(preflight->net), SECOND);
    asker_close(asker);
    while (!asker_quiet(asker) && instant_before(net_now(preflight->net), until) &&
           wait_on(preflight, until))
        continue;
}

/* The first accepted address is asked; the others need only accept. */
static struct asker *ask_addresses(struct preflight *preflight, const struct request *request) {
    const struct plan *plan = preflight->plan;
    const struct options *options = plan->options;
    preflight->facts->addresses_tried = plan->address_count;
    for (size_t i = 0; i < plan->address_count; i++) {
        asker_init(&preflight->askers[i], preflight->net, (uint8_t)(ASKER_OPERATION + i),
                   &plan->addresses[i], i == 0 ? request : NULL, options->connect_timeout,
                   options->timeout);
        struct address source;
        if (plan_source(plan, 0, &source) != NULL)
            asker_from(&preflight->askers[i], &source);
        asker_ask(&preflight->askers[i], net_now(preflight->net));
    }
    if (!settle_askers(preflight, plan->address_count))
        return NULL;
    for (size_t i = 0; i < plan->address_count; i++) {
        struct asker *asker = &preflight->askers[i];
        if (!asker->connected)
            continue;
        if (i > 0) {
            while (!asker_quiet(asker) && wait_on(preflight, net_now(preflight->net)))
                continue;
            asker->request = request;
            asker_ask(asker, net_now(preflight->net));
            if (!settle_askers(preflight, plan->address_count))
                return NULL;
        }
        return asker;
    }
    return &preflight->askers[0];
}

static void keep_accepting(struct preflight *preflight) {
    struct plan *plan = preflight->plan;
    bool accepts[HOST_ADDRESSES_MAX];
    size_t kept = 0, before = plan->address_count;
    for (size_t i = 0; i < before; i++) {
        accepts[i] = preflight->askers[i].connected;
        if (accepts[i])
            plan->addresses[kept++] = plan->addresses[i];
    }
    preflight->facts->addresses_accepting = kept;
    if (kept == 0)
        return;
    plan->address_count = kept;
    host_ports_keep(&preflight->facts->ports, accepts, before);
}

static void note_answer(struct target_facts *target, const struct asker *asker) {
    target->answered = asker->state == ASKER_ANSWERED;
    target->status = asker->facts.status;
    target->minor = asker->facts.minor;
    target->announced_end = asker->facts.announced_end;
    target->keep_alive_timeout_s = asker->facts.keep_alive_timeout_s;
    target->took = instant_since(asker->ended_at, asker->asked_at);
    snprintf(target->server, sizeof target->server, "%s", asker->kept.server);
    snprintf(target->keep_alive, sizeof target->keep_alive, "%s", asker->kept.keep_alive);
}

static void ask_target(struct preflight *preflight) {
    const struct plan *plan = preflight->plan;
    struct preflight_facts *facts = preflight->facts;
    const char *method = plan->options->method;
    bool as_planned = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    struct text_list headers = plan->options->header;
    if (!as_planned) {
        method = "HEAD";
        options_drop_length(&headers); /* of a body that this one has not */
    }
    struct request request;
    const struct body *body = as_planned ? options_body(plan->options) : NULL;
    if (!request_bake(&request, method, &plan->target, &headers, body)) {
        snprintf(facts->target_error, sizeof facts->target_error, "out of memory");
        return;
    }
    facts->target_asked = true;
    facts->target.asked = true;
    facts->conntrack_before = net_conntrack_count("");
    const struct asker *asker = ask_addresses(preflight, &request);
    facts->conntrack_with = net_conntrack_count(""); /* our connections are still open */
    if (asker != NULL) {
        note_answer(&facts->target, asker);
        preflight->plan->server_log.own_requests = facts->target.answered;
        char where[ADDRESS_TEXT_MAX];
        if (asker->state == ASKER_FAILED)
            snprintf(facts->target_error, sizeof facts->target_error, "%s: %.120s",
                     address_format(&asker->address, where, sizeof where), asker->error);
        keep_accepting(preflight);
    }
    for (size_t i = 0; i < facts->addresses_tried; i++)
        close_asker(preflight, &preflight->askers[i]);
    request_free(&request);
}

static void ask_status(struct preflight *preflight) {
    struct plan *plan = preflight->plan;
    struct preflight_facts *facts = preflight->facts;
    if (plan->status.host[0] == '\0' || facts->status_asked || facts->interrupted)
        return;
    struct status_poller poller;
    facts->status_asked = true;
    if (status_poller_init(&poller, preflight->net, STATUS_OPERATION, plan,
                           &plan->status_address) != 0) {
        snprintf(facts->status_error, sizeof facts->status_error, "out of memory");
        return;
    }
    preflight->poller = &poller;
    status_poller_poll(&poller, net_now(preflight->net));
    while (poller.polling && wait_on(preflight, poller.asker.deadline))
        status_poller_tick(&poller, net_now(preflight->net), 0);
    if (!status_poller_answered(&poller))
        snprintf(facts->status_error, sizeof facts->status_error, "%s",
                 poller.view.last_failure[0] != '\0' ? poller.view.last_failure : "no answer");
    close_asker(preflight, &poller.asker);
    plan->server_log.own_polls = poller.view.polls_sent;
    preflight->poller = NULL;
    status_poller_free(&poller);
}

/* --- what is observed beside the run --- */

static void open_log(struct plan *plan, struct preflight_facts *facts) {
    const char *path = plan->options->server_log;
    if (path == NULL)
        return;
    int fd = log_follower_open(path, &facts->log_bytes);
    if (fd < 0) {
        snprintf(facts->log_error, sizeof facts->log_error, "cannot follow \"%.200s\": %s", path,
                 fd == -EINVAL ? "not a regular file" : strerror(-fd));
        return;
    }
    plan->server_log.open = true;
    plan->server_log.fd = fd;
    plan->server_log.position = facts->log_bytes;
}

static void note_process(struct preflight_facts *facts, const struct process_facts *process,
                         int pid, bool no_check) {
    snprintf(facts->process_name, sizeof facts->process_name, "%s", process->name);
    if (!no_check)
        server_limits_read(&facts->server, "", pid);
}

static void find_process(const struct plan *plan, struct preflight_facts *facts, instant now) {
    int pid = (int)plan->options->server_pid;
    if (!plan->options->given.server_pid)
        return;
    struct process_facts process;
    struct process_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        snprintf(facts->process_error, sizeof facts->process_error, "out of memory");
    else if (!process_facts_read(&process, "", pid) || !process_watch_init(watch, "", pid, now))
        snprintf(facts->process_error, sizeof facts->process_error, "no process %d is on this host",
                 pid);
    else
        note_process(facts, &process, pid, plan->options->no_check);
    facts->processes = watch != NULL ? watch->view.processes : 0;
    free(watch);
}

/* Before anybody is asked anything: the log's end is where it stands now. False for a mistake in
 * what was asked. */
static bool find_observed(struct plan *plan, struct preflight_facts *facts) {
    open_log(plan, facts);
    find_process(plan, facts, (instant){0});
    return facts->log_error[0] == '\0' && facts->process_error[0] == '\0';
}

/* --- the whole --- */

/* Of this machine, when the addresses are known. */
static void judge_machine(struct judgement *judgement, struct plan *plan,
                          struct preflight_facts *facts) {
    pairs_count(plan, facts);
    ground_look(facts, plan);
    judge_local(&judgement->findings, plan, facts);
}

static void ask_all(struct preflight *preflight, struct judgement *judgement) {
    judge_machine(judgement, preflight->plan, preflight->facts);
    if (findings_any(&judgement->findings, FINDING_FAIL) || !preflight->facts->resolved ||
        preflight->facts->interrupted)
        return;
    ask_target(preflight);
    preflight->plan->ports_room = headroom_count_ports(preflight->plan, preflight->facts);
    ask_status(preflight);
}

/* What is not measured without a preflight has to be there all the same. */
static void judge_unchecked(struct judgement *judgement, const struct plan *plan,
                            const struct preflight_facts *facts) {
    if (plan->sources.count == 0 || !sources_fit(plan))
        judge_sources(&judgement->findings, plan, facts);
}

static void try_ground(struct preflight_facts *facts, const struct plan *plan,
                       enum preflight_scope scope) {
    facts->own_files = host_own_files("", plan->host.nofile_hard);
    ground_try_rings(facts, plan, scope == PREFLIGHT_ALL);
}

static void judge_no_ring(struct judgement *judgement, const struct plan *plan,
                          struct preflight_facts *facts) {
    facts->ring_refusal = net_explain(facts->ring_error);
    judge_local(&judgement->findings, plan, facts);
}

static void gather(struct preflight *preflight, struct judgement *judgement,
                   enum preflight_scope scope) {
    struct preflight_facts *facts = preflight->facts;
    try_ground(facts, preflight->plan, scope);
    if (facts->ring_error == 0)
        facts->ring_error = net_create(&preflight->net, &(struct net_config){.entries = 64});
    if (facts->ring_error < 0) {
        judge_no_ring(judgement, preflight->plan, facts);
        return;
    }
    net_arm(preflight->net, preflight->signals_fd, slot_tag(SIGNAL_OPERATION, 0, 0));
    resolve_names(preflight);
    pairs_decide(preflight->plan, preflight->facts);
    if (scope == PREFLIGHT_ALL)
        ask_all(preflight, judgement);
    else
        judge_unchecked(judgement, preflight->plan, facts);
    net_destroy(preflight->net);
}

static void no_room(struct judgement *judgement) {
    findings_add(&judgement->findings, "memory", SIDE_TESTER, FINDING_FAIL, "out of memory");
    judgement->verdict = VERDICT_UNFIT;
    judgement->exit_code = 3;
}

bool preflight_local(struct judgement *judgement, struct plan *plan, enum preflight_scope scope) {
    struct preflight_facts *facts = calloc(1, sizeof *facts);
    if (facts == NULL) {
        no_room(judgement);
        return false;
    }
    facts->resolved = true;
    pairs_decide(plan, facts);
    try_ground(facts, plan, scope);
    if (facts->ring_error < 0)
        judge_no_ring(judgement, plan, facts);
    else if (scope == PREFLIGHT_NONE)
        judge_unchecked(judgement, plan, facts);
    else
        judge_machine(judgement, plan, facts);
    plan->ports_room = headroom_count_ports(plan, facts);
    judge_preflight(judgement, plan, facts);
    bool may_run = judge_may_run(judgement, facts);
    host_ports_free(&facts->ports);
    free(facts);
    return may_run;
}

bool preflight_make(struct judgement *judgement, struct plan *plan, enum preflight_scope scope,
                    int signals_fd) {
    struct preflight *preflight = calloc(1, sizeof *preflight);
    struct preflight_facts *facts = calloc(1, sizeof *facts);
    bool may_run = false;
    if (preflight != NULL && facts != NULL) {
        preflight->plan = plan;
        preflight->facts = facts;
        preflight->signals_fd = signals_fd;
        if (find_observed(plan, facts))
            gather(preflight, judgement, scope);
        judge_observed(&judgement->findings, plan, facts);
        judge_target(&judgement->findings, plan, facts);
        judge_preflight(judgement, plan, facts);
        may_run = judge_may_run(judgement, facts);
        judgement->target = facts->target;
        host_ports_free(&facts->ports);
    } else {
        no_room(judgement);
    }
    free(facts);
    free(preflight);
    return may_run;
}
