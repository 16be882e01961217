/* The observers of one run: the poller of the status page, the followers of the access log and of
 * error logs, the watch over the server's processes and over the kernel's counters; and when each
 * of them is asked first and last. */
#ifndef RUN_OBSERVERS_H
#define RUN_OBSERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/net.h"
#include "observe/access_log.h"
#include "observe/error_log.h"
#include "observe/kernel_watch.h"
#include "observe/process_watch.h"
#include "observe/status_poller.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "run/notes.h"
#include "stats/record.h"

/* Each pointer is NULL when it was not asked for. */
struct observers {
    const struct plan *plan;
    const struct setup *setup;
    struct notes *notes;
    struct status_poller *poller;
    struct access_log *log;
    struct process_watch *process;
    struct error_log *errors;
    struct kernel_watch kernel; /* always */
    int listeners;              /* its descriptor; -1 */
    instant queue_due;          /* when they are looked at next; never, once the load is over */
    bool last_poll_begun, last_poll_done;
    int last_polls;     /* that were begun */
    instant polled_for; /* the tick that the latest poll belongs to */
    instant taken_at;   /* the end of the time that the rate taken last is of */
    bool holding;
    bool closing, log_done; /* the load is over; the log is complete */
    instant closing_since;
    uint64_t rotations_noted;
    bool trouble_noted, shortage_noted;
    int64_t overflows_noted;
    instant overflows_noted_at;
};

/* Everything is looked at for the first time, before the load (with --no-check the page's answer
 * comes beside it). operation: of the poller's events. 0 or -errno. Freed in any case. */
int observers_start(struct observers *observers, const struct plan *plan, const struct setup *setup,
                    struct notes *notes, struct net *net, uint8_t operation, instant now);
void observers_free(struct observers *observers);

/* Ends the poller's connection, by RST; its events may still come until observers_closed(). */
void observers_close(struct observers *observers);
bool observers_closed(const struct observers *observers);

/* True when the load may begin: the server's counters were read. */
bool observers_ready(const struct observers *observers);

/* An event of the poller; sent is the client's own count. */
void observers_event(struct observers *observers, const struct net_event *event, instant now,
                     uint64_t sent);

/* Once in each turn of the loop: what is overdue, the log, and the poll that belongs to the next
 * tick. tick: when that is; never, when none is to come. */
void observers_turn(struct observers *observers, instant now, instant tick, uint64_t sent);

/* Once a second. asking: the load is not over yet. */
void observers_tick(struct observers *observers, instant now, bool asking);

/* The hold begins, or ends; with what the client had counted by then. */
void observers_hold(struct observers *observers, bool holding, instant now,
                    const struct tally_counts *counts);

/* Called again and again when the last request has ended: everything is looked at once more, for
 * the sums to match; true when it was. */
bool observers_over(struct observers *observers, instant now, uint64_t sent);

/* When observers_turn() wants to be called next. */
instant observers_due(const struct observers *observers, instant tick);

/* Requests a second as the server counts them; NAN: not measured. */
double observers_per_second(const struct observers *observers);
/* The same, once: NAN when nothing was counted since it was taken last. */
double observers_take_per_second(struct observers *observers);

/* Writes the observers' views into the record; record->total must be final. */
void observers_record(const struct observers *observers, struct record *record);

#endif
