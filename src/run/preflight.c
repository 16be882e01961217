/* The preflight's questions: what carries the run, the names, the ports, one request. */
#include "run/preflight.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "host/host.h"
#include "host/net_counters.h"
#include "host/process_facts.h"
#include "judge/fit/fit.h"
#include "judge/fit/headroom.h"
#include "judge/fit/preflight_facts.h"
#include "judge/verdict/verdict.h"
#include "net/net.h"
#include "observe/access_log.h"
#include "observe/http_client.h"
#include "observe/process_watch.h"
#include "observe/status_poller.h"
#include "options/options.h"
#include "run/local_probe.h"
#include "run/loop.h"
#include "run/orders.h"
#include "run/pairs.h"
#include "stats/outcome.h"
#include "wire/http/http_exchange.h"
#include "wire/http/request.h"
#include "wire/tls/tls_client.h"
#include "wire/tls/tls_context.h"

enum { SIGNAL_OPERATION, RESOLVE_OPERATION, STATUS_OPERATION, ORDERS_OPERATION, CLIENT_OPERATION };
static const duration RESOLVE_TIMEOUT = 10 * SECOND;
static const duration AFTER_ANSWER = 50 * MILLISECOND;

struct preflight {
    const struct plan *plan;
    struct setup *setup;
    struct preflight_facts *facts;
    struct loop loop;
    struct http_client http_clients[ADDRESSES_MAX];
    bool resolve_ready;
    struct tls_client *tls; /* of the target; NULL: plain TCP */
};

static instant clock_of(const struct preflight *preflight) {
    return net_now(preflight->loop.net);
}

/* One turn of the loop; false when the preflight is over: interrupted, or the door broke. */
static bool turn(struct preflight *preflight, instant until) {
    bool goes_on = loop_turn(&preflight->loop, until);
    preflight->facts->interrupted = preflight->loop.stopped;
    preflight->facts->door_error = preflight->loop.error;
    return goes_on;
}

/* --- names --- */

static void explain_resolve(struct preflight *preflight, const char *name, int result, int gai) {
    struct preflight_facts *facts = preflight->facts;
    bool by_resolver = result == -ENOENT;
    snprintf(facts->resolve_error, sizeof facts->resolve_error, "\"%.80s\": %.60s", name,
             by_resolver ? gai_strerror(gai) : strerror(-result));
    facts->resolve_errno = by_resolver ? 0 : -result;
    if (by_resolver && gai == EAI_MEMORY)
        facts->resolve_errno = ENOMEM;
}

static void take_resolve(void *owner, const struct net_event *event, instant now) {
    struct preflight *preflight = owner;
    (void)event, (void)now;
    preflight->resolve_ready = true;
}

/* Resolves one name into addresses; false (and an explanation) when there are none. */
static bool resolve(struct preflight *preflight, const char *name, uint16_t port,
                    struct address *addresses, size_t *count, size_t *named) {
    int error = 0, gai = 0, result = -EAGAIN;
    struct host_resolve *resolve = host_resolve_start(name, port, &error);
    if (resolve == NULL) {
        explain_resolve(preflight, name, -error, 0);
        return false;
    }
    instant until = instant_after(clock_of(preflight), RESOLVE_TIMEOUT);
    while (result == -EAGAIN) {
        preflight->resolve_ready = false;
        loop_arm(&preflight->loop, host_resolve_fd(resolve), RESOLVE_OPERATION, 0);
        while (!preflight->resolve_ready && instant_before(clock_of(preflight), until) &&
               turn(preflight, until))
            continue;
        if (!preflight->resolve_ready)
            break;
        result = host_resolve_read(resolve, addresses, count, named, &gai);
    }
    host_resolve_end(resolve);
    if (result == 0)
        return true;
    explain_resolve(preflight, name, result == -EAGAIN ? -ETIMEDOUT : result, gai);
    return false;
}

