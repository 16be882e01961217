/* Every record that a peer may send, and those it may not, say the same whatever way their bytes
 * were cut; what we send opens at the other end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/tls/peer.h"
#include "wire/tls/tls_messages.h"
#include "wire/tls/tls_records.h"

static struct tls_crypto *crypto; /* the peer's */

static int create(void **state) {
    (void)state;
    crypto = tls_crypto_create();
    return crypto == NULL;
}

static int destroy(void **state) {
    (void)state;
    tls_crypto_destroy(crypto);
    return 0;
}

/* --- one end of ours --- */

struct end {
    struct tls_records *records;
    const struct transport *transport;
    void *state;
    void *fragment;
    bool cut;
};

static void begin_with(struct end *end, const struct tls_secrets *secrets,
                       const struct tls_records_settings *settings) {
    end->records = tls_records_create(settings);
    assert_non_null(end->records);
    end->transport = tls_records_transport(end->records);
    end->state = calloc(1, end->transport->state_bytes);
    end->fragment = malloc(end->transport->fragment_bytes);
    end->cut = false;
    assert_non_null(end->state);
    assert_non_null(end->fragment);
    assert_true(tls_records_begin(end->records, end->state, secrets));
}

static void begin(struct end *end, const struct tls_suite *suite, bool serves) {
    struct tls_secrets secrets = peer_secrets(suite, serves);
    begin_with(end, &secrets, &(struct tls_records_settings){.suite = suite});
}

static void finish(struct end *end) {
    free(end->state);
    free(end->fragment);
    tls_records_destroy(end->records);
}

/* --- facts, as a text --- */

static void print_data(FILE *out, const struct exchange_bytes *plain) {
    const char *bytes = plain->bytes;
    if (plain->length > 20) {
        fprintf(out, "data(%zu of %c..%c) ", plain->length, bytes[0] == '\0' ? '0' : bytes[0],
                bytes[plain->length - 1]);
        return;
    }
    fputs("data(", out);
    for (size_t i = 0; i < plain->length; i++)
        fputc(bytes[i] == '\0' ? '0' : bytes[i], out);
    fputs(") ", out);
}

static void print_fact(FILE *out, const struct transport_fact *fact) {
    switch (fact->kind) {
    case TRANSPORT_MORE: break;
    case TRANSPORT_DATA: print_data(out, &fact->plain); break;
    case TRANSPORT_CONTROL:
        fprintf(out, "control");
        if (fact->tickets > 0)
            fprintf(out, "(%u tickets)", fact->tickets);
        fprintf(out, fact->key_updates > 0 ? "(key) " : " ");
        break;
    case TRANSPORT_UP:
    case TRANSPORT_FAILED: fail_msg("there is no handshake"); break;
    case TRANSPORT_CLOSED: fprintf(out, "closed "); break;
    case TRANSPORT_ALERT: fprintf(out, "alert(%u, %u) ", fact->level, fact->alert); break;
    case TRANSPORT_BROKEN:
        fprintf(out, "broken(%s, %u) ", record_reason_name(fact->reason), fact->alert);
        break;
    }
}

/* Feeds a piece as it would stand in a buffer of its own. */
static void feed(struct end *end, FILE *out, const unsigned char *bytes, size_t length) {
    char *copy = malloc(length), *at = copy;
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    while (length > 0) {
        struct transport_conn lent = {end->transport->shared, end->state, end->fragment, end->cut};
        struct transport_fact fact;
        end->transport->open(&lent, at, length, &fact);
        assert_in_range(fact.taken, 1, length);
        end->cut = lent.cut;
        print_fact(out, &fact);
        at += fact.taken;
        length -= fact.taken;
    }
    free(copy);
}

/* All facts of a stream, cut once (at the end: never), or into pieces of one byte. */
static char *facts_of(struct end *end, const unsigned char *bytes, size_t length, size_t cut,
                      bool bytewise) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    end->cut = false;
    if (bytewise) {
        for (size_t i = 0; i < length; i++)
            feed(end, out, bytes + i, 1);
    } else {
        if (cut > 0)
            feed(end, out, bytes, cut);
        if (cut < length)
            feed(end, out, bytes + cut, length - cut);
    }
    fclose(out);
    if (text[0] != '\0')
        text[strlen(text) - 1] = '\0';
    return text;
}

