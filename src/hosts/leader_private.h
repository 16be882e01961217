/* The leader's state, and the functions that its files share. */
#ifndef HOSTS_LEADER_PRIVATE_H
#define HOSTS_LEADER_PRIVATE_H

#include "hosts/clock_offset.h"
#include "hosts/leader.h"
#include "hosts/message.h"
#include "hosts/remote.h"
#include "hosts/seconds.h"
#include "options/host_list.h"
#include "report/format/line_writer.h"
#include "report/terminal/screen.h"
#include "run/execs.h"
#include "run/loop.h"
#include "run/notes.h"
#include "run/observers.h"

/* Of the loop's events. */
enum {
    SIGNAL_OPERATION,
    OUT_OPERATION,
    ERR_OPERATION,
    STATUS_OPERATION,
    EXEC_OPERATION,
    ORDERS_OPERATION,
};

/* How far a part has come. */
enum host_part_state {
    PART_STARTING, /* it has not said hello */
    PART_FITTING,  /* it looks whether the plan fits */
    PART_FITTED,
    PART_COMPARING, /* its clock is asked for, while it has nothing else to do */
    PART_COMPARED,
    PART_ARMED, /* it makes its workers ready */
    PART_READY,
    PART_RUNNING, /* the order to go is given */
    PART_ENDED,   /* with all that it had to say */
    PART_LOST,    /* without */
};

/* Where a part's run stands, as its lines say. */
enum host_phase { IN_START, IN_RAMP, IN_HOLD, IN_FREEZE, IN_DRAIN, HOST_PHASES };

/* One host's part, as the leader sees it. */
struct host_part {
    char name[HOST_NAME_SIZE];
    struct remote remote;
    struct line_writer in; /* owns remote.in */
    enum host_part_state state;
    char *bytes; /* of its standard output, not read yet */
    size_t length, room;
    char err[512]; /* of its standard error: a line that has no end yet */
    size_t err_length;
    char said[200];    /* the last that it printed beside the protocol; "" */
    uint32_t shown;    /* lines of it */
    char why[300];     /* it was lost, or could not begin; "" */
    bool cut;          /* a second interrupt waited for it no longer: that is why */
    char refused[200]; /* its figures cannot be added up with the others'; "" */
    instant heard;     /* when a line came last */
    instant left_at;   /* when a signal there was heard to have ended it; 0: none has */
    instant lost_at;   /* when it was known to be lost; 0: it is not */
    bool silent;       /* that it was not heard of is told */
    bool answered;     /* it said hello, as one of this version */
    struct clock_offset clock;
    int64_t asked; /* how many times for its clock */
    instant asked_at;
    bool fits;
    int exit_code;
    int64_t can_hold;      /* connections; -1: not known */
    uint64_t asked_target; /* requests of its preflights that were answered */
    char limit[32], reason[300];
    struct findings findings; /* of its preflight: what is no OK */
    uint32_t share;
    struct saved_follow *follow; /* NULL: no timeline yet */
    enum host_phase phase;
    instant started;                              /* by our clock; 0: its load has not begun */
    double cpu_percent, descriptors, lag_seconds; /* of its latest second */
    struct seconds_part seconds;
    uint64_t lost;                    /* connections that were lost with it */
    struct record_host host;          /* in the end */
    uint64_t outcomes[OUTCOME_COUNT]; /* the same */
    struct finding own[2];            /* of its run, of its own side, with what they rest on */
    size_t own_count;
    size_t workers_lost;                     /* the same of workers */
    bool merged;                             /* its figures are in the whole's */
    double hold_seconds, per_second_mean;    /* of its own hold */
    bool ended_empty;                        /* nothing was live there any more */
    char engine[64], engine_reason[240];     /* of its record */
    struct address addresses[ADDRESSES_MAX]; /* that it has for the target */
    size_t address_count;
};

struct leader {
    const struct plan *plan;
    struct setup *setup;
    struct judgement *judgement;
    struct session_timeline *timeline;
    struct scrape *scrape;
    struct loop loop;
    size_t count;
    struct host_part *parts;
    bool sized; /* the shares are bounded by what each host can hold, not equal */
    uint32_t *shares;
    struct notes notes;
    struct screen screen;
    struct block_view view;
    struct rules rules;
    instant go; /* when the load begins, by our clock */
    instant next_tick;
    bool stopping, cut;
    unsigned interrupts;
    struct observers observers;
    bool observing;     /* these were started */
    bool holding, held; /* all parts hold; they did */
    struct execs execs;
    bool aborting;         /* a rule can no longer hold: --abort-on-fail */
    struct record *sum;    /* of what has come so far, with our marks, and our seconds */
    const char *imbalance; /* of the ledger, the first; NULL */
    uint64_t answered_before;
    struct histogram *latency_before;
    struct timeline_sample latest;
    struct seconds_all seconds;
    double tick_seconds_max;
    uint64_t ticks;
    struct tally_counts drained; /* live and connecting: of parts that ended before others */
    uint64_t live_peak;          /* the most that all were heard to hold together */
    bool skew_told;
};

