/* Findings, rules and the verdict: facts and numbers in, judgement out; pure. */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/refusal.h"
#include "host/ports.h"
#include "host/server_limits.h"
#include "judge/closings.h"
#include "judge/rules.h"
#include "judge/survival.h"
#include "plan/plan.h"
#include "stats/record.h"

enum finding_status { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_UNKNOWN, FINDING_SKIPPED };

enum { FINDING_EVIDENCE_MAX = 560 };
enum { FINDING_DO_MAX = 4, FINDINGS_MAX = 48, REASONS_MAX = RULES_MAX + 12 };

/* One thing found, before the run or after it. */
struct finding {
    char code[40]; /* stable: "descriptors", "source_ports", "keep_alive", an outcome's name... */
    enum side side;
    enum finding_status status;
    char text[400];                      /* one line; bytes from a server are escaped already */
    int64_t asked, have, need;           /* in the finding's own unit; FINDING_NONE = null */
    char evidence[FINDING_EVIDENCE_MAX]; /* the numbers and lines it rests on; "" = none */
    double since_seconds;                /* into the run, when it was first seen; NAN: not kept */
    size_t do_count;
    char todo[FINDING_DO_MAX][200]; /* what to do, a command where there is one */
};
#define FINDING_NONE INT64_MIN

struct findings {
    size_t count;
    struct finding items[FINDINGS_MAX];
};

/* Adds one and returns it (printf style); when full, the last is overwritten. */
struct finding *findings_add(struct findings *findings, const char *code, enum side side,
                             enum finding_status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void finding_do(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Its evidence, in place of any former one; escaped as the text is. */
void finding_evidence(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool findings_any(const struct findings *findings, enum finding_status status);

enum verdict {
    VERDICT_HELD,
    VERDICT_BROKE,
    VERDICT_INCONCLUSIVE,
    VERDICT_UNFIT,
    VERDICT_NO_TARGET
};
const char *verdict_name(enum verdict verdict); /* "held", ..., as in the JSON report */

struct capacity;

struct judgement {
    enum verdict verdict;
    int exit_code;
    size_t reason_count;
    char reasons[REASONS_MAX][300];
    size_t requirement_count;
    struct requirement requirements[RULES_MAX];
    struct findings findings;
    struct survival survival;        /* of connections: of a run only */
    struct closings closings;        /* how connections ended, and why: of a run only */
    const struct capacity *capacity; /* of the command of that name; else NULL */
    struct target_facts target;      /* as the preflight found it, whether or not a run followed */
};

/* Adds a line to the verdict's reasons (printf style), escaped; when full, it is left out. */
void judgement_reason(struct judgement *judgement, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What the preflight learned of the outside. */
struct preflight_facts {
    bool interrupted;
    int ring_error;                   /* 0 or -errno of a trial ring */
    enum net_refusal ring_refusal;    /* of that error, as net_explain() tells it */
    uint32_t rings_tried, rings_made; /* at once, where locked memory may not suffice */
    int64_t own_files; /* descriptors of the parent, before the crew; -1: could not tell */
    struct host_listeners listeners; /* that the first address of the plan reaches */
    bool listeners_known;
    /* Tracked connections before ours to the target was opened, and with it; -1: could not tell. */
    int64_t conntrack_before, conntrack_with;
    struct server_limits server; /* of --server-pid */
    bool resolved;               /* name resolution was tried and gave addresses */
    char resolve_error[160];     /* "" = none */
    struct host_ports ports;     /* of the plan's pairs of sources and addresses */
    bool ports_known;            /* the range, at least */
    size_t addresses_left_out;   /* of another family than the sources */
    struct source_pick offered;  /* what --source auto would come to; empty when it was asked for */
    uint32_t sources_unbindable; /* of the plan's sources, that no socket can be bound to */
    struct address source_unbindable; /* the first of these, and why */
    int source_error;
    bool target_asked;
    size_t addresses_tried;     /* a preflight connect was made to each of these */
    size_t addresses_accepting; /* of these, that accepted: what remains in the plan */
    char target_error[200];     /* "" = answered; else one line: refused, not HTTP, no answer... */
    struct target_facts target;
    bool status_asked;
    char status_error[200];  /* "" = the status page was read */
    char log_error[300];     /* "" = --server-log was opened, or not asked for */
    int64_t log_bytes;       /* its size */
    char process_error[100]; /* "" = --server-pid was found, or not asked for */
    char process_name[64];
    uint64_t processes; /* it and all below it */
};

/* The local half: io_uring, descriptors, processes, source ports, memory, pace. After it,
 * findings_any(FAIL) means unfit. */
void judge_local(struct findings *findings, const struct plan *plan,
                 const struct preflight_facts *facts);

/* A part of that: the source addresses, where they were asked for. */
void judge_sources(struct findings *findings, const struct plan *plan,
                   const struct preflight_facts *facts);

/* The outside half: name, target, keep-alive (FAIL in check, warn in run), status page. */
void judge_target(struct findings *findings, const struct plan *plan,
                  const struct preflight_facts *facts);

/* What was asked to be observed beside the run and has to be there: the server's log, its process.
 * A FAIL is a mistake in what was asked. */
void judge_observed(struct findings *findings, const struct plan *plan,
                    const struct preflight_facts *facts);

/* The server's own story beside the client's: where they differ, and what that may come from. */
void judge_server_side(struct findings *findings, const struct plan *plan,
                       const struct record *record);

/* The verdict of a preflight that ends the matter: of `check` always, of `run` when it fails;
 * judgement->findings must be filled. */
void judge_preflight(struct judgement *judgement, const struct plan *plan,
                     const struct preflight_facts *facts);
/* True when a run may start after this preflight. */
bool judge_may_run(const struct judgement *judgement, const struct preflight_facts *facts);

/* Whether we ourselves were late enough to be news: at the 99th percentile more than the tick of
 * our timers may take. */
bool judge_was_late(const struct record *record);

/* The verdict of a run that sent load: rules, sides, precedence (contract: exit codes). Adds
 * findings of what happened (one for each outcome of note) to those of the preflight. */
void judge_run(struct judgement *judgement, const struct plan *plan, const struct record *record);

/* A part of that: adds the finding of one outcome that `counts` has, with what is known of a limit
 * of our own side that it stands for. */
struct finding *judge_outcome(struct findings *findings, enum outcome outcome,
                              const struct plan *plan, const struct record *record,
                              const struct counts *counts);

/* What judge_closings() infers, without its words; a part of the run so far, too. Zero-fills
 * *closings first, so that what is equal has equal bytes. */
void judge_causes(struct closings *closings, const struct plan *plan, const struct record *record);

/* Another: infers why connections ended, fills judgement->closings, and adds a finding for
 * each cause that could be told. Of a saved run, whose endings are not kept,
 * judgement->closings says what was inferred, and gets its words. */
void judge_closings(struct judgement *judgement, const struct plan *plan,
                    const struct record *record);

/* What this server calls its limit of connections: "worker_connections", ... */
const char *closings_level_name(const struct target_facts *facts);

#endif
