/* Accepts by SSL objects over memory BIOs, each given up as soon as its handshake is done and what
 * it had to say is taken. */
#include "wire/tls/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/require.h"
#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_records.h"

static const char suites[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const unsigned char alpn[] = "\x08http/1.1";

enum { RECORD_HEADER = 5, TRIM_AFTER = 64 /* handshakes */ };

/* A handshake that is under way, or was and has bytes left to send. */
struct tls_server_handshake {
    SSL *ssl;
    BIO *in, *out; /* the SSL object's */
    struct tls_secrets secrets;
    bool finished_came; /* the client's */
    bool done;
    unsigned char header[RECORD_HEADER];
    size_t header_length; /* of the record that is being fed */
    size_t record_left;   /* of its body */
};

/* Of a connection. All zero: nothing has come. */
struct tls_server_state {
    struct tls_server_handshake *handshake; /* NULL: it has not begun, or nothing is left of it */
    bool up;
    bool over;                                  /* it failed */
    _Alignas(uint64_t) unsigned char records[]; /* the record layer's */
};

struct tls_server {
    SSL_CTX *context;
    struct tls_records *records;
    struct transport transport;
    struct transport_counts counts;
    uint32_t handshakes; /* under way */
    uint32_t given_back; /* since memory went back to the kernel */
    char why[160];       /* the latest handshake failed */
};

/* ---- Secrets ---- */

static int digit(char letter) {
    return letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10;
}

/* As far as there are digits, and room. */
static void from_hex(unsigned char *out, size_t room, const char *text) {
    for (; room > 0 && *text != '\0' && *text != ' '; text += 2, room--)
        *out++ = (unsigned char)(digit(text[0]) << 4 | digit(text[1]));
}

static void keep_secret(const SSL *ssl, const char *line) {
    static const char clients[] = "CLIENT_TRAFFIC_SECRET_0 ",
                      servers[] = "SERVER_TRAFFIC_SECRET_0 ";
    struct tls_server_handshake *handshake = SSL_get_app_data(ssl);
    const char *secret = strrchr(line, ' ');
    if (secret == NULL)
        return;
    if (strncmp(line, clients, sizeof clients - 1) == 0)
        from_hex(handshake->secrets.client, TLS_SECRET_MAX, secret + 1);
    if (strncmp(line, servers, sizeof servers - 1) == 0)
        from_hex(handshake->secrets.server, TLS_SECRET_MAX, secret + 1);
}

/* What a server sends behind the client's Finished (its tickets) is under its application key. */
static void count_records(int sends, int version, int type, const void *bytes, size_t length,
                          SSL *ssl, void *arg) {
    struct tls_server_handshake *handshake = arg;
    (void)version, (void)length, (void)ssl;
    if (sends && type == SSL3_RT_HEADER && handshake->finished_came)
        handshake->secrets.sent++;
    if (!sends && type == SSL3_RT_HANDSHAKE && *(const unsigned char *)bytes == SSL3_MT_FINISHED)
        handshake->finished_came = true;
}

/* ---- A handshake ---- */

/* A burst of clients leaves tens of megabytes behind, which go back to the kernel when it is over.
 */
static void give_up(struct tls_server *server, struct tls_server_state *state) {
    struct tls_server_handshake *handshake = state->handshake;
    if (handshake == NULL)
        return;
    SSL_free(handshake->ssl); /* and its BIOs */
    OPENSSL_cleanse(handshake, sizeof *handshake);
    free(handshake);
    state->handshake = NULL;
    server->given_back++;
    if (--server->handshakes == 0 && server->given_back >= TRIM_AFTER) {
        heap_trim();
        server->given_back = 0;
    }
}

static bool prepare(struct tls_server_handshake *handshake, SSL_CTX *context) {
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    handshake->ssl = SSL_new(context);
    if (in == NULL || out == NULL || handshake->ssl == NULL) {
        BIO_free(in);
        BIO_free(out);
        return false;
    }
    SSL_set_bio(handshake->ssl, in, out);
    handshake->in = in;
    handshake->out = out;
    handshake->secrets.serves = true;
    SSL_set_accept_state(handshake->ssl);
    SSL_set_msg_callback(handshake->ssl, count_records);
    SSL_set_msg_callback_arg(handshake->ssl, handshake);
    return SSL_set_app_data(handshake->ssl, handshake) == 1;
}

static bool begin(struct tls_server *server, struct tls_server_state *state) {
    state->handshake = calloc(1, sizeof *state->handshake);
    if (state->handshake == NULL)
        return false;
    server->handshakes++;
    if (prepare(state->handshake, server->context))
        return true;
    give_up(server, state);
    return false;
}

/* How many of the bytes belong to the record that is being fed: of what follows the handshake not
 * one may get into the SSL object. */
static size_t piece_of(struct tls_server_handshake *handshake, const char *bytes, size_t length) {
    size_t taken = 0;
    while (handshake->header_length < RECORD_HEADER && taken < length)
        handshake->header[handshake->header_length++] = (unsigned char)bytes[taken++];
    if (handshake->header_length < RECORD_HEADER)
        return taken;
    if (handshake->record_left == 0)
        handshake->record_left = (size_t)handshake->header[3] << 8 | handshake->header[4];
    size_t more = length - taken < handshake->record_left ? length - taken : handshake->record_left;
    handshake->record_left -= more;
    if (handshake->record_left == 0)
        handshake->header_length = 0;
    return taken + more;
}

static void fail(struct tls_server *server, struct tls_server_state *state,
                 enum handshake_reason reason, struct transport_fact *fact) {
    unsigned long error = ERR_peek_error();
    const char *words = error == 0 ? NULL : ERR_reason_error_string(error);
    int number = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
    bool alert = error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL && number >= 0 && number <= 255;
    snprintf(server->why, sizeof server->why, "%s",
             words != NULL ? words : handshake_reason_text(reason));
    fact->kind = TRANSPORT_FAILED;
    fact->failure = alert ? HANDSHAKE_REASON_alert : reason;
    fact->alert = (uint8_t)(alert ? number : 0);
    state->over = true;
    ERR_clear_error();
}

static enum handshake_reason reason_of(const struct tls_server_handshake *handshake) {
    unsigned long error = ERR_peek_error();
    switch (ERR_GET_REASON(error)) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return HANDSHAKE_REASON_plain_http;
    case SSL_R_WRONG_VERSION_NUMBER:
        return SSL_get_state(handshake->ssl) == TLS_ST_BEFORE ? HANDSHAKE_REASON_not_tls
                                                              : HANDSHAKE_REASON_handshake;
    case SSL_R_UNSUPPORTED_PROTOCOL: return HANDSHAKE_REASON_protocol_version;
    case SSL_R_NO_APPLICATION_PROTOCOL: return HANDSHAKE_REASON_alpn;
    case ERR_R_MALLOC_FAILURE: return HANDSHAKE_REASON_no_memory;
    default: return HANDSHAKE_REASON_handshake;
    }
}