/* leader_part.c: what comes from a part and goes to it. */
/* Starts them all; those that could not be are lost. */
void leader_start_parts(struct leader *leader);
/* What a part printed is there. */
void leader_read_out(struct leader *leader, struct host_part *part);
void leader_read_err(struct leader *leader, struct host_part *part);
/* A part that has ended without its last line, or is given up: printf style, why. */
void leader_lose(struct leader *leader, struct host_part *part, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool leader_is_over(const struct host_part *part);
/* Whether it ended because of a signal there, and all may still be meant; and when that is known.
 */
bool leader_is_leaving(const struct leader *leader, const struct host_part *part);
instant leader_left_due(const struct leader *leader);
/* Whether nobody goes on. */
bool leader_all_over(const struct leader *leader);
/* Those that were meant alone are lost. */
void leader_lose_left(struct leader *leader);
/* What has come of a part so far; NULL: nothing. */
const struct record *leader_record_of(const struct host_part *part);
/* What came of it last is final but for its drain: of the last figures, while part->phase is its
 * last word, which comes before them. */
bool leader_is_frozen(const struct host_part *part);
/* All that it held as it was heard of last is lost. */
void leader_lose_held(struct tally *tally, const struct host_part *part);
/* As the timeline and the live view say it. */
extern const char *const leader_phase_names[HOST_PHASES];
/* Of whoever is least far, of those who go on. */
enum host_phase leader_phase(const struct leader *leader);
/* To one. */
void leader_send_plan(struct leader *leader, struct host_part *part);
void leader_compare_clock(struct leader *leader, struct host_part *part);
void leader_send_arm(struct leader *leader, struct host_part *part);
void leader_send_go(struct leader *leader, struct host_part *part, instant go);
void leader_send_stop(struct leader *leader, struct host_part *part);
/* To stop, and to wait for nothing that is outstanding for long. */
void leader_send_hurry(struct leader *leader, struct host_part *part);
void leader_send_abort(struct leader *leader, struct host_part *part, const char *rule);
/* number: from 1. */
void leader_send_mark(struct leader *leader, struct host_part *part, const char *text,
                      uint32_t number);
/* What pipes did not take at once, as far as they take it now; whether some still waits. */
bool leader_flush(struct leader *leader);
void leader_free_parts(struct leader *leader);

/* leader_server.c: what the server says of itself, which we alone ask. */
/* Before the load, once the preflights are over: 0 or -errno. Ended in any case. */
int leader_server_start(struct leader *leader);
void leader_server_end(struct leader *leader);
/* When leader_server_turn() wants to be called next; it also sees the hold begin and end. */
instant leader_server_due(const struct leader *leader);
void leader_server_turn(struct leader *leader);
/* When all parts have ended: true once everything was looked at once more. */
bool leader_server_is_over(struct leader *leader);

/* leader_marks.c: marks, and the commands of --exec-at. */
void leader_mark(struct leader *leader, const char *text);
instant leader_execs_due(const struct leader *leader);
void leader_execs_turn(struct leader *leader);
/* What all parts lost after each. */
void leader_marks_add_up(struct leader *leader);
/* Those of the parts themselves, behind ours. */
void leader_marks_of_parts(struct leader *leader);

/* leader_sum.c: all parts together, while they go on and in the end. */
/* All figures anew. */
void leader_add_up(struct leader *leader);
/* A second is over, so long ago. */
void leader_tick(struct leader *leader, duration behind);
/* The latest second as a line. */
void leader_print_line(struct leader *leader);
/* A moment by this host's time of day. */
struct timespec leader_wall_of(instant moment, instant now);
/* How far apart the parts began, and the same in words; below zero: none has. */
duration leader_skew(const struct leader *leader, char text[static 200]);

/* leader_end.c: all parts as one run. */
/* The whole; NULL: none of them sent any load. */
struct saved *leader_merge(struct leader *leader);

/* leader_findings.c. Findings of the parts' preflights, each with the names of its hosts. */
void leader_tell_findings(const struct leader *leader, struct findings *findings);
/* Of the whole, in the end: how far apart they began, and who was lost. */
void leader_find_hosts(const struct leader *leader, struct saved *whole);

#endif
