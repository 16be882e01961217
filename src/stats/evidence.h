/* Evidence: what this machine, the kernel's counters and the server's own error log said of a limit
 * that was met in mid-run, ours or the server's. */
#ifndef STATS_EVIDENCE_H
#define STATS_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

/* As things stood here when an outcome of our own side was first seen. Below zero: not measured. */
struct evidence_limit_snapshot {
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

/* Growth of the counters of one network namespace during the run (/proc/net/netstat). All programs
 * of the namespace share them. */
struct evidence_namespace {
    bool measured;
    int64_t listen_overflows;    /* ListenOverflows: an accept queue was full */
    int64_t listen_drops;        /* ListenDrops: SYNs or last ACKs that a listener dropped */
    int64_t request_queue_drops; /* TCPReqQFullDrop: its queue of half-open connections was full */
    int64_t syn_retransmits;     /* TCPSynRetrans: SYNs and SYN-ACKs sent again */
    int64_t timeouts;            /* TCPTimeouts */
    int64_t memory_aborts;       /* TCPAbortOnMemory */
};

/* Connections that are up and wait in the listener's queue for an accept(). */
struct evidence_listener {
    bool measured;
    int64_t queued, queued_peak; /* as last seen before the drain; the most */
    int64_t backlog;             /* how many there may be */
};

/* Seen full at a look: so it is this one, and not just any of its namespace. */
static inline bool listener_was_full(const struct evidence_listener *view) {
    return view->measured && view->queued_peak >= view->backlog;
}

/* The error logs that the server's process holds open, from the run's start on; nginx's lines. */
struct evidence_error_log {
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
    struct evidence_namespace ours, server; /* server: of its process, or ours where it is here */
    bool server_is_here;                    /* the server's namespace is taken to be ours */
    struct evidence_listener listener;
    struct evidence_error_log error_log;
};

#endif
