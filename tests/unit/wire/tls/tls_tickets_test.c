/* What is kept of a session resumes a connection: once, in time, and no more of them than there is
 * room for. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <openssl/ssl.h>

#include <cmocka.h>

#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_tickets.h"

/* The sanitizers reserve terabytes of their own. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#endif

static SSL_CTX *servers, *clients;
static SSL_SESSION *given; /* the latest */

static int take_given(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    SSL_SESSION_free(given);
    given = session;
    return 1;
}

static int make_ends(void **state) {
    (void)state;
    servers = SSL_CTX_new(TLS_server_method());
    clients = SSL_CTX_new(TLS_client_method());
    if (servers == NULL || clients == NULL || !tls_certificate_use_own(servers))
        return -1;
    SSL_CTX_set_session_cache_mode(clients, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(clients, take_given);
    return 0;
}

static int drop_ends(void **state) {
    (void)state;
    SSL_SESSION_free(given);
    SSL_CTX_free(servers);
    SSL_CTX_free(clients);
    return 0;
}

static SSL *make_end(SSL_CTX *context, BIO *in, BIO *out) {
    SSL *end = SSL_new(context);
    assert_non_null(end);
    SSL_set_bio(end, in, out);
    return end;
}

/* Over that version; whether the session was resumed. */
static bool shake_hands(int version, SSL_SESSION *session) {
    BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
    char nothing;
    assert_true(up != NULL && down != NULL && BIO_up_ref(up) == 1 && BIO_up_ref(down) == 1);
    SSL *client = make_end(clients, down, up), *server = make_end(servers, up, down);
    SSL_set_max_proto_version(client, version);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    if (session != NULL)
        assert_int_equal(SSL_set_session(client, session), 1);
    for (int i = 0; i < 4; i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    assert_true(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    (void)SSL_read(client, &nothing, 1); /* the tickets of TLS 1.3 */
    bool resumed = SSL_session_reused(client) == 1;
    SSL_set_shutdown(client, SSL_SENT_SHUTDOWN); /* else the session would count as broken */
    SSL_free(client);
    SSL_free(server);
    return resumed;
}

static SSL_SESSION *session_over(int version) {
    assert_false(shake_hands(version, NULL));
    assert_non_null(given);
    return given;
}

static struct tls_tickets *make(enum tls_resume when, uint32_t slots) {
    struct tls_tickets *tickets = tls_tickets_create(when, slots);
    assert_non_null(tickets);
    return tickets;
}

static SSL_SESSION *take(struct tls_tickets *tickets, uint32_t slot) {
    struct tls_ticket_id id;
    return tls_tickets_take(tickets, slot, (int64_t)time(NULL), &id);
}

/* --- the sentences --- */

static void what_was_kept_resumes_and_holds_no_certificate(void **state) {
    (void)state;
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct tls_tickets *tickets = make(TLS_RESUME_RECONNECT, 2);
        tls_tickets_keep(tickets, 1, session_over(versions[i]));
        SSL_SESSION *taken = take(tickets, 1);
        assert_non_null(taken);
        assert_null(SSL_SESSION_get0_peer(taken));
        assert_int_equal(SSL_SESSION_get_time(taken), SSL_SESSION_get_time(given));
        assert_true(shake_hands(versions[i], taken));
        SSL_SESSION_free(taken);
        assert_null(take(tickets, 0));
        tls_tickets_destroy(tickets);
    }
}

static void a_ticket_of_tls_1_3_is_shown_once(void **state) {
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct tls_tickets *tickets = make(shared ? TLS_RESUME_ALWAYS : TLS_RESUME_RECONNECT, 1);
        tls_tickets_keep(tickets, 0, session_over(TLS1_3_VERSION));
        assert_int_equal(tls_tickets_count(tickets), 1);
        SSL_SESSION_free(take(tickets, 0));
        assert_int_equal(tls_tickets_count(tickets), 0);
        assert_null(take(tickets, 0));
        tls_tickets_destroy(tickets);
    }
}

static void a_session_of_tls_1_2_is_shown_until_it_is_dropped(void **state) {
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct tls_tickets *tickets = make(shared ? TLS_RESUME_ALWAYS : TLS_RESUME_RECONNECT, 1);
        struct tls_ticket_id first, again;
        tls_tickets_keep(tickets, 0, session_over(TLS1_2_VERSION));
        int64_t now = (int64_t)time(NULL);
        SSL_SESSION_free(tls_tickets_take(tickets, 0, now, &first));
        SSL_SESSION *taken = tls_tickets_take(tickets, 0, now, &again);
        assert_non_null(taken);
        SSL_SESSION_free(taken);
        assert_int_equal(first.serial, again.serial);
        tls_tickets_drop(tickets, &first);
        tls_tickets_drop(tickets, &again);
        assert_null(tls_tickets_take(tickets, 0, now, &again));
        tls_tickets_keep(tickets, 0, given);
        tls_tickets_drop(tickets, &first); /* not the one that took its place */
        taken = tls_tickets_take(tickets, 0, now, &again);
        assert_non_null(taken);
        SSL_SESSION_free(taken);
        tls_tickets_destroy(tickets);
    }
}

