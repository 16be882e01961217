/* Each allocation of OpenSSL fails in turn, over the making of a client's context and over its
 * handshakes, full and resumed. A connection may be lost by it, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cmocka.h>

#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_client.h"
#include "wire/tls/tls_context.h"

/* How many allocations more succeed; -1: all of them. */
static long left = -1;

static bool may_allocate(void) {
    if (left < 0)
        return true;
    if (left-- > 0)
        return true;
    left = -1; /* this one alone */
    return false;
}

static void *allocate(size_t bytes, const char *file, int line) {
    (void)file, (void)line;
    return may_allocate() ? malloc(bytes) : NULL;
}

static void *reallocate(void *memory, size_t bytes, const char *file, int line) {
    (void)file, (void)line;
    return may_allocate() ? realloc(memory, bytes) : NULL;
}

static void give_back(void *memory, const char *file, int line) {
    (void)file, (void)line;
    free(memory);
}

static char trusted[] = "/tmp/holdfast-trusted-XXXXXX"; /* the server's certificate */

static void write_certificate(X509 *certificate) {
    FILE *file = fopen(trusted, "w");
    assert_true(file != NULL && PEM_write_X509(file, certificate) == 1 && fclose(file) == 0);
}

/* --- one connection --- */

struct joint {
    struct tls_context *context;
    struct tls_client *client;
    const struct transport *transport;
    void *state, *fragment;
    bool cut, up, resumed, failed;
    char data[100];
    SSL_CTX *servers;
    SSL *server;
    BIO *in, *out; /* the server's */
};

static void make(struct joint *joint, const char *version) {
    char line[200] = "";
    struct tls_settings settings = {.cacert = trusted, .tls_max = version};
    *joint = (struct joint){.servers = SSL_CTX_new(TLS_server_method())};
    assert_true(joint->servers != NULL && tls_certificate_use_own(joint->servers));
    write_certificate(SSL_CTX_get0_certificate(joint->servers));
    assert_true(
        tls_context_create(&joint->context, &settings, (struct refuse_buffer){line, sizeof line}));
    joint->client = tls_client_create(&(struct tls_client_settings){.context = joint->context,
                                                                    .name = "localhost",
                                                                    .handshakes_max = 1,
                                                                    .resume = TLS_RESUME_RECONNECT,
                                                                    .slots = 1});
    assert_non_null(joint->client);
    joint->transport = tls_client_transport(joint->client);
    joint->state = calloc(1, joint->transport->state_bytes);
    joint->fragment = malloc(joint->transport->fragment_bytes);
    assert_true(joint->state != NULL && joint->fragment != NULL);
}

static void unmake(struct joint *joint) {
    free(joint->state);
    free(joint->fragment);
    tls_client_destroy(joint->client);
    tls_context_destroy(joint->context);
    SSL_CTX_free(joint->servers);
}

static void begin_server(struct joint *joint) {
    joint->cut = joint->up = joint->resumed = joint->failed = false;
    joint->data[0] = '\0';
    joint->server = SSL_new(joint->servers);
    joint->in = BIO_new(BIO_s_mem());
    joint->out = BIO_new(BIO_s_mem());
    assert_true(joint->server != NULL && joint->in != NULL && joint->out != NULL);
    SSL_set_bio(joint->server, joint->in, joint->out);
    SSL_set_accept_state(joint->server);
}

/* The client alone is short of memory. */
static void feed(struct joint *joint, char *bytes, int length, long *countdown) {
    for (int at = 0; at < length && !joint->failed;) {
        struct transport_conn lent = {joint->transport->shared, joint->state, joint->fragment,
                                      joint->cut};
        struct transport_fact fact;
        left = *countdown;
        joint->transport->open(&lent, bytes + at, (size_t)(length - at), &fact);
        *countdown = left;
        left = -1;
        at += (int)fact.taken;
        joint->cut = lent.cut;
        if (fact.kind == TRANSPORT_DATA)
            strncat(joint->data, fact.plain.bytes, fact.plain.length);
        joint->up |= fact.kind == TRANSPORT_UP;
        joint->resumed |= fact.kind == TRANSPORT_UP && fact.resumed;
        joint->failed |= fact.kind == TRANSPORT_FAILED || fact.kind == TRANSPORT_BROKEN;
    }
}

static void talk(struct joint *joint, long *countdown) {
    static char bytes[20000];
    for (int i = 0; i < 4; i++) {
        size_t length;
        while ((length = joint->transport->take_owed(joint->transport->shared, joint->state, bytes,
                                                     1000)) > 0)
            BIO_write(joint->in, bytes, (int)length);
        SSL_do_handshake(joint->server);
        feed(joint, bytes, BIO_read(joint->out, bytes, sizeof bytes), countdown);
    }
}