static void resolve_status_page(struct preflight *preflight) {
    const struct plan *plan = preflight->plan;
    struct setup *setup = preflight->setup;
    struct preflight_facts *facts = preflight->facts;
    size_t named;
    if (plan->status.host[0] == '\0' ||
        resolve(preflight, plan->status.host, plan->status.port, setup->status_addresses,
                &setup->status_address_count, &named))
        return;
    /* The target's own name is fine: this one is the status page's trouble. */
    snprintf(facts->status_error, sizeof facts->status_error, "%s", facts->resolve_error);
    facts->status_errno = facts->resolve_errno;
    facts->resolve_error[0] = '\0';
    facts->resolve_errno = 0;
    facts->status_asked = true;
}

static void resolve_names(struct preflight *preflight) {
    const struct plan *plan = preflight->plan;
    struct setup *setup = preflight->setup;
    if (!resolve(preflight, plan->connect_host, plan->connect_port, setup->addresses,
                 &setup->address_count, &preflight->facts->addresses_named))
        return;
    preflight->facts->resolved = true;
    resolve_status_page(preflight);
}

/* --- the target --- */

static bool busy(const struct http_client *http_client) {
    return http_client->state == HTTP_CLIENT_CONNECTING ||
           http_client->state == HTTP_CLIENT_WAITING;
}

/* Waits until none of the http_clients is on its way. */
static bool resume_waiters(struct preflight *preflight, size_t count) {
    for (;;) {
        instant until = INSTANT_NEVER, now = clock_of(preflight);
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            until = instant_earlier(until, http_client_tick(&preflight->http_clients[i], now));
            any |= busy(&preflight->http_clients[i]);
        }
        if (!any)
            return true;
        if (!turn(preflight, until))
            return false;
    }
}

/* The preflight's connections are gone before the load begins: the server must not count them. */
static void close_client(struct preflight *preflight, struct http_client *http_client) {
    loop_close_client(&preflight->loop, http_client);
    preflight->facts->interrupted = preflight->loop.stopped;
    preflight->facts->door_error = preflight->loop.error;
}

static bool is_ours(int error) {
    return error != 0 && outcome_side(outcome_of_open_errno(error)) == SIDE_TESTER;
}

/* Of addresses none of which accepts: the first that our own side kept us from, else the first. */
static struct http_client *best_failure(struct preflight *preflight) {
    for (size_t i = 0; i < preflight->setup->address_count; i++)
        if (is_ours(preflight->http_clients[i].error_number))
            return &preflight->http_clients[i];
    return &preflight->http_clients[0];
}

static void take_client(void *owner, const struct net_event *event, instant now) {
    http_client_event(owner, event, now);
}

/* The first accepted address is asked; the others need only accept. */
static struct http_client *ask_addresses(struct preflight *preflight,
                                         const struct request *request) {
    const struct plan *plan = preflight->plan;
    const struct setup *setup = preflight->setup;
    const struct options *options = plan->options;
    preflight->facts->addresses_tried = setup->address_count;
    for (size_t i = 0; i < setup->address_count; i++) {
        uint8_t operation = (uint8_t)(CLIENT_OPERATION + i);
        loop_handle(&preflight->loop, operation, take_client, &preflight->http_clients[i]);
        http_client_init(&preflight->http_clients[i], preflight->loop.net, operation,
                         &setup->addresses[i], 1, &http_exchange, i == 0 ? request : NULL,
                         options->connect_timeout, options->timeout);
        struct address source;
        if (preflight->tls != NULL)
            preflight->http_clients[i].transport = tls_client_transport(preflight->tls);
        if (setup_source(setup, 0, &source) != NULL)
            http_client_from(&preflight->http_clients[i], &source);
        http_client_ask(&preflight->http_clients[i], clock_of(preflight));
    }
    if (!resume_waiters(preflight, setup->address_count))
        return NULL;
    size_t first = 0;
    while (first < setup->address_count && !preflight->http_clients[first].connected)
        first++;
    if (first == setup->address_count)
        return best_failure(preflight);
    struct http_client *http_client = &preflight->http_clients[first];
    if (first > 0) {
        http_client->request = request;
        http_client_ask(http_client, clock_of(preflight));
    }
    return resume_waiters(preflight, setup->address_count) ? http_client : NULL;
}

