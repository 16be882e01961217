/* A client's transport shakes hands with a server of OpenSSL, whatever way its bytes are cut, asks
 * and is answered; and says in words why a handshake failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cmocka.h>

#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_client.h"
#include "wire/tls/tls_context.h"

static SSL_CTX *server_context;
static char trusted[] = "/tmp/holdfast-trusted-XXXXXX"; /* the server's certificate */

static int make_server(void **state) {
    (void)state;
    server_context = SSL_CTX_new(TLS_server_method());
    int fd = mkstemp(trusted);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (server_context == NULL || file == NULL || !tls_certificate_use_own(server_context))
        return -1;
    bool written = PEM_write_X509(file, SSL_CTX_get0_certificate(server_context)) == 1;
    return fclose(file) == 0 && written ? 0 : -1;
}

static int drop_server(void **state) {
    (void)state;
    unlink(trusted);
    SSL_CTX_free(server_context);
    return 0;
}

/* --- both ends --- */

struct pair {
    struct tls_context *context;
    struct tls_client *client;
    const struct transport *transport;
    void *state, *fragment;
    bool cut, up;
    size_t piece;
    struct transport_fact last; /* of another kind than MORE, CONTROL and DATA */
    char data[64];              /* that came to the client */
    SSL *server;
    BIO *in, *out; /* the server's */
};

static const struct tls_settings verifying = {.cacert = trusted};

static struct tls_client *make_client(struct tls_context *context, const char *name,
                                      uint32_t most) {
    return tls_client_create(
        &(struct tls_client_settings){.context = context, .name = name, .handshakes_max = most});
}

static void begin(struct pair *pair, const struct tls_settings *settings, const char *name,
                  size_t piece) {
    char line[300] = "";
    *pair = (struct pair){.piece = piece};
    if (!tls_context_create(&pair->context, settings, (struct refuse_buffer){line, sizeof line}))
        fail_msg("%s", line);
    pair->client = make_client(pair->context, name, 1);
    assert_non_null(pair->client);
    pair->transport = tls_client_transport(pair->client);
    pair->state = calloc(1, pair->transport->state_bytes);
    pair->fragment = malloc(pair->transport->fragment_bytes);
    pair->server = SSL_new(server_context);
    pair->in = BIO_new(BIO_s_mem());
    pair->out = BIO_new(BIO_s_mem());
    assert_true(pair->state && pair->fragment && pair->server && pair->in && pair->out);
    SSL_set_bio(pair->server, pair->in, pair->out);
    SSL_set_accept_state(pair->server);
    assert_true(pair->transport->has_room(pair->transport->shared));
    assert_true(pair->transport->begin(pair->transport->shared, pair->state));
    assert_false(pair->transport->has_room(pair->transport->shared));
}

static void finish(struct pair *pair) {
    pair->transport->release(pair->transport->shared, pair->state);
    assert_int_equal(tls_client_handshakes(pair->client), 0);
    assert_int_equal(tls_client_whole(pair->client), 0);
    SSL_free(pair->server);
    free(pair->state);
    free(pair->fragment);
    tls_client_destroy(pair->client);
    tls_context_destroy(pair->context);
}

static void take_fact(struct pair *pair, const struct transport_fact *fact) {
    if (fact->kind == TRANSPORT_DATA)
        strncat(pair->data, fact->plain.bytes, fact->plain.length);
    else if (fact->kind != TRANSPORT_MORE && fact->kind != TRANSPORT_CONTROL)
        pair->last = *fact;
    pair->up |= fact->kind == TRANSPORT_UP;
}

static void feed(struct pair *pair, const char *bytes, size_t length) {
    char *copy = malloc(length);
    memcpy(copy, bytes, length);
    for (size_t at = 0; at < length;) {
        struct transport_conn lent = {.shared = pair->transport->shared,
                                      .state = pair->state,
                                      .fragment = pair->fragment,
                                      .cut = pair->cut};
        struct transport_fact fact;
        size_t most = length - at < pair->piece ? length - at : pair->piece;
        pair->transport->open(&lent, copy + at, most, &fact);
        pair->cut = lent.cut;
        assert_in_range(fact.taken, 1, most);
        take_fact(pair, &fact);
        at += fact.taken;
        if (pair->last.kind == TRANSPORT_FAILED || pair->last.kind == TRANSPORT_BROKEN)
            break;
    }
    free(copy);
}

