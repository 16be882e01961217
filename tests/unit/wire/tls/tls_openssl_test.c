/* Connections of OpenSSL whose one end is detached after the handshake: the other end, still an SSL
 * object, notices nothing. */
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

#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_records.h"

/* --- two ends joined by memory --- */

struct side {
    SSL *ssl;
    BIO *in, *out;
    struct tls_secrets secrets;
    bool finished_came; /* the peer's */
};

struct joint {
    SSL_CTX *client_context, *server_context;
    struct side client, server;
};

/* As far as there are digits. */
static void from_hex(unsigned char *out, const char *text) {
    for (; *text != '\0' && *text != ' '; text += 2)
        assert_int_equal(sscanf(text, "%2hhx", out++), 1);
}

static void keep_secret(const SSL *ssl, const char *line) {
    struct side *side = SSL_get_app_data(ssl);
    const char *random = strchr(line, ' ') + 1, *secret = strchr(random, ' ') + 1;
    from_hex(side->secrets.random, random);
    if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
        from_hex(side->secrets.client, secret);
    if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0)
        from_hex(side->secrets.server, secret);
}

/* Counts the records that a server sends under its application key. */
static void see_message(int sends, int version, int type, const void *bytes, size_t length,
                        SSL *ssl, void *arg) {
    struct side *side = arg;
    (void)version, (void)length, (void)ssl;
    if (sends && type == SSL3_RT_HEADER && side->finished_came)
        side->secrets.sent++;
    if (!sends && type == SSL3_RT_HANDSHAKE && *(const unsigned char *)bytes == SSL3_MT_FINISHED)
        side->finished_came = true;
}

static void make_side(struct side *side, SSL_CTX *context, bool serves) {
    *side = (struct side){.ssl = SSL_new(context)};
    side->in = BIO_new(BIO_s_mem());
    side->out = BIO_new(BIO_s_mem());
    side->secrets.serves = serves;
    assert_true(side->ssl != NULL && side->in != NULL && side->out != NULL);
    SSL_set_bio(side->ssl, side->in, side->out);
    SSL_set_app_data(side->ssl, side);
    SSL_set_msg_callback(side->ssl, see_message);
    SSL_set_msg_callback_arg(side->ssl, side);
    if (serves)
        SSL_set_accept_state(side->ssl);
    else
        SSL_set_connect_state(side->ssl);
}

static size_t move(BIO *from, BIO *to) {
    char bytes[4096];
    size_t moved = 0;
    for (int got; (got = BIO_read(from, bytes, sizeof bytes)) > 0; moved += (size_t)got)
        assert_int_equal(BIO_write(to, bytes, got), got);
    return moved;
}

static void prepare(struct joint *joint, const struct tls_suite *suite) {
    joint->client_context = SSL_CTX_new(TLS_client_method());
    joint->server_context = SSL_CTX_new(TLS_server_method());
    SSL_CTX *contexts[] = {joint->client_context, joint->server_context};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(SSL_CTX_set_min_proto_version(contexts[i], TLS1_3_VERSION), 1);
        assert_int_equal(SSL_CTX_set_ciphersuites(contexts[i], suite->name), 1);
        SSL_CTX_set_keylog_callback(contexts[i], keep_secret);
    }
    assert_true(tls_certificate_use_own(joint->server_context));
}

/* Until both have finished; what the server sent last stays in its BIO. */
static void shake_hands(struct joint *joint, const struct tls_suite *suite) {
    make_side(&joint->client, joint->client_context, false);
    make_side(&joint->server, joint->server_context, true);
    for (int i = 0; i < 4 && !SSL_is_init_finished(joint->server.ssl); i++) {
        SSL_do_handshake(joint->client.ssl);
        move(joint->client.out, joint->server.in);
        SSL_do_handshake(joint->server.ssl);
        if (!SSL_is_init_finished(joint->server.ssl))
            move(joint->server.out, joint->client.in);
    }
    assert_true(SSL_is_init_finished(joint->client.ssl));
    assert_true(SSL_is_init_finished(joint->server.ssl));
    joint->client.secrets.suite = joint->server.secrets.suite = suite;
    joint->client.secrets.sent = 0;
}

static void part(struct joint *joint) {
    SSL_free(joint->client.ssl);
    SSL_free(joint->server.ssl);
    SSL_CTX_free(joint->client_context);
    SSL_CTX_free(joint->server_context);
}

/* --- the end that is detached --- */

struct detached {
    struct tls_records *records;
    const struct transport *transport;
    void *state, *fragment;
    bool cut;
};