/* A FIN behind the answer, or bytes nobody asked for, would end each connection of the plan. */
static void watch_after_answer(struct preflight *preflight, const struct http_client *http_client) {
    instant until = instant_after(http_client->ended_at, AFTER_ANSWER);
    bool kept = http_client->state == HTTP_CLIENT_ANSWERED && !http_client->facts.announced_end;
    while (kept && http_client->after == AFTER_NOTHING &&
           instant_before(clock_of(preflight), until) && turn(preflight, until))
        continue;
}

static void keep_accepting(struct preflight *preflight) {
    struct setup *setup = preflight->setup;
    bool accepts[ADDRESSES_MAX];
    size_t kept = 0, before = setup->address_count;
    for (size_t i = 0; i < before; i++) {
        accepts[i] = preflight->http_clients[i].connected;
        if (accepts[i])
            setup->addresses[kept++] = setup->addresses[i];
        else if (preflight->facts->address_errno == 0 &&
                 is_ours(preflight->http_clients[i].error_number))
            preflight->facts->address_errno = preflight->http_clients[i].error_number;
    }
    preflight->facts->addresses_accepting = kept;
    if (kept == 0)
        return;
    setup->address_count = kept;
    ephemeral_ports_keep(&preflight->facts->ports, accepts, before);
}

static void note_answer(struct record_target *target, const struct http_client *http_client) {
    target->answered = http_client->state == HTTP_CLIENT_ANSWERED;
    target->status = http_client->facts.status;
    target->minor = http_client->facts.minor;
    target->announced_end = http_client->facts.announced_end;
    target->keep_alive_timeout_s = http_client->facts.keep_alive_timeout_s;
    target->took = instant_since(http_client->ended_at, http_client->asked_at);
    target->after = http_client->after;
    if (http_client->after != AFTER_NOTHING)
        target->after_answer = instant_since(http_client->after_at, http_client->ended_at);
    snprintf(target->server, sizeof target->server, "%s", http_client->kept.server);
    snprintf(target->keep_alive, sizeof target->keep_alive, "%s", http_client->kept.keep_alive);
    snprintf(target->via, sizeof target->via, "%s", http_client->kept.via);
}

/* The name of what answers: of --server-pid where that listens there, else of whoever does. */
static void note_listener(struct preflight_facts *facts, const struct plan *plan) {
    bool its_own = plan->options->given.server_pid && !facts->process_foreign;
    snprintf(facts->target.process, sizeof facts->target.process, "%s",
             its_own ? facts->process_name : facts->listener.name);
}

/* The plan's request, HEAD for a method that may change something; keep-alive is asked for, as
 * HTTP/1.0 needs, where the plan's headers have no Connection of their own. */
static bool bake_request(struct request *request, const struct plan *plan) {
    const char *method = plan->options->method;
    bool as_planned = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    struct option_text_list headers = plan->options->header;
    if (!as_planned) {
        method = "HEAD";
        options_drop_length(&headers); /* of a body that this one has not */
    }
    const struct options_request_body *body = as_planned ? options_body(plan->options) : NULL;
    return request_bake_kept(request, method, &plan->target, &headers, body);
}

static void note_target_error(struct preflight_facts *facts,
                              const struct http_client *http_client) {
    char where[ADDRESS_TEXT_MAX];
    snprintf(facts->target_error, sizeof facts->target_error, "%s: %.120s",
             address_format(http_client_address(http_client), where, sizeof where),
             http_client->error);
    facts->target_errno = http_client->error_number;
    facts->target_connected = http_client->connected;
    facts->target_secured = http_client->secured;
}

