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
    bool cut, up, resumed;
    size_t piece;
    struct transport_fact last; /* of another kind than MORE, CONTROL and DATA */
    char data[64];              /* that came to the client */
    SSL *server;
    BIO *in, *out; /* the server's */
};

static const struct tls_settings verifying = {.cacert = trusted};

enum { SLOTS = 3 };

static void make(struct pair *pair, const struct tls_settings *settings, const char *name,
                 enum tls_resume resume) {
    char line[300] = "";
    *pair = (struct pair){.piece = 100000};
    if (!tls_context_create(&pair->context, settings, (struct refuse_buffer){line, sizeof line}))
        fail_msg("%s", line);
    pair->client = tls_client_create(&(struct tls_client_settings){.context = pair->context,
                                                                   .name = name,
                                                                   .handshakes_max = 1,
                                                                   .resume = resume,
                                                                   .slots = SLOTS});
    assert_non_null(pair->client);
    pair->transport = tls_client_transport(pair->client);
    pair->state = calloc(1, pair->transport->state_bytes);
    pair->fragment = malloc(pair->transport->fragment_bytes);
    assert_true(pair->state && pair->fragment);
}

/* A new connection in that slot. */
static void connect_in(struct pair *pair, uint32_t slot) {
    memset(&pair->last, 0, sizeof pair->last);
    pair->cut = pair->up = pair->resumed = false;
    pair->server = SSL_new(server_context);
    pair->in = BIO_new(BIO_s_mem());
    pair->out = BIO_new(BIO_s_mem());
    assert_true(pair->server && pair->in && pair->out);
    SSL_set_bio(pair->server, pair->in, pair->out);
    SSL_set_accept_state(pair->server);
    assert_true(pair->transport->has_room(pair->transport->shared));
    assert_true(pair->transport->begin(pair->transport->shared, pair->state, slot));
    assert_false(pair->transport->has_room(pair->transport->shared));
}

static void begin(struct pair *pair, const struct tls_settings *settings, const char *name,
                  size_t piece) {
    make(pair, settings, name, TLS_RESUME_NEVER);
    pair->piece = piece;
    connect_in(pair, 0);
}

static void disconnect(struct pair *pair) {
    pair->transport->release(pair->transport->shared, pair->state);
    assert_int_equal(tls_client_handshakes(pair->client), 0);
    assert_int_equal(tls_client_waiting(pair->client), 0);
    assert_int_equal(tls_client_whole(pair->client), 0);
    SSL_free(pair->server);
}

static void unmake(struct pair *pair) {
    free(pair->state);
    free(pair->fragment);
    tls_client_destroy(pair->client);
    tls_context_destroy(pair->context);
}

static void finish(struct pair *pair) {
    disconnect(pair);
    unmake(pair);
}

