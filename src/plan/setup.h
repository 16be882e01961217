/* The setup: what is found out for a plan before its connections are opened; it owns what it holds.
 */
#ifndef PLAN_SETUP_H
#define PLAN_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/address_set.h"
#include "base/engine_kind.h"
#include "base/tls_peer.h"
#include "plan/sources.h"

struct tls_context;

/* Of --server-log: opened before the preflight's first request, so that a line the server writes
 * late is seen. */
struct setup_log {
    bool open;
    const char *path; /* the option's */
    int fd;
    int64_t position;      /* its end, then */
    uint64_t own_requests; /* that the preflight made since, of the target */
    uint64_t own_polls;    /* and of the status page */
};

/* Filled by name resolution and the preflight, before the crew is forked; zero-filled: nothing is
 * known yet. The sources may lie in the picked ranges: a setup is not copied by assignment. */
struct setup {
    struct address addresses[ADDRESSES_MAX];
    size_t address_count;
    struct address_set sources; /* empty: the kernel's choice */
    struct source_pick picked;  /* where they lie when auto chose them */
    uint64_t server_started;    /* of --server-pid: with the pid, identifies the process */
    bool server_foreign;        /* --server-pid does not listen there: it is not watched */
    bool target_here; /* an address of these is this host's own, beside the loopback ones */
    /* Of --server-status, in the order in which they are tried; 0: none. */
    struct address status_addresses[ADDRESSES_MAX];
    size_t status_address_count;
    struct setup_log server_log;
    struct engine_choice choice; /* what carries the run */
    int64_t engine_bytes;        /* of the kernel, that it adds to a connection */
    struct tls_context *tls;     /* wire/tls; the command's. NULL: neither the target nor the status
                                  * page is https */
    char tls_cipher[48];         /* that the preflight agreed on; "": not known */
    struct tls_peer tls_seen;    /* by the preflight; version "": nothing was */
    int64_t tls_not_after;       /* of the certificate, seconds since 1970; 0: not known */
    int64_t ports_room;          /* connections that source ports suffice for; 0: not counted */
    bool interrupted;            /* before the preflight, which is interrupted by that */
};

/* Closes what it holds; nothing is known after it. */
void setup_free(struct setup *setup);

/* The addresses of the target and of the status page, the process of --server-pid and what carries
 * the run, as another setup found them. */
void setup_copy_server(struct setup *setup, const struct setup *from);

/* Both ends of the connections are on this machine. */
bool setup_has_both_ends(const struct setup *setup);

/* Pairs of a source and a destination address, each with ports of its own. Connection i belongs to
 * pair i mod setup_pairs(), so that all fill evenly: it connects to address i mod addresses, from
 * source (i / addresses) mod sources. The kernel's choice is one source. */
uint32_t setup_pairs(const struct setup *setup);

/* Where connection i connects to. */
const struct address *setup_address(const struct setup *setup, uint32_t connection);

/* Where it connects from, written to *room; NULL: the kernel's choice. */
const struct address *setup_source(const struct setup *setup, uint32_t connection,
                                   struct address *room);

#endif