static void expect_cut(struct end *end, const void *before, const struct peer *peer, size_t cut,
                       bool bytewise, const char *expected) {
    memcpy(end->state, before, end->transport->state_bytes);
    char *facts = facts_of(end, peer->bytes, peer->length, cut, bytewise);
    if (strcmp(facts, expected) != 0)
        fail_msg("cut at %zu of %zu%s: %s, and not: %s", cut, peer->length,
                 bytewise ? ", byte by byte" : "", facts, expected);
    free(facts);
}

/* Whole, split at every byte (of a long stream, near its ends and at some places), byte by byte.
 * The connection stands as before. */
static void expect(struct end *end, const struct peer *peer, const char *expected) {
    enum { NEAR = 300 };
    void *before = malloc(end->transport->state_bytes);
    assert_non_null(before);
    memcpy(before, end->state, end->transport->state_bytes);
    expect_cut(end, before, peer, peer->length, false, expected);
    expect_cut(end, before, peer, peer->length, true, expected);
    for (size_t cut = 1; cut < peer->length; cut++)
        if (cut < NEAR || cut > peer->length - NEAR || cut % 1009 == 0)
            expect_cut(end, before, peer, cut, false, expected);
    memcpy(end->state, before, end->transport->state_bytes);
    free(before);
}

/* --- one row of hazards --- */

struct hazard {
    const char *sentence;
    void (*send)(struct peer *peer);
    const char *facts;
};

static void run_hazards(const struct hazard *hazards, size_t count, bool serves) {
    for (unsigned i = 0; i < TLS_SUITES; i++)
        for (size_t row = 0; row < count; row++) {
            struct end end;
            begin(&end, tls_suite_at(i), serves);
            struct tls_secrets secrets = peer_secrets(tls_suite_at(i), serves);
            struct peer peer =
                peer_of(crypto, tls_suite_at(i), serves ? secrets.client : secrets.server);
            hazards[row].send(&peer);
            print_message("%s: %s\n", tls_suite_at(i)->name, hazards[row].sentence);
            expect(&end, &peer, hazards[row].facts);
            free(peer.bytes);
            finish(&end);
        }
}

static void send_ticket(struct peer *peer, size_t body) {
    unsigned char *ticket = peer_ticket(body);
    for (size_t done = 0, piece; done < 4 + body; done += piece) {
        piece = 4 + body - done < TLS_PLAIN_MAX ? 4 + body - done : TLS_PLAIN_MAX;
        peer_record(peer, PEER_HANDSHAKE, ticket + done, piece);
    }
    free(ticket);
}

static void send_long(struct peer *peer, size_t length, size_t padding) {
    char *bytes = malloc(length + 1);
    assert_non_null(bytes);
    memset(bytes, 'x', length);
    peer_padded(peer, PEER_DATA, bytes, length, padding);
    free(bytes);
}

static void send_zeros(struct peer *peer, size_t length) {
    unsigned char *zeros = calloc(1, length + 1);
    assert_non_null(zeros);
    peer_inner(peer, zeros, length);
    free(zeros);
}

/* A header and as many bytes behind it. */
static void send_plain(struct peer *peer, unsigned char type, size_t length) {
    unsigned char *bytes = calloc(1, 5 + length);
    assert_non_null(bytes);
    memcpy(bytes,
           (unsigned char[]){type, 3, 3, (unsigned char)(length >> 8), (unsigned char)length}, 5);
    peer_add(peer, bytes, 5 + length);
    free(bytes);
}

static void data(struct peer *peer) {
    peer_data(peer, "one");
    peer_data(peer, "");
    peer_data(peer, "two");
}

static void tickets(struct peer *peer) {
    unsigned char two[40];
    unsigned char *ticket = peer_ticket(16);
    memcpy(two, ticket, 20);
    memcpy(two + 20, ticket, 20);
    send_ticket(peer, 200);
    peer_record(peer, PEER_HANDSHAKE, two, 40);
    peer_record(peer, PEER_HANDSHAKE, two, 39);
    peer_record(peer, PEER_HANDSHAKE, two + 39, 1);
    free(ticket);
}

static void ticket_in_pieces(struct peer *peer) {
    unsigned char *ticket = peer_ticket(20);
    for (size_t i = 0; i < 24; i++)
        peer_record(peer, PEER_HANDSHAKE, ticket + i, 1);
    peer_data(peer, "x");
    free(ticket);
}

static void ticket_between_halves(struct peer *peer) {
    peer_data(peer, "HTTP/1.1 2");
    send_ticket(peer, 57);
    peer_data(peer, "00 OK");
}

static void data_in_a_ticket(struct peer *peer) {
    unsigned char *ticket = peer_ticket(30);
    peer_record(peer, PEER_HANDSHAKE, ticket, 10);
    peer_data(peer, "x");
    free(ticket);
}

