/* The plan's pace: connects against the listener's backlog, connects and requests against CPU. */
#include <math.h>
#include <stdio.h>

#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"
#include "options/options.h"

static const duration tick = 10 * MILLISECOND;

/* CPU of ours (user and kernel) in seconds, as measured on 6.18: at rates of a core's worth the
 * least, at the rates of a soak the most. What is warned of is too much even at the least. */
struct cost {
    double least, most;
};
static const struct cost connect_cost = {12e-6, 25e-6}, request_cost = {5e-6, 15e-6};
/* With a full TLS 1.3 handshake: OpenSSL 3.0's client alone 0.4 to 0.7 ms, in a ramp beside other
 * work 1.05 ms. */
static const struct cost secure_connect_cost = {0.4e-3, 1.1e-3};

double pace_requests_per_second(const struct plan *plan) {
    duration mean = plan_think_mean(plan);
    return mean > 0 ? (double)plan->connections * (double)SECOND / (double)mean : 0;
}

/* --- the listener's backlog --- */

/* Connects that the ramp owes in one tick: what meets the server's accept queue at once. */
static int64_t ramp_burst(const struct ramp *ramp) {
    uint64_t due = (uint64_t)divide_up((int64_t)ramp->rate.count * tick, ramp->rate.per);
    return (int64_t)(due < ramp->target ? due : ramp->target);
}

/* The queue that fills first, and what it is called. */
struct queue {
    int64_t length; /* -1: could not tell */
    bool own;       /* the listener's own backlog, not somaxconn as its greatest */
    char text[160];
};

/* Without SYN cookies a quarter of tcp_max_syn_backlog is kept for peers that are known
 * (tcp_conn_request of net/ipv4/tcp_input.c). */
static void limit_by_syn_backlog(struct queue *queue, const struct host *host) {
    int64_t room = host->tcp_max_syn_backlog - host->tcp_max_syn_backlog / 4;
    if (host->tcp_syncookies != 0 || host->tcp_max_syn_backlog <= 0 || room >= queue->length)
        return;
    queue->length = room;
    snprintf(queue->text, sizeof queue->text,
             "no SYN cookies and tcp_max_syn_backlog %s (of which three quarters count)",
             HUMAN_COUNT(host->tcp_max_syn_backlog));
}

static struct queue queue_of(const struct plan *plan, const struct preflight_facts *facts) {
    const struct host *host = &plan->host;
    struct queue queue = {.length = host->somaxconn};
    const struct host_listeners *listeners = &facts->listeners;
    if (facts->listeners_known && listeners->count > 0) {
        queue.own = true;
        queue.length = listeners->backlog;
        snprintf(queue.text, sizeof queue.text,
                 "the backlog of the listener%s is %s (somaxconn %s)",
                 listeners->count > 1 ? "s together" : "", HUMAN_COUNT(queue.length),
                 host->somaxconn < 0 ? "unknown" : HUMAN_COUNT(host->somaxconn));
    } else if (queue.length >= 0) {
        snprintf(queue.text, sizeof queue.text, "somaxconn %s", HUMAN_COUNT(queue.length));
    }
    if (queue.length >= 0)
        limit_by_syn_backlog(&queue, host);
    return queue;
}

static void backlog_do(struct finding *finding, const struct plan *plan, const struct queue *queue,
                       int64_t burst) {
    const struct host *host = &plan->host;
    if (queue->length > 0)
        finding_do(finding, "--ramp %lld/10ms", (long long)queue->length);
    if (host->tcp_syncookies == 0)
        finding_do(finding, "sysctl -w net.ipv4.tcp_syncookies=1");
    if (queue->own && host->somaxconn >= burst)
        finding_do(finding, "a longer backlog in the server's listen: %lld", (long long)burst);
    else
        finding_do(finding, "sysctl -w net.core.somaxconn=%lld, and as much in the server's listen",
                   (long long)burst);
}

void judge_backlog(struct findings *findings, const struct plan *plan, const struct setup *setup,
                   const struct preflight_facts *facts) {
    int64_t burst = ramp_burst(&plan->ramp);
    if (setup->address_count > 0 && !setup_has_both_ends(setup)) {
        findings_add(findings, FINDING_backlog, FINDING_SKIPPED,
                     "up to %s connects in 10 ms: the server's somaxconn is not ours to read",
                     HUMAN_COUNT(burst));
        return;
    }
    struct queue queue = queue_of(plan, facts);
    if (queue.length < 0 || setup->address_count == 0) {
        findings_add(findings, FINDING_backlog, FINDING_UNKNOWN, "could not tell: %s",
                     queue.length < 0 ? "net.core.somaxconn could not be read"
                                      : "no address to connect to is known");
        return;
    }
    bool fits = burst <= queue.length;
    bool unknown = plan->host.tcp_syncookies < 0 ||
                   (plan->host.tcp_syncookies == 0 && plan->host.tcp_max_syn_backlog < 0);
    struct finding *finding =
        findings_add(findings, FINDING_backlog,
                     !fits     ? FINDING_WARN
                     : unknown ? FINDING_UNKNOWN
                               : FINDING_OK,
                     "%s and up to %s connects in 10 ms%s", queue.text, HUMAN_COUNT(burst),
                     !fits     ? ": SYNs may be dropped on the server"
                     : unknown ? "; could not tell tcp_syncookies and tcp_max_syn_backlog"
                               : "");
    finding->asked = finding->need = burst;
    finding->have = queue.length;
    if (!fits)
        backlog_do(finding, plan, &queue, burst);
}

