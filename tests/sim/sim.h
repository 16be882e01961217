/* The simulated body of the door: a virtual clock, servers that misbehave by seed or by script, and
 * any operation failed on demand. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdatomic.h>

#include "net/net.h"
#include "stats/outcome.h"

/* What a server does with a request. */
enum deed {
    DEED_ANSWER, /* and the connection stays */
    DEED_BLANK,  /* the same, and a CR LF behind it that means nothing */
    /* All others end the connection. */
    DEED_ANSWER_CLOSE,  /* Connection: close, and a FIN */
    DEED_ANSWER_LINGER, /* Connection: close, and no FIN ever */
    DEED_ANSWER_10,     /* HTTP/1.0, and a FIN */
    DEED_ANSWER_EOF,    /* the FIN ends the body */
    DEED_ANSWER_TWICE,  /* noise behind the answer, in the same piece of bytes */
    DEED_FIN,           /* before any byte of the answer */
    DEED_RST,
    DEED_FIN_MID, /* inside the answer */
    DEED_RST_MID,
    DEED_NEVER,    /* acknowledged and not answered */
    DEED_SILENT,   /* not even acknowledged */
    DEED_LATE,     /* answered after the deadline */
    DEED_NOISE,    /* answered with no HTTP */
    DEED_ERROR,    /* the network reports EHOSTUNREACH */
    DEED_IDLE_FIN, /* answered, and then, before the next request */
    DEED_IDLE_RST,
    DEED_IDLE_NOISE,
    DEED_IDLE_408,
    DEED_LINGER_ARM_FAILS, /* as DEED_ANSWER_LINGER, and no readiness can be armed from then on */
    DEED_ARM_FAILS,        /* answered; the next readiness cannot be armed: ENOMEM */
    DEED_SEND_RESET,       /* the RST came before the request: the send fails with ECONNRESET */
    DEED_SEND_PIPE,        /* the send fails with EPIPE, and a FIN is there */
    DEEDS,
    /* Over a transport, and drawn only there: */
    DEED_ALERT = DEEDS, /* instead of an answer */
    DEED_GARBAGE,       /* the same: a record that nobody sealed so */
    DEED_KEY_UPDATE,    /* new keys in front of the answer, and the client is asked for its own */
    DEED_FIN_UNTOLD,    /* answered, and then a FIN that nothing announced */
    DEED_EOF_UNTOLD,    /* as DEED_ANSWER_EOF, and only the FIN ends the body */
    DEED_CLOSE_UNTOLD,  /* as DEED_ANSWER_CLOSE, and the FIN comes alone */
    DEED_CLOSE_TOLD,    /* as DEED_ANSWER_LINGER, and that nothing follows is told */
    RECORD_DEEDS
};

/* What a server does with a handshake. */
enum script_handshake {
    HANDSHAKE_DONE,
    HANDSHAKE_NEVER, /* nothing is answered */
    HANDSHAKE_FIN,   /* instead of an answer */
    HANDSHAKE_RST,
    HANDSHAKE_ERROR, /* the network reports EHOSTUNREACH */
    HANDSHAKE_NOISE,
    HANDSHAKE_RST_AT_FLIGHT, /* the RST came before the client's last flight */
    HANDSHAKES
};

enum script_connect { CONNECT_UP, CONNECT_FAILS, CONNECT_NEVER, CONNECT_SELF, CONNECT_GREETED };

/* One connection's life; zero-filled: up at once, every request answered. */
struct script {
    int open_error; /* errno of socket or bind */
    enum script_connect connect;
    int connect_error; /* errno of CONNECT_FAILS */
    enum script_handshake handshake;
    uint32_t deed_at; /* the request, from 0, that meets the deed */
    enum deed deed;
    duration latency;       /* 0: drawn */
    duration connect_after; /* 0: drawn */
    bool whole;             /* the answer is not cut */
    bool large;             /* the answers are of more than a mebibyte */
};

/* How a server ends what it holds, whatever each connection's own past. */
enum halt {
    HALT_NONE,
    HALT_KILL,     /* RST for each */
    HALT_STOP,     /* FIN for each */
    HALT_GRACEFUL, /* FIN for the idle ones, the last answer for the others */
    HALT_ANNOUNCE, /* each next answer says that it is the last */
    HALT_FREEZE,   /* no answer for a while, then RST for each */
    HALT_SILENCE,  /* the path: nothing is even acknowledged from then on */
};

/* What it does with connections beyond how many it takes. */
enum refusal { REFUSAL_FIN, REFUSAL_RST, REFUSAL_503, REFUSAL_QUEUE };