static void empty_data_in_a_ticket(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\4", 1);
    peer_data(peer, "");
}

static void alert_in_a_ticket(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\4", 1);
    peer_alert(peer, 2, 80);
}

/* max_early_data_size of an early_data extension is a ticket's last four bytes. */
static void ticket_with_early_data(struct peer *peer) {
    static const unsigned char ticket[] = {4, 0, 0,   22, 0, 0, 1,  0, 9, 9, 9, 9,  0,
                                           0, 1, 't', 0,  8, 0, 42, 0, 4, 0, 0, 64, 0};
    peer_record(peer, PEER_HANDSHAKE, ticket, sizeof ticket);
}

static void longest_ticket(struct peer *peer) {
    send_ticket(peer, TLS_TICKET_MAX);
}

static void ticket_of_64_kib(struct peer *peer) {
    send_ticket(peer, 65536);
}

static void ticket_too_short(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\4\0\0\15aaaaaaaaaaaaa", 17);
}

static void key_update(struct peer *peer) {
    peer_data(peer, "old");
    peer_key_update(peer, false);
    peer_data(peer, "new");
    peer_key_update(peer, true);
    peer_key_update(peer, true);
    peer_data(peer, "newer");
}

static void key_update_in_pieces(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\30\0", 2);
    peer_record(peer, PEER_HANDSHAKE, "\0\1\0", 3);
    peer_update_key(peer);
    peer_data(peer, "new");
}

static void ticket_and_key_update(struct peer *peer) {
    unsigned char both[25];
    unsigned char *ticket = peer_ticket(16);
    memcpy(both, ticket, 20);
    memcpy(both + 20, "\30\0\0\1\0", 5);
    peer_record(peer, PEER_HANDSHAKE, both, 25);
    peer_update_key(peer);
    peer_data(peer, "new");
    free(ticket);
}

static void old_key_after_update(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\30\0\0\1\0", 5);
    peer_data(peer, "old");
}

static void bytes_behind_key_update(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\30\0\0\1\0\30", 6);
}

static void key_update_of_2(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\30\0\0\1\2", 5);
}

static void key_update_of_two_bytes(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\30\0\0\2\0\0", 6);
}

static void key_update_of_none(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\30\0\0\0", 4);
}

static void key_updates(struct peer *peer, int count) {
    for (int i = 0; i < count; i++)
        peer_key_update(peer, i % 2 == 0);
}

static void thirty_three_key_updates(struct peer *peer) {
    key_updates(peer, TLS_KEY_UPDATES_MAX);
    peer_data(peer, ""); /* no data */
    key_updates(peer, 1);
}

static void key_updates_with_data(struct peer *peer) {
    key_updates(peer, TLS_KEY_UPDATES_MAX);
    peer_data(peer, "x");
    key_updates(peer, TLS_KEY_UPDATES_MAX);
}

static void certificate_request(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\15\0\0\2\0\0", 6);
}

static void another_message(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "\24\0\0\1\0", 5);
}

static void longest_record(struct peer *peer) {
    send_long(peer, TLS_PLAIN_MAX, 0);
    send_long(peer, 0, TLS_PLAIN_MAX);
    send_long(peer, 10, TLS_PLAIN_MAX - 10);
}

static void a_byte_too_long_inside(struct peer *peer) {
    send_long(peer, TLS_PLAIN_MAX + 1, 0);
}

static void padding_too_long(struct peer *peer) {
    send_long(peer, 10, TLS_PLAIN_MAX - 9);
}

static void longest_outside(struct peer *peer) {
    send_long(peer, 10, 16384 + 256 - TLS_TAG_BYTES - 11);
}

static void a_byte_too_long_outside(struct peer *peer) {
    send_plain(peer, PEER_DATA, 16384 + 257);
}

static void too_short(struct peer *peer) {
    send_plain(peer, PEER_DATA, TLS_TAG_BYTES);
}

static void no_bytes(struct peer *peer) {
    send_plain(peer, PEER_DATA, 0);
}

static void one_zero(struct peer *peer) {
    send_zeros(peer, 1);
}

static void all_zeros(struct peer *peer) {
    send_zeros(peer, TLS_PLAIN_MAX + 1);
}

static void padded(struct peer *peer) {
    peer_padded(peer, PEER_DATA, "a\0b", 3, 512);
    peer_padded(peer, PEER_HANDSHAKE, "\30\0\0\1\0", 5, 3);
    peer_update_key(peer);
    peer_padded(peer, PEER_ALERT, "\1\0", 2, 30);
}

