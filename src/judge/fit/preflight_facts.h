/* The facts a preflight collects: what the findings on this machine, the target and what is
 * observed rest on. */
#ifndef JUDGE_FIT_PREFLIGHT_FACTS_H
#define JUDGE_FIT_PREFLIGHT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/ephemeral_ports.h"
#include "host/host.h"
#include "host/server_limits.h"
#include "plan/plan.h"
#include "plan/setup.h"
#include "stats/record.h"

/* Facts that the preflight gathered of the target and of the server. */
struct preflight_facts {
    bool interrupted;
    int door_error;    /* -errno: the preflight has no door, or it broke; 0 */
    int64_t own_files; /* descriptors of the parent, before the crew; -1: could not tell */
    struct host_listeners listeners; /* that the first address of the plan reaches */
    bool listeners_known;
    /* Tracked connections before ours to the target was opened, and with it; -1: could not tell. */
    int64_t conntrack_before, conntrack_with;
    struct server_limits server;  /* of --server-pid */
    bool resolved;                /* name resolution was tried and gave addresses */
    char resolve_error[160];      /* "" = none */
    int resolve_errno;            /* that it came from, where it was one; else 0 */
    struct ephemeral_ports ports; /* of the plan's pairs of sources and addresses */
    bool ports_known;             /* the range, at least */
    size_t addresses_left_out;    /* of another family than the sources */
    struct source_pick offered;  /* what --source auto would come to; empty when it was asked for */
    uint32_t sources_unbindable; /* of the plan's sources, that no socket can be bound to */
    struct address source_unbindable; /* the first of these, and why */
    int source_error;
    bool target_asked;
    size_t addresses_named;     /* by the name, those beyond our bound included */
    size_t addresses_tried;     /* a preflight connect was made to each of these */
    size_t addresses_accepting; /* of these, that accepted: what remains in the plan */
    char target_error[200];     /* "" = answered; else one line: refused, not HTTP, no answer... */
    int target_errno;           /* of that; 0: none */
    bool target_connected;      /* errno is of a connection that was up */
    bool target_secured;        /* and of one whose TLS handshake was done */
    bool target_speaks_tls;     /* it was asked in plain text, and shakes hands */
    int address_errno; /* of an address that is left out: the first of our own side; else 0 */
    struct record_target target;
    int64_t wall_seconds; /* since 1970, when it was asked */
    bool status_asked;
    char status_error[200];  /* "" = the status page was read */
    int status_errno;        /* of a connect to it; 0: none */
    char log_error[300];     /* "" = --server-log was opened, or not asked for */
    int64_t log_bytes;       /* its size */
    char process_error[100]; /* "" = --server-pid was found, or not asked for */
    char process_name[64];
    bool process_foreign; /* it does not listen where the target is: no figure is taken of it */
    struct host_port_owner listener; /* who does; pid 0: not visible */
    uint64_t processes;              /* it and all below it */
};

#endif
