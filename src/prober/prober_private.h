/* The inside of a prober, shared by its files: prober.c calls prober_conn.c, and never the other
 * way. */
#ifndef PROBER_PROBER_PRIVATE_H
#define PROBER_PROBER_PRIVATE_H

#include "prober/cohort.h"
#include "prober/prober.h"
#include "sock/sock.h"
#include "sock/sock_transport.h"

enum { PROBER_SCRATCH = 16 * 1024, PROBER_QUEUE = 48 };

/* A connection's kinds of events: in the slot of a tag, above its index. */
enum { PROBER_CONNECT, PROBER_READY, PROBER_SEND };

struct prober_conn {
    struct sock sock;
    uint32_t trace; /* its index; NO_TRACE: the place is free */
    uint32_t word;  /* the exchange's */
    bool outstanding, securing, secured, closing;
    int send_error;
    const struct request *request;
    instant deadline; /* of its connect or its answer */
};
#define PROBER_NO_TRACE UINT32_MAX

struct prober {
    struct prober_settings settings;
    struct sock_set socks;
    uint32_t reader_links[PROBER_AT_ONCE];
    struct prober_conn conns[PROBER_AT_ONCE];
    struct probe_trace traces[PROBE_TRACES_MAX];
    struct cohort cohorts[PROBE_TRACES_MAX]; /* of each trace */
    size_t trace_count;
    struct cohort queue[PROBER_QUEUE];
    size_t queued;
    struct cohort_bounds bounds;
    struct probe_result result; /* as judged last */
    bool changed;               /* something ended or was answered since */
    const struct request *request;
    uint32_t requests_max;
    struct probe_facts facts;
    bool began; /* the first was kept: the others are opened */
    bool stopped;
    instant begun_at, waiting_since, opened_last;
    instant expected; /* when it wanted to be called: later is our own lateness */
    duration late;    /* that of a moment ago, of which events may still come until late_until */
    instant late_until;
    instant swept_until; /* a restart goes on; before all others: none does */
    size_t seen;         /* of the traces, so many were looked at for a refusal */
    uint32_t retries;
    instant retry_at;
    bool fast_again;
    uint32_t rounds;                 /* of connections that wait anew */
    bool followed[PROBE_TRACES_MAX]; /* what follows of its end was decided */
    instant judged_at;
    char scratch[PROBER_SCRATCH];
};

static inline struct probe_trace *prober_trace(struct prober *prober,
                                               const struct prober_conn *conn) {
    return &prober->traces[conn->trace];
}

/* Opens a connection for the trace; it may end before this returns. */
void prober_conn_open(struct prober *prober, struct prober_conn *conn, uint32_t trace, instant now);
void prober_conn_ask(struct prober *prober, struct prober_conn *conn, instant now);
void prober_conn_event(struct prober *prober, struct prober_conn *conn, uint32_t about, int result,
                       instant now);
/* Takes what has come, event or not. */
void prober_conn_read(struct prober *prober, struct prober_conn *conn, instant now);
/* Gives up what is overdue. */
void prober_conn_tick(struct prober *prober, struct prober_conn *conn, instant now);
/* By us, where it has not ended. */
void prober_conn_end(struct prober *prober, struct prober_conn *conn, instant now);
/* It is up, and could be asked. */
bool prober_conn_idles(const struct prober *prober, const struct prober_conn *conn);

#endif