static void change_cipher_spec(struct peer *peer) {
    peer_data(peer, "x");
    peer_add(peer, "\24\3\3\0\1\1", 6);
}

static void sealed_change_cipher_spec(struct peer *peer) {
    peer_record(peer, 20, "\1", 1);
}

static void heartbeat(struct peer *peer) {
    peer_record(peer, 24, "\1\0\1a", 4);
}

static void plain_alert(struct peer *peer) {
    peer_add(peer, "\25\3\3\0\2\2\50", 7);
}

static void plain_handshake(struct peer *peer) {
    send_plain(peer, PEER_HANDSHAKE, 4);
}

static void plain_http(struct peer *peer) {
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    peer_add(peer, answer, sizeof answer - 1);
}

static void alert_of_three(struct peer *peer) {
    peer_record(peer, PEER_ALERT, "\2\50\0", 3);
}

static void alert_in_pieces(struct peer *peer) {
    peer_record(peer, PEER_ALERT, "\2", 1);
    peer_record(peer, PEER_ALERT, "\50", 1);
}

static void two_alerts(struct peer *peer) {
    peer_record(peer, PEER_ALERT, "\1\132\1\0", 4);
}

static void empty_alert(struct peer *peer) {
    peer_record(peer, PEER_ALERT, "", 0);
}

static void empty_handshake(struct peer *peer) {
    peer_record(peer, PEER_HANDSHAKE, "", 0);
}

static void close_notify(struct peer *peer) {
    peer_data(peer, "x");
    peer_alert(peer, 1, 0);
    peer_data(peer, "ignored");
    peer_add(peer, "whatever", 8);
}

static void fatal_close_notify(struct peer *peer) {
    peer_alert(peer, 2, 0);
}

static void user_canceled(struct peer *peer) {
    peer_alert(peer, 1, 90);
    peer_data(peer, "x");
    peer_alert(peer, 1, 0);
}

static void certificate_required(struct peer *peer) {
    send_ticket(peer, 57);
    peer_alert(peer, 2, 116);
    peer_data(peer, "ignored");
}

static void warning_alert(struct peer *peer) {
    peer_alert(peer, 1, 112);
}

static void nothing_of_the_key(struct peer *peer) {
    send_plain(peer, PEER_DATA, 100);
}

static void what_a_server_may_send_is_followed(void **state) {
    (void)state;
    static const struct hazard hazards[] = {
        {"data, of no bytes too", data, "data(one) data() data(two)"},
        {"tickets: one, two in a record, two over two records", tickets,
         "control(1 tickets) control(2 tickets) control(1 tickets) control(1 tickets)"},
        {"a ticket of a byte a record", ticket_in_pieces,
         "control control control control control control control control control control control "
         "control control control control control control control control control control control "
         "control control(1 tickets) data(x)"},
        {"a ticket between two halves of an answer", ticket_between_halves,
         "data(HTTP/1.1 2) control(1 tickets) data(00 OK)"},
        {"a ticket that offers early data", ticket_with_early_data, "control(1 tickets)"},
        {"the longest ticket", longest_ticket,
         "control control control control control(1 tickets)"},
        {"key updates, two in a row too", key_update,
         "data(old) control(key) data(new) control(key) control(key) data(newer)"},
        {"a key update in pieces", key_update_in_pieces, "control control(key) data(new)"},
        {"a ticket and a key update in a record", ticket_and_key_update,
         "control(1 tickets)(key) data(new)"},
        {"the longest records", longest_record, "data(16384 of x..x) data() data(xxxxxxxxxx)"},
        {"padding", padded, "data(a0b) control(key) closed"},
        {"close_notify is the end", close_notify, "data(x) closed"},
        {"close_notify that says it is fatal", fatal_close_notify, "closed"},
        {"user_canceled is no end", user_canceled, "control data(x) closed"},
        {"the refusal of a client certificate", certificate_required,
         "control(1 tickets) alert(2, 116)"},
        {"any other warning is an end", warning_alert, "alert(1, 112)"},
        {"an alert in the midst of a ticket", alert_in_a_ticket, "control alert(2, 80)"},
    };
    run_hazards(hazards, sizeof hazards / sizeof *hazards, false);
}