static bool make_tls(struct preflight *preflight) {
    const struct plan *plan = preflight->plan;
    if (!plan->target.tls)
        return true;
    const struct tls_client_settings settings = {
        .context = preflight->setup->tls, .name = plan->tls_name, .handshakes_max = ADDRESSES_MAX};
    preflight->tls = tls_client_create(&settings);
    return preflight->tls != NULL;
}

static void note_tls(struct preflight *preflight) {
    const struct tls_peer *peer = preflight->tls != NULL ? tls_client_peer(preflight->tls) : NULL;
    if (peer == NULL)
        return;
    preflight->facts->target.tls = preflight->setup->tls_seen = *peer;
    preflight->facts->wall_seconds = (int64_t)time(NULL);
    preflight->setup->tls_not_after = peer->not_after;
    snprintf(preflight->setup->tls_cipher, sizeof preflight->setup->tls_cipher, "%s", peer->cipher);
}

/* A handshake and no more, whatever the certificate is. */
static bool shakes_hands(struct preflight *preflight, struct tls_context *context) {
    const struct plan *plan = preflight->plan;
    const struct tls_client_settings settings = {
        .context = context, .name = plan->tls_name, .handshakes_max = 1};
    struct tls_client *tls = tls_client_create(&settings);
    if (tls == NULL)
        return false;
    struct http_client *http_client = &preflight->http_clients[0];
    http_client_init(http_client, preflight->loop.net, CLIENT_OPERATION,
                     &preflight->setup->addresses[0], 1, &http_exchange, NULL,
                     plan->options->connect_timeout, plan->options->timeout);
    http_client->transport = tls_client_transport(tls);
    http_client_ask(http_client, clock_of(preflight));
    bool done = resume_waiters(preflight, 1) && http_client->state == HTTP_CLIENT_ANSWERED;
    close_client(preflight, http_client);
    tls_client_destroy(tls);
    return done;
}

/* Asked in plain text, a port that speaks TLS answers 400, or in no HTTP, or ends the connection,
 * by RST where it had not read all of it. */
static void try_tls(struct preflight *preflight) {
    struct preflight_facts *facts = preflight->facts;
    const struct tls_settings settings = {.insecure = true, .tls_min = "1.2", .tls_max = "1.3"};
    enum { BAD_REQUEST = 400 };
    struct tls_context *context;
    char error[160] = "";
    bool suspect = facts->target.answered
                       ? facts->target.status == BAD_REQUEST
                       : facts->target_connected &&
                             (facts->target_errno == 0 || facts->target_errno == ECONNRESET) &&
                             facts->target.took < preflight->plan->options->timeout;
    if (!suspect || preflight->plan->target.tls || facts->interrupted || facts->door_error < 0 ||
        !tls_context_create(&context, &settings, (struct refuse_buffer){error, sizeof error}))
        return;
    facts->target_speaks_tls = shakes_hands(preflight, context);
    tls_context_destroy(context);
}

static void ask_target(struct preflight *preflight) {
    struct preflight_facts *facts = preflight->facts;
    struct request request;
    if (!make_tls(preflight) || !bake_request(&request, preflight->plan)) {
        snprintf(facts->target_error, sizeof facts->target_error, "out of memory");
        facts->target_errno = ENOMEM;
        tls_client_destroy(preflight->tls);
        return;
    }
    facts->target_asked = true;
    facts->target.asked = true;
    facts->conntrack_before = net_conntrack_count("");
    const struct http_client *http_client = ask_addresses(preflight, &request);
    facts->conntrack_with = net_conntrack_count(""); /* our connections are still open */
    if (http_client != NULL) {
        watch_after_answer(preflight, http_client);
        note_answer(&facts->target, http_client);
        note_tls(preflight);
        note_listener(facts, preflight->plan);
        preflight->setup->server_log.own_requests = facts->target.answered;
        if (http_client->state == HTTP_CLIENT_FAILED)
            note_target_error(facts, http_client);
        keep_accepting(preflight);
    }
    for (size_t i = 0; i < facts->addresses_tried; i++)
        close_client(preflight, &preflight->http_clients[i]);
    tls_client_destroy(preflight->tls);
    request_free(&request);
    try_tls(preflight);
}