/* --- CPU --- */

/* A worker is one thread: more CPUs than workers help nobody. */
static double cores_of(const struct plan *plan) {
    double cores = (double)(plan->host.cpus < plan->workers ? plan->host.cpus : plan->workers);
    int64_t quota = plan->host.cpu_quota_milli;
    return quota > 0 && (double)quota / 1000 < cores ? (double)quota / 1000 : cores;
}

/* "1 worker on 2 CPUs". */
static const char *crew_of(char *text, size_t size, const struct plan *plan) {
    const struct host *host = &plan->host;
    int length = snprintf(text, size, "%s worker%s on %s CPU%s%s", HUMAN_COUNT(plan->workers),
                          human_plural(plan->workers), HUMAN_COUNT(host->cpus),
                          human_plural((uint64_t)host->cpus),
                          host->cpu_quota_milli <= 0 ? " (could not tell cpu.max)" : "");
    if (host->cpu_quota_milli > 0 && host->cpu_quota_milli / 1000 < host->cpus && length > 0 &&
        (size_t)length < size)
        snprintf(text + length, size - (size_t)length, ", %.3g of them by cpu.max",
                 (double)host->cpu_quota_milli / 1000);
    return text;
}

/* Per cent of one core, in two digits: "0.32", "12", "340". */
static const char *percent(char *text, size_t size, double cores) {
    snprintf(text, size, cores < 1 ? "%.2g" : "%.0f", 100 * cores);
    return text;
}

/* The cost of a rate, against the CPUs that there are. */
static struct finding *judge_rate(struct findings *findings, const struct plan *plan,
                                  enum finding_code code, const char *what, double rate,
                                  const struct cost *cost) {
    char least[32], most[32], crew[96];
    double cores = cores_of(plan);
    bool fits = rate * cost->least <= cores;
    struct finding *finding =
        findings_add(findings, code, fits ? FINDING_OK : FINDING_WARN,
                     "%s %s a second, %s to %s %% of one core; %s%s", HUMAN_COUNT(llround(rate)),
                     what, percent(least, sizeof least, rate * cost->least),
                     percent(most, sizeof most, rate * cost->most),
                     crew_of(crew, sizeof crew, plan), fits ? "" : ": it will be late");
    finding->asked = finding->need = llround(rate);
    finding->have = llround(cores / cost->least);
    return finding;
}

/* More of them where there are CPUs for them. */
static void workers_do(struct finding *finding, const struct plan *plan) {
    int64_t most = plan->host.cpus < plan->connections ? plan->host.cpus : plan->connections;
    if (finding->status == FINDING_WARN && most > plan->workers)
        finding_do(finding, "--workers %lld   (one a CPU)", (long long)most);
}

void judge_ramp(struct findings *findings, const struct plan *plan) {
    const struct units_rate *rate = &plan->ramp.rate;
    double planned =
        (double)rate->count * (double)SECOND / (double)rate->per * plan_part_share(plan);
    double connects = planned < plan->connections ? planned : plan->connections;
    if (plan->host.cpus <= 0) {
        findings_add(findings, FINDING_ramp, FINDING_UNKNOWN,
                     "%s connects a second; could not tell how many CPUs there are",
                     HUMAN_COUNT(llround(connects)));
        return;
    }
    bool tls = plan->target.tls;
    struct finding *finding =
        judge_rate(findings, plan, FINDING_ramp, tls ? "connects with TLS" : "connects", connects,
                   tls ? &secure_connect_cost : &connect_cost);
    workers_do(finding, plan);
    if (finding->status == FINDING_WARN)
        finding_do(finding, "--ramp %lld", (long long)finding->have * plan->parts);
}

void judge_cpu(struct findings *findings, const struct plan *plan) {
    char crew[96];
    double requests = pace_requests_per_second(plan);
    if (plan->host.cpus <= 0) {
        findings_add(findings, FINDING_cpu, FINDING_UNKNOWN,
                     "could not tell how many CPUs there are");
        return;
    }
    if (requests == 0) {
        findings_add(findings, FINDING_cpu, FINDING_OK, "a closed loop takes what it gets: %s",
                     crew_of(crew, sizeof crew, plan));
        return;
    }
    struct finding *finding =
        judge_rate(findings, plan, FINDING_cpu, "requests", requests, &request_cost);
    workers_do(finding, plan);
    if (finding->status != FINDING_WARN)
        return;
    if (plan->rate > 0)
        finding_do(finding, "--rate %lld", (long long)finding->have * plan->parts);
    else
        finding_do(finding, "longer think times: --interval, or --keepalive");
}

void judge_warmup(struct findings *findings, const struct plan *plan) {
    duration warmup = plan->options->warmup;
    if (!plan->options->given.warmup || plan->hold == 0 || warmup < plan->hold)
        return;
    struct finding *finding =
        findings_add(findings, FINDING_warmup, FINDING_WARN,
                     "%s of warm-up in a hold of %s: no latency will be measured",
                     HUMAN_OPTION(warmup), HUMAN_OPTION(plan->hold));
    finding_do(finding, "a longer --duration, or a shorter --warmup");
}