static void detach(struct detached *end, struct side *side, uint64_t rekey_after) {
    assert_false(SSL_has_pending(side->ssl));
    end->records = tls_records_create(
        &(struct tls_records_settings){.suite = side->secrets.suite, .rekey_after = rekey_after});
    assert_non_null(end->records);
    end->transport = tls_records_transport(end->records);
    end->state = calloc(1, end->transport->state_bytes);
    end->fragment = malloc(end->transport->fragment_bytes);
    end->cut = false;
    assert_true(end->state != NULL && end->fragment != NULL);
    assert_true(tls_records_begin(end->records, end->state, &side->secrets));
}

static void drop(struct detached *end) {
    free(end->state);
    free(end->fragment);
    tls_records_destroy(end->records);
}

/* What the peer sent, read in pieces of so many bytes; the facts, without MORE, a letter each and
 * the data itself. */
static void read_all(struct detached *end, BIO *from, size_t piece, char facts[static 300]) {
    char bytes[64];
    char *at_out = facts;
    assert_true(piece <= sizeof bytes);
    for (int got; (got = BIO_read(from, bytes, (int)piece)) > 0;) {
        char *at = bytes;
        for (size_t left = (size_t)got; left > 0;) {
            struct transport_conn lent = {end->transport->shared, end->state, end->fragment,
                                          end->cut};
            struct transport_fact fact;
            end->transport->open(&lent, at, left, &fact);
            end->cut = lent.cut;
            at += fact.taken;
            left -= fact.taken;
            if (fact.kind == TRANSPORT_DATA)
                at_out += sprintf(at_out, "%.*s ", (int)fact.plain.length,
                                  (const char *)fact.plain.bytes);
            else if (fact.kind == TRANSPORT_CONTROL)
                at_out += sprintf(at_out, "t%uk%u ", fact.tickets, fact.key_updates);
            else if (fact.kind == TRANSPORT_ALERT)
                at_out += sprintf(at_out, "alert-%u ", fact.alert);
            else if (fact.kind != TRANSPORT_MORE)
                at_out += sprintf(at_out, "%s ",
                                  fact.kind == TRANSPORT_CLOSED ? "closed"
                                                                : record_reason_name(fact.reason));
        }
    }
    *at_out = '\0';
}

static void expect_all(struct detached *end, BIO *from, size_t piece, const char *expected) {
    char facts[300];
    read_all(end, from, piece, facts);
    assert_string_equal(facts, expected);
}

static void say(struct detached *end, struct side *to, const char *text) {
    char sealed[200];
    size_t length = end->transport->seal(end->records, end->state, text, strlen(text), sealed);
    assert_int_equal(BIO_write(to->in, sealed, (int)length), length);
}

/* The SSL object reads that text, or its end (""). */
static void expect_read(struct side *side, const char *text) {
    char bytes[100];
    int got = SSL_read(side->ssl, bytes, sizeof bytes);
    if (text[0] == '\0') {
        assert_int_equal(SSL_get_error(side->ssl, got), SSL_ERROR_ZERO_RETURN);
    } else {
        assert_int_equal(got, strlen(text));
        assert_memory_equal(bytes, text, strlen(text));
    }
}

static void write_text(struct side *side, const char *text) {
    assert_int_equal(SSL_write(side->ssl, text, (int)strlen(text)), strlen(text));
}

/* --- the sentences --- */

static void a_client_goes_on_by_itself_whatever_tickets_came(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++)
        for (unsigned count = 0; count <= 5; count++)
            for (size_t piece = 1; piece <= 64; piece += 63) {
                struct joint joint;
                struct detached client;
                char expected[100] = "";
                prepare(&joint, tls_suite_at(i));
                SSL_CTX_set_num_tickets(joint.server_context, count);
                shake_hands(&joint, tls_suite_at(i));
                detach(&client, &joint.client, 0);
                for (unsigned ticket = 0; ticket < count; ticket++)
                    strcat(expected, "t1k0 ");
                expect_all(&client, joint.server.out, piece, expected);
                say(&client, &joint.server, "HEAD");
                expect_read(&joint.server, "HEAD");
                write_text(&joint.server, "200");
                write_text(&joint.server, "201");
                expect_all(&client, joint.server.out, piece, "200 201 ");
                assert_int_equal(tls_records_counts(client.records)->tickets, count);
                drop(&client);
                part(&joint);
            }
}