static void take_fact(struct pair *pair, const struct transport_fact *fact) {
    if (fact->kind == TRANSPORT_DATA)
        strncat(pair->data, fact->plain.bytes, fact->plain.length);
    else if (fact->kind != TRANSPORT_MORE && fact->kind != TRANSPORT_CONTROL)
        pair->last = *fact;
    pair->up |= fact->kind == TRANSPORT_UP;
    pair->resumed |= fact->kind == TRANSPORT_UP && fact->resumed;
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
    assert_int_equal(counts.tickets, detached ? 2 : 1);
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

static void follow_key_updates(const char *suite) {
    struct tls_settings settings = verifying;
    struct pair pair;
    settings.tls13_ciphers = suite;
    begin(&pair, &settings, "localhost", 100000);
    talk(&pair);
    assert_int_equal(tls_client_whole(pair.client), suite != NULL);
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

static void offer_a_suite_that_is_not_detached(void) {
    assert_int_equal(SSL_CTX_set_ciphersuites(server_context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_"
                                                              "GCM_SHA384:TLS_AES_128_CCM_SHA256:"
                                                              "TLS_CHACHA20_POLY1305_SHA256"),
                     1);
}

static void a_server_that_updates_its_keys_is_followed(void **state) {
    (void)state;
    offer_a_suite_that_is_not_detached();
    follow_key_updates(NULL);
    follow_key_updates("TLS_AES_128_CCM_SHA256");
}

/* --- what is resumed --- */

/* A connection of that slot, asked and answered, from its handshake to its end; whether it was
 * resumed. */
static bool resumes(struct pair *pair, uint32_t slot) {
    connect_in(pair, slot);
    talk(pair);
    assert_true(pair->up);
    assert_true(pair->transport->has_room(pair->transport->shared));
    exchange(pair);
    assert_int_equal(tls_client_waiting(pair->client), 0);
    exchange(pair);
    say_goodbye(pair);
    disconnect(pair);
    return pair->resumed;
}

static struct transport_counts counts_of(const struct pair *pair) {
    struct transport_counts counts;
    pair->transport->count(pair->transport->shared, &counts);
    return counts;
}

static void make_for(struct pair *pair, const char *version, enum tls_resume resume) {
    struct tls_settings settings = verifying;
    settings.tls_max = version;
    make(pair, &settings, "localhost", resume);
}

static void resume_over(const char *version, size_t piece) {
    struct pair pair;
    make_for(&pair, version, TLS_RESUME_RECONNECT);
    pair.piece = piece;
    assert_false(resumes(&pair, 0));
    assert_false(resumes(&pair, 2));
    for (int i = 0; i < 3; i++)
        assert_true(resumes(&pair, 0));
    assert_true(resumes(&pair, 2));
    assert_false(resumes(&pair, 1));
    assert_int_equal(counts_of(&pair).resumptions_refused, 0);
    unmake(&pair);
}

static void a_slot_resumes_by_what_it_was_given_last(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 7, 300, 100000};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        resume_over("1.3", pieces[i]);
        resume_over("1.2", pieces[i]);
    }
}

static void all_slots_resume_by_what_any_was_given(void **state) {
    (void)state;
    static const char *const versions[] = {"1.3", "1.2"};
    for (size_t i = 0; i < 2; i++) {
        struct pair pair;
        make_for(&pair, versions[i], TLS_RESUME_ALWAYS);
        assert_false(resumes(&pair, 0));
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            assert_true(resumes(&pair, slot));
        unmake(&pair);
    }
}

/* Of slots 0 and 2 one, of slot 1 another. */
static void a_ticket_is_shown_to_no_other_address(void **state) {
    (void)state;
    struct pair pair;
    make_for(&pair, "1.3", TLS_RESUME_NEVER);
    tls_client_destroy(pair.client);
    pair.client = tls_client_create(&(struct tls_client_settings){.context = pair.context,
                                                                  .name = "localhost",
                                                                  .handshakes_max = 1,
                                                                  .resume = TLS_RESUME_ALWAYS,
                                                                  .slots = SLOTS,
                                                                  .route = {5, 3, 2}});
    assert_non_null(pair.client);
    pair.transport = tls_client_transport(pair.client);
    assert_false(resumes(&pair, 0));
    assert_false(resumes(&pair, 1));
    assert_true(resumes(&pair, 2));
    assert_true(resumes(&pair, 1));
    assert_int_equal(counts_of(&pair).resumptions_refused, 0);
    unmake(&pair);
}

static void nothing_is_resumed_unless_that_is_asked_for(void **state) {
    (void)state;
    struct pair pair;
    make_for(&pair, "1.3", TLS_RESUME_NEVER);
    for (int i = 0; i < 3; i++)
        assert_false(resumes(&pair, 0));
    assert_int_equal(counts_of(&pair).tickets, 6);
    unmake(&pair);
}

/* As a server that was restarted does. */
static void forget_tickets(void) {
    unsigned char keys[80];
    for (unsigned i = 0; i < sizeof keys; i++)
        keys[i] = (unsigned char)rand();
    assert_int_equal(SSL_CTX_set_tlsext_ticket_keys(server_context, keys, sizeof keys), 1);
}

