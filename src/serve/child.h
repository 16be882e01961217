/* A command of ours as a child process: its words, what it prints, and orders to it. */
#ifndef SERVE_CHILD_H
#define SERVE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "serve/words.h"

/* Descriptors that the child is given beside its standard streams. */
enum {
    SERVE_CHILD_WORDS_FD = 3,  /* a sealed memory file: pins, then the command line */
    SERVE_CHILD_ORDERS_FD = 4, /* run/orders.h */
    SERVE_CHILD_FOLDER_FD = 5  /* of its run; with a lock on it */
};
/* The first argument of such a child, which no user types. */
#define SERVE_CHILD_COMMAND "serve-child"
/* Names are given as "pin=NAME=ADDR:PORT" words in front of the command's name. */
#define SERVE_CHILD_PIN "pin="

struct serve_child {
    pid_t pid; /* 0: none */
    int pidfd;
    int out, err; /* what it prints, read without waiting */
    int orders;   /* -1: it takes none */
};

/* Starts it: 0 or -errno. folder_fd: of a run, or -1; then it takes no orders either. The child
 * gets SIGTERM when we die. */
int serve_child_start(struct serve_child *child, const struct words *words, int folder_fd);
/* Its wait status, once its pidfd is readable. */
int serve_child_reap(struct serve_child *child);
/* Closes what is open of it; one that still runs is killed and waited for. */
void serve_child_end(struct serve_child *child);

#endif