/* Bytes that the SSL object of the client was fed and did not read. */
static void what_came_with_the_handshake_is_handed_over(void **state) {
    (void)state;
    struct joint joint;
    struct detached client;
    prepare(&joint, tls_suite_at(0));
    make_side(&joint.client, joint.client_context, false);
    make_side(&joint.server, joint.server_context, true);
    SSL_do_handshake(joint.client.ssl);
    move(joint.client.out, joint.server.in);
    assert_int_equal(SSL_read_early_data(joint.server.ssl, &(char){0}, 1, &(size_t){0}),
                     SSL_READ_EARLY_DATA_FINISH);
    assert_int_equal(SSL_write_early_data(joint.server.ssl, "early", 5, &(size_t){0}), 1);
    assert_int_equal(SSL_write_early_data(joint.server.ssl, "too", 3, &(size_t){0}), 1);
    move(joint.server.out, joint.client.in);
    SSL_do_handshake(joint.client.ssl);
    assert_true(SSL_is_init_finished(joint.client.ssl));
    joint.client.secrets.suite = tls_suite_at(0);
    joint.client.secrets.sent = 0;
    detach(&client, &joint.client, 0);
    assert_true(BIO_ctrl_pending(joint.client.in) > 0);
    expect_all(&client, joint.client.in, 7, "early too ");
    drop(&client);
    part(&joint);
}

