/* Each allocation of OpenSSL fails in turn: over the making of what connections share, over a
 * handshake, and over a change of keys. A connection may be lost by it, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <cmocka.h>

#include "wire/tls/tls_records.h"
#include "wire/tls/tls_server.h"

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

/* --- one connection --- */

struct joint {
    struct tls_server *server;
    const struct transport *transport;
    void *state, *fragment;
    bool cut;
    enum transport_kind last;
    char data[100];
    SSL_CTX *context;
    SSL *client;
    BIO *in, *out;
};

static void begin(struct joint *joint) {
    memset(joint->state, 0, joint->transport->state_bytes);
    joint->cut = false;
    joint->last = TRANSPORT_MORE;
    joint->data[0] = '\0';
    joint->client = SSL_new(joint->context);
    joint->in = BIO_new(BIO_s_mem());
    joint->out = BIO_new(BIO_s_mem());
    assert_true(joint->client != NULL && joint->in != NULL && joint->out != NULL);
    SSL_set_bio(joint->client, joint->in, joint->out);
    SSL_set_connect_state(joint->client);
}

static void end(struct joint *joint) {
    joint->transport->release(joint->transport->shared, joint->state);
    SSL_free(joint->client);
}

/* What the server does with one flight; it alone is short of memory. */
static void serve(struct joint *joint, long *countdown) {
    static char bytes[20000];
    int got = BIO_read(joint->out, bytes, sizeof bytes);
    for (int at = 0; at < got;) {
        struct transport_conn lent = {joint->transport->shared, joint->state, joint->fragment,
                                      joint->cut};
        struct transport_fact fact;
        left = *countdown;
        joint->transport->open(&lent, bytes + at, (size_t)(got - at), &fact);
        *countdown = left;
        left = -1;
        at += (int)fact.taken;
        joint->cut = lent.cut;
        if (fact.kind == TRANSPORT_DATA)
            strncat(joint->data, fact.plain.bytes, fact.plain.length);
        else if (fact.kind != TRANSPORT_MORE && fact.kind != TRANSPORT_CONTROL)
            joint->last = fact.kind;
        char owed[1000];
        size_t length;
        while ((length = joint->transport->take_owed(joint->transport->shared, joint->state, owed,
                                                     sizeof owed)) > 0)
            BIO_write(joint->in, owed, (int)length);
    }
}

static void shake_hands(struct joint *joint, long *countdown) {
    for (int i = 0; i < 3; i++) {
        SSL_do_handshake(joint->client);
        serve(joint, countdown);
    }
}

static void make(struct joint *joint) {
    char line[200];
    *joint = (struct joint){.last = TRANSPORT_MORE};
    assert_true(tls_server_create(&joint->server, &(struct tls_server_settings){.tickets = 2},
                                  (struct refuse_buffer){line, sizeof line}));
    joint->transport = tls_server_transport(joint->server);
    joint->state = malloc(joint->transport->state_bytes);
    joint->fragment = malloc(joint->transport->fragment_bytes);
    joint->context = SSL_CTX_new(TLS_client_method());
    assert_true(joint->state != NULL && joint->fragment != NULL && joint->context != NULL);
}

static void unmake(struct joint *joint) {
    SSL_CTX_free(joint->context);
    free(joint->state);
    free(joint->fragment);
    tls_server_destroy(joint->server);
}

static void ask(struct joint *joint) {
    long none = -1;
    char answer[100] = "", sealed[200];
    assert_int_equal(SSL_write(joint->client, "HEAD", 4), 4);
    serve(joint, &none);
    assert_string_equal(joint->data, "HEAD");
    size_t length =
        joint->transport->seal(joint->transport->shared, joint->state, "200", 3, sealed);
    BIO_write(joint->in, sealed, (int)length);
    assert_int_equal(SSL_read(joint->client, answer, sizeof answer), 3);
}

/* --- the sentences --- */

static void a_handshake_that_is_short_of_memory_fails_and_the_next_does_not(void **state) {
    (void)state;
    struct joint joint;
    make(&joint);
    long lost = 0, none = -1;
    bool all = false; /* of its allocations succeeded */
    for (long n = 0; !all; n++) {
        long countdown = n;
        begin(&joint);
        shake_hands(&joint, &countdown);
        all = countdown >= 0;
        lost += joint.last == TRANSPORT_FAILED;
        assert_true(joint.last == TRANSPORT_UP || !all);
        if (joint.last == TRANSPORT_UP && SSL_is_init_finished(joint.client))
            ask(&joint);
        end(&joint);
    }
    assert_true(lost > 50);
    begin(&joint);
    shake_hands(&joint, &none);
    ask(&joint);
    end(&joint);
    unmake(&joint);
}

/* Our own key is kept then, and changed when there is memory; the peer's cannot be. */
static void a_change_of_keys_that_is_short_of_memory_is_put_off_or_ends(void **state) {
    (void)state;
    struct joint joint;
    char sealed[200], answer[100];
    make(&joint);
    long none = -1, put_off = 0, broken = 0;
    for (long n = 0; n < 30; n++) {
        struct transport_counts counts, after;
        begin(&joint);
        shake_hands(&joint, &none);
        ask(&joint);
        joint.transport->rekey(joint.transport->shared, joint.state);
        joint.transport->count(joint.transport->shared, &counts);
        left = n;
        size_t length =
            joint.transport->seal(joint.transport->shared, joint.state, "201", 3, sealed);
        left = -1;
        BIO_write(joint.in, sealed, (int)length);
        assert_int_equal(SSL_read(joint.client, answer, sizeof answer), 3);
        joint.transport->count(joint.transport->shared, &after);
        put_off += after.key_updates_out == counts.key_updates_out;
        assert_int_equal(SSL_key_update(joint.client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_write(joint.client, "HEAD", 4), 4);
        long countdown = n;
        joint.data[0] = '\0';
        serve(&joint, &countdown);
        assert_true(joint.last == TRANSPORT_BROKEN || strcmp(joint.data, "HEAD") == 0);
        broken += joint.last == TRANSPORT_BROKEN;
        end(&joint);
    }
    assert_true(put_off > 0 && put_off < 30);
    assert_true(broken > 0 && broken < 30);
    unmake(&joint);
}

static void what_is_shared_is_made_whole_or_not_at_all(void **state) {
    (void)state;
    long refused = 0;
    for (long n = 0; n < 100000; n += 1 + n / 50) {
        char line[200] = "";
        struct tls_server *server;
        left = n;
        bool made = tls_server_create(&server, &(struct tls_server_settings){.tickets = 2},
                                      (struct refuse_buffer){line, sizeof line});
        bool all = left >= 0;
        left = -1;
        assert_int_equal(made, server != NULL);
        assert_int_equal(made, line[0] == '\0');
        refused += !made;
        tls_server_destroy(server);
        if (all)
            break;
    }
    assert_true(refused > 20);
}

/* OpenSSL prepares itself once, and where that fails it never works. */
static int warm_up(void **state) {
    (void)state;
    struct joint joint;
    long none = -1;
    make(&joint);
    begin(&joint);
    shake_hands(&joint, &none);
    ask(&joint);
    end(&joint);
    unmake(&joint);
    return 0;
}

int main(void) {
    if (CRYPTO_set_mem_functions(allocate, reallocate, give_back) != 1)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shared_is_made_whole_or_not_at_all),
        cmocka_unit_test(a_handshake_that_is_short_of_memory_fails_and_the_next_does_not),
        cmocka_unit_test(a_change_of_keys_that_is_short_of_memory_is_put_off_or_ends),
    };
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
