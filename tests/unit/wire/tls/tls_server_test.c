/* A client of OpenSSL shakes hands with the transport of a server, and is served by its record
 * layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cmocka.h>

#include "wire/tls/tls_server.h"

enum { PIECE_MAX = 20000 };

/* A server's transport and one connection of it. */
struct joint {
    struct tls_server *server;
    const struct transport *transport;
    void *state, *fragment;
    bool cut;
    size_t piece;               /* what the client sends is fed in pieces of so many bytes */
    struct transport_fact last; /* of another kind than MORE and DATA */
    char data[100];
    SSL_CTX *context;
    SSL *client;
    BIO *in, *out;
    int client_error; /* ERR_GET_REASON() of its handshake */
};

static void connect_anew(struct joint *joint) {
    memset(joint->state, 0, joint->transport->state_bytes);
    joint->cut = false;
    joint->last.kind = TRANSPORT_MORE;
    joint->data[0] = '\0';
    assert_true(joint->transport->begin(joint->transport->shared, joint->state, 0));
    joint->client = SSL_new(joint->context);
    joint->in = BIO_new(BIO_s_mem());
    joint->out = BIO_new(BIO_s_mem());
    assert_true(joint->client != NULL && joint->in != NULL && joint->out != NULL);
    SSL_set_bio(joint->client, joint->in, joint->out);
    SSL_set_connect_state(joint->client);
}

static void begin(struct joint *joint, unsigned tickets, size_t piece) {
    char line[200] = "";
    *joint = (struct joint){.piece = piece};
    bool made = tls_server_create(&joint->server, &(struct tls_server_settings){.tickets = tickets},
                                  (struct refuse_buffer){line, sizeof line});
    assert_string_equal(line, "");
    assert_true(made);
    joint->transport = tls_server_transport(joint->server);
    joint->state = malloc(joint->transport->state_bytes);
    joint->fragment = malloc(joint->transport->fragment_bytes);
    joint->context = SSL_CTX_new(TLS_client_method());
    assert_true(joint->state != NULL && joint->fragment != NULL && joint->context != NULL);
}

static void leave(struct joint *joint) {
    joint->transport->release(joint->transport->shared, joint->state);
    SSL_free(joint->client);
    joint->client = NULL;
}

static void finish(struct joint *joint) {
    leave(joint);
    SSL_CTX_free(joint->context);
    free(joint->state);
    free(joint->fragment);
    tls_server_destroy(joint->server);
}

static void take_owed(struct joint *joint) {
    char bytes[1000];
    size_t got;
    while ((got = joint->transport->take_owed(joint->transport->shared, joint->state, bytes,
                                              sizeof bytes)) > 0)
        assert_int_equal(BIO_write(joint->in, bytes, (int)got), got);
}

static void take_fact(struct joint *joint, const struct transport_fact *fact) {
    if (fact->kind == TRANSPORT_DATA)
        strncat(joint->data, fact->plain.bytes, fact->plain.length);
    else if (fact->kind != TRANSPORT_MORE)
        joint->last = *fact;
    take_owed(joint);
}

/* All that the client sent. */
static void serve(struct joint *joint) {
    char *bytes = malloc(PIECE_MAX);
    assert_non_null(bytes);
    for (int got; (got = BIO_read(joint->out, bytes, (int)joint->piece)) > 0;)
        for (size_t at = 0; at < (size_t)got;) {
            struct transport_conn lent = {joint->transport->shared, joint->state, joint->fragment,
                                          joint->cut};
            struct transport_fact fact;
            joint->transport->open(&lent, bytes + at, (size_t)got - at, &fact);
            assert_in_range(fact.taken, 1, (size_t)got - at);
            joint->cut = lent.cut;
            at += fact.taken;
            take_fact(joint, &fact);
        }
    free(bytes);
}

/* Until nothing comes any more; what the client says of it. */
static int shake_hands(struct joint *joint) {
    int result = -1;
    joint->client_error = 0;
    for (int i = 0; i < 4 && result != 1 && joint->client_error == 0; i++) {
        ERR_clear_error();
        result = SSL_do_handshake(joint->client);
        joint->client_error = ERR_GET_REASON(ERR_peek_error());
        serve(joint);
    }
    return result;
}

static void say(struct joint *joint, const char *text) {
    char *sealed = malloc(joint->transport->sealed_bytes(strlen(text)));
    assert_non_null(sealed);
    size_t length =
        joint->transport->seal(joint->transport->shared, joint->state, text, strlen(text), sealed);
    assert_int_equal(BIO_write(joint->in, sealed, (int)length), length);
    free(sealed);
}

static void ask(struct joint *joint, const char *text) {
    joint->data[0] = '\0';
    assert_int_equal(SSL_write(joint->client, text, (int)strlen(text)), strlen(text));
    serve(joint);
    assert_string_equal(joint->data, text);
}