/* A server that keeps connections by rules, and faultless otherwise. Zero: no such rule. */
struct sim_policy {
    duration idle, idle_jitter; /* closed after so long without a request, drawn each time anew */
    duration tick, phase;       /* it looks at idle connections only then */
    uint32_t requests;          /* so many answers a connection */
    duration age;               /* the first answer beyond that age is the last */
    bool quiet;                 /* those answers do not say so: a FIN right behind them */
    duration age_timer;         /* closed at that age */
    uint32_t limit;             /* of connections at once */
    enum refusal refusal;
    duration forgets; /* a firewall: a request after so long is dropped */
    bool forgets_by_reset;
    enum halt halt;
    duration halt_at, halt_length; /* after the start */
    uint32_t processes;            /* that share the connections; 0: one */
    uint32_t process_requests;     /* a process ends after so many */
    duration timer_late;           /* its timers run up to so much late */
    duration clock_late;  /* as often as our wakes are late, the clock that it read was up to
                             so much old */
    uint32_t random_ends; /* of a million answers, so many are followed by a FIN, sometime */
};

struct sim_config {
    uint64_t seed;
    instant start;    /* what the clock shows at first */
    duration timeout; /* the client's, so that it is known what is late */
    duration connect_timeout;
    struct {
        duration low, high;
    } latency;            /* of answers and connects */
    duration idle_after;  /* when an idle deed happens: up to this after the answer */
    duration ready_after; /* how long a completion may take to be seen; 0: 20 us */
    bool wakes_cost;      /* so that events are waited for together */
    bool shows_one;       /* of all that is ready behind a pause, until the next wait */
    uint32_t late_wakes; /* of a million waits end late, as those of a process that stood in line */
    duration late_by;    /* by up to this */
    duration event_cost; /* each event takes up to so long to be handled */
    duration stall_from, stall_until; /* after start: nobody answers; all do at its end */
    uint32_t pieces_max;              /* an answer is cut into up to so many; 0: never */
    duration sent_after; /* how long a counted send may take to go out, while answers may come */
    uint32_t bad_connects, bad_requests; /* of a million, where no script says otherwise */
    uint32_t bad_handshakes;             /* the same */
    const struct transport *transport;   /* as its server speaks it; NULL: plain TCP */
    duration faults_from, faults_until;  /* after start, when those are drawn; 0..0: always */
    uint32_t ports_each;                 /* of each pair of source and target; 0: any number */
    const struct sim_policy *policies;   /* one, or two behind one name; NULL: by seed and script */
    uint32_t second_percent;             /* of the connections that meet the second */
    const struct script *scripts; /* of the first connections, in the order they are opened */
    size_t script_count;
};

/* Fallible operations, for the sweep. */
enum operation {
    OPERATION_OPEN,
    OPERATION_CONNECT,
    OPERATION_SELF,
    OPERATION_SEND,
    OPERATION_RECEIVE,
    OPERATION_ARM,
    OPERATION_UNACKNOWLEDGED,
    OPERATION_WAIT,
    OPERATIONS
};

/* What truly happened, from what the servers did and what the engine was shown of it. */
struct truth {
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t attempted, opened;
    uint64_t received;     /* requests that the kernel took whole */
    uint64_t sends_failed; /* requests that it did not take */
    uint64_t answered;     /* answers read to their end, the request outstanding */
    uint64_t cut;          /* counted sends of which a part went out */
    uint64_t bytes;        /* that counted sends took */
    uint64_t late;         /* answers that nobody was there to read any more */
    uint64_t ended_early;  /* connections ended by the engine before any deadline: never */
    uint64_t either;       /* of connect_timeout: due within the tick of the freeze, or abandoned */
    uint64_t resets;       /* connections that the engine ended by RST */
    uint64_t together;     /* waits for more events than one */
    uint64_t descriptors;  /* open now */
    uint64_t operations;   /* fallible ones so far */
    uint64_t hash;         /* of all operations and completions with their times */
};

struct net *sim_create(const struct sim_config *config);
const struct truth *sim_truth(const struct net *net);

/* Whether the engine may give up what still connects. */
void sim_freezing(struct net *net, bool freezing);

/* The servers stop: what is up gets a FIN, and from then on connects are refused; until they
 * are started again. */
void sim_down(struct net *net, bool down);

/* The next net_wait() returns at once: somebody rang. */
void sim_wake(struct net *net);
/* No net_wait() goes on past this. INSTANT_NEVER: any. */
void sim_stop_at(struct net *net, instant stop);

/* The process is stopped at its `reading`-th reading of the clock from now on (1 is the next),
 * before or after that reading, and continued `length` later, when *paused has grown by it. paused
 * NULL: nobody knew of it, as when all processes are stopped from outside, or the whole machine is.
 */
void sim_pause(struct net *net, uint64_t reading, bool before, duration length,
               _Atomic int64_t *paused);

/* The n-th fallible operation from the start (1 is the first) fails with the which-th error of its
 * kind; onward: so do all after it. */
void sim_fail(struct net *net, uint64_t n, uint32_t which, bool onward);
/* From now on every operation of that kind fails with this errno; 0: no longer. */
void sim_deny(struct net *net, enum operation operation, int error);
enum operation sim_operation(const struct net *net, uint64_t n);
uint32_t sim_errors(enum operation operation); /* how many there are of its kind */

/* Descriptors that hold a port of this pair; a source of length 0: the kernel's choice. */
uint64_t sim_ports_held(const struct net *net, const struct address *source,
                        const struct address *target);

/* Connections that are up and had no answer since. */
uint64_t sim_stale_since(const struct net *net, instant since);

#endif