/* Until neither has anything to say. */
static void talk(struct pair *pair) {
    char bytes[20000];
    for (bool any = true; any;) {
        any = false;
        for (size_t got; (got = pair->transport->take_owed(pair->transport->shared, pair->state,
                                                           bytes, 700)) > 0;
             any = true)
            assert_int_equal(BIO_write(pair->in, bytes, (int)got), (int)got);
        if (!SSL_is_init_finished(pair->server))
            SSL_do_handshake(pair->server);
        int got = BIO_read(pair->out, bytes, sizeof bytes);
        if (got > 0)
            feed(pair, bytes, (size_t)got);
        any |= got > 0;
        if (pair->last.kind == TRANSPORT_FAILED)
            return;
    }
}

static void exchange(struct pair *pair) {
    char sealed[4096], got[64] = "";
    assert_true(pair->transport->sealed_bytes(3) <= sizeof sealed);
    size_t length = pair->transport->seal(pair->transport->shared, pair->state, "ask", 3, sealed);
    BIO_write(pair->in, sealed, (int)length);
    assert_int_equal(SSL_read(pair->server, got, sizeof got), 3);
    assert_string_equal(got, "ask");
    pair->data[0] = '\0';
    assert_int_equal(SSL_write(pair->server, "answer", 6), 6);
    talk(pair);
    assert_string_equal(pair->data, "answer");
}

static void say_goodbye(struct pair *pair) {
    char bytes[300], nothing[4];
    size_t length = pair->transport->end(pair->transport->shared, pair->state, 0, bytes);
    assert_in_range(length, 1, pair->transport->end_bytes);
    BIO_write(pair->in, bytes, (int)length);
    assert_int_equal(SSL_read(pair->server, nothing, sizeof nothing), 0);
    assert_int_equal(SSL_get_shutdown(pair->server) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    SSL_shutdown(pair->server);
    talk(pair);
    assert_int_equal(pair->last.kind, TRANSPORT_CLOSED);
}

/* --- what is held --- */

static void hold_over(const char *version, size_t piece) {
    struct pair pair;
    struct tls_settings settings = verifying;
    settings.tls_max = version;
    begin(&pair, &settings, "localhost", piece);
    talk(&pair);
    assert_true(pair.up);
    assert_true(pair.transport->has_room(pair.transport->shared));
    const struct tls_peer *peer = tls_client_peer(pair.client);
    bool detached = strcmp(version, "1.3") == 0;
    assert_true(peer->verified);
    assert_int_equal(peer->detached, detached);
    assert_int_equal(tls_client_whole(pair.client), !detached);
    assert_string_equal(peer->version, detached ? "TLSv1.3" : "TLSv1.2");
    assert_non_null(strstr(peer->names, "localhost"));
    for (int i = 0; i < 3; i++)
        exchange(&pair);
    struct transport_counts counts;
    pair.transport->count(pair.transport->shared, &counts);
    assert_int_equal(counts.tickets, detached ? 2 : 0);
    say_goodbye(&pair);
    finish(&pair);
}

static void each_version_is_spoken_whatever_way_its_bytes_are_cut(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 2, 5, 7, 100, 1000, 100000};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        hold_over("1.3", pieces[i]);
        hold_over("1.2", pieces[i]);
    }
}

static void a_server_that_updates_its_keys_is_followed(void **state) {
    (void)state;
    struct pair pair;
    begin(&pair, &verifying, "localhost", 100000);
    talk(&pair);
    exchange(&pair);
    assert_int_equal(SSL_key_update(pair.server, SSL_KEY_UPDATE_REQUESTED), 1);
    exchange(&pair);
    exchange(&pair);
    struct transport_counts counts;
    pair.transport->count(pair.transport->shared, &counts);
    assert_int_equal(counts.key_updates_in, 1);
    assert_int_equal(counts.key_updates_out, 1);
    finish(&pair);
}

/* --- what is not --- */

