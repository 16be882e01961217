/* The commands of --exec-at: each in a child of its own, none waited for. */
#ifndef RUN_EXECS_H
#define RUN_EXECS_H

#include <sys/types.h>

#include "net/net.h"
#include "plan/exec_at.h"
#include "plan/plan.h"
#include "run/notes.h"
#include "stats/marks.h"

struct exec {
    struct exec_at what;
    bool started;
    pid_t pid;   /* 0: it does not run */
    int pidfd;   /* -1: none */
    size_t mark; /* its index */
};

struct execs {
    struct net *net;
    uint8_t operation; /* of the tags that its pidfds are armed with; their slot is the index */
    struct marks *marks;
    struct notes *notes;
    int nice; /* what we had before we asked for more: a command is not to have more */
    size_t count;
    struct exec items[EXECS_MAX];
};

void execs_init(struct execs *execs, const struct plan *plan, struct marks *marks,
                struct notes *notes);
/* From here on children are watched through that door. */
void execs_watch(struct execs *execs, struct net *net, uint8_t operation);

/* When the next is to be started: run clock since the start; INT64_MAX: none is left. */
duration execs_due(const struct execs *execs);

/* Starts what is due; each is a mark. now: of this moment. */
void execs_turn(struct execs *execs, duration since_start, const struct mark_look *now);

/* The child at that index has ended. */
void execs_event(struct execs *execs, uint32_t index);

/* Kills what still runs, and all of its process group. */
void execs_end(struct execs *execs);

#endif
