/* The observers of one run. */
#include "run/observers.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "options/options.h"

/* nginx may write its log later than its answers (access_log ... buffer= flush=): how long the last
 * lines are waited for, and for how long when they are still coming. */
static const duration LOG_TIMEOUT = 2 * SECOND, LOG_TIMEOUT_MAX = 5 * SECOND;
static const duration LOG_QUIET = SECOND / 2;
static const duration LOG_LAST_STEP = 20 * MILLISECOND;
static const duration POLL_LEAD_MIN = 100 * MILLISECOND, POLL_LEAD_MAX = 500 * MILLISECOND;
enum { LAST_POLLS_MAX = 2 };
static const duration NOTE_INTERVAL = 10 * SECOND;
static const duration QUEUE_EVERY = 100 * MILLISECOND;

/* --- from nothing, and back --- */

static int start_poller(struct observers *observers, struct net *net, uint8_t operation,
                        instant now) {
    const struct plan *plan = observers->plan;
    const struct setup *setup = observers->setup;
    if (setup->status_address_count == 0)
        return 0;
    observers->poller = calloc(1, sizeof *observers->poller);
    if (observers->poller == NULL)
        return -ENOMEM;
    int error = status_poller_init(observers->poller, net, operation, plan, setup);
    if (error == 0)
        (void)status_poller_poll(observers->poller, now, 0);
    return error;
}

static int start_log(struct observers *observers, instant now) {
    if (!observers->setup->server_log.open)
        return 0;
    observers->log = calloc(1, sizeof *observers->log);
    return observers->log == NULL
               ? -ENOMEM
               : access_log_init(observers->log, observers->plan, observers->setup, now);
}

static bool watches_process(const struct plan *plan, const struct setup *setup) {
    return plan->options->given.server_pid && !setup->server_foreign;
}

static int start_process(struct observers *observers, instant now) {
    const struct options *options = observers->plan->options;
    if (!watches_process(observers->plan, observers->setup))
        return 0;
    observers->process = calloc(1, sizeof *observers->process);
    if (observers->process == NULL)
        return -ENOMEM;
    /* Gone since the preflight: as if it had gone in the run. */
    observers->process->view.ended =
        !process_watch_init(observers->process, "", (int)options->server_pid, now) ||
        observers->process->started != observers->setup->server_started;
    observers->errors = calloc(1, sizeof *observers->errors);
    if (observers->errors == NULL)
        return -ENOMEM;
    if (observers->process->view.ended) /* its number may be another process' by now */
        return 0;
    error_log_init(observers->errors, "", (int)options->server_pid);
    if (!process_watch_is_there(observers->process))
        error_log_free(observers->errors);
    return 0;
}

/* The server's network namespace is that of its process; towards loopback it is ours. */
static void start_kernel(struct observers *observers, instant now) {
    const struct plan *plan = observers->plan;
    const struct setup *setup = observers->setup;
    int server = watches_process(plan, setup) ? (int)plan->options->server_pid
                 : setup_has_both_ends(setup) ? KERNEL_SERVER_HERE
                                              : KERNEL_SERVER_UNSEEN;
    observers->listeners = server == KERNEL_SERVER_UNSEEN
                               ? -1
                               : sock_diag_open(server == KERNEL_SERVER_HERE ? 0 : server);
    kernel_watch_init(&observers->kernel, "", server, plan->connect_port, observers->listeners);
    observers->queue_due = observers->listeners >= 0 ? now : INSTANT_NEVER;
}

int observers_start(struct observers *observers, const struct plan *plan, const struct setup *setup,
                    struct notes *notes, struct net *net, uint8_t operation, instant now) {
    *observers = (struct observers){.plan = plan, .setup = setup, .notes = notes, .listeners = -1};
    start_kernel(observers, now);
    int error = start_log(observers, now);
    if (error == 0)
        error = start_process(observers, now);
    return error == 0 ? start_poller(observers, net, operation, now) : error;
}

void observers_close(struct observers *observers) {
    if (observers->poller != NULL)
        http_client_close(&observers->poller->http_client);
}

bool observers_closed(const struct observers *observers) {
    return observers->poller == NULL || http_client_quiet(&observers->poller->http_client);
}

