/* The plan: what was asked, decided once, and never changed after. */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/minmax.h"
#include "base/refuse.h"
#include "base/require.h"
#include "options/host_list.h"
#include "options/options.h"

/* How long a ramp may take: instants stay far from their end. */
static const duration ramp_length_max = 365 * DAY;

static uint64_t divide_up(uint64_t dividend, uint64_t divisor) {
    return (dividend + divisor - 1) / divisor;
}

/* A worker's soft limit is raised to the hard one before it opens anything. */
static uint32_t workers_needed(uint64_t connections, const struct host *host) {
    if (host->nofile_hard < 0)
        return 0;
    uint64_t room = host->nofile_hard > PLAN_WORKER_FILES
                        ? (uint64_t)host->nofile_hard - PLAN_WORKER_FILES
                        : 1; /* nothing fits: the preflight says so */
    return (uint32_t)max_u64(divide_up(connections, room),
                             divide_up(connections, PLAN_WORKER_CONNECTIONS_MAX));
}

/* The parts' sizes are those of all connections. */
static bool check_sizes(const struct plan *plan, struct refuse_buffer to) {
    const struct options *options = plan->options;
    uint64_t all = 0;
    for (uint32_t i = 0; plan->sizes != NULL && i < plan->parts; i++)
        all += plan->sizes[i];
    return plan->sizes == NULL || all == options->connections ||
           refuse(to,
                  "--shard: the parts' sizes are %" PRIu64 " together: as many as --connections "
                  "(%" PRIu64 ") are accepted",
                  all, options->connections);
}

/* Each host has a part of the connections, and one report has the workers of all. */
static bool check_hosts_workers(const struct options *options, size_t hosts,
                                struct refuse_buffer to) {
    require(hosts > 0);
    uint64_t share = options->connections / hosts, most = WORKERS_MAX / hosts;
    if (!options->given.workers || (options->workers <= share && options->workers <= most))
        return true;
    if (options->workers > share)
        return refuse(to,
                      "--workers: %" PRIu64 " is out of bounds: at most the connections of each "
                      "of %zu hosts (%" PRIu64 ") is accepted",
                      options->workers, hosts, share);
    return refuse(to,
                  "--workers: %" PRIu64 " is out of bounds: on each of %zu hosts at most %" PRIu64
                  " (%d together) is accepted",
                  options->workers, hosts, most, WORKERS_MAX);
}

static bool check_hosts(const struct plan *plan, struct refuse_buffer to) {
    const struct options *options = plan->options;
    if (options->hosts == NULL)
        return !options->given.remote ||
               refuse(to, "--remote without --hosts: with the hosts' names it is accepted");
    size_t hosts = host_list_count(options->hosts);
    require(hosts > 0); /* the list was read */
    if (options->connections < hosts || (options->given.requests && options->requests < hosts))
        return refuse(
            to, "--hosts: %zu hosts, of %" PRIu64 " %s: one at least for each is accepted", hosts,
            options->connections < hosts ? options->connections : options->requests,
            options->connections < hosts ? "connections" : "requests");
    if (plan->parts > 1)
        return refuse(to, "--shard with --hosts: --hosts cuts the plan into parts itself: one of "
                          "the two is accepted");
    return options->saved || check_hosts_workers(options, hosts, to); /* a report has the sum */
}

/* Each part has one at least of what is cut into parts; 0 of what was not asked for. */
static bool decide_part(struct plan *plan, struct refuse_buffer to) {
    const struct options *options = plan->options;
    plan->parts = options->shard.parts > 0 ? options->shard.parts : 1;
    plan->part = plan->parts > 1 ? options->shard.part - 1 : 0;
    plan->sizes = options->shard.sizes;
    plan->connections = plan->sizes != NULL ? plan->sizes[plan->part]
                                            : (uint32_t)plan_part_of(plan, options->connections);
    plan->requests = plan_part_of(plan, options->requests);
    bool asked = options->given.requests;
    if (options->connections >= plan->parts && (!asked || options->requests >= plan->parts))
        return true;
    bool few = options->connections < plan->parts;
    return refuse(to,
                  "--shard: %" PRIu32 " parts, of %" PRIu64 " %s: one at least for each part "
                  "is accepted",
                  plan->parts, few ? options->connections : options->requests,
                  few ? "connections" : "requests");
}