static bool connects(struct joint *joint, long *countdown) {
    begin_server(joint);
    left = *countdown;
    bool begun = joint->transport->begin(joint->transport->shared, joint->state, 0);
    *countdown = left;
    left = -1;
    if (begun)
        talk(joint, countdown);
    return joint->up && !joint->failed;
}

/* What was lost of the tickets is nobody's loss. */
static void expect_answer(struct joint *joint, long *countdown) {
    char sealed[3000], got[100] = "";
    bool short_of_memory = *countdown >= 0;
    left = *countdown;
    size_t length =
        joint->transport->seal(joint->transport->shared, joint->state, "HEAD", 4, sealed);
    *countdown = left;
    left = -1;
    BIO_write(joint->in, sealed, (int)length);
    int came = SSL_read(joint->server, got, sizeof got);
    joint->failed |= came != 4 && short_of_memory && *countdown < 0; /* OpenSSL's own seals */
    if (joint->failed)
        return;
    assert_int_equal(came, 4);
    assert_int_equal(SSL_write(joint->server, "200", 3), 3);
    talk(joint, countdown);
    assert_true(joint->failed || strcmp(joint->data, "200") == 0);
}

static void end(struct joint *joint) {
    joint->transport->release(joint->transport->shared, joint->state);
    assert_int_equal(tls_client_handshakes(joint->client), 0);
    assert_int_equal(tls_client_waiting(joint->client), 0);
    assert_int_equal(tls_client_whole(joint->client), 0);
    SSL_free(joint->server);
}

/* --- the sentences --- */

/* Connections that are short of memory, and now and then one that is not. */
static long lose_in_turn(const char *version) {
    struct joint joint;
    long lost = 0, resumed = 0;
    make(&joint, version);
    bool all = false; /* of its allocations succeeded */
    for (long n = 0; !all; n++) {
        long none = -1, countdown = n;
        bool up = connects(&joint, &countdown);
        if (up)
            expect_answer(&joint, &countdown);
        all = countdown >= 0;
        lost += !up || joint.failed;
        resumed += joint.resumed;
        assert_true(!all || (up && !joint.failed));
        end(&joint);
        if (n % 16 > 0 && !all)
            continue;
        assert_true(connects(&joint, &none));
        expect_answer(&joint, &none);
        assert_false(joint.failed);
        end(&joint);
    }
    unmake(&joint);
    assert_true(resumed > 0);
    return lost;
}

static void
a_handshake_of_tls_1_3_that_is_short_of_memory_is_lost_and_the_next_is_not(void **state) {
    (void)state;
    assert_true(lose_in_turn("1.3") > 50);
}

static void
a_handshake_of_tls_1_2_that_is_short_of_memory_is_lost_and_the_next_is_not(void **state) {
    (void)state;
    assert_true(lose_in_turn("1.2") > 50);
}

static void a_context_is_made_whole_or_not_at_all(void **state) {
    (void)state;
    long refused = 0;
    for (long n = 0; n < 100000; n += 1 + n / 500) {
        char line[200] = "";
        struct tls_context *context;
        left = n;
        bool made = tls_context_create(&context, &(struct tls_settings){.cacert = trusted},
                                       (struct refuse_buffer){line, sizeof line});
        bool all = left >= 0;
        left = -1;
        assert_int_equal(made, context != NULL);
        assert_int_equal(made, line[0] == '\0');
        refused += !made;
        tls_context_destroy(context);
        if (all)
            break;
    }
    assert_true(refused > 20);
}

/* OpenSSL prepares itself once, and where that fails it never works. */
static int warm_up(void **state) {
    (void)state;
    static const char *const versions[] = {"1.3", "1.2"};
    int fd = mkstemp(trusted);
    assert_true(fd >= 0 && close(fd) == 0);
    for (int i = 0; i < 2; i++) {
        struct joint joint;
        long none = -1;
        make(&joint, versions[i]);
        for (int j = 0; j < 2; j++) {
            assert_true(connects(&joint, &none));
            expect_answer(&joint, &none);
            end(&joint);
        }
        unmake(&joint);
    }
    return 0;
}

static int remove_certificate(void **state) {
    (void)state;
    return unlink(trusted);
}

int main(void) {
    if (CRYPTO_set_mem_functions(allocate, reallocate, give_back) != 1)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_is_made_whole_or_not_at_all),
        cmocka_unit_test(
            a_handshake_of_tls_1_3_that_is_short_of_memory_is_lost_and_the_next_is_not),
        cmocka_unit_test(
            a_handshake_of_tls_1_2_that_is_short_of_memory_is_lost_and_the_next_is_not),
    };
    return cmocka_run_group_tests(tests, warm_up, remove_certificate);
}