static void what_is_too_old_or_of_a_time_to_come_is_not_shown(void **state) {
    (void)state;
    struct tls_ticket_id id;
    SSL_SESSION *session = session_over(TLS1_3_VERSION);
    int64_t given_s = SSL_SESSION_get_time(session);
    int64_t lifetime = (int64_t)SSL_SESSION_get_ticket_lifetime_hint(session);
    assert_in_range(lifetime, 1, 7 * 24 * 3600);
    for (int shared = 0; shared < 2; shared++) {
        struct tls_tickets *tickets = make(shared ? TLS_RESUME_ALWAYS : TLS_RESUME_RECONNECT, 1);
        const int64_t never[] = {given_s + lifetime, given_s - 1};
        for (int i = 0; i < 2; i++) {
            tls_tickets_keep(tickets, 0, session);
            assert_null(tls_tickets_take(tickets, 0, never[i], &id));
            assert_int_equal(tls_tickets_count(tickets), 0);
        }
        tls_tickets_keep(tickets, 0, session);
        SSL_SESSION *taken = tls_tickets_take(tickets, 0, given_s + lifetime - 1, &id);
        assert_non_null(taken);
        SSL_SESSION_free(taken);
        tls_tickets_destroy(tickets);
    }
}

/* Those that were given at that time. */
static void keep_of(struct tls_tickets *tickets, int64_t time_s) {
    assert_true(SSL_SESSION_set_time(given, (long)time_s) > 0);
    tls_tickets_keep(tickets, 0, given);
}

static void the_latest_are_shared_and_the_oldest_give_way(void **state) {
    (void)state;
    struct tls_tickets *tickets = make(TLS_RESUME_ALWAYS, 1);
    struct tls_ticket_id id;
    int64_t now = (int64_t)time(NULL);
    (void)session_over(TLS1_3_VERSION);
    for (int i = 0; i < TLS_TICKETS_SHARED_MAX + 70; i++)
        keep_of(tickets, now - 2000 + i);
    assert_int_equal(tls_tickets_count(tickets), TLS_TICKETS_SHARED_MAX);
    for (int i = TLS_TICKETS_SHARED_MAX + 69; i >= 70; i--) {
        SSL_SESSION *taken = tls_tickets_take(tickets, 0, now, &id);
        assert_non_null(taken);
        assert_int_equal(SSL_SESSION_get_time(taken), now - 2000 + i);
        SSL_SESSION_free(taken);
    }
    assert_null(tls_tickets_take(tickets, 0, now, &id));
    keep_of(tickets, now);
    assert_int_equal(tls_tickets_count(tickets), 1);
    tls_tickets_destroy(tickets);
}

static void a_slot_keeps_its_latest(void **state) {
    (void)state;
    struct tls_tickets *tickets = make(TLS_RESUME_RECONNECT, 1);
    int64_t now = (int64_t)time(NULL);
    (void)session_over(TLS1_3_VERSION);
    keep_of(tickets, now - 20);
    keep_of(tickets, now - 10);
    assert_int_equal(tls_tickets_count(tickets), 1);
    SSL_SESSION *taken = take(tickets, 0);
    assert_int_equal(SSL_SESSION_get_time(taken), now - 10);
    SSL_SESSION_free(taken);
    tls_tickets_destroy(tickets);
}

static void a_session_that_cannot_be_resumed_is_passed_over(void **state) {
    (void)state;
    struct tls_tickets *tickets = make(TLS_RESUME_RECONNECT, 1);
    SSL_SESSION *empty = SSL_SESSION_new();
    tls_tickets_keep(tickets, 0, empty);
    assert_int_equal(tls_tickets_count(tickets), 0);
    SSL_SESSION_free(empty);
    tls_tickets_destroy(tickets);
}

/* Some servers put the client's certificate, or their own data, into a ticket. */
static SSL_SESSION *larger(size_t by) {
    SSL_SESSION *made = SSL_SESSION_dup(given);
    unsigned char *bytes = calloc(1, by);
    assert_true(made != NULL && bytes != NULL);
    assert_int_equal(SSL_SESSION_set1_ticket_appdata(made, bytes, by), 1);
    free(bytes);
    return made;
}