/* The address that accepted comes first from now on, the others behind it. */
static void put_accepting_first(struct setup *setup, size_t accepting) {
    struct address *addresses = setup->status_addresses, first = addresses[accepting];
    memmove(&addresses[1], &addresses[0], accepting * sizeof addresses[0]);
    addresses[0] = first;
}

static void take_poll(void *owner, const struct net_event *event, instant now) {
    status_poller_event(owner, event, now, 0);
}

static void ask_page(struct preflight *preflight, struct status_poller *poller) {
    struct setup *setup = preflight->setup;
    struct preflight_facts *facts = preflight->facts;
    loop_handle(&preflight->loop, STATUS_OPERATION, take_poll, poller);
    (void)status_poller_poll(poller, clock_of(preflight), 0);
    while (poller->polling && turn(preflight, poller->http_client.deadline))
        status_poller_tick(poller, clock_of(preflight), 0);
    if (!status_poller_answered(poller)) {
        snprintf(facts->status_error, sizeof facts->status_error, "%s",
                 poller->view.last_failure[0] != '\0' ? poller->view.last_failure : "no answer");
        facts->status_errno = poller->http_client.error_number;
    }
    close_client(preflight, &poller->http_client);
    setup->server_log.own_polls = poller->http_client.sent;
    put_accepting_first(setup, poller->http_client.address_at);
    loop_forget(&preflight->loop, STATUS_OPERATION);
}

static void ask_status(struct preflight *preflight) {
    const struct plan *plan = preflight->plan;
    struct setup *setup = preflight->setup;
    struct preflight_facts *facts = preflight->facts;
    if (plan->status.host[0] == '\0' || facts->status_asked || facts->interrupted)
        return;
    struct status_poller poller;
    facts->status_asked = true;
    if (status_poller_init(&poller, preflight->loop.net, STATUS_OPERATION, plan, setup) == 0) {
        ask_page(preflight, &poller);
        status_poller_free(&poller);
        return;
    }
    snprintf(facts->status_error, sizeof facts->status_error, "out of memory");
    facts->status_errno = ENOMEM;
}

/* --- what is observed beside the run --- */

static void open_log(const struct plan *plan, struct setup *setup, struct preflight_facts *facts) {
    const char *path = plan->options->server_log;
    if (path == NULL)
        return;
    int fd = access_log_open(path, &facts->log_bytes);
    if (fd < 0) {
        snprintf(facts->log_error, sizeof facts->log_error, "cannot follow \"%.200s\": %s", path,
                 fd == -EINVAL ? "not a regular file" : strerror(-fd));
        return;
    }
    setup->server_log.open = true;
    setup->server_log.path = path;
    setup->server_log.fd = fd;
    setup->server_log.position = facts->log_bytes;
}

static void note_process(const struct plan *plan, struct setup *setup,
                         struct preflight_facts *facts, const struct process_facts *process) {
    setup->server_started = process->started;
    snprintf(facts->process_name, sizeof facts->process_name, "%s", process->name);
    if (!plan->options->no_check)
        server_limits_read(&facts->server, "", (int)plan->options->server_pid);
}

static void find_process(const struct plan *plan, struct setup *setup,
                         struct preflight_facts *facts, instant now) {
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
        note_process(plan, setup, facts, &process);
    facts->processes = watch != NULL ? watch->view.processes : 0;
    free(watch);
}

/* Before anybody is asked anything: the log's end is where it stands now. False for a mistake in
 * what was asked. */
static bool find_observed(const struct plan *plan, struct setup *setup,
                          struct preflight_facts *facts) {
    open_log(plan, setup, facts);
    find_process(plan, setup, facts, (instant){0});
    return facts->log_error[0] == '\0' && facts->process_error[0] == '\0';
}