static void expect_failure(const struct tls_settings *settings, const char *name,
                           enum handshake_reason reason, const char *words) {
    struct pair pair;
    begin(&pair, settings, name, 100000);
    talk(&pair);
    assert_false(pair.up);
    assert_int_equal(pair.last.kind, TRANSPORT_FAILED);
    assert_int_equal(pair.last.failure, reason);
    const char *told = pair.transport->explain(pair.transport->shared);
    if (strstr(told, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", told, words);
    finish(&pair);
}

static void a_certificate_is_verified_against_what_is_trusted_and_the_name(void **state) {
    (void)state;
    struct tls_settings own = {.cacert = NULL};
    expect_failure(&own, "localhost", HANDSHAKE_REASON_self_signed, "signed by itself");
    expect_failure(&verifying, "example.com", HANDSHAKE_REASON_name_mismatch,
                   "bears other names: localhost");
    expect_failure(&verifying, "127.0.0.2", HANDSHAKE_REASON_name_mismatch, "127.0.0.1");
}

static void
any_certificate_is_accepted_where_that_is_asked_for_and_what_is_wrong_is_kept(void **state) {
    (void)state;
    struct pair pair;
    begin(&pair, &(struct tls_settings){.insecure = true}, "example.com", 100000);
    talk(&pair);
    assert_true(pair.up);
    assert_false(tls_client_peer(pair.client)->verified);
    assert_non_null(strstr(tls_client_peer(pair.client)->unverified, "signed by itself"));
    exchange(&pair);
    finish(&pair);
}

static void a_server_of_another_version_is_told_from_others(void **state) {
    (void)state;
    struct tls_settings newest = verifying;
    newest.tls_min = "1.3";
    SSL_CTX_set_max_proto_version(server_context, TLS1_2_VERSION);
    expect_failure(&newest, "localhost", HANDSHAKE_REASON_protocol_version, "protocol_version");
    SSL_CTX_set_max_proto_version(server_context, 0);
}

static void expect_answer_failure(const char *answer, size_t piece, enum handshake_reason reason) {
    struct pair pair;
    begin(&pair, &verifying, "localhost", piece);
    feed(&pair, answer, strlen(answer));
    assert_int_equal(pair.last.kind, TRANSPORT_FAILED);
    assert_int_equal(pair.last.failure, reason);
    finish(&pair);
}

static void what_speaks_no_tls_is_told_as_that(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 30; piece += 28) {
        expect_answer_failure("HTTP/1.1 400 Bad Request\r\n", piece, HANDSHAKE_REASON_plain_http);
        expect_answer_failure("220 ready\r\n", piece, HANDSHAKE_REASON_not_tls);
    }
}

/* A bit anywhere in the server's first flight. */
static void a_handshake_with_a_changed_bit_is_never_up(void **state) {
    (void)state;
    struct pair pair;
    char flight[8000], bytes[1000];
    int length = 1;
    for (int at = 0; at < length; at += 7) {
        begin(&pair, &verifying, "localhost", 100000);
        size_t hello =
            pair.transport->take_owed(pair.transport->shared, pair.state, bytes, sizeof bytes);
        BIO_write(pair.in, bytes, (int)hello);
        SSL_do_handshake(pair.server);
        length = BIO_read(pair.out, flight, sizeof flight);
        assert_in_range(length, 500, sizeof flight);
        if (at < length) {
            flight[at] ^= 0x10;
            feed(&pair, flight, (size_t)length);
            assert_true(!pair.up || flight[0] == 0x14);
        }
        finish(&pair);
    }
}

static void expect_refusal(struct tls_settings settings, const char *words) {
    char line[300] = "";
    struct tls_context *context;
    assert_false(
        tls_context_create(&context, &settings, (struct refuse_buffer){line, sizeof line}));
    assert_null(context);
    assert_null(strchr(line, '\n'));
    if (strncmp(line, words, strlen(words)) != 0)
        fail_msg("\"%s\" is not \"%s...\"", line, words);
}

static void what_openssl_does_not_take_is_refused_in_one_line(void **state) {
    (void)state;
    expect_refusal((struct tls_settings){.cacert = "/no/such"}, "--cacert: cannot read /no/such");
    expect_refusal((struct tls_settings){.cacert = "/dev/null"}, "--cacert: no certificate");
    expect_refusal((struct tls_settings){.cert = "/dev/null"}, "--cert: ");
    expect_refusal((struct tls_settings){.key = "k"}, "--key: its certificate is missing");
    expect_refusal((struct tls_settings){.ciphers = "none"}, "--ciphers: ");
    expect_refusal((struct tls_settings){.tls13_ciphers = "none"}, "--tls13-ciphers: ");
    expect_refusal((struct tls_settings){.curves = "none"}, "--curves: ");
    expect_refusal((struct tls_settings){.tls_min = "1.3", .tls_max = "1.2"},
                   "--tls-min 1.3 is above --tls-max 1.2");
    expect_refusal((struct tls_settings){.key_log = "/no/such"}, "SSLKEYLOGFILE: ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_is_spoken_whatever_way_its_bytes_are_cut),
        cmocka_unit_test(a_server_that_updates_its_keys_is_followed),
        cmocka_unit_test(a_certificate_is_verified_against_what_is_trusted_and_the_name),
        cmocka_unit_test(
            any_certificate_is_accepted_where_that_is_asked_for_and_what_is_wrong_is_kept),
        cmocka_unit_test(a_server_of_another_version_is_told_from_others),
        cmocka_unit_test(what_speaks_no_tls_is_told_as_that),
        cmocka_unit_test(a_handshake_with_a_changed_bit_is_never_up),
        cmocka_unit_test(what_openssl_does_not_take_is_refused_in_one_line),
    };
    return cmocka_run_group_tests(tests, make_server, drop_server);
}