static void what_a_server_may_not_send_breaks_the_connection(void **state) {
    (void)state;
    static const struct hazard hazards[] = {
        {"data in a ticket", data_in_a_ticket, "control broken(interrupted_message, 10)"},
        {"data of no bytes in a ticket", empty_data_in_a_ticket,
         "control broken(interrupted_message, 10)"},
        {"a ticket of 64 KiB", ticket_of_64_kib, "broken(ticket_too_long, 47)"},
        {"a ticket too short", ticket_too_short, "broken(bad_ticket, 50)"},
        {"the old key after a key update", old_key_after_update,
         "control(key) broken(bad_tag, 20)"},
        {"bytes behind a key update", bytes_behind_key_update, "broken(key_update_not_last, 10)"},
        {"a key update of 2", key_update_of_2, "broken(bad_key_update, 47)"},
        {"a key update of two bytes", key_update_of_two_bytes, "broken(bad_key_update_length, 50)"},
        {"a key update of none", key_update_of_none, "broken(bad_key_update_length, 50)"},
        {"CertificateRequest", certificate_request, "broken(certificate_request, 10)"},
        {"another message", another_message, "broken(unexpected_message, 10)"},
        {"a byte too long inside", a_byte_too_long_inside, "broken(record_too_long, 22)"},
        {"padding too long", padding_too_long, "broken(record_too_long, 22)"},
        {"as long as may be outside", longest_outside, "broken(record_too_long, 22)"},
        {"a byte too long outside", a_byte_too_long_outside, "broken(record_too_long, 22)"},
        {"too short", too_short, "broken(record_too_short, 20)"},
        {"no bytes", no_bytes, "broken(record_too_short, 20)"},
        {"padding alone", one_zero, "broken(bad_padding, 10)"},
        {"much padding alone", all_zeros, "broken(bad_padding, 10)"},
        {"change_cipher_spec", change_cipher_spec, "data(x) broken(unencrypted, 10)"},
        {"change_cipher_spec, sealed", sealed_change_cipher_spec, "broken(unexpected_type, 10)"},
        {"a heartbeat", heartbeat, "broken(unexpected_type, 10)"},
        {"an alert that is not encrypted", plain_alert, "broken(unencrypted, 10)"},
        {"a handshake that is not encrypted", plain_handshake, "broken(unencrypted, 10)"},
        {"HTTP that is not encrypted", plain_http, "broken(no_record, 10)"},
        {"an alert of three bytes", alert_of_three, "broken(bad_alert, 50)"},
        {"an alert in pieces", alert_in_pieces, "broken(bad_alert, 50)"},
        {"two alerts in a record", two_alerts, "broken(bad_alert, 50)"},
        {"an alert of no bytes", empty_alert, "broken(empty_message, 10)"},
        {"a handshake record of no bytes", empty_handshake, "broken(empty_message, 10)"},
        {"what no key sealed", nothing_of_the_key, "broken(bad_tag, 20)"},
    };
    run_hazards(hazards, sizeof hazards / sizeof *hazards, false);
}

static void a_client_has_no_tickets_to_give(void **state) {
    (void)state;
    static const struct hazard hazards[] = {
        {"a key update", key_update,
         "data(old) control(key) data(new) control(key) control(key) data(newer)"},
        {"a ticket", longest_ticket, "broken(unexpected_message, 10)"},
        {"CertificateRequest", certificate_request, "broken(unexpected_message, 10)"},
    };
    run_hazards(hazards, sizeof hazards / sizeof *hazards, true);
}

/* The text, so many times. */
static void repeat(char *out, const char *text, int times) {
    for (int i = 0; i < times; i++)
        out += sprintf(out, "%s", text);
}

static void thirty_two_key_updates_may_come_without_data(void **state) {
    (void)state;
    char before[600], expected[1300];
    struct end end;
    begin(&end, tls_suite_at(0), false);
    struct tls_secrets secrets = peer_secrets(tls_suite_at(0), false);
    struct peer peer = peer_of(crypto, tls_suite_at(0), secrets.server);
    repeat(before, "control(key) ", TLS_KEY_UPDATES_MAX);
    thirty_three_key_updates(&peer);
    snprintf(expected, sizeof expected, "%sdata() broken(too_many_key_updates, 10)", before);
    expect(&end, &peer, expected);
    free(peer.bytes);
    peer = peer_of(crypto, tls_suite_at(0), secrets.server);
    key_updates_with_data(&peer);
    snprintf(expected, sizeof expected, "%sdata(x) %s", before, before);
    expected[strlen(expected) - 1] = '\0';
    expect(&end, &peer, expected);
    free(peer.bytes);
    finish(&end);
}