/* What the server counts of itself is of all parts: one part has nothing to hold it against. */
static bool check_part(const struct plan *plan, struct refuse_buffer to) {
    const struct options *options = plan->options;
    if (plan->parts == 1 || (options->server_status == NULL && options->server_log == NULL))
        return true;
    return refuse(to,
                  "%s with --shard: the server counts the requests of all parts, and this one "
                  "knows its own: accepted without --shard",
                  options->server_status != NULL ? "--server-status" : "--server-log");
}

static bool decide_workers(struct plan *plan, struct refuse_buffer to) {
    const struct options *options = plan->options;
    plan->workers_needed = workers_needed(plan->connections, &plan->host);
    if (options->given.workers) {
        plan->workers = (uint32_t)options->workers;
        return options->workers <= plan->connections ||
               refuse(to,
                      "--workers: %" PRIu64 " is out of bounds: at most %s (%" PRIu32
                      ") is accepted",
                      options->workers,
                      plan->parts > 1 ? "the connections of this part" : "--connections",
                      plan->connections);
    }
    uint64_t workers = plan->workers_needed > 0
                           ? plan->workers_needed
                           : divide_up(plan->connections, PLAN_WORKER_CONNECTIONS_MAX);
    plan->workers = (uint32_t)(workers < WORKERS_MAX ? workers : WORKERS_MAX);
    return true;
}

static bool read_target(struct url *target, const char *label, const char *url,
                        struct refuse_buffer to) {
    char error[URL_ERROR_MAX];
    if (!url_parse(target, url, error))
        return refuse(to, "%s: %s", label, error);
    return true;
}

/* Certificates bear neither the dot of an absolute name nor the zone of an address, and no server
 * is sent them (RFC 6066 3, RFC 6874 2). */
static void set_tls_name(struct plan *plan, const char *name) {
    bool is_address = strchr(name, ':') != NULL;
    size_t length = is_address ? strcspn(name, "%") : strlen(name);
    if (!is_address && length > 1 && name[length - 1] == '.')
        length--;
    snprintf(plan->tls_name, sizeof plan->tls_name, "%.*s", (int)length, name);
}

static bool decide_targets(struct plan *plan, struct refuse_buffer to) {
    const struct options *options = plan->options;
    char error[URL_ERROR_MAX];
    if (!read_target(&plan->target, "URL", options->url, to))
        return false;
    if (options->server_status != NULL &&
        !read_target(&plan->status, "--server-status", options->server_status, to))
        return false;
    snprintf(plan->connect_host, sizeof plan->connect_host, "%s", plan->target.host);
    plan->connect_port = plan->target.port;
    plan->tls_resume = options->tls_resume;
    set_tls_name(plan, options->sni != NULL ? options->sni : plan->target.host);
    if (options->connect_to == NULL)
        return true;
    return url_parse_endpoint(options->connect_to, plan->connect_host, &plan->connect_port,
                              error) ||
           refuse(to, "--connect-to: %s", error);
}

static bool decide_ramp(struct plan *plan, struct refuse_buffer to) {
    char rate[64];
    plan->ramp = (struct ramp){plan->options->ramp, plan->options->connections};
    return ramp_length(&plan->ramp) <= ramp_length_max ||
           refuse(to,
                  "--ramp: %s would take more than 365 days to reach --connections (%" PRIu64
                  "): a faster ramp is accepted",
                  units_format_rate(rate, sizeof rate, plan->ramp.rate),
                  plan->options->connections);
}

/* Connections take turns, so each is asked once in this time. */
static duration turn_about(const struct options *options) {
    unsigned __int128 length =
        (unsigned __int128)options->connections * SECOND * FREQUENCY_ONE / options->rate;
    unsigned __int128 most = (unsigned __int128)(365 * DAY);
    return length == 0 ? 1 : (duration)(length < most ? length : most);
}

