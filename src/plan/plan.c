/* The plan: what was asked, decided once, and never changed after. */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/require.h"
#include "plan/refuse.h"

/* The bound of --workers, and how long a ramp may take: instants stay far from their end. */
enum { WORKERS_MAX = 4096 };
static const duration ramp_length_max = 365 * DAY;

static uint64_t divide_up(uint64_t dividend, uint64_t divisor) {
    return (dividend + divisor - 1) / divisor;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* A worker's soft limit is raised to the hard one before it opens anything. */
static uint32_t workers_needed(uint64_t connections, const struct host *host) {
    if (host->nofile_hard < 0)
        return 0;
    uint64_t room = host->nofile_hard > PLAN_WORKER_FILES
                        ? (uint64_t)host->nofile_hard - PLAN_WORKER_FILES
                        : 1; /* nothing fits: the preflight says so */
    return (uint32_t)larger(divide_up(connections, room),
                            divide_up(connections, PLAN_WORKER_CONNECTIONS_MAX));
}

static bool decide_workers(struct plan *plan, struct refusal to) {
    const struct options *options = plan->options;
    plan->workers_needed = workers_needed(options->connections, &plan->host);
    if (options->given.workers) {
        plan->workers = (uint32_t)options->workers;
        return options->workers <= options->connections ||
               refuse(to,
                      "--workers: %" PRIu64 " is out of bounds: at most --connections (%" PRIu64
                      ") is accepted",
                      options->workers, options->connections);
    }
    uint64_t workers = plan->workers_needed > 0
                           ? plan->workers_needed
                           : divide_up(options->connections, PLAN_WORKER_CONNECTIONS_MAX);
    plan->workers = (uint32_t)(workers < WORKERS_MAX ? workers : WORKERS_MAX);
    return true;
}

static bool read_target(struct target *target, const char *label, const char *url,
                        struct refusal to) {
    char error[TARGET_ERROR_MAX];
    if (!target_parse(target, url, error))
        return refuse(to, "%s: %s", label, error);
    if (target->tls)
        return refuse(to, "%s: https is not built in: http://host[:port]/path is accepted", label);
    return true;
}

static bool decide_targets(struct plan *plan, struct refusal to) {
    const struct options *options = plan->options;
    char error[TARGET_ERROR_MAX];
    if (!read_target(&plan->target, "URL", options->url, to))
        return false;
    if (options->server_status != NULL &&
        !read_target(&plan->status, "--server-status", options->server_status, to))
        return false;
    snprintf(plan->dial_host, sizeof plan->dial_host, "%s", plan->target.host);
    plan->dial_port = plan->target.port;
    if (options->connect_to == NULL)
        return true;
    return target_parse_endpoint(options->connect_to, plan->dial_host, &plan->dial_port, error) ||
           refuse(to, "--connect-to: %s", error);
}

static bool decide_ramp(struct plan *plan, struct refusal to) {
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
static struct span decide_think(const struct options *options) {
    if (options->rate > 0) {
        duration turn = turn_about(options);
        return (struct span){turn, turn};
    }
    if (options->given.interval)
        return options->interval.span;
    duration quarter = options->keepalive / 4;
    return (struct span){quarter < SECOND ? quarter : SECOND, options->keepalive / 2};
}

/* Microseconds: as a number of JSON it stays exact everywhere (below 2^53). */
static uint64_t seed_from_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000) & INT64_MAX;
}

bool plan_make(struct plan *plan, const struct options *options, enum command command,
               const struct host *host, char error[static PLAN_ERROR_MAX]) {
    struct refusal to = {error, PLAN_ERROR_MAX};
    memset(plan, 0, sizeof *plan);
    plan->options = options;
    plan->command = command;
    plan->host = *host;
    plan->connections = (uint32_t)options->connections;
    plan->think = decide_think(options);
    plan->think_mean = options->given.interval ? options->interval.mean : 0;
    plan->hold = options->duration;
    plan->requests = options->requests;
    plan->rate = options->rate;
    plan->reconnect = options->reconnect;
    plan->seed = options->given.seed ? options->seed : seed_from_time();
    error[0] = '\0';
    return decide_targets(plan, to) && decide_workers(plan, to) && decide_ramp(plan, to);
}

uint32_t plan_share(const struct plan *plan, uint32_t worker) {
    require(worker < plan->workers);
    return plan->connections / plan->workers + (worker < plan->connections % plan->workers);
}

const struct address *plan_address(const struct plan *plan, uint32_t connection) {
    require(plan->address_count > 0);
    return &plan->addresses[connection % plan->address_count];
}

uint32_t plan_pairs(const struct plan *plan) {
    uint32_t sources = plan->sources.count > 0 ? plan->sources.count : 1;
    return (uint32_t)plan->address_count * sources;
}

const struct address *plan_source(const struct plan *plan, uint32_t connection,
                                  struct address *room) {
    if (plan->sources.count == 0)
        return NULL;
    uint32_t turn = connection / (uint32_t)plan->address_count;
    *room = address_set_at(&plan->sources, turn % plan->sources.count);
    return room;
}

bool plan_reconnects(const struct plan *plan) {
    return plan->reconnect.high > 0;
}

struct interval plan_interval(const struct plan *plan) {
    return (struct interval){plan->think, plan->think_mean};
}

duration plan_think_mean(const struct plan *plan) {
    if (plan->think_mean > 0)
        return plan->think_mean;
    return plan->think.low + (plan->think.high - plan->think.low) / 2;
}
