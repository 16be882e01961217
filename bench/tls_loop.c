/* The floor of a TLS handshake: client and server of OpenSSL joined by memory BIOs, and nothing
 * else; and each of the two with ours in place of the other. Microseconds of this thread's CPU
 * time. */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/require.h"
#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_client.h"
#include "wire/tls/tls_context.h"
#include "wire/tls/tls_server.h"

enum { HANDSHAKES = 150, ROUNDS = 7, FLIGHT_MAX = 16384 };

struct side {
    SSL *ssl;
    BIO *in, *out;
};

/* One connection of ours. */
struct ours {
    const struct transport *transport;
    void *state, *fragment;
    bool up;
};

struct bench {
    SSL_CTX *clients, *servers;
    struct ours *client_of_ours, *server_of_ours; /* NULL: the bare one */
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

/* --- ours --- */

static void make_ours(struct ours *ours, const struct transport *transport) {
    ours->transport = transport;
    ours->state = calloc(1, transport->state_bytes);
    ours->fragment = malloc(transport->fragment_bytes);
    require(ours->state != NULL && ours->fragment != NULL);
}

static void free_ours(struct ours *ours) {
    free(ours->state);
    free(ours->fragment);
}

/* What follows the handshake is left alone. */
static void feed_ours(struct ours *ours, char *bytes, size_t length) {
    const struct transport *transport = ours->transport;
    struct transport_conn lent = {transport->shared, ours->state, ours->fragment, false};
    for (size_t at = 0; at < length && !ours->up;) {
        struct transport_fact fact;
        transport->open(&lent, bytes + at, length - at, &fact);
        require(fact.kind == TRANSPORT_MORE || fact.kind == TRANSPORT_CONTROL ||
                fact.kind == TRANSPORT_UP);
        ours->up = fact.kind == TRANSPORT_UP;
        at += fact.taken;
    }
}

static size_t take_of_ours(struct ours *ours, char *out) {
    return ours->transport->take_owed(ours->transport->shared, ours->state, out, FLIGHT_MAX);
}

static void begin_ours(struct ours *ours) {
    const struct transport *transport = ours->transport;
    memset(ours->state, 0, transport->state_bytes);
    ours->up = false;
    require(transport->begin == NULL || transport->begin(transport->shared, ours->state, 0));
}

static void end_ours(struct ours *ours) {
    require(ours->up);
    ours->transport->release(ours->transport->shared, ours->state);
}

/* --- the client --- */

static void begin_client(struct bench *bench) {
    double begun = cpu_us();
    if (bench->client_of_ours != NULL) {
        begin_ours(bench->client_of_ours);
    } else {
        make_side(&bench->client, bench->clients);
        require(SSL_set1_host(bench->client.ssl, "localhost") == 1);
        require(SSL_set_tlsext_host_name(bench->client.ssl, "localhost") == 1);
        if (bench->server_of_ours != NULL) /* its certificate is another one */
            SSL_set_verify(bench->client.ssl, SSL_VERIFY_NONE, NULL);
        SSL_set_connect_state(bench->client.ssl);
        if (bench->resumes && session != NULL)
            require(SSL_set_session(bench->client.ssl, session) == 1);
    }
    bench->client_us += cpu_us() - begun;
}

/* Its next flight; how long it is. */
static size_t step_client(struct bench *bench) {
    double begun = cpu_us();
    int got;
    if (bench->client_of_ours != NULL) {
        got = (int)take_of_ours(bench->client_of_ours, bench->flight);
    } else {
        SSL_do_handshake(bench->client.ssl);
        got = BIO_read(bench->client.out, bench->flight, FLIGHT_MAX);
    }
    bench->client_us += cpu_us() - begun;
    return got > 0 ? (size_t)got : 0;
}

static void feed_client(struct bench *bench, char *bytes, size_t length) {
    double begun = cpu_us();
    if (bench->client_of_ours != NULL)
        feed_ours(bench->client_of_ours, bytes, length);
    else
        write_to(bench->client.in, bytes, length);
    bench->client_us += cpu_us() - begun;
}

static void end_bare_client(struct bench *bench) {
    char byte;
    require(SSL_is_init_finished(bench->client.ssl));
    require(SSL_session_reused(bench->client.ssl) == (bench->resumes && session != NULL));
    SSL_read(bench->client.ssl, &byte, 1);                  /* the tickets */
    SSL_set_shutdown(bench->client.ssl, SSL_SENT_SHUTDOWN); /* else they are forgotten */
    double begun = cpu_us();
    SSL_free(bench->client.ssl);
    bench->client_us += cpu_us() - begun;
}

static void end_client(struct bench *bench) {
    if (bench->client_of_ours == NULL) {
        end_bare_client(bench);
        return;
    }
    double begun = cpu_us();
    end_ours(bench->client_of_ours);
    bench->client_us += cpu_us() - begun;
}

/* --- the server --- */

static void begin_server(struct bench *bench) {
    double begun = cpu_us();
    if (bench->server_of_ours != NULL) {
        begin_ours(bench->server_of_ours);
    } else {
        make_side(&bench->server, bench->servers);
        SSL_set_accept_state(bench->server.ssl);
    }
    bench->server_us += cpu_us() - begun;
}

/* Its answer to a flight goes to the client. */
static void serve(struct bench *bench, size_t length) {
    char answer[FLIGHT_MAX];
    double begun = cpu_us();
    int got;
    if (bench->server_of_ours != NULL) {
        feed_ours(bench->server_of_ours, bench->flight, length);
        got = (int)take_of_ours(bench->server_of_ours, answer);
    } else {
        write_to(bench->server.in, bench->flight, length);
        SSL_do_handshake(bench->server.ssl);
        got = BIO_read(bench->server.out, answer, sizeof answer);
    }
    bench->server_us += cpu_us() - begun;
    feed_client(bench, answer, got > 0 ? (size_t)got : 0);
}

static void end_server(struct bench *bench) {
    double begun = cpu_us();
    if (bench->server_of_ours != NULL)
        end_ours(bench->server_of_ours);
    else
        SSL_free(bench->server.ssl);
    bench->server_us += cpu_us() - begun;
}

static void shake_hands(struct bench *bench) {
    begin_client(bench);
    begin_server(bench);
    for (size_t length; (length = step_client(bench)) > 0;)
        serve(bench, length);
    end_client(bench);
    end_server(bench);
}

/* The calmest round. */
static void measure(struct bench *bench, bool resumes) {
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
    printf("| %s | %s | %s | %.0f | %.0f |\n", bench->client_of_ours != NULL ? "ours" : "bare",
           bench->server_of_ours != NULL ? "ours" : "bare", resumes ? "resumed" : "full",
           client / HANDSHAKES, server / HANDSHAKES);
}

static void prepare(struct bench *bench) {
    static const unsigned char http11[] = "\x08http/1.1";
    bench->clients = SSL_CTX_new(TLS_client_method());
    bench->servers = SSL_CTX_new(TLS_server_method());
    require(bench->clients != NULL && bench->servers != NULL);
    require(tls_certificate_use_own(bench->servers));
    SSL_CTX_set_session_cache_mode(bench->clients, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(bench->clients, keep_session);
    SSL_CTX_set_session_cache_mode(bench->servers, SSL_SESS_CACHE_OFF);
    require(SSL_CTX_set_ciphersuites(bench->clients, "TLS_AES_128_GCM_SHA256") == 1);
    require(SSL_CTX_set_alpn_protos(bench->clients, http11, sizeof http11 - 1) == 0);
}

/* Of the bare server, so that both clients verify as ours does in a run. */
static void trust_certificate(struct bench *bench, char *path) {
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    require(file != NULL && PEM_write_X509(file, SSL_CTX_get0_certificate(bench->servers)) == 1);
    require(fclose(file) == 0);
    require(SSL_CTX_load_verify_file(bench->clients, path) == 1);
    SSL_CTX_set_verify(bench->clients, SSL_VERIFY_PEER, NULL);
}

static void measure_all(struct bench *bench, struct ours *client, struct ours *server) {
    printf("| client | server | handshake | client us | server us |\n|---|---|---|---|---|\n");
    measure(bench, false);
    bench->server_of_ours = server;
    measure(bench, false);
    bench->server_of_ours = NULL;
    bench->client_of_ours = client;
    measure(bench, false);
    bench->client_of_ours = NULL;
    measure(bench, true);
    bench->server_of_ours = server;
    measure(bench, true);
}

int main(void) {
    static struct bench bench;
    struct tls_context *context;
    struct tls_server *target;
    struct ours client, server;
    char line[200];
    struct refuse_buffer refusal = {line, sizeof line};
    prepare(&bench);
    require(tls_server_create(&target, &(struct tls_server_settings){.tickets = 2}, refusal));
    char trusted[] = "/tmp/tls_loop.XXXXXX";
    trust_certificate(&bench, trusted);
    require(tls_context_create(&context, &(struct tls_settings){.cacert = trusted}, refusal));
    require(unlink(trusted) == 0);
    struct tls_client *ours =
        tls_client_create(&(struct tls_client_settings){.context = context,
                                                        .name = "localhost",
                                                        .handshakes_max = 1,
                                                        .cipher = "TLS_AES_128_GCM_SHA256"});
    require(ours != NULL);
    make_ours(&client, tls_client_transport(ours));
    make_ours(&server, tls_server_transport(target));
    measure_all(&bench, &client, &server);
    SSL_SESSION_free(session);
    SSL_CTX_free(bench.clients);
    SSL_CTX_free(bench.servers);
    free_ours(&client);
    free_ours(&server);
    tls_client_destroy(ours);
    tls_context_destroy(context);
    tls_server_destroy(target);
    return 0;
}