static void expect_read(struct joint *joint, const char *text) {
    char bytes[100] = "";
    assert_int_equal(SSL_read(joint->client, bytes, sizeof bytes - 1), strlen(text));
    assert_string_equal(bytes, text);
}

static void ask_and_answer(struct joint *joint) {
    ask(joint, "HEAD");
    say(joint, "200");
    expect_read(joint, "200");
}

/* --- the sentences --- */

static void a_client_is_served_whatever_it_prefers(void **state) {
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256",
                                         "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"};
    static const size_t pieces[] = {PIECE_MAX, 1, 7};
    for (size_t suite = 0; suite < sizeof suites / sizeof *suites; suite++)
        for (unsigned tickets = 0; tickets <= 3; tickets++)
            for (size_t piece = 0; piece < sizeof pieces / sizeof *pieces; piece++) {
                struct joint joint;
                begin(&joint, tickets, pieces[piece]);
                assert_int_equal(SSL_CTX_set_ciphersuites(joint.context, suites[suite]), 1);
                connect_anew(&joint);
                assert_int_equal(shake_hands(&joint), 1);
                assert_int_equal(joint.last.kind, TRANSPORT_UP);
                assert_false(joint.last.resumed);
                ask_and_answer(&joint);
                ask_and_answer(&joint);
                struct transport_counts counts;
                joint.transport->count(joint.transport->shared, &counts);
                assert_int_equal(counts.tickets, tickets);
                const char *chosen = SSL_get_cipher_name(joint.client);
                assert_string_equal(chosen, suite == 3 ? suites[0] : suites[suite]);
                finish(&joint);
            }
}

/* The client's Finished and its request in one read. */
static void a_request_may_come_with_the_end_of_the_handshake(void **state) {
    (void)state;
    struct joint joint;
    begin(&joint, 2, PIECE_MAX);
    connect_anew(&joint);
    SSL_do_handshake(joint.client);
    serve(&joint);
    assert_int_equal(SSL_do_handshake(joint.client), 1);
    ask(&joint, "HEAD");
    assert_int_equal(joint.last.kind, TRANSPORT_UP);
    say(&joint, "200");
    expect_read(&joint, "200");
    finish(&joint);
}

