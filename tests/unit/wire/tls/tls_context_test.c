/* What a handshake costs beside its cryptography: the host's certificates are looked up by their
 * names, and no folder of them is read through. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/tls/tls_client.h"
#include "wire/tls/tls_context.h"
#include "wire/tls/tls_server.h"

/* One connection of a transport. */
struct end {
    const struct transport *transport;
    void *state, *fragment;
    bool up, failed;
};

static void make_end(struct end *end, const struct transport *transport) {
    *end = (struct end){.transport = transport,
                        .state = calloc(1, transport->state_bytes),
                        .fragment = malloc(transport->fragment_bytes)};
    assert_non_null(end->state);
    assert_non_null(end->fragment);
}

static void free_end(struct end *end) {
    end->transport->release(end->transport->shared, end->state);
    free(end->state);
    free(end->fragment);
}

/* What one owes goes to the other; false when there is nothing. */
static bool pass_on(struct end *from, struct end *to) {
    char flight[16384];
    size_t length =
        from->transport->take_owed(from->transport->shared, from->state, flight, sizeof flight);
    struct transport_conn lent = {to->transport->shared, to->state, to->fragment, false};
    for (size_t at = 0; at < length && !to->failed;) {
        struct transport_fact fact;
        to->transport->open(&lent, flight + at, length - at, &fact);
        to->up |= fact.kind == TRANSPORT_UP;
        to->failed |= fact.kind == TRANSPORT_FAILED;
        at += fact.taken;
    }
    return length > 0;
}

/* A handshake by a client of these settings, with the target's server, whose certificate nobody
 * knows. */
static void shake_hands(const struct tls_settings *settings, bool succeeds) {
    char line[200];
    struct refuse_buffer refusal = {line, sizeof line};
    struct tls_server *server;
    struct tls_context *context;
    assert_true(tls_server_create(&server, &(struct tls_server_settings){.tickets = 0}, refusal));
    assert_true(tls_context_create(&context, settings, refusal));
    struct tls_client *client = tls_client_create(&(struct tls_client_settings){
        .context = context, .name = "localhost", .handshakes_max = 1});
    struct end here, there;
    make_end(&here, tls_client_transport(client));
    make_end(&there, tls_server_transport(server));
    assert_true(here.transport->begin(here.transport->shared, here.state, 0));
    while (pass_on(&here, &there) && pass_on(&there, &here))
        ;
    assert_int_equal(here.up, succeeds);
    assert_int_equal(here.failed, !succeeds);
    free_end(&here);
    free_end(&there);
    tls_client_destroy(client);
    tls_context_destroy(context);
    tls_server_destroy(server);
}

static void a_handshake_reads_through_no_folder_of_certificates(void **state) {
    (void)state;
    char folder[] = "/tmp/holdfast-certs.XXXXXX", events[4096];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("SSL_CERT_DIR", folder, 1), 0);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(watch >= 0);
    assert_true(inotify_add_watch(watch, folder, IN_OPEN) >= 0);
    shake_hands(&(struct tls_settings){.insecure = true}, true);
    shake_hands(&(struct tls_settings){.insecure = false}, false);
    assert_int_equal(read(watch, events, sizeof events), -1);
    close(watch);
    assert_int_equal(rmdir(folder), 0);
}

static void expect_refusal(const struct tls_settings *settings, const char *words) {
    char line[300] = "";
    struct tls_context *context;
    assert_false(tls_context_create(&context, settings, (struct refuse_buffer){line, sizeof line}));
    if (strstr(line, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", line, words);
}

/* To open it would wait for a reader, which may never come. */
static void a_key_log_that_nobody_reads_is_not_waited_for(void **state) {
    (void)state;
    char path[] = "/tmp/holdfast-keys.XXXXXX";
    assert_non_null(mkdtemp(path));
    char fifo[sizeof path + 5], line[300] = "";
    snprintf(fifo, sizeof fifo, "%s/fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct tls_settings settings = {.key_log = fifo};
    expect_refusal(&settings, "SSLKEYLOGFILE: cannot append");
    int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct tls_context *context;
    assert_true(tls_context_create(&context, &settings, (struct refuse_buffer){line, sizeof line}));
    tls_context_log_secret(context, "A LINE");
    assert_int_equal(read(reader, line, sizeof line), 7);
    assert_int_equal(tls_context_take_key_log_error(context), 0);
    close(reader);
    tls_context_log_secret(context, "A LINE");
    assert_int_equal(tls_context_take_key_log_error(context), ENXIO);
    tls_context_destroy(context);
    unlink(fifo);
    rmdir(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_reads_through_no_folder_of_certificates),
        cmocka_unit_test(a_key_log_that_nobody_reads_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