/* --- the whole --- */

/* Of this machine, when the addresses are known. */
static void judge_machine(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                          struct preflight_facts *facts) {
    pairs_count(plan, setup, facts);
    local_probe_addresses(facts, plan, setup);
    judge_local(&judgement->findings, plan, setup, facts);
}

static void ask_all(struct preflight *preflight, struct judgement *judgement) {
    judge_machine(judgement, preflight->plan, preflight->setup, preflight->facts);
    if (findings_any(&judgement->findings, FINDING_FAIL) || !preflight->facts->resolved ||
        preflight->facts->interrupted)
        return;
    ask_target(preflight);
    preflight->setup->ports_room = ports_count_headroom(preflight->setup, preflight->facts);
    ask_status(preflight);
}

/* Sources have to fit without a preflight too. */
static void judge_unchecked(struct judgement *judgement, const struct plan *plan,
                            const struct setup *setup, const struct preflight_facts *facts) {
    if (setup->sources.count == 0 || !sources_fit(setup))
        judge_sources(&judgement->findings, plan, setup, facts);
}

static void probe_local(struct preflight_facts *facts, const struct plan *plan, struct setup *setup,
                        enum preflight_scope scope) {
    facts->own_files = host_own_files("", plan->host.nofile_hard);
    local_probe_engine(facts, plan, setup, scope == PREFLIGHT_ALL);
}

/* Nobody is there any more who would hear the answer. */
static void take_orders_end(void *owner, const struct net_event *event, instant now) {
    struct preflight *preflight = owner;
    (void)now;
    if ((event->result & (POLLHUP | POLLRDHUP | POLLERR)) != 0)
        preflight->loop.stopped = true;
}

static void watch_orders(struct preflight *preflight) {
    if (orders_fd() < 0)
        return;
    loop_handle(&preflight->loop, ORDERS_OPERATION, take_orders_end, preflight);
    loop_arm(&preflight->loop, orders_fd(), ORDERS_OPERATION, 0);
}

static void gather(struct preflight *preflight, struct judgement *judgement,
                   enum preflight_scope scope, int signals_fd) {
    struct preflight_facts *facts = preflight->facts;
    probe_local(facts, preflight->plan, preflight->setup, scope);
    facts->interrupted = preflight->setup->interrupted;
    if (facts->interrupted)
        return;
    if (facts->door_error == 0)
        facts->door_error = loop_open(&preflight->loop, 64, preflight->setup->choice.engine);
    if (facts->door_error < 0) {
        judge_local(&judgement->findings, preflight->plan, preflight->setup, facts);
        return;
    }
    loop_handle_signals(&preflight->loop, signals_fd, SIGNAL_OPERATION, NULL, NULL);
    loop_handle(&preflight->loop, RESOLVE_OPERATION, take_resolve, preflight);
    watch_orders(preflight);
    resolve_names(preflight);
    pairs_decide(preflight->plan, preflight->setup, preflight->facts);
    if (scope == PREFLIGHT_ALL)
        ask_all(preflight, judgement);
    else
        judge_unchecked(judgement, preflight->plan, preflight->setup, facts);
    loop_close(&preflight->loop);
}

static void no_room(struct judgement *judgement) {
    findings_add(&judgement->findings, FINDING_memory, FINDING_FAIL, "out of memory");
    judgement_reason(judgement, "memory: out of memory");
    judgement->verdict = VERDICT_UNFIT;
    judgement->exit_code = EXIT_UNFIT;
}