void observers_free(struct observers *observers) {
    if (observers->poller != NULL)
        status_poller_free(observers->poller);
    if (observers->log != NULL)
        access_log_free(observers->log);
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

/* The last one is made again when it brought no page. */
static void poll_ended(struct observers *observers) {
    bool enough = observers->poller->view.final_poll || observers->last_polls == LAST_POLLS_MAX;
    observers->last_poll_done = observers->last_poll_begun && enough;
}

static void poll(struct observers *observers, instant now, uint64_t sent) {
    if (status_poller_poll(observers->poller, now, sent))
        poll_ended(observers);
}

void observers_event(struct observers *observers, const struct net_event *event, instant now,
                     uint64_t sent) {
    if (status_poller_event(observers->poller, event, now, sent))
        poll_ended(observers);
}

/* The server's counters are read once more when the last request has ended, for the sums to match.
 */
static bool last_poll_over(struct observers *observers, instant now, uint64_t sent) {
    if (observers->poller == NULL || observers->last_poll_done)
        return true;
    if (observers->poller->polling) /* it may have been answered too early */
        return false;
    observers->last_poll_begun = true;
    observers->last_polls++;
    status_poller_over(observers->poller);
    poll(observers, now, sent);
    return observers->last_poll_done;
}

/* --- the log --- */

static void note_log(struct observers *observers) {
    const struct server_log_view *view = &observers->log->view;
    if (view->rotations + view->truncations > observers->rotations_noted) {
        notes_print(observers->notes, "the server's log was rotated: going on with the new one");
        observers->rotations_noted = view->rotations + view->truncations;
    }
    if (view->trouble[0] != '\0' && !observers->trouble_noted) {
        char text[3 * sizeof view->trouble];
        notes_print(observers->notes, "the server's log: %s",
                    text_escape(text, sizeof text, view->trouble));
        observers->trouble_noted = true;
    }
}

static void step_log(struct observers *observers, instant now) {
    struct access_log *log = observers->log;
    if (observers->poller != NULL)
        log->own_polls =
            observers->setup->server_log.own_polls + observers->poller->http_client.sent;
    access_log_step(log, now);
    note_log(observers);
}

/* All lines are there, or there is no use in waiting for more. */
static bool log_over(struct observers *observers, instant now, uint64_t sent) {
    struct access_log *log = observers->log;
    if (log == NULL || observers->log_done)
        return true;
    if (!observers->closing) {
        observers->closing = true;
        observers->closing_since = now;
    }
    step_log(observers, now);
    duration waited = instant_since(now, observers->closing_since);
    bool growing = log->view.behind_bytes > 0 || instant_since(now, log->grew_at) < LOG_QUIET;
    observers->log_done = access_log_complete(log, sent) || waited >= LOG_TIMEOUT_MAX ||
                          (waited >= LOG_TIMEOUT && !growing);
    log->due = instant_earlier(log->due, instant_after(now, LOG_LAST_STEP));
    return observers->log_done;
}

/* --- the process --- */

static void sample_process(struct observers *observers, instant now) {
    if (!process_watch_sample(observers->process, now))
        notes_print(observers->notes, "the server's process %d has ended", observers->process->pid);
}

/* --- the kernel's counters and the error log --- */

static void note_shortage(struct observers *observers) {
    const struct evidence_error_log *view = &observers->errors->view;
    const char *line = view->short_of_files > 0 ? view->files_line : view->connections_line;
    if (line[0] == '\0' || observers->shortage_noted)
        return;
    char text[3 * sizeof view->files_line];
    notes_print(observers->notes, "the server's error log: %s",
                text_escape(text, sizeof text, line));
    observers->shortage_noted = true;
}

static void note_overflows(struct observers *observers, instant now) {
    int64_t overflows = observers->kernel.server_view.listen_overflows;
    int64_t grown = overflows - observers->overflows_noted;
    bool first = observers->overflows_noted == 0;
    if (grown <= 0 || !listener_was_full(&observers->kernel.listener) ||
        (!first && instant_since(now, observers->overflows_noted_at) < NOTE_INTERVAL))
        return;
    notes_print(observers->notes,
                "the server's accept queue is full: %" PRId64
                " overflows%s in %s network namespace, "
                "SYNs are dropped (side: server)",
                grown, first ? "" : " more",
                observers->kernel.server == KERNEL_SERVER_HERE ? "this" : "the server's");
    observers->overflows_noted = overflows;
    observers->overflows_noted_at = now;
}

static void step_evidence(struct observers *observers, instant now) {
    kernel_watch_step(&observers->kernel);
    note_overflows(observers, now);
    if (observers->errors == NULL)
        return;
    error_log_step(observers->errors);
    note_shortage(observers);
}

/* --- all of them --- */

/* The page is asked for so long before the tick that it has been read by then. */
static duration poll_lead(const struct status_poller *poller) {
    duration lead = 2 * poller->took;
    if (lead < POLL_LEAD_MIN)
        return POLL_LEAD_MIN;
    return lead < POLL_LEAD_MAX ? lead : POLL_LEAD_MAX;
}

/* When the poll of that tick is due; never, when it was made. */
static instant poll_due(const struct observers *observers, instant tick) {
    if (observers->poller == NULL || tick.ns == INSTANT_NEVER.ns ||
        observers->polled_for.ns == tick.ns)
        return INSTANT_NEVER;
    return instant_after(tick, -poll_lead(observers->poller));
}

/* A queue is full for a moment only, and by connects. In a hold without --reconnect there are none
 * of ours: then once a second, in step_evidence(), for to look costs more than all else of a turn.
 */
static instant next_queue(const struct observers *observers, instant now) {
    bool connects = !observers->holding || plan_reconnects(observers->plan);
    return connects ? instant_after(now, QUEUE_EVERY) : INSTANT_NEVER;
}

void observers_turn(struct observers *observers, instant now, instant tick, uint64_t sent) {
    if (!instant_before(now, observers->queue_due)) {
        kernel_watch_queue(&observers->kernel);
        observers->queue_due = next_queue(observers, now);
    }
    if (observers->poller != NULL && status_poller_tick(observers->poller, now, sent))
        poll_ended(observers);
    if (observers->poller != NULL && !instant_before(now, poll_due(observers, tick))) {
        observers->polled_for = tick;
        poll(observers, now, sent);
    }
    if (observers->log != NULL && !observers->log_done && !instant_before(now, observers->log->due))
        step_log(observers, now);
}

void observers_tick(struct observers *observers, instant now, bool asking) {
    if (!asking)
        return;
    step_evidence(observers, now);
    if (observers->process != NULL)
        sample_process(observers, now);
    if (observers->log != NULL && !observers->log_done) {
        step_log(observers, now);
        access_log_tick(observers->log, now);
    }
}

void observers_hold(struct observers *observers, bool holding, instant now,
                    const struct tally_counts *counts) {
    bool ends = observers->holding && !holding;
    observers->holding = holding;
    if (observers->poller != NULL) {
        status_poller_hold(observers->poller, holding);
        if (holding)
            poll(observers, now, counts->sent);
    }
    if (!holding && !ends)
        return;
    if (observers->log != NULL)
        access_log_hold(observers->log, holding, now);
    if (observers->process != NULL) {
        sample_process(observers, now);
        process_watch_hold(observers->process, holding, counts->live);
    }
}

bool observers_over(struct observers *observers, instant now, uint64_t sent) {
    step_evidence(observers, now);
    bool polled = last_poll_over(observers, now, sent);
    bool over = log_over(observers, now, sent) && polled;
    if (over)
        observers->queue_due = INSTANT_NEVER;
    return over;
}

instant observers_due(const struct observers *observers, instant tick) {
    instant due = instant_earlier(observers->queue_due, poll_due(observers, tick));
    if (observers->poller != NULL)
        due = instant_earlier(due, observers->poller->http_client.deadline);
    if (observers->log != NULL && !observers->log_done)
        due = instant_earlier(due, observers->log->due);
    return due;
}

double observers_per_second(const struct observers *observers) {
    if (observers->poller != NULL)
        return observers->poller->per_second;
    return observers->log != NULL ? observers->log->per_second : (double)NAN;
}

double observers_take_per_second(struct observers *observers) {
    instant at = observers->poller != NULL ? observers->poller->last_at
                 : observers->log != NULL  ? observers->log->ticked_at
                                           : (instant){0};
    bool news = at.ns != observers->taken_at.ns;
    observers->taken_at = at;
    return news ? observers_per_second(observers) : (double)NAN;
}

void observers_record(const struct observers *observers, struct record *record) {
    if (observers->poller != NULL) {
        status_poller_no_final_page(observers->poller, record->total.counts.sent);
        record->server = observers->poller->view;
    }
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