static void a_ticket_that_is_refused_is_counted_and_not_shown_again(void **state) {
    (void)state;
    static const char *const versions[] = {"1.3", "1.2"};
    for (size_t i = 0; i < 4; i++) {
        struct pair pair;
        make_for(&pair, versions[i % 2], i < 2 ? TLS_RESUME_RECONNECT : TLS_RESUME_ALWAYS);
        assert_false(resumes(&pair, 0));
        assert_true(resumes(&pair, 0));
        forget_tickets();
        unsigned refused = 0;
        while (!resumes(&pair, 0))
            refused++;
        assert_in_range(refused, 1, 3);
        assert_int_equal(counts_of(&pair).resumptions_refused, refused);
        unmake(&pair);
    }
}

/* It would be shown again and again, else. */
static void a_session_that_is_refused_without_another_is_dropped(void **state) {
    (void)state;
    static const enum tls_resume whens[] = {TLS_RESUME_RECONNECT, TLS_RESUME_ALWAYS};
    for (size_t i = 0; i < 2; i++) {
        struct pair pair;
        make_for(&pair, "1.2", whens[i]);
        assert_false(resumes(&pair, 0));
        assert_true(resumes(&pair, 0));
        SSL_CTX_set_options(server_context, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(server_context, SSL_SESS_CACHE_OFF);
        for (int j = 0; j < 3; j++)
            assert_false(resumes(&pair, 0));
        SSL_CTX_clear_options(server_context, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(server_context, SSL_SESS_CACHE_SERVER);
        assert_int_equal(counts_of(&pair).resumptions_refused, 1);
        unmake(&pair);
    }
}

static void a_ticket_that_was_never_sent_is_kept(void **state) {
    (void)state;
    static const char *const versions[] = {"1.3", "1.2"};
    for (size_t i = 0; i < 4; i++) {
        struct pair pair;
        make_for(&pair, versions[i % 2], i < 2 ? TLS_RESUME_RECONNECT : TLS_RESUME_ALWAYS);
        assert_false(resumes(&pair, 0));
        for (int j = 0; j < 5; j++) { /* TCP was not up in time */
            connect_in(&pair, 0);
            disconnect(&pair);
        }
        assert_true(resumes(&pair, 0));
        assert_int_equal(counts_of(&pair).resumptions_refused, 0);
        unmake(&pair);
    }
}

static void without_tickets_each_handshake_is_a_full_one_and_none_is_refused(void **state) {
    (void)state;
    struct pair pair;
    make_for(&pair, "1.3", TLS_RESUME_RECONNECT);
    SSL_CTX_set_num_tickets(server_context, 0);
    for (int i = 0; i < 3; i++)
        assert_false(resumes(&pair, 0));
    SSL_CTX_set_num_tickets(server_context, 2);
    assert_int_equal(counts_of(&pair).resumptions_refused, 0);
    unmake(&pair);
}

/* They come before the first answer, or are not waited for. */
static void waiting_for_tickets_holds_no_handshake_up(void **state) {
    (void)state;
    struct pair pair, other;
    make_for(&pair, "1.3", TLS_RESUME_RECONNECT);
    SSL_CTX_set_num_tickets(server_context, 0);
    connect_in(&pair, 0);
    talk(&pair);
    assert_int_equal(tls_client_waiting(pair.client), 1);
    other = pair;
    other.state = calloc(1, pair.transport->state_bytes);
    connect_in(&other, 1);
    talk(&other); /* there is room for one that waits: the older gives way */
    assert_int_equal(tls_client_waiting(pair.client), 1);
    exchange(&pair);
    assert_int_equal(tls_client_waiting(pair.client), 1);
    exchange(&other);
    SSL_CTX_set_num_tickets(server_context, 2);
    disconnect(&other);
    free(other.state);
    finish(&pair);
}

static void a_change_of_keys_before_the_tickets_is_followed(void **state) {
    (void)state;
    struct pair pair;
    make_for(&pair, "1.3", TLS_RESUME_RECONNECT);
    SSL_CTX_set_num_tickets(server_context, 0);
    connect_in(&pair, 0);
    talk(&pair);
    SSL_CTX_set_num_tickets(server_context, 2);
    assert_int_equal(SSL_key_update(pair.server, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(pair.server), 1);
    talk(&pair);
    assert_int_equal(SSL_new_session_ticket(pair.server), 1);
    assert_int_equal(SSL_do_handshake(pair.server), 1);
    talk(&pair);
    exchange(&pair);
    assert_int_equal(counts_of(&pair).key_updates_in, 1);
    assert_int_equal(counts_of(&pair).tickets, 1);
    disconnect(&pair);
    assert_true(resumes(&pair, 0));
    unmake(&pair);
}

/* --- what changes --- */

static void another_certificate_is_told_from_the_first(void **state) {
    (void)state;
    struct pair pair;
    SSL_CTX *first = server_context, *second = SSL_CTX_new(TLS_server_method());
    assert_true(second != NULL && tls_certificate_use_own(second));
    make(&pair, &(struct tls_settings){.insecure = true}, "localhost", TLS_RESUME_NEVER);
    resumes(&pair, 0);
    resumes(&pair, 0);
    assert_null(counts_of(&pair).other);
    server_context = second;
    for (int i = 0; i < 3; i++)
        resumes(&pair, 0);
    struct transport_counts counts = counts_of(&pair);
    assert_int_equal(counts.other_certificates, 3);
    assert_int_equal(counts.first_certificate_again, 0);
    assert_string_equal(counts.before->subject, counts.other->subject);
    assert_memory_not_equal(counts.before->fingerprint, counts.other->fingerprint,
                            TLS_FINGERPRINT_BYTES);
    server_context = first;
    resumes(&pair, 0);
    assert_int_equal(counts_of(&pair).first_certificate_again, 1);
    unmake(&pair);
    SSL_CTX_free(second);
}

/* --- what a connection costs --- */

static void an_open_connection_keeps_some_hundred_bytes(void **state) {
    (void)state;
    static const struct {
        const char *cipher;
        size_t bytes;
    } kept[] = {{"TLS_AES_128_GCM_SHA256", 160},
                {"TLS_CHACHA20_POLY1305_SHA256", 192},
                {"TLS_AES_256_GCM_SHA384", 224}};
    struct tls_context *context;
    char line[200];
    assert_true(
        tls_context_create(&context, &verifying, (struct refuse_buffer){line, sizeof line}));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        struct tls_client *client =
            tls_client_create(&(struct tls_client_settings){.context = context,
                                                            .name = "localhost",
                                                            .handshakes_max = 1,
                                                            .cipher = kept[i].cipher,
                                                            .resume = TLS_RESUME_RECONNECT,
                                                            .slots = SLOTS});
        assert_in_range(tls_client_transport(client)->state_bytes, 1, kept[i].bytes);
        tls_client_destroy(client);
    }
    tls_context_destroy(context);
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

struct text {
    const char *bytes;
    size_t length;
};
#define TEXT(literal)                                                                              \
    { literal, sizeof literal - 1 }

/* Those bytes end the handshake. */
static void expect_end(struct pair *pair, const struct text *text, enum handshake_reason reason,
                       const char *words) {
    feed(pair, text->bytes, text->length);
    assert_int_equal(pair->last.kind, TRANSPORT_FAILED);
    assert_int_equal(pair->last.failure, reason);
    const char *told = pair->transport->explain(pair->transport->shared);
    if (strstr(told, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", told, words);
    finish(pair);
}

/* Behind the ServerHello. */
static void expect_amid_failure(const char *version, size_t piece, const struct text *text,
                                enum handshake_reason reason, const char *words) {
    struct pair pair;
    char bytes[8000];
    struct tls_settings settings = verifying;
    settings.tls_max = version;
    begin(&pair, &settings, "localhost", piece);
    size_t hello =
        pair.transport->take_owed(pair.transport->shared, pair.state, bytes, sizeof bytes);
    BIO_write(pair.in, bytes, (int)hello);
    SSL_do_handshake(pair.server);
    assert_in_range(BIO_read(pair.out, bytes, sizeof bytes), 500, sizeof bytes);
    feed(&pair, bytes, 5 + ((size_t)(unsigned char)bytes[3] << 8 | (unsigned char)bytes[4]));
    assert_int_equal(pair.last.kind, TRANSPORT_MORE);
    expect_end(&pair, text, reason, words);
}

static const char *const versions_spoken[] = {"1.3", "1.2"};

static void what_is_no_record_amid_a_handshake_ends_it_as_that(void **state) {
    (void)state;
    static const struct text texts[] = {
        TEXT("HTTP/1.1 400 Bad Request\r\n"), TEXT("\x16\2\3"),         TEXT("\x18\3\3\0\1"),
        TEXT("\xff\xff\xff\xff\xff"),         TEXT("\x16\3\3\xff\xff"), TEXT("\x16\3\3\x48\1")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t j = 0; j < 4; j++)
            expect_amid_failure(versions_spoken[j / 2], j % 2 == 0 ? 1 : 1000, &texts[i],
                                HANDSHAKE_REASON_handshake,
                                i < 4 ? "no record of TLS" : "a record above 16,384 bytes");
}

static void a_version_that_changes_amid_a_handshake_is_no_version_that_is_missing(void **state) {
    (void)state;
    static const struct text text = TEXT("\x16\3\1\0\4\x0e\0\0\0");
    for (size_t i = 0; i < 2; i++)
        expect_amid_failure(versions_spoken[i], 1000, &text, HANDSHAKE_REASON_handshake,
                            "not as agreed");
}

static void a_close_notify_amid_a_handshake_is_told_as_a_close(void **state) {
    (void)state;
    static const struct text text = TEXT("\x15\3\3\0\2\1\0");
    static const char words[] = "closed within the handshake (close_notify)";
    struct pair pair;
    begin(&pair, &verifying, "localhost", 1);
    expect_end(&pair, &text, HANDSHAKE_REASON_closed, words);
    expect_amid_failure("1.2", 1000, &text, HANDSHAKE_REASON_closed, words);
}

/* What comes instead of an answer, to a connection that stays OpenSSL's. */
static void expect_break(size_t piece, const struct text *text, enum record_reason reason) {
    struct pair pair;
    struct tls_settings settings = verifying;
    settings.tls_max = "1.2";
    begin(&pair, &settings, "localhost", piece);
    talk(&pair);
    exchange(&pair);
    feed(&pair, text->bytes, text->length);
    assert_int_equal(pair.last.kind, TRANSPORT_BROKEN);
    assert_string_equal(record_reason_name(pair.last.reason), record_reason_name(reason));
    finish(&pair);
}

static void what_is_no_record_of_an_older_version_is_broken_at_once(void **state) {
    (void)state;
    static const struct {
        struct text text;
        enum record_reason reason;
    } rows[] = {
        {TEXT("HTTP/1.1 408 Request Timeout\r\n"), RECORD_REASON_no_record},
        {TEXT("\xff"), RECORD_REASON_no_record},
        {TEXT("\x17\2"), RECORD_REASON_no_record},
        {TEXT("\x17\3\1\0\x20 of thirty-two bytes, as it says"), RECORD_REASON_no_record},
        {TEXT("\x17\3\3\xff\xff"), RECORD_REASON_record_too_long},
        {TEXT("\x17\3\3\x48\1"), RECORD_REASON_record_too_long},
        {TEXT("\x17\3\3\0\x20 of thirty-two bytes, as it says"), RECORD_REASON_bad_tag},
        {TEXT("\x17\3\3\0\x40 of sixty-four bytes, so that some are left with the tag off...."),
         RECORD_REASON_bad_tag},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_break(1, &rows[i].text, rows[i].reason);
        expect_break(1000, &rows[i].text, rows[i].reason);
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

static void each_ticket_is_counted_once_in_each_version(void **state) {
    (void)state;
    static const struct {
        const char *version, *suite;
        uint64_t full, resumed; /* tickets of either */
    } rows[] = {{"1.3", NULL, 2, 1}, {"1.3", "TLS_AES_128_CCM_SHA256", 2, 1}, {"1.2", NULL, 1, 0}};
    static const enum tls_resume whens[] = {TLS_RESUME_NEVER, TLS_RESUME_RECONNECT};
    offer_a_suite_that_is_not_detached();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < 2; j++) {
            struct pair pair;
            struct tls_settings settings = verifying;
            settings.tls_max = rows[i].version;
            settings.tls13_ciphers = rows[i].suite;
            make(&pair, &settings, "localhost", whens[j]);
            uint64_t tickets = 0;
            for (int k = 0; k < 3; k++)
                tickets += resumes(&pair, 0) ? rows[i].resumed : rows[i].full;
            assert_int_equal(counts_of(&pair).tickets, tickets);
            unmake(&pair);
        }
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
    expect_refusal((struct tls_settings){.tls13_ciphers = "TLS_AES_128_GCM_SHA256:NONE"},
                   "--tls13-ciphers: OpenSSL does not know NONE;");
    expect_refusal((struct tls_settings){.tls_max = "1.2", .ciphers = "aNULL"},
                   "TLS: of --tls-min, --tls-max, --ciphers");
    expect_refusal((struct tls_settings){.tls_min = "1.3", .curves = "secp256k1"},
                   "TLS: of --tls-min, --tls-max, --ciphers");
    expect_refusal((struct tls_settings){.tls_min = "1.3", .tls_max = "1.2"},
                   "--tls-min 1.3 is above --tls-max 1.2");
    expect_refusal((struct tls_settings){.key_log = "/no/such"}, "SSLKEYLOGFILE: ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_is_spoken_whatever_way_its_bytes_are_cut),
        cmocka_unit_test(a_server_that_updates_its_keys_is_followed),
        cmocka_unit_test(a_slot_resumes_by_what_it_was_given_last),
        cmocka_unit_test(all_slots_resume_by_what_any_was_given),
        cmocka_unit_test(a_ticket_is_shown_to_no_other_address),
        cmocka_unit_test(nothing_is_resumed_unless_that_is_asked_for),
        cmocka_unit_test(each_ticket_is_counted_once_in_each_version),
        cmocka_unit_test(a_ticket_that_is_refused_is_counted_and_not_shown_again),
        cmocka_unit_test(a_session_that_is_refused_without_another_is_dropped),
        cmocka_unit_test(a_ticket_that_was_never_sent_is_kept),
        cmocka_unit_test(without_tickets_each_handshake_is_a_full_one_and_none_is_refused),
        cmocka_unit_test(waiting_for_tickets_holds_no_handshake_up),
        cmocka_unit_test(a_change_of_keys_before_the_tickets_is_followed),
        cmocka_unit_test(another_certificate_is_told_from_the_first),
        cmocka_unit_test(an_open_connection_keeps_some_hundred_bytes),
        cmocka_unit_test(a_certificate_is_verified_against_what_is_trusted_and_the_name),
        cmocka_unit_test(
            any_certificate_is_accepted_where_that_is_asked_for_and_what_is_wrong_is_kept),
        cmocka_unit_test(a_server_of_another_version_is_told_from_others),
        cmocka_unit_test(what_speaks_no_tls_is_told_as_that),
        cmocka_unit_test(what_is_no_record_amid_a_handshake_ends_it_as_that),
        cmocka_unit_test(a_version_that_changes_amid_a_handshake_is_no_version_that_is_missing),
        cmocka_unit_test(a_close_notify_amid_a_handshake_is_told_as_a_close),
        cmocka_unit_test(what_is_no_record_of_an_older_version_is_broken_at_once),
        cmocka_unit_test(a_handshake_with_a_changed_bit_is_never_up),
        cmocka_unit_test(what_openssl_does_not_take_is_refused_in_one_line),
    };
    return cmocka_run_group_tests(tests, make_server, drop_server);
}