static void http_1_1_is_chosen_and_nothing_else(void **state) {
    (void)state;
    static const struct {
        const unsigned char offered[16];
        unsigned length;
        const char *chosen; /* NULL: refused */
    } rows[] = {{"\2h2\10http/1.1", 12, "http/1.1"}, {"", 0, ""}, {"\2h2", 3, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct joint joint;
        const unsigned char *chosen;
        unsigned length;
        begin(&joint, 0, PIECE_MAX);
        assert_int_equal(SSL_CTX_set_alpn_protos(joint.context, rows[i].offered, rows[i].length),
                         0);
        connect_anew(&joint);
        assert_int_equal(shake_hands(&joint) == 1, rows[i].chosen != NULL);
        if (rows[i].chosen != NULL) {
            SSL_get0_alpn_selected(joint.client, &chosen, &length);
            assert_int_equal(length, strlen(rows[i].chosen));
            assert_memory_equal(chosen, rows[i].chosen, length);
        } else {
            assert_int_equal(joint.last.kind, TRANSPORT_FAILED);
            assert_int_equal(joint.last.failure, HANDSHAKE_REASON_alpn);
            assert_int_equal(joint.client_error, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        }
        finish(&joint);
    }
}

static SSL_SESSION *kept;

static int keep_session(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

static void a_ticket_is_taken_back(void **state) {
    (void)state;
    struct joint joint;
    begin(&joint, 2, PIECE_MAX);
    SSL_CTX_set_session_cache_mode(joint.context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(joint.context, keep_session);
    connect_anew(&joint);
    assert_int_equal(shake_hands(&joint), 1);
    ask_and_answer(&joint);
    assert_non_null(kept);
    SSL_set_shutdown(joint.client, SSL_SENT_SHUTDOWN);
    leave(&joint);
    connect_anew(&joint);
    assert_int_equal(SSL_set_session(joint.client, kept), 1);
    assert_int_equal(shake_hands(&joint), 1);
    assert_int_equal(joint.last.kind, TRANSPORT_UP);
    assert_true(joint.last.resumed);
    ask_and_answer(&joint);
    SSL_SESSION_free(kept);
    kept = NULL;
    finish(&joint);
}

static void keys_are_updated_while_it_is_served(void **state) {
    (void)state;
    struct joint joint;
    struct transport_counts counts;
    begin(&joint, 1, 3);
    connect_anew(&joint);
    assert_int_equal(shake_hands(&joint), 1);
    ask_and_answer(&joint);
    assert_int_equal(SSL_key_update(joint.client, SSL_KEY_UPDATE_REQUESTED), 1);
    ask_and_answer(&joint);
    joint.transport->rekey(joint.transport->shared, joint.state);
    ask_and_answer(&joint);
    ask_and_answer(&joint);
    joint.transport->count(joint.transport->shared, &counts);
    assert_int_equal(counts.key_updates_in, 2);
    assert_int_equal(counts.key_updates_out, 2);
    finish(&joint);
}

static void the_end_is_told_both_ways(void **state) {
    (void)state;
    struct joint joint;
    char bytes[100];
    begin(&joint, 1, PIECE_MAX);
    connect_anew(&joint);
    assert_int_equal(shake_hands(&joint), 1);
    size_t length = joint.transport->end(joint.transport->shared, joint.state, 0, bytes);
    assert_int_equal(BIO_write(joint.in, bytes, (int)length), length);
    assert_int_equal(SSL_read(joint.client, bytes, sizeof bytes), 0);
    assert_int_equal(SSL_get_error(joint.client, 0), SSL_ERROR_ZERO_RETURN);
    assert_int_equal(SSL_shutdown(joint.client), 1);
    serve(&joint);
    assert_int_equal(joint.last.kind, TRANSPORT_CLOSED);
    finish(&joint);
}

/* Bytes as they come, of a client that is none. */
static void expect_failure(const char *bytes, size_t length, size_t piece,
                           enum handshake_reason failure, bool told) {
    struct joint joint;
    begin(&joint, 2, piece);
    connect_anew(&joint);
    assert_int_equal(BIO_write(joint.out, bytes, (int)length), length);
    serve(&joint);
    assert_int_equal(joint.last.kind, TRANSPORT_FAILED);
    assert_int_equal(joint.last.failure, failure);
    assert_int_equal(BIO_ctrl_pending(joint.in) > 0, told);
    assert_true(strlen(joint.transport->explain(joint.transport->shared)) > 0);
    finish(&joint);
}

static void what_is_no_handshake_fails_and_is_told_so(void **state) {
    (void)state;
    static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char other[] = "SSH-2.0-OpenSSH_9.2\r\n";
    static const char hello[] = "\26\3\1\0\4\20\0\0\0"; /* a message of another kind */
    for (size_t piece = 1; piece <= 100; piece += 99) {
        expect_failure(http, sizeof http - 1, piece, HANDSHAKE_REASON_plain_http, false);
        expect_failure(other, sizeof other - 1, piece, HANDSHAKE_REASON_not_tls, false);
        expect_failure(hello, sizeof hello - 1, piece, HANDSHAKE_REASON_handshake, true);
    }
}

static void a_client_of_tls_1_2_is_told_the_version(void **state) {
    (void)state;
    struct joint joint;
    begin(&joint, 2, PIECE_MAX);
    assert_int_equal(SSL_CTX_set_max_proto_version(joint.context, TLS1_2_VERSION), 1);
    connect_anew(&joint);
    assert_int_equal(shake_hands(&joint), -1);
    assert_int_equal(joint.client_error, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    assert_int_equal(joint.last.kind, TRANSPORT_FAILED);
    assert_int_equal(joint.last.failure, HANDSHAKE_REASON_protocol_version);
    finish(&joint);
}

/* It does not trust the certificate. */
static void the_alert_of_a_client_is_kept(void **state) {
    (void)state;
    struct joint joint;
    begin(&joint, 2, PIECE_MAX);
    SSL_CTX_set_verify(joint.context, SSL_VERIFY_PEER, NULL);
    connect_anew(&joint);
    assert_int_equal(shake_hands(&joint), -1);
    assert_int_equal(joint.last.kind, TRANSPORT_FAILED);
    assert_int_equal(joint.last.failure, HANDSHAKE_REASON_alert);
    assert_int_equal(joint.last.alert, SSL_AD_UNKNOWN_CA);
    finish(&joint);
}

static void a_connection_without_a_byte_costs_nothing_but_its_state(void **state) {
    (void)state;
    struct joint joint;
    begin(&joint, 2, PIECE_MAX);
    connect_anew(&joint);
    assert_in_range(joint.transport->state_bytes, 208, 208 + 16);
    for (size_t i = 0; i < joint.transport->state_bytes; i++)
        assert_int_equal(((unsigned char *)joint.state)[i], 0);
    finish(&joint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_served_whatever_it_prefers),
        cmocka_unit_test(a_request_may_come_with_the_end_of_the_handshake),
        cmocka_unit_test(http_1_1_is_chosen_and_nothing_else),
        cmocka_unit_test(a_ticket_is_taken_back),
        cmocka_unit_test(keys_are_updated_while_it_is_served),
        cmocka_unit_test(the_end_is_told_both_ways),
        cmocka_unit_test(what_is_no_handshake_fails_and_is_told_so),
        cmocka_unit_test(a_client_of_tls_1_2_is_told_the_version),
        cmocka_unit_test(the_alert_of_a_client_is_kept),
        cmocka_unit_test(a_connection_without_a_byte_costs_nothing_but_its_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
