/* Source ports, counted as the kernel chooses among them at connect(2): for each pair of a local
 * address and a destination, all from one reading of the sockets. */
#ifndef HOST_EPHEMERAL_PORTS_H
#define HOST_EPHEMERAL_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address_set.h"

/* The sources and targets of all connections. Pair p leads from source p / targets to target p %
 * targets. */
struct host_pairs {
    const struct address *targets; /* of one port */
    size_t target_count;
    struct address_set sources;   /* empty: the kernel's choice, one for each target */
    const struct address *chosen; /* that choice; of length 0 where it is not known: then any local
                                     address counts. NULL: known of none */
};

/* A pair towards which some socket holds a port that is else free. */
struct host_pair {
    uint32_t pair;
    uint32_t in_use;  /* by connections */
    uint32_t waiting; /* in TIME_WAIT, until that ends (60 s) */
    uint32_t young;   /* in TIME_WAIT, until tcp_tw_reuse takes them again (1 s) */
};

struct ephemeral_ports {
    int64_t range;           /* ports in ip_local_port_range */
    int64_t reserved;        /* of these: ip_local_reserved_ports */
    int64_t listening;       /* of the rest: bound by a listener, on whatever address */
    int64_t each;            /* what remains, to any pair that is not among these: */
    struct host_pair *pairs; /* ascending */
    size_t pair_count;
    bool tables_known; /* else listening is 0 and there are no pairs */
};

/* Counts from the files under root, on a real machine ("") with the sockets that sock_diag(7) lists
 * of: they are read once, however many pairs there are; memory goes with the sockets that lead to
 * the targets. false when the range cannot be read. The caller frees with ephemeral_ports_free()
 * when it was true.
 *
 * What the kernel passes over (inet_hash_connect(), net/ipv4/inet_hashtables.c): reserved ports;
 * ports whose bucket was made by bind(2), of which the kernel shows the listeners only; and the
 * same four ends, but for TIME_WAIT as tcp_tw_reuse has it (ip-sysctl.rst). */
bool ephemeral_ports_read(struct ephemeral_ports *ports, const char *root,
                          const struct host_pairs *pairs);
void ephemeral_ports_free(struct ephemeral_ports *ports);

/* One port more is in use towards a pair. false without memory. */
bool ephemeral_ports_take(struct ephemeral_ports *ports, uint32_t pair);

/* Of `targets` targets only those with keep[] remain: pairs are numbered anew. */
void ephemeral_ports_keep(struct ephemeral_ports *ports, const bool *keep, size_t targets);

/* Ports of the range that are not reserved, from the two sysctls alone; -1 when not known. */
int64_t ephemeral_ports_unreserved(const char *root);

#endif
