/* The server's own limits, where --server-pid shows them: what it can hold, before the load. */

#include "judge/fit/local.h"
#include "judge/fit/preflight_facts.h"
#include "judge/human.h"
#include "options/options.h"

/* Connections that the server has to hold at once: the plan's, and the poll's. */
static int64_t asked_of(const struct plan *plan) {
    return (int64_t)plan->connections + (plan->status.host[0] != '\0' ? 1 : 0);
}

static void judge_files(struct findings *findings, const struct plan *plan,
                        const struct server_limits *server) {
    int64_t asked = asked_of(plan), have = server->files_room;
    const char *what = server->nginx ? "worker" : "process";
    const char *plural = server->processes == 1 ? "" : server->nginx ? "s" : "es";
    if (have < 0) {
        findings_add(findings, FINDING_server_files, FINDING_UNKNOWN,
                     "could not tell the descriptor limit of the server");
        return;
    }
    bool fits = asked <= have;
    struct finding *finding;
    if (have == INT64_MAX)
        finding = findings_add(findings, FINDING_server_files, FINDING_OK,
                               "the server's descriptors are unlimited");
    else
        finding = findings_add(
            findings, FINDING_server_files, fits ? FINDING_OK : FINDING_WARN,
            "the server has descriptors for %s more connections (%s %s%s, limit %s each, up to %s "
            "open)%s",
            HUMAN_COUNT(have), HUMAN_COUNT(server->processes), what, plural,
            HUMAN_COUNT(server->files_limit), HUMAN_COUNT(server->files_open),
            fits ? "" : ": it cannot accept the others");
    finding->asked = finding->need = asked;
    finding->have = have;
    if (fits)
        return;
    int64_t each = divide_up(asked, (int64_t)server->processes) + server->files_open;
    if (server->nginx)
        finding_do(finding, "in nginx: worker_rlimit_nofile %lld;", (long long)each);
    finding_do(finding, "prlimit --nofile=%lld of its processes; in systemd: LimitNOFILE=%lld",
               (long long)each, (long long)each);
}

/* nginx closes idle keep-alive connections when a sixteenth or less of a worker's
 * worker_connections is free (ngx_drain_connections); the listener and the channel to the master
 * are of that number too. */
static int64_t nginx_room(int64_t worker_connections) {
    enum { LISTENER_AND_CHANNEL = 2 };
    int64_t room = worker_connections - worker_connections / 16 - LISTENER_AND_CHANNEL;
    return room > 0 ? room : 0;
}

/* The least worker_connections whose room is that much. */
static int64_t nginx_need(int64_t room) {
    int64_t need = divide_up(multiply(room + 2, 16), 15);
    while (need > 1 && nginx_room(need - 1) >= room)
        need--;
    while (nginx_room(need) < room)
        need++;
    return need;
}

int64_t server_limits_connections(const struct plan *plan, int64_t workers) {
    return nginx_need(divide_up(asked_of(plan), workers));
}

static void judge_connections(struct findings *findings, const struct plan *plan,
                              const struct server_limits *server) {
    int64_t each = server->worker_connections, workers = (int64_t)server->processes;
    if (each < 0 || workers == 0) {
        findings_add(findings, FINDING_server_connections, FINDING_UNKNOWN,
                     "could not tell nginx's worker_connections: %s",
                     each >= 0                    ? "it has no workers that can be seen"
                     : server->trouble[0] != '\0' ? server->trouble
                                                  : "its configuration could not be read");
        return;
    }
    int64_t asked = asked_of(plan), have = multiply(nginx_room(each), workers);
    bool fits = asked <= have;
    struct finding *finding = findings_add(
        findings, FINDING_server_connections, fits ? FINDING_OK : FINDING_WARN,
        "nginx keeps about %s idle connections (worker_connections %s, %s worker%s; %s)%s",
        HUMAN_COUNT(have), HUMAN_COUNT(each), HUMAN_COUNT(workers), human_plural((uint64_t)workers),
        server->config, fits ? "" : ": beyond 15/16 of its number it closes idle ones");
    finding->asked = finding->need = asked;
    finding->have = have;
    if (!fits)
        finding_do(finding, "in nginx: worker_connections %lld;",
                   (long long)server_limits_connections(plan, workers));
}

void judge_server_limits(struct findings *findings, const struct plan *plan,
                         const struct preflight_facts *facts) {
    if (!plan->options->given.server_pid || plan->options->no_check ||
        facts->process_error[0] != '\0' || facts->process_foreign)
        return;
    judge_files(findings, plan, &facts->server);
    if (facts->server.nginx)
        judge_connections(findings, plan, &facts->server);
}
