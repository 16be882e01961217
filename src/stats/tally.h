/* The tally: everything one worker counts; published whole, so that each copy balances. */
#ifndef STATS_TALLY_H
#define STATS_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/handshake_reason.h"
#include "base/histogram.h"
#include "base/reason.h"
#include "base/record_reason.h"
#include "stats/endings.h"
#include "stats/outcome.h"

enum { TALLY_ERRNO_MAX = 134, TALLY_STATUS_MAX = 1000, TALLY_ALERTS = 256 };

/* How far a worker has come. */
enum tally_worker_phase {
    WORKER_STARTING,
    WORKER_READY, /* ring and memory are there; waits for the order to run */
    WORKER_RAMPING,
    WORKER_HOLDING, /* its share of the ramp is complete */
    WORKER_FREEZING,
    WORKER_FROZEN, /* figures are final but for the drain */
    WORKER_DRAINING,
    WORKER_DONE,
    WORKER_FAILED, /* its ring could not be made or broke: see failure */
};

/* The distributions that are kept. */
enum tally_distribution {
#define DISTRIBUTION(code, field, section, help) DISTRIBUTION_##code,
#include "stats/distributions.def"
#undef DISTRIBUTION
    DISTRIBUTION_COUNT
};

struct tally_certificate {
    int64_t not_after; /* seconds since 1970; 0: not known */
    char subject[96];  /* shortened */
};

/* The first handshake that showed another certificate than those before it. */
struct tally_certificate_change {
    int64_t at_ns; /* run clock; 0: there was none, or it is not known */
    struct tally_certificate before, after;
};

/* All but the histograms and the endings, copied as one piece. */
struct tally_counts {
#define METRIC(name, kind, unit, help) uint64_t name;
#include "stats/metrics.def"
#undef METRIC
#define TLS_METRIC(name, unit, help) uint64_t tls_##name;
#include "stats/tls_metrics.def"
#undef TLS_METRIC
    uint64_t outcomes[OUTCOME_COUNT];     /* of connections that ended before they were frozen */
    uint64_t drain[OUTCOME_COUNT];        /* of connections that were frozen */
    uint64_t errnos[TALLY_ERRNO_MAX + 1]; /* of open errors and live ones; the last: any beyond */
    uint64_t statuses[TALLY_STATUS_MAX];  /* of final answers */
    uint64_t reasons[REASON_COUNT];       /* of protocol_error */
    uint64_t tls_alerts[TALLY_ALERTS];    /* of tls_alert, and of handshakes; by number */
    uint64_t tls_failures[HANDSHAKE_REASON_COUNT]; /* of tls_failed */
    uint64_t tls_breaks[RECORD_REASON_COUNT];      /* of tls_broken */
    int64_t first_ns[OUTCOME_COUNT]; /* run clock, when outcomes first had one; 0: none.
                                        Merged: the least */
    int64_t first_attempt_ns;        /* run clock; 0: none yet. Merged: the least */
    int64_t
        ramp_done_ns;  /* when the last of the share was open or had ended. Merged: the greatest */
    int64_t frozen_ns; /* when the last connection was frozen. Merged: the greatest */
    int64_t pause_from_ns, pause_to_ns; /* run clock: the latest pause. Merged: the latest of all */
    struct tally_certificate_change tls_change; /* Merged: the earliest */
    int64_t keep_alive_timeout_s; /* the least Keep-Alive: timeout= seen, 0 = none seen */
    uint32_t phase;               /* enum tally_worker_phase. Merged: meaningless */
    int32_t failure;              /* -errno of WORKER_FAILED */
};

struct tally {
    struct tally_counts counts;
    union {
        struct {
#define DISTRIBUTION(code, field, section, help) struct histogram field;
#include "stats/distributions.def"
#undef DISTRIBUTION
        };
        struct histogram distributions[DISTRIBUTION_COUNT]; /* the same, in a row */
    };
    /* Of each but our own lateness, the values that hold more than a millisecond of our own
     * lateness: as they were measured, and without it. */
    struct tally_correction {
        struct histogram measured, without;
    } corrections[DISTRIBUTION_LAG];
    struct endings endings; /* of connections that were live and ended before the freeze */
};

/* Zero-filled memory is an empty tally. */
void tally_merge(struct tally *into, const struct tally *from);
void tally_copy(struct tally *into, const struct tally *from);
void tally_clear(struct tally *tally);

/* "latency_seconds", ..., and in which section of a report; "" in none. */
const char *tally_distribution_name(enum tally_distribution distribution);
const char *tally_distribution_section(enum tally_distribution distribution);

uint64_t tally_closed(const struct tally_counts *counts);  /* closed_idle + closed_announced */
uint64_t tally_errored(const struct tally_counts *counts); /* all other outcomes before the drain */
uint64_t tally_drained(const struct tally_counts *counts); /* sum of drain */

/* connect_timeout where TCP was up and the TLS handshake was not done; and all others. */
uint64_t tally_handshakes_timed_out(const struct tally_counts *counts);
uint64_t tally_connects_timed_out(const struct tally_counts *counts);

/* outcome_advice, which of connect_timeout depends on how far those connections had come. */
const char *tally_outcome_advice(const struct tally_counts *counts, enum outcome outcome);

/* The identities of the ledger. NULL when they hold, else the one that does not, as text:
 *   attempted = connecting + live + closed + errored
 *   sent = answered + timed_out + requests_lost + outstanding
 *   latency samples = answered - those of the warm-up, connect time samples = opened; over TLS the
 *   last are handshakes begun, and handshake time samples = full + resumed = opened */
const char *tally_imbalance(const struct tally *tally);
/* After the drain: sum(drain) = connecting + live. */
bool tally_drain_balances(const struct tally_counts *counts);

/* Its figures were frozen, whatever became of the worker afterwards. */
bool tally_is_frozen(const struct tally *tally);

/* The last published tally of a worker that died: what was connecting or live is worker_lost, and
 * its outstanding requests are lost; what was frozen is lost in the drain. */
void tally_lose_worker(struct tally *tally);

/* Two buffers under a sequence number, in memory shared with the parent: buffer (sequence & 1) is
 * the latest whole one. */
struct tally_seqlock {
    _Atomic uint64_t sequence;
    struct tally buffers[2];
};

/* By the worker only. */
void tally_publish(struct tally_seqlock *seqlock, struct tally *tally);

/* By the parent only: copies the latest whole tally; false (out untouched in its counts' meaning:
 * the former copy must be kept) when the worker published too often to get one. */
bool tally_read(const struct tally_seqlock *seqlock, struct tally *out);

#endif
