/* --state: a folder of runs, each a folder named by its id, opened without following links. */
#ifndef SERVE_FOLDER_H
#define SERVE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/refuse.h"
#include "serve/endpoint.h"

struct folder {
    int fd;         /* holds a lock: one server a folder */
    char path[256]; /* of one of our own, which goes with us; else "" */
};

/* The files of a run. */
#define FOLDER_RUN      "run.json" /* what it is: written when it begins */
#define FOLDER_TIMELINE "timeline.jsonl"
#define FOLDER_JSON     "report.json"
#define FOLDER_HTML     "report.html"
#define FOLDER_HGRM     "report.hgrm"
#define FOLDER_JUNIT    "junit.xml"

/* Opens it, made for its owner alone where there is none. path NULL: a new one below $TMPDIR, which
 * folder_close() removes. */
bool folder_open(struct folder *folder, const char *path, struct refuse_buffer to);
void folder_close(struct folder *folder);

/* Later than all before it, of this process. */
struct run_id folder_new_id(void);
/* A run's folder, made and locked: its descriptor, or -errno. Who inherits the descriptor holds the
 * lock. */
int folder_make_run(const struct folder *folder, const struct run_id *id);
/* One that is there: its descriptor, or -errno. */
int folder_open_run(const struct folder *folder, const struct run_id *id);
/* Whether somebody still holds the lock. */
bool folder_is_held(int run_fd);
/* Its files, and itself. */
void folder_remove_run(const struct folder *folder, const struct run_id *id);

/* Ids of all runs, newest first; at most `most`, the others are removed. */
size_t folder_list(const struct folder *folder, struct run_id *ids, size_t most);

/* A file of a run, for reading: its descriptor, or -errno; a link is none. */
int folder_read(int run_fd, const char *name);
/* The same as a stream; NULL with errno. */
FILE *folder_stream(int run_fd, const char *name);
/* One that is written anew, or added to: its descriptor, or -errno. */
int folder_write(int run_fd, const char *name);
int folder_append(int run_fd, const char *name);
/* Cut at "most" bytes; the caller frees; NULL. */
char *folder_text(int run_fd, const char *name, size_t most, size_t *length);

#endif
