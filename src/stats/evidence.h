/* Evidence: what this machine, the kernel's counters and the server's own error log said of a limit
 * that was met in mid-run, ours or the server's. */
#ifndef STATS_EVIDENCE_H
#define STATS_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

/* As things stood here when an outcome of our own side was first seen. Below zero: not measured. */
struct limit_scene {
    bool taken;
    int64_t worker_files;                   /* descriptors of the worker that met it */
    int64_t nofile_soft, nofile_hard;       /* RLIMIT_NOFILE of that worker; INT64_MAX: none */
    int64_t file_used, file_max;            /* of the whole system, fs.file-nr and fs.file-max */
    int64_t ports_range, ports_reserved;    /* of each pair of source and destination address */
    int64_t ports_in_use, ports_time_wait;  /* of all pairs, of what is not reserved */
    int64_t memory_available_bytes;         /* MemAvailable */
    int64_t tcp_pages, tcp_pages_max;       /* of socket memory: sockstat, net.ipv4.tcp_mem */
    int64_t conntrack_count, conntrack_max; /* net.netfilter; -1 where it is not loaded */
    uint32_t sources_absent;                /* sources that are no address of this host */
    struct address source_absent;           /* the first of them */
};

/* What counters of one network namespace grew by during the run (/proc/net/netstat). All programs
 * of the namespace share them. */
struct namespace_view {
    bool measured;
    int64_t listen_overflows;    /* ListenOverflows: an accept queue was full */
    int64_t listen_drops;        /* ListenDrops: SYNs or last ACKs that a listener dropped */
    int64_t request_queue_drops; /* TCPReqQFullDrop: its queue of half-open connections was full */
    int64_t syn_retransmits;     /* TCPSynRetrans: SYNs and SYN-ACKs sent again */
    int64_t timeouts;            /* TCPTimeouts */
    int64_t memory_aborts;       /* TCPAbortOnMemory */
};

/* Connections that are up and wait in the listener's queue for an accept(). */
struct listener_view {
    bool measured;
    int64_t queued, queued_peak; /* as last seen before the drain; the most */
    int64_t backlog;             /* how many there may be */
};

/* Seen full at a look: so it is this one, and not just any of its namespace. */
static inline bool listener_was_full(const struct listener_view *view) {
    return view->measured && view->queued_peak >= view->backlog;
}

/* The error logs that the server's process holds open, from the run's start on; nginx's lines. */
struct error_log_view {
    bool asked;     /* --server-pid was given, and there was a run */
    uint64_t files; /* that are followed */
    uint64_t lines;
    uint64_t short_of_connections; /* "worker_connections are not enough" */
    uint64_t short_of_files;       /* accept or socket: EMFILE or ENFILE */
    bool behind;                   /* not all of them were read: the counts are "at least" */
    char connections_line[200];    /* the first of each, as it stands there; "" = none */
    char files_line[200];
};

struct evidence {
    struct namespace_view ours, server; /* server: of its process, or ours where it is here */
    bool server_is_here;                /* the server's namespace is taken to be ours */
    struct listener_view listener;
    struct error_log_view error_log;
};

#endif
