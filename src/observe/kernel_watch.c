/* The watch over what the kernel counts of dropped connects. */
#include "observe/kernel_watch.h"

/* Counters do not go back: where one seems to, the process was another's in the meantime. */
static int64_t growth(int64_t before, int64_t now) {
    return before < 0 || now < before ? -1 : now - before;
}

static void read_growth(struct namespace_view *view, const struct net_counters *before,
                        const char *root, int pid) {
    struct net_counters now;
    if (!net_counters_read(&now, root, pid))
        return;
    *view = (struct namespace_view){
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
    struct listener_view *view = &watch->listener;
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
    kernel_watch_step(watch);
}

void kernel_watch_step(struct kernel_watch *watch) {
    read_growth(&watch->ours_view, &watch->ours_before, watch->root, 0);
    if (watch->server == KERNEL_SERVER_UNSEEN)
        return;
    if (watch->server > KERNEL_SERVER_HERE)
        read_growth(&watch->server_view, &watch->server_before, watch->root, watch->server);
    else
        watch->server_view = watch->ours_view;
    kernel_watch_queue(watch);
}
