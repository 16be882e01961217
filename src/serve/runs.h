/* The runs that the server knows: the one that goes on, and those before it, newest first. */
#ifndef SERVE_RUNS_H
#define SERVE_RUNS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/json_write.h"
#include "base/units.h"
#include "serve/child.h"
#include "serve/folder.h"

enum { RUNS_MAX = 100, RUN_MESSAGE_MAX = 1024, RUN_VERDICT_MAX = 16 };

enum run_state {
    RUN_GOES_ON,
    RUN_ENDS, /* of a server before us: its process still holds the folder */
    RUN_ENDED
};

struct run {
    struct run_id id;
    enum run_state state;
    bool of_statistics; /* started by /api/v1/statistics */
    bool stop_ordered;
    char *url, *label; /* secrets hidden; label NULL: none */
    char *hosts;       /* that it is spread over; NULL: it is of this machine */
    uint64_t connections;
    double hold_seconds; /* as asked; 0: until it is stopped */
    struct timespec began;
    char verdict[RUN_VERDICT_MAX]; /* "": none (yet) */
    int exit_code;                 /* -1: none (yet) */
    char message[RUN_MESSAGE_MAX]; /* why there is no verdict: the child's last words */
    char *last;                    /* the latest sample's line; NULL */
    size_t last_length;
    uint64_t size; /* bytes of whole lines in its timeline */
    bool over;     /* its timeline has its end */
    /* while it goes on */
    struct serve_child child;
    int folder_fd, timeline_fd; /* -1 */
    char *torn;                 /* a line that has not come whole */
    size_t torn_length, torn_room;
};

struct runs {
    const struct folder *folder;
    size_t count;
    struct run *items[RUNS_MAX];
    struct run *current; /* the one that goes on; NULL */
};

/* What a run is, when it is started. */
struct run_facts {
    const char *url, *label, *hosts;
    uint64_t connections;
    double hold_seconds;
    bool of_statistics;
};

/* Finds those of a server before us. */
void runs_load(struct runs *runs, const struct folder *folder);
void runs_free(struct runs *runs);

/* words: a command line of `run` with its pins, to which the outputs are added here. The run, or
 * NULL with -errno in *error. */
struct run *runs_start(struct runs *runs, const struct run_facts *facts, const struct words *pins,
                       const struct words *options, int *error);
struct run *runs_find(const struct runs *runs, const char *id);

/* In order, as by ^C; again: nothing. */
void runs_stop(struct run *run);
/* False: the run did not take it (it is over, or its pipe is full). */
bool runs_mark(struct run *run, const char *text);

/* Its output is readable: true when there were new lines. */
bool runs_read_lines(struct run *run);
void runs_read_words(struct run *run);
/* Its process ended. */
void runs_finish(struct runs *runs);
/* Once a second: those of a server before us, whether they are over. */
void runs_look(struct runs *runs);

/* The object of the API. */
void run_write(struct json_writer *json, const struct run *run, bool with_last);

#endif