/* The connection goes on by its keys. */
static void finish(struct tls_server *server, struct tls_server_state *state,
                   struct transport_fact *fact) {
    struct tls_server_handshake *handshake = state->handshake;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(handshake->ssl);
    handshake->secrets.suite = tls_suite_of(SSL_CIPHER_get_protocol_id(cipher));
    require(handshake->secrets.suite != NULL); /* none but these are offered */
    require(!SSL_has_pending(handshake->ssl) && BIO_ctrl_pending(handshake->in) == 0);
    if (!tls_records_begin(server->records, state->records, &handshake->secrets)) {
        fail(server, state, HANDSHAKE_REASON_no_memory, fact);
        return;
    }
    handshake->done = state->up = true;
    server->counts.tickets += handshake->secrets.sent;
    fact->kind = TRANSPORT_UP;
    fact->resumed = SSL_session_reused(handshake->ssl) == 1;
}

static void step(struct tls_server *server, struct tls_server_state *state,
                 struct transport_fact *fact) {
    SSL *ssl = state->handshake->ssl;
    ERR_clear_error();
    int result = SSL_do_handshake(ssl);
    if (result == 1)
        finish(server, state, fact);
    else if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
        fail(server, state, reason_of(state->handshake), fact);
}

static void feed(struct tls_server *server, struct tls_server_state *state, const char *bytes,
                 size_t length, struct transport_fact *fact) {
    struct tls_server_handshake *handshake = state->handshake;
    for (fact->taken = 0; fact->taken < length && fact->kind == TRANSPORT_MORE;) {
        const char *at = bytes + fact->taken;
        size_t piece = piece_of(handshake, at, length - fact->taken);
        fact->taken += piece;
        if (BIO_write(handshake->in, at, (int)piece) != (int)piece)
            fail(server, state, HANDSHAKE_REASON_no_memory, fact);
        else
            step(server, state, fact);
    }
}

/* ---- The transport ---- */

static void open_bytes(struct transport_conn *lent, char *bytes, size_t length,
                       struct transport_fact *fact) {
    struct tls_server *server = lent->shared;
    struct tls_server_state *state = lent->state;
    *fact = (struct transport_fact){.kind = TRANSPORT_MORE, .taken = length};
    if (state->over)
        return;
    if (state->up) {
        const struct transport *records = tls_records_transport(server->records);
        lent->shared = records->shared;
        lent->state = state->records;
        records->open(lent, bytes, length, fact);
        lent->shared = server;
        lent->state = state;
    } else if (state->handshake == NULL && !begin(server, state)) {
        fail(server, state, HANDSHAKE_REASON_no_memory, fact);
    } else {
        feed(server, state, bytes, length, fact);
    }
    if (fact->kind == TRANSPORT_FAILED)
        fact->taken = length;
}