/* As nginx counts idle time from its last answer, half of it is early enough. */
static struct units_span decide_think(const struct options *options) {
    if (options->rate > 0) {
        duration turn = turn_about(options);
        return (struct units_span){turn, turn};
    }
    if (options->given.interval)
        return options->interval.span;
    duration quarter = options->keepalive / 4;
    return (struct units_span){quarter < SECOND ? quarter : SECOND, options->keepalive / 2};
}

/* Microseconds: as a number of JSON it stays exact everywhere (below 2^53). */
static uint64_t seed_from_time(void) {
    return (uint64_t)(wall_time_now() / MICROSECOND) & INT64_MAX;
}

bool plan_make(struct plan *plan, const struct options *options, const struct host *host,
               char error[static PLAN_ERROR_MAX]) {
    struct refuse_buffer to = {error, PLAN_ERROR_MAX};
    memset(plan, 0, sizeof *plan);
    plan->options = options;
    plan->host = *host;
    plan->think = decide_think(options);
    plan->think_mean = options->given.interval ? options->interval.mean : 0;
    plan->hold = options->duration;
    plan->start_at = options->start_at;
    plan->timeout = options->timeout;
    plan->connect_timeout = options->connect_timeout;
    plan->has_warmup = options->given.warmup;
    plan->warmup = options->warmup;
    plan->method = options->method;
    plan->urls_random = options->urls_order == SEQUENCE_RANDOM;
    plan->rate = options->rate;
    plan->reconnect = options->reconnect;
    plan->seed = options->given.seed ? options->seed : seed_from_time();
    error[0] = '\0';
    return decide_targets(plan, to) && decide_part(plan, to) && check_sizes(plan, to) &&
           check_part(plan, to) && check_hosts(plan, to) && decide_workers(plan, to) &&
           decide_ramp(plan, to);
}

uint32_t plan_handshakes(const struct plan *plan) {
    enum { LEAST = 16, MOST = 1024 };
    double per_second =
        (double)plan->ramp.rate.count / duration_seconds(plan->ramp.rate.per) / plan->workers;
    double handshakes = per_second * duration_seconds(plan->connect_timeout);
    return handshakes < LEAST ? LEAST : handshakes > MOST ? MOST : (uint32_t)handshakes;
}

uint32_t plan_share(const struct plan *plan, uint32_t worker) {
    require(worker < plan->workers);
    return plan->connections / plan->workers + (worker < plan->connections % plan->workers);
}

uint64_t plan_workers_of_all(const struct plan *plan) {
    return (uint64_t)plan->workers * plan->parts;
}

uint64_t plan_worker_of_all(const struct plan *plan, uint32_t worker) {
    return (uint64_t)worker * plan->parts + plan->part;
}

/* One after another in turn, of those that are not full yet. */
uint64_t plan_order(const struct plan *plan, uint32_t worker, uint32_t opened) {
    const uint32_t *sizes = plan->sizes;
    if (sizes == NULL)
        return opened * plan_workers_of_all(plan) + plan_worker_of_all(plan, worker);
    uint64_t order = 0, own = (uint64_t)opened * plan->workers + worker;
    for (uint32_t i = 0; i < plan->parts; i++)
        order += min_u64(sizes[i], own + (i < plan->part));
    return order;
}

uint64_t plan_part_of(const struct plan *plan, uint64_t number) {
    return number / plan->parts + (plan->part < number % plan->parts);
}

double plan_part_share(const struct plan *plan) {
    return 1.0 / plan->parts;
}

bool plan_reconnects(const struct plan *plan) {
    return plan->reconnect.high > 0;
}

struct units_interval plan_interval(const struct plan *plan) {
    return (struct units_interval){plan->think, plan->think_mean};
}

duration plan_think_mean(const struct plan *plan) {
    if (plan->think_mean > 0)
        return plan->think_mean;
    return plan->think.low + (plan->think.high - plan->think.low) / 2;
}