bool preflight_local(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                     enum preflight_scope scope) {
    struct preflight_facts *facts = calloc(1, sizeof *facts);
    if (facts == NULL) {
        no_room(judgement);
        return false;
    }
    facts->resolved = true;
    pairs_decide(plan, setup, facts);
    probe_local(facts, plan, setup, scope);
    if (facts->door_error < 0)
        judge_local(&judgement->findings, plan, setup, facts);
    else if (scope == PREFLIGHT_NONE)
        judge_unchecked(judgement, plan, setup, facts);
    else
        judge_machine(judgement, plan, setup, facts);
    setup->ports_room = ports_count_headroom(setup, facts);
    judge_preflight(judgement, plan, facts);
    bool may_run = judge_may_run(judgement, facts);
    ephemeral_ports_free(&facts->ports);
    free(facts);
    return may_run;
}

/* Where the target is known here, it is known too whether the server's process listens there. */
static void gather_observed(struct preflight *preflight, enum preflight_scope scope,
                            int signals_fd) {
    const struct plan *plan = preflight->plan;
    struct preflight_facts *facts = preflight->facts;
    facts->door_error = loop_open(&preflight->loop, 64, ENGINE_EPOLL);
    if (facts->door_error < 0)
        return;
    loop_handle_signals(&preflight->loop, signals_fd, SIGNAL_OPERATION, NULL, NULL);
    loop_handle(&preflight->loop, RESOLVE_OPERATION, take_resolve, preflight);
    struct setup *setup = preflight->setup;
    size_t named;
    if (plan->options->given.server_pid &&
        resolve(preflight, plan->connect_host, plan->connect_port, setup->addresses,
                &setup->address_count, &named))
        local_probe_addresses(facts, plan, setup);
    facts->resolve_error[0] = '\0'; /* the parts connect, and may know more names */
    if (!facts->interrupted)
        resolve_status_page(preflight);
    if (scope == PREFLIGHT_ALL)
        ask_status(preflight);
    loop_close(&preflight->loop);
}

/* NULL where there is no memory, which is judged. */
static struct preflight *open_preflight(struct judgement *judgement, const struct plan *plan,
                                        struct setup *setup) {
    struct preflight *preflight = calloc(1, sizeof *preflight);
    struct preflight_facts *facts = calloc(1, sizeof *facts);
    if (preflight == NULL || facts == NULL) {
        no_room(judgement);
        free(facts);
        free(preflight);
        return NULL;
    }
    preflight->plan = plan;
    preflight->setup = setup;
    preflight->facts = facts;
    return preflight;
}

/* Whether there may be a run. */
static bool close_preflight(struct preflight *preflight, struct judgement *judgement) {
    struct preflight_facts *facts = preflight->facts;
    judge_preflight(judgement, preflight->plan, facts);
    bool may_run = judge_may_run(judgement, facts);
    ephemeral_ports_free(&facts->ports);
    free(facts);
    free(preflight);
    return may_run;
}

bool preflight_observed(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                        enum preflight_scope scope, int signals_fd) {
    struct preflight *preflight = open_preflight(judgement, plan, setup);
    if (preflight == NULL)
        return false;
    struct preflight_facts *facts = preflight->facts;
    if (find_observed(plan, setup, facts))
        gather_observed(preflight, scope, signals_fd);
    judge_observed(&judgement->findings, plan, setup, facts);
    if (scope == PREFLIGHT_ALL || facts->status_error[0] != '\0')
        judge_status_page(&judgement->findings, plan, facts);
    return close_preflight(preflight, judgement);
}

bool preflight_make(struct judgement *judgement, const struct plan *plan, struct setup *setup,
                    enum preflight_scope scope, int signals_fd) {
    struct preflight *preflight = open_preflight(judgement, plan, setup);
    if (preflight == NULL)
        return false;
    struct preflight_facts *facts = preflight->facts;
    if (find_observed(plan, setup, facts))
        gather(preflight, judgement, scope, signals_fd);
    judge_observed(&judgement->findings, plan, setup, facts);
    judge_target(&judgement->findings, plan, setup, facts);
    struct record_target target = facts->target;
    bool may_run = close_preflight(preflight, judgement);
    judgement->target = target;
    return may_run;
}