static void keys_are_updated_in_both_directions(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        struct joint joint;
        struct detached client;
        prepare(&joint, tls_suite_at(i));
        SSL_CTX_set_num_tickets(joint.server_context, 0);
        shake_hands(&joint, tls_suite_at(i));
        detach(&client, &joint.client, 0);
        for (int round = 0; round < 5; round++) {
            assert_int_equal(SSL_key_update(joint.server.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            write_text(&joint.server, "new");
            expect_all(&client, joint.server.out, 64, "t0k1 new ");
            say(&client, &joint.server, "HEAD"); /* behind the answer to the key update */
            expect_read(&joint.server, "HEAD");
            assert_int_equal(SSL_key_update(joint.server.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
            write_text(&joint.server, "newer");
            expect_all(&client, joint.server.out, 64, "t0k1 newer ");
            tls_records_update(client.state, true);
            say(&client, &joint.server, "GET");
            expect_read(&joint.server, "GET");
            write_text(&joint.server, "answered");
            expect_all(&client, joint.server.out, 64, "t0k1 answered ");
        }
        assert_int_equal(tls_records_counts(client.records)->key_updates_in, 15);
        assert_int_equal(tls_records_counts(client.records)->key_updates_out, 10);
        drop(&client);
        part(&joint);
    }
}

static void openssl_follows_our_own_rekeying(void **state) {
    (void)state;
    struct joint joint;
    struct detached client;
    prepare(&joint, tls_suite_at(1));
    shake_hands(&joint, tls_suite_at(1));
    detach(&client, &joint.client, 10);
    for (int i = 0; i < 200; i++) {
        say(&client, &joint.server, "HEAD");
        expect_read(&joint.server, "HEAD");
    }
    assert_int_equal(tls_records_counts(client.records)->key_updates_out, 19);
    drop(&client);
    part(&joint);
}

static void records_may_be_padded(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        struct joint joint;
        struct detached client;
        prepare(&joint, tls_suite_at(i));
        SSL_CTX_set_block_padding(joint.server_context, 512);
        shake_hands(&joint, tls_suite_at(i));
        detach(&client, &joint.client, 0);
        write_text(&joint.server, "200");
        assert_true(BIO_ctrl_pending(joint.server.out) > 3 * 512);
        expect_all(&client, joint.server.out, 64, "t1k0 t1k0 200 ");
        drop(&client);
        part(&joint);
    }
}

static void the_end_is_told_and_heard(void **state) {
    (void)state;
    struct joint joint;
    struct detached client;
    char bytes[64];
    prepare(&joint, tls_suite_at(2));
    SSL_CTX_set_num_tickets(joint.server_context, 0);
    shake_hands(&joint, tls_suite_at(2));
    detach(&client, &joint.client, 0);
    assert_int_equal(SSL_shutdown(joint.server.ssl), 0);
    expect_all(&client, joint.server.out, 64, "closed ");
    size_t length = client.transport->end(client.records, client.state, 0, bytes);
    assert_int_equal(BIO_write(joint.server.in, bytes, (int)length), length);
    expect_read(&joint.server, "");
    drop(&client);
    part(&joint);
}

static void an_alert_tells_openssl_what_was_broken(void **state) {
    (void)state;
    struct joint joint;
    struct detached client;
    char bytes[64];
    prepare(&joint, tls_suite_at(0));
    shake_hands(&joint, tls_suite_at(0));
    detach(&client, &joint.client, 0);
    size_t length = client.transport->end(client.records, client.state,
                                          record_reason_alert(RECORD_REASON_bad_tag), bytes);
    assert_int_equal(BIO_write(joint.server.in, bytes, (int)length), length);
    int got = SSL_read(joint.server.ssl, bytes, sizeof bytes);
    assert_int_equal(SSL_get_error(joint.server.ssl, got), SSL_ERROR_SSL);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
    drop(&client);
    part(&joint);
}

/* TLS 1.3 refuses a client certificate once the client's handshake is done. */
static void the_refusal_of_a_missing_certificate_is_an_alert(void **state) {
    (void)state;
    struct joint joint;
    struct detached client;
    prepare(&joint, tls_suite_at(0));
    SSL_CTX_set_verify(joint.server_context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
    make_side(&joint.client, joint.client_context, false);
    make_side(&joint.server, joint.server_context, true);
    for (int i = 0; i < 2; i++) {
        SSL_do_handshake(joint.client.ssl);
        move(joint.client.out, joint.server.in);
        SSL_do_handshake(joint.server.ssl);
        if (i == 0)
            move(joint.server.out, joint.client.in);
    }
    assert_true(SSL_is_init_finished(joint.client.ssl));
    assert_false(SSL_is_init_finished(joint.server.ssl));
    joint.client.secrets.suite = tls_suite_at(0);
    joint.client.secrets.sent = 0;
    detach(&client, &joint.client, 0);
    expect_all(&client, joint.server.out, 5, "alert-116 ");
    drop(&client);
    part(&joint);
}

static void a_server_goes_on_by_itself_behind_its_tickets(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++)
        for (unsigned count = 0; count <= 5; count++) {
            struct joint joint;
            struct detached server;
            prepare(&joint, tls_suite_at(i));
            SSL_CTX_set_num_tickets(joint.server_context, count);
            shake_hands(&joint, tls_suite_at(i));
            assert_int_equal(joint.server.secrets.sent, count);
            move(joint.server.out, joint.client.in);
            detach(&server, &joint.server, 0);
            write_text(&joint.client, "HEAD");
            expect_all(&server, joint.client.out, 64, "HEAD ");
            say(&server, &joint.client, "200");
            expect_read(&joint.client, "200");
            assert_int_equal(SSL_key_update(joint.client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
            write_text(&joint.client, "HEAD");
            expect_all(&server, joint.client.out, 64, "t0k1 HEAD ");
            say(&server, &joint.client, "200");
            expect_read(&joint.client, "200");
            tls_records_update(server.state, true);
            say(&server, &joint.client, "201");
            expect_read(&joint.client, "201");
            write_text(&joint.client, "GET");
            expect_all(&server, joint.client.out, 64, "t0k1 GET ");
            drop(&server);
            part(&joint);
        }
}

/* What the client logged of an updated key is what OpenSSL's server went on with. */
static void take_line(void *owner, const char *line) {
    snprintf(owner, 300, "%s", line);
}

static void an_updated_key_is_logged_as_the_peer_has_it(void **state) {
    (void)state;
    struct joint joint;
    char logged[300] = "";
    unsigned char secret[TLS_SECRET_MAX] = {0};
    prepare(&joint, tls_suite_at(1));
    SSL_CTX_set_num_tickets(joint.server_context, 0);
    shake_hands(&joint, tls_suite_at(1));
    struct detached client = {
        .records = tls_records_create(&(struct tls_records_settings){
            .suite = tls_suite_at(1), .log = take_line, .log_owner = logged})};
    assert_non_null(client.records);
    client.transport = tls_records_transport(client.records);
    client.state = calloc(1, client.transport->state_bytes);
    client.fragment = malloc(client.transport->fragment_bytes);
    assert_true(tls_records_begin(client.records, client.state, &joint.client.secrets));
    assert_int_equal(SSL_key_update(joint.server.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    write_text(&joint.server, "new");
    expect_all(&client, joint.server.out, 64, "t0k1 new ");
    assert_int_equal(strncmp(logged, "SERVER_TRAFFIC_SECRET_1 ", 24), 0);
    /* A second connection, which begins with the logged secret, reads what follows. */
    from_hex(secret, strrchr(logged, ' ') + 1);
    memcpy(joint.client.secrets.server, secret, sizeof secret);
    joint.client.secrets.received = 1; /* "new" */
    struct detached reader;
    detach(&reader, &joint.client, 0);
    write_text(&joint.server, "more");
    expect_all(&reader, joint.server.out, 64, "more ");
    drop(&reader);
    drop(&client);
    part(&joint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_goes_on_by_itself_whatever_tickets_came),
        cmocka_unit_test(what_came_with_the_handshake_is_handed_over),
        cmocka_unit_test(keys_are_updated_in_both_directions),
        cmocka_unit_test(openssl_follows_our_own_rekeying),
        cmocka_unit_test(records_may_be_padded),
        cmocka_unit_test(the_end_is_told_and_heard),
        cmocka_unit_test(an_alert_tells_openssl_what_was_broken),
        cmocka_unit_test(the_refusal_of_a_missing_certificate_is_an_alert),
        cmocka_unit_test(a_server_goes_on_by_itself_behind_its_tickets),
        cmocka_unit_test(an_updated_key_is_logged_as_the_peer_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
