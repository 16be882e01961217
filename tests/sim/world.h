/* The inside of the simulated world, shared by its door, its servers and its truth. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/random.h"
#include "queue.h"
#include "sim.h"

enum { PIECES_MAX = 24, PREPARED_MAX = 65536, OPERATIONS_KEPT = 65536, PROCESSES_MAX = 8 };

enum phase { PHASE_NEW, PHASE_CONNECTING, PHASE_UP, PHASE_FAILED };

struct socket {
    uint64_t serial;               /* 0: the number is free */
    struct address source, target; /* source of length 0: not bound */
    bool holds_port;
    enum phase phase;
    bool closing; /* given back: free at the next submission */
    bool shut;    /* by us */
    /* The ring's: owed from the preparation until the completion is taken. */
    bool connect_owed, ready_owed, send_owed;
    bool connect_posted; /* its completion waits to be taken */
    bool sending;        /* bytes of a counted send are still to go out */
    bool polled;         /* armed with the kernel */
    bool firing;         /* its completion is on its way */
    uint64_t connect_tag, ready_tag, send_tag;
    uint64_t connect_version, send_version;
    int send_length;
    /* The peer's. */
    struct script script;
    bool scripted;
    bool fin, reset, dead; /* dead: by RST or error */
    bool written_into_fin;
    bool unacknowledged;
    bool over; /* the server does nothing more here */
    int error; /* handed out once */
    int arm_error;
    enum deed deed; /* towards the request that comes now */
    uint32_t requests;
    uint32_t piece_first, piece_count;
    struct piece pieces[PIECES_MAX];
    int64_t arrival_ns; /* the latest on its way: bytes keep their order */
    const struct sim_policy *policy;
    uint32_t process;
    uint64_t timer_version;
    int64_t up_ns, rested_ns; /* open; since when without a request */
    bool refused;
    /* The truth's. */
    enum outcome verdict; /* OUTCOME_COUNT: none yet */
    bool outstanding, begun, to_eof, answered_unacknowledged;
    int first_error;
    int64_t attempted_ns, asked_ns, answered_ns;
    uint64_t batch;
    /* Over a transport. */
    struct records *records;
    bool told;    /* and that nothing follows */
    bool secured; /* the server's handshake is done */
    bool untold;  /* its FIN comes alone */
    bool live;    /* the engine was shown what makes it so; always without a transport */
};

struct prepared {
    enum operation operation;
    int fd;
    uint64_t serial;
    uint64_t tag;
    int length; /* of a counted send */
    bool asks;  /* a request is in it, or ends in it */
};

struct completion {
    struct net_event event;
    uint64_t serial;
    enum operation operation;
    int fd;
};

struct net {
    struct sim_config config;
    struct random random;
    struct truth truth;
    int64_t now_ns;
    struct socket *sockets;
    size_t socket_count;
    int lowest_free;
    uint64_t serial;
    size_t script_next;
    struct queue peer, ring;
    struct prepared prepared[PREPARED_MAX];
    size_t prepared_count;
    int closing[PREPARED_MAX];
    size_t closing_count;
    struct completion done[PREPARED_MAX];
    size_t done_first, done_count;
    uint64_t batch;
    int64_t spent_ns; /* on events, and not seen by the clock yet */
    bool woken, freezing, down;
    uint32_t process_requests[PROCESSES_MAX];
    int halted; /* the policy's step */
    instant stop;
    struct {
        uint64_t reading; /* 0: none */
        bool before;
        duration length;
        _Atomic int64_t *paused;
        bool one, shown; /* of sim_config.shows_one: since it, and that one was shown */
    } pause;
    struct {
        uint64_t n; /* 0: none */
        uint32_t which;
        bool onward;
    } fail;
    int denied[OPERATIONS]; /* errno; 0: not */
    char **sealed;          /* what servers over a transport have said */
    size_t sealed_count;
    uint8_t operations[OPERATIONS_KEPT];
};

/* Says what is wrong, where and when, and aborts. */
_Noreturn void world_wrong(const struct net *net, const char *what, int fd);
void world_note(struct net *net, uint64_t what, int fd, int64_t value);
uint64_t world_draw(struct net *net, uint64_t low, uint64_t high);
bool world_chance(struct net *net, uint32_t of_a_million);

/* server.c */
void server_open(struct net *net, struct socket *socket);   /* draws its script */
void server_connect(struct net *net, int fd);               /* the connect was submitted */
void server_stop(struct net *net, int fd);                  /* it ends this one */
int server_refuses(struct net *net, struct socket *socket); /* to be sent a request: errno, or 0 */
void server_request(struct net *net, int fd);               /* it has come */
int server_refuses_flight(const struct socket *socket);     /* the same of a handshake */
void server_flight(struct net *net, int fd);
void server_send(struct net *net, int fd, duration after, enum kind kind, struct piece piece,
                 int result);
void server_deliver(struct net *net, int fd, duration after, enum kind kind, struct piece piece,
                    int result); /* as it stands, though it be no record */
void server_answer(struct net *net, int fd, duration after, const char *text, bool last);
void server_end(struct net *net, int fd, duration after, enum kind kind);
duration server_latency(struct net *net);

/* records.c: the servers' side of a transport; nothing of it is called without one */
void records_begin(struct net *net, struct socket *socket);
void records_free(struct net *net, struct socket *socket);
/* What the engine sends; whether a request has come whole. */
bool records_take(struct net *net, struct socket *socket, const char *bytes, size_t length);
/* What the transport itself answers. */
void records_answer(struct net *net, int fd);
/* A piece of plain bytes as a record, with the marks of its own pieces. */
void records_send(struct net *net, int fd, duration after, struct piece piece);
void records_send_end(struct net *net, int fd, duration after, uint8_t alert);
void records_rekey(struct net *net, int fd);
void records_free_all(struct net *net);

/* policy.c: what a server of rules does */
void policy_start(struct net *net);
void policy_connected(struct net *net, int fd, duration after);
void policy_request(struct net *net, int fd);
void policy_happening(struct net *net, const struct happening *happening);

/* truth.c: called when the engine is shown something, or ends a connection itself. */
void truth_open_failed(struct net *net, int error);
void truth_connected(struct net *net, struct socket *socket, int result);
void truth_self(struct net *net, struct socket *socket);
void truth_asked(struct net *net, struct socket *socket);
void truth_sent(struct net *net, struct socket *socket, int result);
void truth_send_failed(struct net *net, struct socket *socket, int error);
void truth_bytes(struct net *net, struct socket *socket, enum mark mark);
void truth_end(struct net *net, struct socket *socket);
void truth_error(struct net *net, struct socket *socket, int error);
void truth_ended_by_us(struct net *net, struct socket *socket);

#endif
