/* Limits of the connections that a server on this host can hold: its processes' descriptors, and
 * nginx's worker_connections. */
#ifndef HOST_SERVER_LIMITS_H
#define HOST_SERVER_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server_limits {
    size_t processes;    /* that serve: nginx's workers; else the process and all below it */
    int64_t files_limit; /* RLIMIT_NOFILE of these, soft: the least; -1: could not tell */
    int64_t files_open;  /* the most that one of them has open; -1: could not tell */
    int64_t files_room;  /* that all together may open beyond; -1: could not tell */
    bool nginx;
    /* nginx only. */
    int64_t worker_connections; /* -1: could not tell, and trouble says why */
    char config[200];           /* the file it was read in, as nginx sees it */
    char trouble[200];
};

/* root stands before /proc ("" on a real machine). What another user's server hides from us is
 * "could not tell". Never fails; everything is bounded. */
void server_limits_read(struct server_limits *limits, const char *root, int pid);

#endif
