/* The commands of --exec-at: each by a supervisor of its own, none waited for. */
#ifndef RUN_EXECS_H
#define RUN_EXECS_H

#include <sys/types.h>

#include "net/net.h"
#include "options/exec_at.h"
#include "plan/plan.h"
#include "run/notes.h"
#include "stats/marks.h"

struct exec {
    struct exec_at what;
    bool started;
    bool ended;     /* how is known, or never will be */
    pid_t pid;      /* of its supervisor; 0: none */
    int control_fd; /* the supervisor's; -1: none */
    size_t mark;    /* its index */
};

/* The output of commands: whole lines are passed on to standard error. */
struct exec_output {
    int read_fd, write_fd; /* one pipe for all; -1: no command was started yet */
    size_t taken;          /* bytes since the last execs_tick() */
    bool waits;            /* enough for now: the rest waits for it, and its writers with it */
    size_t length;
    char line[1000]; /* not complete yet */
};

struct execs {
    struct net *net;
    uint8_t operation; /* of the tags; their slot is the index, and EXECS_MAX the output */
    struct marks *marks;
    struct notes *notes;
    struct screen *screen;
    struct exec_output output;
    size_t count;
    struct exec items[EXECS_MAX];
};

/* screen: above which the output is shown. */
void execs_init(struct execs *execs, const struct plan *plan, struct marks *marks,
                struct notes *notes, struct screen *screen);
/* From here on children are watched through that door. */
void execs_watch(struct execs *execs, struct net *net, uint8_t operation);

/* When the next is to be started: run clock since the start; INT64_MAX: none is left. */
duration execs_due(const struct execs *execs);

/* Starts what is due; each is a mark. now: of this moment. */
void execs_turn(struct execs *execs, duration since_start, const struct mark_look *now);

/* An event with our operation came for that slot. */
void execs_event(struct execs *execs, uint32_t slot);

/* A second is over. */
void execs_tick(struct execs *execs);

/* Kills all that commands have started and that still runs, and shows what they printed. */
void execs_end(struct execs *execs);

#endif
