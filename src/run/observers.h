/* The observers of one run: the poller of the status page, the followers of the access log and of
 * error logs, the watch over the server's processes and over the kernel's counters; and when each
 * of them is asked first and last. */
#ifndef RUN_OBSERVERS_H
#define RUN_OBSERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/net.h"
#include "observe/error_log.h"
#include "observe/kernel_watch.h"
#include "observe/log_follower.h"
#include "observe/process_watch.h"
#include "observe/status_poller.h"
#include "plan/plan.h"
#include "run/notes.h"
#include "stats/record.h"

/* Each pointer is NULL when it was not asked for. */
struct observers {
    const struct plan *plan;
    struct notes *notes;
    struct status_poller *poller;
    struct log_follower *log;
    struct process_watch *process;
    struct error_log *errors;
    struct kernel_watch kernel; /* always */
    int listeners;              /* its descriptor; -1 */
    instant queue_due;          /* when they are looked at next; never, once the load is over */
    bool last_poll_begun, last_poll_done;
    bool holding;
    bool closing, log_settled; /* the load is over; the log has said its last */
    instant closing_since;
    uint64_t rotations_told;
    bool trouble_told, shortage_told;
    int64_t overflows_told;
    instant overflows_told_at;
};

/* Everything is looked at for the first time, before the load (with --no-check the page's answer
 * comes beside it). operation: of the poller's events. 0 or -errno. Freed in any case. */
int observers_start(struct observers *observers, const struct plan *plan, struct notes *notes,
                    struct net *net, uint8_t operation, instant now);
void observers_free(struct observers *observers);

/* Ends the poller's connection, by RST; its events may still come until observers_closed(). */
void observers_close(struct observers *observers);
bool observers_closed(const struct observers *observers);

/* True when the load may begin: the server's counters were read. */
bool observers_ready(const struct observers *observers);

/* An event of the poller; sent is the client's own count. */
void observers_event(struct observers *observers, const struct net_event *event, instant now,
                     uint64_t sent);

/* Once in each turn of the loop: what is overdue, and the log. */
void observers_turn(struct observers *observers, instant now, uint64_t sent);

/* Once a second. asking: the load is not over yet. */
void observers_tick(struct observers *observers, instant now, bool asking);

/* The hold begins, or ends with `live` connections. */
void observers_hold(struct observers *observers, bool holding, instant now, uint64_t live);

/* Called again and again when the last request has ended: everything is looked at once more, for
 * the sums to match; true when it was. */
bool observers_over(struct observers *observers, instant now, uint64_t sent);

/* When observers_turn() wants to be called next. */
instant observers_due(const struct observers *observers);

/* Requests a second as the server counts them; NAN: not measured. */
double observers_per_second(const struct observers *observers);

/* What they saw; record->total must be final. */
void observers_record(const struct observers *observers, struct record *record);

#endif