static void a_sequence_number_never_wraps(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        struct end end;
        struct tls_secrets secrets = peer_secrets(tls_suite_at(i), false);
        struct peer peer = peer_of(crypto, tls_suite_at(i), secrets.server);
        secrets.received = peer.sequence = UINT64_MAX - 1;
        begin_with(&end, &secrets, &(struct tls_records_settings){.suite = tls_suite_at(i)});
        peer_data(&peer, "last");
        peer_data(&peer, "one too many");
        expect(&end, &peer, "data(last) broken(sequence_exhausted, 80)");
        free(peer.bytes);
        finish(&end);
    }
}

/* RFC 8448 3: what the server sends once the handshake is done, and what the client does. */
static const char from_server[] =
    "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758"
    "db289a015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0"
    "d4a3d03f75e09c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406f16e3fc181a77c"
    "a475840025db2f0a77f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f9605d64f650db4d02"
    "3e70e952ca49fe5137121c74bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985"
    "684f"
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb50"
    "1a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"
    "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";
static const char from_client[] =
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20"
    "441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"
    "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";

static size_t from_hex(unsigned char *out, const char *text) {
    size_t length = 0;
    for (; *text != '\0'; text += 2)
        assert_int_equal(sscanf(text, "%2hhx", &out[length++]), 1);
    return length;
}