static size_t seal(void *shared, void *state, const void *bytes, size_t length, char *out) {
    struct tls_server *server = shared;
    struct tls_server_state *own = state;
    require(own->up && own->handshake == NULL);
    const struct transport *records = tls_records_transport(server->records);
    return records->seal(records->shared, own->records, bytes, length, out);
}

/* A handshake that is given up before its end is told nothing. */
static size_t end(void *shared, void *state, uint8_t alert, char *out) {
    struct tls_server *server = shared;
    struct tls_server_state *own = state;
    const struct transport *records = tls_records_transport(server->records);
    return own->up && own->handshake == NULL
               ? records->end(records->shared, own->records, alert, out)
               : 0;
}

static size_t take_owed(void *shared, void *state, char *out, size_t room) {
    struct tls_server_state *own = state;
    if (own->handshake == NULL)
        return 0;
    int got = BIO_read(own->handshake->out, out, (int)room);
    if (BIO_ctrl_pending(own->handshake->out) == 0 && (own->up || own->over))
        give_up(shared, own);
    return got > 0 ? (size_t)got : 0;
}

static void release(void *shared, void *state) {
    struct tls_server *server = shared;
    give_up(server, state);
    OPENSSL_cleanse(state, server->transport.state_bytes);
}

static bool has_room(const void *shared) {
    (void)shared;
    return true;
}

/* Nothing before the client's first byte. */
static bool begin_nothing(void *shared, void *state, uint32_t slot) {
    (void)shared, (void)state, (void)slot;
    return true;
}

static void count(const void *shared, struct transport_counts *out) {
    const struct tls_server *server = shared;
    const struct tls_counts *counts = tls_records_counts(server->records);
    *out = server->counts;
    out->key_updates_in = counts->key_updates_in;
    out->key_updates_out = counts->key_updates_out;
}

static const char *explain(const void *shared) {
    return ((const struct tls_server *)shared)->why;
}

static void rekey(void *shared, void *state) {
    const struct tls_server *server = shared;
    struct tls_server_state *own = state;
    const struct transport *records = tls_records_transport(server->records);
    if (own->up)
        records->rekey(records->shared, own->records);
}

/* ---- What all connections share ---- */

/* http/1.1, or nothing where the client does not ask. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *length,
                           const unsigned char *offered, unsigned offered_length, void *arg) {
    (void)ssl, (void)arg;
    int chosen = SSL_select_next_proto((unsigned char **)out, length, alpn, sizeof alpn - 1,
                                       offered, offered_length);
    return chosen == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool configure(SSL_CTX *context, unsigned tickets) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* a ticket holds its session */
    SSL_CTX_set_keylog_callback(context, keep_secret);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context, suites) == 1 &&
           SSL_CTX_set_num_tickets(context, tickets) == 1;
}

static void describe(struct tls_server *server) {
    const struct transport *records = tls_records_transport(server->records);
    server->transport = *records;
    server->transport.shared = server;
    server->transport.state_bytes = sizeof(struct tls_server_state) + records->state_bytes;
    server->transport.open = open_bytes;
    server->transport.seal = seal;
    server->transport.end = end;
    server->transport.rekey = rekey;
    server->transport.has_room = has_room;
    server->transport.begin = begin_nothing;
    server->transport.take_owed = take_owed;
    server->transport.release = release;
    server->transport.count = count;
    server->transport.explain = explain;
}

static bool make(struct tls_server *server, const struct tls_server_settings *settings,
                 struct refuse_buffer to) {
    server->context = SSL_CTX_new(TLS_server_method());
    server->records = tls_records_create(
        &(struct tls_records_settings){.suite = tls_suite_of(0x1302)}); /* the largest state */
    if (server->context == NULL || server->records == NULL ||
        !configure(server->context, settings->tickets))
        return refuse(to, "--tls: no memory, or OpenSSL has not the ciphers of TLS 1.3");
    describe(server);
    if (settings->cert != NULL)
        return tls_certificate_use_files(server->context, settings->cert, settings->key, to);
    return tls_certificate_use_own(server->context) ||
           refuse(to, "--tls: no certificate can be made: no memory");
}

bool tls_server_create(struct tls_server **out, const struct tls_server_settings *settings,
                       struct refuse_buffer to) {
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return refuse(to, "--tls: no memory");
    if (make(*out, settings, to))
        return true;
    tls_server_destroy(*out);
    *out = NULL;
    return false;
}

void tls_server_destroy(struct tls_server *server) {
    if (server == NULL)
        return;
    SSL_CTX_free(server->context);
    tls_records_destroy(server->records);
    free(server);
}

const struct transport *tls_server_transport(const struct tls_server *server) {
    return &server->transport;
}
