/* The watch over what the kernel counts of dropped connects. */
#include "observe/kernel_watch.h"

#include "host/process_facts.h"

/* Counters do not go back: where one seems to, the process was another's in the meantime. */
static int64_t growth(int64_t before, int64_t now) {
    return before < 0 || now < before ? -1 : now - before;
}

static void read_growth(struct evidence_namespace *view, const struct net_counters *before,
                        const char *root, int pid) {
    struct net_counters now;
    if (!net_counters_read(&now, root, pid))
        return;
    *view = (struct evidence_namespace){
        .measured = true,
        .listen_overflows = growth(before->listen_overflows, now.listen_overflows),
        .listen_drops = growth(before->listen_drops, now.listen_drops),
        .request_queue_drops = growth(before->request_queue_drops, now.request_queue_drops),
        .syn_retransmits = growth(before->syn_retransmits, now.syn_retransmits),
        .timeouts = growth(before->timeouts, now.timeouts),
        .memory_aborts = growth(before->memory_aborts, now.memory_aborts),
    };
}

void kernel_watch_queue(struct kernel_watch *watch) {
    struct listen_queue queue;
    if (watch->listeners < 0 || !listen_queue_read(watch->listeners, watch->port, &queue) ||
        queue.listeners == 0)
        return;
    struct evidence_listener *view = &watch->listener;
    view->measured = true;
    view->queued = queue.queued;
    view->backlog = queue.backlog;
    if (queue.queued > view->queued_peak)
        view->queued_peak = queue.queued;
}

void kernel_watch_init(struct kernel_watch *watch, const char *root, int server, uint16_t port,
                       int listeners) {
    *watch =
        (struct kernel_watch){.root = root, .server = server, .port = port, .listeners = listeners};
    net_counters_read(&watch->ours_before, root, 0);
    if (server > KERNEL_SERVER_HERE)
        net_counters_read(&watch->server_before, root, server);
    struct process_facts facts;
    if (server > KERNEL_SERVER_HERE && process_facts_read(&facts, root, server))
        watch->server_started = facts.started;
    kernel_watch_step(watch);
}

/* A later process of its number may be in another namespace. */
static bool is_same_process(const struct kernel_watch *watch) {
    struct process_facts facts;
    return watch->server_started == 0 || (process_facts_read(&facts, watch->root, watch->server) &&
                                          facts.started == watch->server_started);
}

void kernel_watch_step(struct kernel_watch *watch) {
    read_growth(&watch->ours_view, &watch->ours_before, watch->root, 0);
    if (watch->server == KERNEL_SERVER_UNSEEN)
        return;
    if (watch->server > KERNEL_SERVER_HERE) {
        struct evidence_namespace view = watch->server_view;
        read_growth(&view, &watch->server_before, watch->root, watch->server);
        if (is_same_process(watch))
            watch->server_view = view;
    }
    if (watch->server == KERNEL_SERVER_HERE)
        watch->server_view = watch->ours_view;
    kernel_watch_queue(watch);
}
