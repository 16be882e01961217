/* The floor of a TLS handshake: client and server of OpenSSL joined by memory BIOs, and nothing
 * else; and the same client with the target's server. Microseconds of this thread's CPU time. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/require.h"
#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_server.h"

enum { HANDSHAKES = 150, ROUNDS = 7, FLIGHT_MAX = 16384 };

struct side {
    SSL *ssl;
    BIO *in, *out;
};

struct bench {
    SSL_CTX *clients, *servers;
    struct tls_server *target; /* NULL: the bare server */
    const struct transport *transport;
    void *state, *fragment;
    struct side client, server;
    bool resumes;
    double client_us, server_us;
    char flight[FLIGHT_MAX];
};

static SSL_SESSION *session; /* the latest that was given */

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int keep_session(SSL *ssl, SSL_SESSION *given) {
    (void)ssl;
    SSL_SESSION_free(session);
    session = given;
    return 1;
}

static void make_side(struct side *side, SSL_CTX *context) {
    side->ssl = SSL_new(context);
    side->in = BIO_new(BIO_s_mem());
    side->out = BIO_new(BIO_s_mem());
    require(side->ssl != NULL && side->in != NULL && side->out != NULL);
    SSL_set_bio(side->ssl, side->in, side->out);
}

static void write_to(BIO *to, const void *bytes, size_t length) {
    if (length > 0)
        require(BIO_write(to, bytes, (int)length) == (int)length);
}

/* --- the client --- */

static void begin_client(struct bench *bench) {
    double begun = cpu_us();
    make_side(&bench->client, bench->clients);
    SSL_set_connect_state(bench->client.ssl);
    if (bench->resumes && session != NULL)
        require(SSL_set_session(bench->client.ssl, session) == 1);
    bench->client_us += cpu_us() - begun;
}

/* Its next flight; how long it is. */
static size_t step_client(struct bench *bench) {
    double begun = cpu_us();
    SSL_do_handshake(bench->client.ssl);
    int got = BIO_read(bench->client.out, bench->flight, FLIGHT_MAX);
    bench->client_us += cpu_us() - begun;
    return got > 0 ? (size_t)got : 0;
}

static void end_client(struct bench *bench) {
    char byte;
    require(SSL_is_init_finished(bench->client.ssl));
    require(SSL_session_reused(bench->client.ssl) == (bench->resumes && session != NULL));
    SSL_read(bench->client.ssl, &byte, 1);                  /* the tickets */
    SSL_set_shutdown(bench->client.ssl, SSL_SENT_SHUTDOWN); /* else they are forgotten */
    double begun = cpu_us();
    SSL_free(bench->client.ssl);
    bench->client_us += cpu_us() - begun;
}

/* --- the server: its answer to a flight goes to the client --- */

static void serve_bare(struct bench *bench, size_t length) {
    char answer[FLIGHT_MAX];
    double begun = cpu_us();
    write_to(bench->server.in, bench->flight, length);
    SSL_do_handshake(bench->server.ssl);
    int got = BIO_read(bench->server.out, answer, sizeof answer);
    bench->server_us += cpu_us() - begun;
    write_to(bench->client.in, answer, got > 0 ? (size_t)got : 0);
}

static void serve_target(struct bench *bench, size_t length) {
    char answer[FLIGHT_MAX];
    const struct transport *transport = bench->transport;
    struct transport_conn lent = {transport->shared, bench->state, bench->fragment, false};
    double begun = cpu_us();
    for (size_t at = 0; at < length;) {
        struct transport_fact fact;
        transport->open(&lent, bench->flight + at, length - at, &fact);
        require(fact.kind == TRANSPORT_MORE || fact.kind == TRANSPORT_UP);
        at += fact.taken;
    }
    size_t got = transport->take_owed(transport->shared, bench->state, answer, sizeof answer);
    bench->server_us += cpu_us() - begun;
    write_to(bench->client.in, answer, got);
}

static void begin_server(struct bench *bench) {
    double begun = cpu_us();
    if (bench->target != NULL) {
        memset(bench->state, 0, bench->transport->state_bytes);
    } else {
        make_side(&bench->server, bench->servers);
        SSL_set_accept_state(bench->server.ssl);
    }
    bench->server_us += cpu_us() - begun;
}

static void end_server(struct bench *bench) {
    double begun = cpu_us();
    if (bench->target != NULL)
        bench->transport->release(bench->transport->shared, bench->state);
    else
        SSL_free(bench->server.ssl);
    bench->server_us += cpu_us() - begun;
}

static void shake_hands(struct bench *bench) {
    begin_client(bench);
    begin_server(bench);
    for (size_t length; (length = step_client(bench)) > 0;) {
        if (bench->target != NULL)
            serve_target(bench, length);
        else
            serve_bare(bench, length);
    }
    end_client(bench);
    end_server(bench);
}

/* The calmest round. */
static void measure(struct bench *bench, const char *name, bool resumes) {
    double client = 1e12, server = 1e12;
    bench->resumes = resumes;
    SSL_SESSION_free(session);
    session = NULL;
    if (resumes)
        shake_hands(bench); /* for a session */
    for (int round = 0; round < ROUNDS; round++) {
        bench->client_us = bench->server_us = 0;
        for (int i = 0; i < HANDSHAKES; i++)
            shake_hands(bench);
        client = bench->client_us < client ? bench->client_us : client;
        server = bench->server_us < server ? bench->server_us : server;
    }
    printf("| %s | %s | %.0f | %.0f |\n", name, resumes ? "resumed" : "full", client / HANDSHAKES,
           server / HANDSHAKES);
}

static void prepare(struct bench *bench) {
    char line[200];
    bench->clients = SSL_CTX_new(TLS_client_method());
    bench->servers = SSL_CTX_new(TLS_server_method());
    require(bench->clients != NULL && bench->servers != NULL);
    require(tls_certificate_use_own(bench->servers));
    SSL_CTX_set_session_cache_mode(bench->clients, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(bench->clients, keep_session);
    SSL_CTX_set_session_cache_mode(bench->servers, SSL_SESS_CACHE_OFF);
    require(SSL_CTX_set_ciphersuites(bench->clients, "TLS_AES_128_GCM_SHA256") == 1);
    require(tls_server_create(&bench->target, &(struct tls_server_settings){.tickets = 2},
                              (struct refuse_buffer){line, sizeof line}));
    bench->transport = tls_server_transport(bench->target);
    bench->state = malloc(bench->transport->state_bytes);
    bench->fragment = malloc(bench->transport->fragment_bytes);
    require(bench->state != NULL && bench->fragment != NULL);
}

int main(void) {
    static struct bench bench;
    prepare(&bench);
    struct tls_server *target = bench.target;
    printf("| server | handshake | client us | server us |\n|---|---|---|---|\n");
    for (int resumes = 0; resumes <= 1; resumes++) {
        bench.target = NULL;
        measure(&bench, "bare", resumes);
        bench.target = target;
        measure(&bench, "the target's", resumes);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(bench.clients);
    SSL_CTX_free(bench.servers);
    free(bench.state);
    free(bench.fragment);
    tls_server_destroy(target);
    return 0;
}