static void what_is_larger_than_its_cell_is_counted(void **state) {
    (void)state;
    static const struct {
        size_t by;
        uint32_t kept;
    } rows[] = {{150, 1}, {700, 0}, {4000, 0}};
    (void)session_over(TLS1_3_VERSION);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_tickets *tickets = make(TLS_RESUME_RECONNECT, 2);
        SSL_SESSION *large = larger(rows[i].by);
        tls_tickets_keep(tickets, 0, given);
        tls_tickets_keep(tickets, 1, large);
        assert_int_equal(tls_tickets_count(tickets), 1 + rows[i].kept);
        assert_int_equal(tls_tickets_not_kept(tickets), 1 - rows[i].kept);
        SSL_SESSION_free(large);
        tls_tickets_destroy(tickets);
    }
    struct tls_tickets *tickets = make(TLS_RESUME_RECONNECT, 1);
    SSL_SESSION *large = larger(700);
    tls_tickets_keep(tickets, 0, large); /* the first says how large */
    assert_int_equal(tls_tickets_count(tickets), 1);
    SSL_SESSION_free(large);
    tls_tickets_destroy(tickets);
}

static void no_address_space_keeps_none(void **state) {
    (void)state;
#ifdef SANITIZED
    skip();
#endif
    struct rlimit before, little = {(rlim_t)3 << 30, (rlim_t)3 << 30};
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    struct tls_tickets *tickets = make(TLS_RESUME_RECONNECT, UINT32_MAX);
    (void)session_over(TLS1_3_VERSION);
    little.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    tls_tickets_keep(tickets, 0, given);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(tls_tickets_count(tickets), 0);
    assert_int_equal(tls_tickets_not_kept(tickets), 1);
    assert_null(take(tickets, 0));
    tls_tickets_destroy(tickets);
}

/* ---- in memory ---- */

enum { HIDDEN_MAX = 64 << 20 }; /* the sanitizers hide terabytes of their own */

static bool is_hidden(const char *flags) {
    return strncmp(flags, "VmFlags:", 8) == 0 && strstr(flags, " wr ") != NULL &&
           strstr(flags, " dd ") != NULL;
}

/* How often the bytes stand in memory that no core dump has. */
static int count_hidden(const unsigned char *bytes, size_t length) {
    FILE *maps = fopen("/proc/self/smaps", "r");
    char line[600];
    uintptr_t from = 0, to = 0;
    int count = 0;
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t first, behind;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &first, &behind) == 2)
            from = first, to = behind;
        if (!is_hidden(line) || to - from > HIDDEN_MAX)
            continue;
        const unsigned char *at = (const void *)from, *end = (const void *)to;
        for (; (at = memmem(at, (size_t)(end - at), bytes, length)) != NULL; at++)
            count++;
    }
    fclose(maps);
    return count;
}

static void a_key_lies_where_no_core_has_it_and_is_wiped_when_it_is_taken(void **state) {
    (void)state;
    unsigned char key[64];
    size_t length = SSL_SESSION_get_master_key(session_over(TLS1_3_VERSION), key, sizeof key);
    struct tls_tickets *tickets = make(TLS_RESUME_RECONNECT, 2);
    assert_in_range(length, 32, 48);
    assert_int_equal(count_hidden(key, length), 0);
    tls_tickets_keep(tickets, 0, given);
    tls_tickets_keep(tickets, 1, given);
    assert_int_equal(count_hidden(key, length), 2);
    SSL_SESSION_free(take(tickets, 0));
    assert_int_equal(count_hidden(key, length), 1);
    (void)session_over(TLS1_3_VERSION);
    tls_tickets_keep(tickets, 1, given);
    assert_int_equal(count_hidden(key, length), 0);
    tls_tickets_destroy(tickets);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_resumes_and_holds_no_certificate),
        cmocka_unit_test(a_ticket_of_tls_1_3_is_shown_once),
        cmocka_unit_test(a_session_of_tls_1_2_is_shown_until_it_is_dropped),
        cmocka_unit_test(what_is_too_old_or_of_a_time_to_come_is_not_shown),
        cmocka_unit_test(the_latest_are_shared_and_the_oldest_give_way),
        cmocka_unit_test(a_slot_keeps_its_latest),
        cmocka_unit_test(a_key_lies_where_no_core_has_it_and_is_wiped_when_it_is_taken),
        cmocka_unit_test(what_is_larger_than_its_cell_is_counted),
        cmocka_unit_test(no_address_space_keeps_none),
        cmocka_unit_test(a_session_that_cannot_be_resumed_is_passed_over),
    };
    return cmocka_run_group_tests(tests, make_ends, drop_ends);
}
