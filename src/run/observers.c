/* The observers of one run. */
#include "run/observers.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "judge/local.h"

/* nginx may write its log later than its answers (access_log ... buffer= flush=): how long the last
 * lines are waited for, and for how long when they are still coming. */
static const duration LOG_PATIENCE = 2 * SECOND, LOG_PATIENCE_MAX = 5 * SECOND;
static const duration LOG_QUIET = SECOND / 2;
static const duration LOG_LAST_STEP = 20 * MILLISECOND;
static const duration TOLD_QUIET = 10 * SECOND;
static const duration QUEUE_EVERY = 100 * MILLISECOND;

/* --- from nothing, and back --- */

static int start_poller(struct observers *observers, struct net *net, uint8_t operation,
                        instant now) {
    const struct plan *plan = observers->plan;
    if (plan->status_address.length == 0)
        return 0;
    observers->poller = calloc(1, sizeof *observers->poller);
    if (observers->poller == NULL)
        return -ENOMEM;
    int error = status_poller_init(observers->poller, net, operation, plan, &plan->status_address);
    if (error == 0)
        status_poller_poll(observers->poller, now);
    return error;
}

static int start_log(struct observers *observers, instant now) {
    if (!observers->plan->server_log.open)
        return 0;
    observers->log = calloc(1, sizeof *observers->log);
    return observers->log == NULL ? -ENOMEM
                                  : log_follower_init(observers->log, observers->plan, now);
}

static int start_process(struct observers *observers, instant now) {
    const struct options *options = observers->plan->options;
    if (!options->given.server_pid)
        return 0;
    observers->process = calloc(1, sizeof *observers->process);
    if (observers->process == NULL)
        return -ENOMEM;
    /* Gone since the preflight: as if it had gone in the run. */
    observers->process->view.ended =
        !process_watch_init(observers->process, "", (int)options->server_pid, now);
    observers->errors = calloc(1, sizeof *observers->errors);
    if (observers->errors == NULL)
        return -ENOMEM;
    error_log_init(observers->errors, "", (int)options->server_pid);
    return 0;
}

/* The server's network namespace is that of its process; towards loopback it is ours. */
static void start_kernel(struct observers *observers, instant now) {
    const struct plan *plan = observers->plan;
    int server = plan->options->given.server_pid ? (int)plan->options->server_pid
                 : local_has_both_ends(plan)     ? KERNEL_SERVER_HERE
                                                 : KERNEL_SERVER_UNSEEN;
    observers->listeners = server == KERNEL_SERVER_UNSEEN
                               ? -1
                               : sock_diag_open(server == KERNEL_SERVER_HERE ? 0 : server);
    kernel_watch_init(&observers->kernel, "", server, plan->dial_port, observers->listeners);
    observers->queue_due = observers->listeners >= 0 ? now : INSTANT_NEVER;
}

int observers_start(struct observers *observers, const struct plan *plan, struct notes *notes,
                    struct net *net, uint8_t operation, instant now) {
    *observers = (struct observers){.plan = plan, .notes = notes, .listeners = -1};
    start_kernel(observers, now);
    int error = start_log(observers, now);
    if (error == 0)
        error = start_process(observers, now);
    return error == 0 ? start_poller(observers, net, operation, now) : error;
}

void observers_close(struct observers *observers) {
    if (observers->poller != NULL)
        asker_close(&observers->poller->asker);
}

bool observers_closed(const struct observers *observers) {
    return observers->poller == NULL || asker_quiet(&observers->poller->asker);
}

void observers_free(struct observers *observers) {
    if (observers->poller != NULL)
        status_poller_free(observers->poller);
    if (observers->log != NULL)
        log_follower_free(observers->log);
    if (observers->plan != NULL && observers->listeners >= 0) /* it was started */
        close(observers->listeners);
    if (observers->errors != NULL)
        error_log_free(observers->errors);
    free(observers->errors);
    free(observers->poller);
    free(observers->log);
    free(observers->process);
}

bool observers_ready(const struct observers *observers) {
    return observers->poller == NULL || observers->plan->options->no_check ||
           !observers->poller->polling;
}

/* --- the poller --- */

static void poll_ended(struct observers *observers) {
    observers->last_poll_done = observers->last_poll_begun;
}

void observers_event(struct observers *observers, const struct net_event *event, instant now,
                     uint64_t sent) {
    if (status_poller_event(observers->poller, event, now, sent))
        poll_ended(observers);
}

/* The server's counters are read once more when the last request has ended, for the sums to match.
 */
static bool last_poll_over(struct observers *observers, instant now) {
    if (observers->poller == NULL || observers->last_poll_done)
        return true;
    if (!observers->poller->polling) { /* one that is on its way may have been answered too early */
        status_poller_poll(observers->poller, now);
        observers->last_poll_begun = true;
    }
    return false;
}

/* --- the log --- */

static void tell_of_log(struct observers *observers) {
    const struct log_view *view = &observers->log->view;
    if (view->rotations + view->truncations > observers->rotations_told) {
        notes_say(observers->notes, "the server's log was rotated: going on with the new one");
        observers->rotations_told = view->rotations + view->truncations;
    }
    if (view->trouble[0] != '\0' && !observers->trouble_told) {
        char text[3 * sizeof view->trouble];
        notes_say(observers->notes, "the server's log: %s",
                  text_escape(text, sizeof text, view->trouble));
        observers->trouble_told = true;
    }
}

static void step_log(struct observers *observers, instant now) {
    struct log_follower *log = observers->log;
    if (observers->poller != NULL)
        log->own_polls = observers->plan->server_log.own_polls + observers->poller->view.polls_sent;
    log_follower_step(log, now);
    tell_of_log(observers);
}