static void the_records_of_rfc_8448_are_read_and_written(void **state) {
    (void)state;
    struct tls_secrets secrets = {.suite = tls_suite_of(0x1301)};
    unsigned char plain[50], expected[200], bytes[400];
    char sent[400];
    from_hex(secrets.server, "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
    from_hex(secrets.client, "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    for (unsigned char i = 0; i < sizeof plain; i++)
        plain[i] = i; /* the last is the digit 1 */
    struct end end;
    begin_with(&end, &secrets, &(struct tls_records_settings){.suite = secrets.suite});
    struct peer peer = {.bytes = bytes, .length = from_hex(bytes, from_server)};
    expect(&end, &peer, "control(1 tickets) data(50 of 0..1) closed");
    size_t length = end.transport->seal(end.records, end.state, plain, sizeof plain, sent);
    length += end.transport->end(end.records, end.state, 0, sent + length);
    assert_int_equal(from_hex(expected, from_client), length);
    assert_memory_equal(sent, expected, length);
    finish(&end);
}

/* Of a stream of everything, each bit in turn. What came before the bit is read; the record with
 * it breaks the connection, or it never ends. */
static void a_bit_flipped_anywhere_breaks_the_connection_and_nothing_else(void **state) {
    (void)state;
    struct end end;
    begin(&end, tls_suite_at(0), false);
    struct tls_secrets secrets = peer_secrets(tls_suite_at(0), false);
    struct peer peer = peer_of(crypto, tls_suite_at(0), secrets.server);
    static const char *const true_facts =
        "control(1 tickets) data(one) control(key) data(two) control(key) data() closed";
    send_ticket(&peer, 20);
    peer_data(&peer, "one");
    peer_key_update(&peer, true);
    peer_padded(&peer, PEER_DATA, "two", 3, 9);
    peer_key_update(&peer, false);
    peer_data(&peer, "");
    peer_alert(&peer, 1, 0);
    void *before = malloc(end.transport->state_bytes);
    assert_non_null(before);
    memcpy(before, end.state, end.transport->state_bytes);
    expect(&end, &peer, true_facts);
    size_t broken = 0, unended = 0;
    for (size_t bit = 0; bit < 8 * peer.length; bit++) {
        peer.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        memcpy(end.state, before, end.transport->state_bytes);
        char *facts = facts_of(&end, peer.bytes, peer.length, bit / 8, false);
        char *end_of = strstr(facts, "broken(");
        size_t same = end_of != NULL ? (size_t)(end_of - facts) : strlen(facts);
        assert_memory_equal(facts, true_facts, same);
        assert_true(strlen(true_facts) > same);
        assert_true(end_of == NULL || strchr(end_of, ')')[1] == '\0');
        broken += end_of != NULL;
        unended += end_of == NULL;
        free(facts);
        peer.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(unended < 7 * 16); /* a length that grew */
    assert_true(broken > 8 * peer.length - 7 * 16);
    free(before);
    free(peer.bytes);
    finish(&end);
}

/* --- what we send --- */

struct pair {
    struct end client, server;
};

static void begin_pair(struct pair *pair, const struct tls_suite *suite, uint64_t rekey_after) {
    struct tls_secrets secrets = peer_secrets(suite, false);
    struct tls_records_settings settings = {.suite = suite, .rekey_after = rekey_after};
    begin_with(&pair->client, &secrets, &settings);
    secrets.serves = true;
    begin_with(&pair->server, &secrets, &settings);
}

static void finish_pair(struct pair *pair) {
    finish(&pair->client);
    finish(&pair->server);
}

/* What the client sends, as the server reads it; and the length of it. */
static size_t pass(struct end *from, struct end *to, const void *bytes, size_t length,
                   const char *expected) {
    size_t most = from->transport->sealed_bytes(length);
    char *sealed = malloc(most);
    assert_non_null(sealed);
    size_t sent = from->transport->seal(from->records, from->state, bytes, length, sealed);
    assert_true(sent <= most);
    char *facts = facts_of(to, (unsigned char *)sealed, sent, sent / 2, false);
    assert_string_equal(facts, expected);
    free(facts);
    free(sealed);
    return sent;
}

static void what_one_end_seals_the_other_opens(void **state) {
    (void)state;
    char *bytes = malloc(40000);
    memset(bytes, 'y', 40000);
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        struct pair pair;
        begin_pair(&pair, tls_suite_at(i), 0);
        assert_int_equal(pass(&pair.client, &pair.server, "GET", 3, "data(GET)"), 3 + 22);
        assert_int_equal(pass(&pair.server, &pair.client, "200", 3, "data(200)"), 3 + 22);
        assert_int_equal(pass(&pair.client, &pair.server, "", 0, ""), 0);
        pass(&pair.client, &pair.server, bytes, TLS_PLAIN_MAX, "data(16384 of y..y)");
        pass(&pair.client, &pair.server, bytes, TLS_PLAIN_MAX + 1, "data(16384 of y..y) data(y)");
        size_t length = pass(&pair.client, &pair.server, bytes, 40000,
                             "data(16384 of y..y) data(16384 of y..y) data(7232 of y..y)");
        assert_int_equal(length, 40000 + 3 * 22);
        finish_pair(&pair);
    }
    free(bytes);
}

static void a_key_update_is_answered_before_the_next_request(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        struct pair pair;
        begin_pair(&pair, tls_suite_at(i), 0);
        tls_records_update(pair.server.state, true);
        pass(&pair.server, &pair.client, "200", 3, "control(key) data(200)");
        pass(&pair.server, &pair.client, "201", 3, "data(201)");
        tls_records_update(pair.server.state, true);
        pass(&pair.server, &pair.client, "", 0, "control(key)");
        pass(&pair.client, &pair.server, "HEAD", 4, "control(key) data(HEAD)"); /* one for two */
        pass(&pair.client, &pair.server, "HEAD", 4, "data(HEAD)");
        tls_records_update(pair.server.state, false);
        pass(&pair.server, &pair.client, "202", 3, "control(key) data(202)");
        pass(&pair.client, &pair.server, "HEAD", 4, "data(HEAD)");
        const struct tls_counts *counts = tls_records_counts(pair.client.records);
        assert_int_equal(counts->key_updates_in, 3);
        assert_int_equal(counts->key_updates_out, 1);
        finish_pair(&pair);
    }
}

static void our_key_is_changed_before_it_has_sealed_too_much(void **state) {
    (void)state;
    struct pair pair;
    begin_pair(&pair, tls_suite_at(1), 100);
    for (int i = 0; i < 1000; i++) {
        bool first = i > 0 && i % 100 == 0;
        pass(&pair.client, &pair.server, "x", 1, first ? "control(key) data(x)" : "data(x)");
    }
    assert_int_equal(tls_records_counts(pair.client.records)->key_updates_out, 9);
    assert_int_equal(tls_records_counts(pair.server.records)->key_updates_in, 9);
    finish_pair(&pair);
}

static void the_end_is_told_once_and_nothing_follows(void **state) {
    (void)state;
    static const struct {
        uint8_t alert;
        const char *facts;
    } rows[] = {{0, "closed"}, {20, "alert(2, 20)"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair pair;
        char told[100];
        begin_pair(&pair, tls_suite_at(2), 0);
        struct end *client = &pair.client;
        size_t length = client->transport->end(client->records, client->state, rows[i].alert, told);
        assert_int_equal(length, client->transport->end_bytes);
        assert_int_equal(client->transport->end(client->records, client->state, 0, told + 50), 0);
        assert_int_equal(client->transport->seal(client->records, client->state, "x", 1, told + 50),
                         0);
        char *facts = facts_of(&pair.server, (unsigned char *)told, length, 7, false);
        assert_string_equal(facts, rows[i].facts);
        free(facts);
        finish_pair(&pair);
    }
}

/* --- the key log --- */

static void keep_line(void *owner, const char *line) {
    char *text = owner;
    snprintf(text + strlen(text), 1000 - strlen(text), "%s\n", line);
}

static void each_key_that_is_updated_is_logged(void **state) {
    (void)state;
    char text[1000] = "", expected[1000], random[65], secret[97];
    struct pair pair;
    const struct tls_suite *suite = tls_suite_at(1);
    struct tls_secrets secrets = peer_secrets(suite, false);
    struct tls_records_settings settings = {.suite = suite, .log = keep_line, .log_owner = text};
    begin_with(&pair.client, &secrets, &settings);
    secrets.serves = true;
    begin_with(&pair.server, &secrets, &(struct tls_records_settings){.suite = suite});
    tls_records_update(pair.server.state, true);
    pass(&pair.server, &pair.client, "200", 3, "control(key) data(200)");
    pass(&pair.client, &pair.server, "x", 1, "control(key) data(x)");
    tls_records_update(pair.server.state, false);
    pass(&pair.server, &pair.client, "200", 3, "control(key) data(200)");
    struct peer server = peer_of(crypto, suite, secrets.server);
    struct peer client = peer_of(crypto, suite, secrets.client);
    for (int i = 0; i < 32; i++)
        sprintf(random + 2 * i, "%02x", secrets.random[i]);
    int length = 0;
    for (int i = 0; i < 3; i++) {
        struct peer *peer = i == 1 ? &client : &server;
        peer_update_key(peer);
        for (int j = 0; j < 48; j++)
            sprintf(secret + 2 * j, "%02x", peer->secret[j]);
        length += snprintf(expected + length, sizeof expected - (size_t)length,
                           "%s_TRAFFIC_SECRET_%d %s %s\n", i == 1 ? "CLIENT" : "SERVER",
                           i == 2 ? 2 : 1, random, secret);
    }
    assert_string_equal(text, expected);
    finish_pair(&pair);
}

/* --- what a connection costs --- */

static void a_state_is_keys_secrets_and_24_bytes(void **state) {
    (void)state;
    static const size_t bytes[TLS_SUITES] = {24 + 120, 24 + 184, 24 + 152};
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        struct end end;
        begin(&end, tls_suite_at(i), false);
        assert_int_equal(end.transport->state_bytes, bytes[i]);
        assert_in_range(end.transport->fragment_bytes, TLS_RECORD_MAX, TLS_RECORD_MAX + 16);
        finish(&end);
    }
}

static void a_smaller_suite_fits_and_a_larger_one_does_not(void **state) {
    (void)state;
    struct tls_secrets secrets = peer_secrets(tls_suite_of(0x1301), false);
    struct end end;
    begin_with(&end, &secrets,
               &(struct tls_records_settings){.suite = tls_suite_of(0x1303), .log = keep_line});
    assert_true(tls_records_fit(end.records, tls_suite_of(0x1303)));
    assert_false(tls_records_fit(end.records, tls_suite_of(0x1302)));
    struct peer peer = peer_of(crypto, secrets.suite, secrets.server);
    peer_data(&peer, "x");
    expect(&end, &peer, "data(x)");
    free(peer.bytes);
    finish(&end);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_records_of_rfc_8448_are_read_and_written),
        cmocka_unit_test(what_a_server_may_send_is_followed),
        cmocka_unit_test(what_a_server_may_not_send_breaks_the_connection),
        cmocka_unit_test(a_client_has_no_tickets_to_give),
        cmocka_unit_test(thirty_two_key_updates_may_come_without_data),
        cmocka_unit_test(a_sequence_number_never_wraps),
        cmocka_unit_test(a_bit_flipped_anywhere_breaks_the_connection_and_nothing_else),
        cmocka_unit_test(what_one_end_seals_the_other_opens),
        cmocka_unit_test(a_key_update_is_answered_before_the_next_request),
        cmocka_unit_test(our_key_is_changed_before_it_has_sealed_too_much),
        cmocka_unit_test(the_end_is_told_once_and_nothing_follows),
        cmocka_unit_test(each_key_that_is_updated_is_logged),
        cmocka_unit_test(a_state_is_keys_secrets_and_24_bytes),
        cmocka_unit_test(a_smaller_suite_fits_and_a_larger_one_does_not),
    };
    return cmocka_run_group_tests(tests, create, destroy);
}