/* All lines are there, or there is no use in waiting for more. */
static bool log_over(struct observers *observers, instant now, uint64_t sent) {
    struct log_follower *log = observers->log;
    if (log == NULL || observers->log_settled)
        return true;
    if (!observers->closing) {
        observers->closing = true;
        observers->closing_since = now;
    }
    step_log(observers, now);
    duration waited = instant_since(now, observers->closing_since);
    bool growing = log->view.behind_bytes > 0 || instant_since(now, log->grew_at) < LOG_QUIET;
    observers->log_settled = log_follower_complete(log, sent) || waited >= LOG_PATIENCE_MAX ||
                             (waited >= LOG_PATIENCE && !growing);
    log->due = instant_earlier(log->due, instant_after(now, LOG_LAST_STEP));
    return observers->log_settled;
}

/* --- the process --- */

static void sample_process(struct observers *observers, instant now) {
    if (!process_watch_sample(observers->process, now))
        notes_say(observers->notes, "the server's process %d has ended", observers->process->pid);
}

/* --- the kernel's counters and the error log --- */

static void tell_of_shortage(struct observers *observers) {
    const struct error_log_view *view = &observers->errors->view;
    const char *line = view->short_of_files > 0 ? view->files_line : view->connections_line;
    if (line[0] == '\0' || observers->shortage_told)
        return;
    char text[3 * sizeof view->files_line];
    notes_say(observers->notes, "the server's error log: %s", text_escape(text, sizeof text, line));
    observers->shortage_told = true;
}

static void tell_of_overflows(struct observers *observers, instant now) {
    int64_t overflows = observers->kernel.server_view.listen_overflows;
    int64_t grown = overflows - observers->overflows_told;
    bool first = observers->overflows_told == 0;
    if (grown <= 0 || !listener_was_full(&observers->kernel.listener) ||
        (!first && instant_since(now, observers->overflows_told_at) < TOLD_QUIET))
        return;
    notes_say(observers->notes,
              "the server's accept queue is full: %" PRId64 " overflows%s in %s network namespace, "
              "SYNs are dropped (side: server)",
              grown, first ? "" : " more",
              observers->kernel.server == KERNEL_SERVER_HERE ? "this" : "the server's");
    observers->overflows_told = overflows;
    observers->overflows_told_at = now;
}

static void step_evidence(struct observers *observers, instant now) {
    kernel_watch_step(&observers->kernel);
    tell_of_overflows(observers, now);
    if (observers->errors == NULL)
        return;
    error_log_step(observers->errors);
    tell_of_shortage(observers);
}

/* --- all of them --- */

void observers_turn(struct observers *observers, instant now, uint64_t sent) {
    if (!instant_before(now, observers->queue_due)) {
        kernel_watch_queue(&observers->kernel);
        observers->queue_due = instant_after(now, QUEUE_EVERY);
    }
    if (observers->poller != NULL && status_poller_tick(observers->poller, now, sent))
        poll_ended(observers);
    if (observers->log != NULL && !observers->log_settled &&
        !instant_before(now, observers->log->due))
        step_log(observers, now);
}

void observers_tick(struct observers *observers, instant now, bool asking) {
    if (!asking)
        return;
    step_evidence(observers, now);
    if (observers->poller != NULL)
        status_poller_poll(observers->poller, now);
    if (observers->process != NULL)
        sample_process(observers, now);
    if (observers->log != NULL && !observers->log_settled) {
        step_log(observers, now);
        log_follower_tick(observers->log, now);
    }
}

void observers_hold(struct observers *observers, bool holding, instant now, uint64_t live) {
    bool ends = observers->holding && !holding;
    observers->holding = holding;
    if (observers->poller != NULL) {
        status_poller_hold(observers->poller, holding);
        if (holding)
            status_poller_poll(observers->poller, now);
    }
    if (!holding && !ends)
        return;
    if (observers->log != NULL)
        log_follower_hold(observers->log, holding, now);
    if (observers->process != NULL) {
        sample_process(observers, now);
        process_watch_hold(observers->process, holding, live);
    }
}

bool observers_over(struct observers *observers, instant now, uint64_t sent) {
    step_evidence(observers, now);
    bool polled = last_poll_over(observers, now);
    bool over = log_over(observers, now, sent) && polled;
    if (over)
        observers->queue_due = INSTANT_NEVER;
    return over;
}

instant observers_due(const struct observers *observers) {
    instant due = observers->queue_due;
    if (observers->poller != NULL)
        due = instant_earlier(due, observers->poller->asker.deadline);
    if (observers->log != NULL && !observers->log_settled)
        due = instant_earlier(due, observers->log->due);
    return due;
}

double observers_per_second(const struct observers *observers) {
    if (observers->poller != NULL)
        return observers->poller->per_second;
    return observers->log != NULL ? observers->log->per_second : (double)NAN;
}

void observers_record(const struct observers *observers, struct record *record) {
    if (observers->poller != NULL)
        record->server = observers->poller->view;
    if (observers->log != NULL) {
        record->server_log = observers->log->view;
        record->server_log.client_sent = record->total.counts.sent;
    }
    if (observers->process != NULL)
        record->server_process = observers->process->view;
    record->evidence =
        (struct evidence){.ours = observers->kernel.ours_view,
                          .server = observers->kernel.server_view,
                          .server_is_here = observers->kernel.server == KERNEL_SERVER_HERE,
                          .listener = observers->kernel.listener};
    if (observers->errors != NULL)
        record->evidence.error_log = observers->errors->view;
}
