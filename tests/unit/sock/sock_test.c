/* A socket over a door that plays back what is to be read: which facts are pulled out of it and how
 * far one reading goes, whose the reader is, and when the kernel owns nothing any more. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sock/sock.h"
#include "sock/sock_transport.h"
#include "toy/xor_transport.h"
#include "wire/requests.h"

/* ---- The door ---- */

static struct {
    const char *reads[8]; /* in turn; "" is FIN, NULL: nothing yet */
    int at;
    int armed, shared_sends, owned_sends, shut, reset, closed;
    char sent[64];
    size_t sent_length;
} door;

int net_open(struct net *net, const struct address *source, const struct address *target) {
    (void)net, (void)source;
    return target == NULL ? -EMFILE : 5;
}

void net_connect(struct net *net, int fd, const struct address *target, uint64_t tag) {
    (void)net, (void)fd, (void)target, (void)tag;
}

void net_arm(struct net *net, int fd, uint64_t tag) {
    (void)net, (void)fd, (void)tag;
    door.armed++;
}

void net_send_shared(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    (void)net, (void)fd, (void)bytes, (void)length, (void)tag;
    door.shared_sends++;
}

void net_send_owned(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    (void)net, (void)fd, (void)tag;
    assert_true(length <= sizeof door.sent);
    memcpy(door.sent, bytes, length);
    door.sent_length = length;
    door.owned_sends++;
}

void net_send_last(struct net *net, int fd, const void *bytes, size_t length) {
    (void)net, (void)fd, (void)bytes, (void)length;
    fail();
}

void net_shutdown(struct net *net, int fd) {
    (void)net, (void)fd;
    door.shut++;
}

void net_reset(struct net *net, int fd) {
    (void)net, (void)fd;
    door.reset++;
}

void net_close(struct net *net, int fd) {
    (void)net;
    assert_int_equal(fd, 5);
    door.closed++;
}

ssize_t net_receive(struct net *net, int fd, void *buffer, size_t size) {
    (void)net, (void)fd;
    const char *text = door.reads[door.at];
    if (text == NULL)
        return -EAGAIN;
    door.at++;
    if (strcmp(text, "reset") == 0)
        return -ECONNRESET;
    assert_true(strlen(text) <= size);
    memcpy(buffer, text, strlen(text));
    return (ssize_t)strlen(text);
}

/* ---- The protocol: an answer is a line, and a '.' at its beginning ends with the connection ----
 */

struct line {
    uint64_t length;
    bool until_fin;
};

static struct exchange_answer latest;

static void read_line(struct exchange_conn *conn, const char *bytes, size_t length,
                      struct exchange_fact *fact) {
    struct line *line = conn->reader;
    if (!conn->begun)
        *line = (struct line){.until_fin = bytes[0] == '.'};
    const char *end = line->until_fin ? NULL : memchr(bytes, '\n', length);
    fact->taken = end != NULL ? (size_t)(end - bytes) + 1 : length;
    line->length += fact->taken;
    conn->begun = end == NULL;
    latest.body_bytes = line->length;
    fact->answer = &latest;
    fact->kind = conn->outstanding == NULL ? EXCHANGE_UNSOLICITED
                 : end != NULL             ? EXCHANGE_ANSWER
                                           : EXCHANGE_MORE;
}

static void finish_line(struct exchange_conn *conn, struct exchange_fact *fact) {
    const struct line *line = conn->reader;
    fact->kind = line->until_fin ? EXCHANGE_LAST_ANSWER : EXCHANGE_MORE;
    fact->answer = &latest;
}

static const struct exchange lines = {
    .name = "lines", .reader_bytes = sizeof(struct line), .read = read_line, .finish = finish_line};

/* ---- The test's socket ---- */

enum { SCRATCH = 16 };
static struct {
    struct sock_set set;
    struct sock sock;
    struct line readers[2], reader;
    uint32_t links[2];
    char scratch[SCRATCH];
    uint8_t peer; /* the state of the transport's other end */
} it;

static const struct request request = {.length = 1};
static const struct address somewhere = {.length = 1};

static int begin(void **state) {
    (void)state;
    memset(&door, 0, sizeof door);
    memset(&it, 0, sizeof it);
    it.set = (struct sock_set){.exchange = &lines,
                               .readers = (char *)it.readers,
                               .reader = &it.reader,
                               .scratch = it.scratch,
                               .scratch_bytes = sizeof it.scratch};
    slots_init(&it.set.reader_slots, it.links, 2);
    it.sock = sock_none(SOCK_GENERATION_MASK);
    assert_int_equal(sock_connect(&it.set, &it.sock, NULL, &somewhere, 0), 0);
    sock_done(&it.sock, SOCK_CONNECTING);
    return 0;
}

enum { SEND_MAX = 32 };

static int begin_sealed(void **state) {
    begin(state);
    struct sock_transport_parts parts = {.transport = &xor_transport,
                                         .first = &it.sock,
                                         .stride = sizeof it.sock,
                                         .count = 1,
                                         .send_max = SEND_MAX};
    assert_true(sock_transport_create(&it.set.transport, &parts));
    return 0;
}

static int end_sealed(void **state) {
    (void)state;
    sock_transport_destroy(it.set.transport);
    return 0;
}

/* What the peer sends as one record, behind what is in the text already. */
static void add_record(char text[static 64], const char *plain) {
    char *end = text + strlen(text);
    end[xor_transport.seal(NULL, &it.peer, plain, strlen(plain), end)] = '\0';
}

/* All facts of one reading, a letter each: b(ytes) r(ecord) m(ore) a(nswer) u(nsolicited) f(in), F:
 * a FIN that completes, e(rror), B(roken). */
static const char *read_facts(struct sock_reading reading, bool asked) {
    static char letters[64];
    size_t count = 0;
    struct sock_fact fact;
    struct exchange_conn lent = {.outstanding = asked ? &request : NULL};
    while (count < sizeof letters - 1 && sock_next(&it.set, &it.sock, &lent, &reading, &fact)) {
        enum exchange_kind kind = fact.exchange.kind;
        letters[count++] = fact.kind == SOCK_BYTES    ? 'b'
                           : fact.kind == SOCK_RECORD ? 'r'
                           : fact.kind == SOCK_ERROR  ? 'e'
                           : fact.kind == SOCK_BROKEN ? 'B'
                           : fact.kind == SOCK_FIN    ? (kind == EXCHANGE_LAST_ANSWER ? 'F' : 'f')
                           : kind == EXCHANGE_ANSWER  ? 'a'
                           : kind == EXCHANGE_MORE    ? 'm'
                                                      : 'u';
        if (fact.kind == SOCK_FIN || fact.kind == SOCK_ERROR || fact.kind == SOCK_BROKEN)
            break; /* as a user ends the connection then */
    }
    letters[count] = '\0';
    return letters;
}

static const struct sock_reading plain = {.reads = 4, .most = SIZE_MAX};
static const struct sock_reading all = {.reads = 4, .most = SIZE_MAX, .all = true};

static void each_fact_of_the_bytes_is_pulled_in_turn(void **state) {
    (void)state;
    door.reads[0] = "one\ntwo\nth";
    assert_string_equal(read_facts(plain, true), "baam");
    door.reads[1] = "ree\n";
    assert_string_equal(read_facts(plain, true), "ba");
    assert_int_equal(latest.body_bytes, 6);
}

static void a_short_read_is_the_end_unless_more_is_known_to_wait(void **state) {
    (void)state;
    door.reads[0] = "one\n", door.reads[1] = "two\n", door.reads[2] = "";
    assert_string_equal(read_facts(plain, true), "ba");
    assert_string_equal(read_facts(all, true), "baf");
}

static void a_full_read_is_followed_by_another(void **state) {
    (void)state;
    door.reads[0] = "0123456789abcde\n", door.reads[1] = "two\n";
    assert_string_equal(read_facts(plain, true), "baba");
}

static void reads_are_bounded(void **state) {
    (void)state;
    for (int i = 0; i < 6; i++)
        door.reads[i] = "x\n";
    assert_string_equal(read_facts(all, true), "babababa");
    assert_string_equal(read_facts(all, true), "baba");
}

/* What was there when the reading began, and a FIN behind it. */
static void what_comes_meanwhile_is_too_late(void **state) {
    (void)state;
    const struct sock_reading present = {.reads = INT_MAX, .most = 4, .all = true};
    door.reads[0] = "12\n", door.reads[1] = "3", door.reads[2] = "late\n",
    door.reads[3] = "later\n";
    assert_string_equal(read_facts(present, true), "babmba");
    assert_int_equal(door.at, 3);
    door.reads[4] = "1234", door.reads[5] = "";
    door.at = 4;
    assert_string_equal(read_facts(present, true), "bmf");
}

static void a_reader_is_leased_while_an_answer_is_in_pieces(void **state) {
    (void)state;
    struct sock other = sock_none(0);
    assert_false(sock_answer_begun(&it.set, &it.sock));
    door.reads[0] = "on";
    assert_string_equal(read_facts(plain, true), "bm");
    assert_true(sock_answer_begun(&it.set, &it.sock));
    assert_int_equal(it.set.reader_slots.taken, 1);
    memset(&it.reader, 0xff, sizeof it.reader); /* another's answer came whole */
    door.reads[1] = "e\n";
    assert_string_equal(read_facts(plain, true), "ba");
    assert_int_equal(latest.body_bytes, 4);
    assert_int_equal(it.set.reader_slots.taken, 0);
    assert_false(sock_answer_begun(&it.set, &other));
}

static void fin_completes_an_answer_that_ends_with_it_and_no_other(void **state) {
    (void)state;
    door.reads[0] = ".to the end", door.reads[1] = "";
    assert_string_equal(read_facts(all, true), "bmF");
    assert_int_equal(latest.body_bytes, 11);
    sock_return_reader(&it.set, &it.sock);
    door.reads[2] = "half", door.reads[3] = "", door.reads[4] = "";
    assert_string_equal(read_facts(all, true), "bmf");
    sock_return_reader(&it.set, &it.sock);
    assert_string_equal(read_facts(all, true), "f"); /* nothing has come */
}

static void what_nobody_asked_for_is_not_completed(void **state) {
    (void)state;
    door.reads[0] = ".x", door.reads[1] = "";
    assert_string_equal(read_facts(all, false), "buf");
}

static void an_error_is_handed_on(void **state) {
    (void)state;
    door.reads[0] = "reset";
    assert_string_equal(read_facts(plain, true), "e");
}

static void readiness_is_armed_once_until_it_came(void **state) {
    (void)state;
    sock_arm(&it.set, &it.sock, 0);
    sock_arm(&it.set, &it.sock, 0);
    assert_int_equal(door.armed, 1);
    sock_done(&it.sock, SOCK_ARMED);
    sock_arm(&it.set, &it.sock, 0);
    assert_int_equal(door.armed, 2);
}

static void a_socket_ends_in_three_steps(void **state) {
    (void)state;
    sock_arm(&it.set, &it.sock, 0);
    sock_send_owned(&it.set, &it.sock, "x", 1, 0);
    assert_false(sock_shut_down(&it.set, &it.sock, false));
    assert_int_equal(door.shut, 1);
    sock_done(&it.sock, SOCK_ARMED);
    assert_false(sock_is_quiet(&it.sock));
    sock_done(&it.sock, SOCK_SENDING);
    assert_true(sock_is_quiet(&it.sock));
    sock_release(&it.set, &it.sock);
    assert_int_equal(door.closed, 1);
    assert_int_equal(it.sock.fd, -1);
    assert_int_equal(it.sock.generation, 0); /* 24 bits, and its place was the last */
}

/* The FIN of what is quiet is sent by its close. */
static void what_is_quiet_is_closed_at_once(void **state) {
    (void)state;
    assert_true(sock_shut_down(&it.set, &it.sock, false));
    assert_int_equal(door.shut, 0);
    assert_true(sock_shut_down(&it.set, &it.sock, true));
    assert_int_equal(door.reset, 1);
}

static void a_socket_that_cannot_be_opened_owns_nothing(void **state) {
    (void)state;
    struct sock sock = sock_none(7);
    assert_int_equal(sock_connect(&it.set, &sock, NULL, NULL, 0), -EMFILE);
    assert_true(sock_is_quiet(&sock));
    sock_release(&it.set, &sock);
    assert_int_equal(door.closed, 0);
}

/* ---- Over a transport ---- */

static void records_are_opened_one_after_the_other(void **state) {
    (void)state;
    char bytes[64] = "";
    add_record(bytes, "one\ntw");
    add_record(bytes, "o\n");
    door.reads[0] = bytes;
    assert_string_equal(read_facts(plain, true), "bramra");
    assert_int_equal(latest.body_bytes, 4);
}

static void a_record_that_is_cut_is_opened_when_it_is_whole(void **state) {
    (void)state;
    char bytes[64] = "", rest[64], next[64] = "";
    add_record(bytes, "one\n");
    add_record(next, "two\n");
    strcpy(rest, bytes + 3);
    bytes[3] = '\0';
    door.reads[0] = bytes;
    assert_string_equal(read_facts(plain, true), "b");
    assert_true(sock_transport_is_cut(it.set.transport, &it.sock));
    door.reads[1] = strcat(rest, next);
    assert_string_equal(read_facts(plain, true), "brara");
    assert_false(sock_transport_is_cut(it.set.transport, &it.sock));
}

static void what_is_no_record_is_told_as_that(void **state) {
    (void)state;
    char bytes[64] = "";
    add_record(bytes, "one\n");
    door.reads[0] = strcat(bytes, "\x7f...");
    assert_string_equal(read_facts(plain, true), "braB");
}

/* Who cuts a connection could else cut an answer. */
static void a_fin_inside_a_record_completes_no_answer(void **state) {
    (void)state;
    char bytes[64] = "", cut[64] = "";
    add_record(bytes, ".to the");
    add_record(cut, " end");
    cut[2] = '\0';
    door.reads[0] = bytes, door.reads[1] = "";
    assert_string_equal(read_facts(all, true), "brmF");
    door.reads[2] = cut, door.reads[3] = "";
    assert_string_equal(read_facts(all, true), "bf");
}

static void what_is_sent_is_sealed_and_owned(void **state) {
    (void)state;
    char expected[64] = "";
    sock_send_shared(&it.set, &it.sock, "time?", 5, 0);
    assert_int_equal(door.shared_sends, 0);
    assert_int_equal(door.owned_sends, 1);
    assert_true(sock_is_sending(&it.sock));
    add_record(expected, "time?");
    assert_int_equal(door.sent_length, 6);
    assert_memory_equal(door.sent, expected, 6);
    assert_false(sock_sent(&it.set, &it.sock, 5, 5)); /* a byte of six is missing */
    assert_true(sock_is_quiet(&it.sock));
    sock_send_owned(&it.set, &it.sock, "again", 5, 0); /* the buffer was given back */
    assert_true(sock_sent(&it.set, &it.sock, 5, 6));
}

static void nothing_stays_of_a_connection_that_ended(void **state) {
    (void)state;
    char cut[64] = "", bytes[64] = "";
    add_record(cut, "one\n");
    add_record(cut, "two\n");
    cut[7] = '\0';
    door.reads[0] = cut;
    assert_string_equal(read_facts(plain, true), "bra");
    sock_release(&it.set, &it.sock);
    assert_int_equal(sock_connect(&it.set, &it.sock, NULL, &somewhere, 0), 0);
    it.peer = 0;
    add_record(bytes, "one\n");
    door.reads[1] = bytes;
    assert_string_equal(read_facts(plain, true), "bra");
}

static void without_a_transport_shared_bytes_stay_shared(void **state) {
    (void)state;
    sock_send_shared(&it.set, &it.sock, "time?", 5, 0);
    assert_int_equal(door.shared_sends, 1);
    assert_true(!sock_is_sending(&it.sock));
}

#define OVER_TRANSPORT(test) cmocka_unit_test_setup_teardown(test, begin_sealed, end_sealed)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_fact_of_the_bytes_is_pulled_in_turn, begin),
        cmocka_unit_test_setup(a_short_read_is_the_end_unless_more_is_known_to_wait, begin),
        cmocka_unit_test_setup(a_full_read_is_followed_by_another, begin),
        cmocka_unit_test_setup(reads_are_bounded, begin),
        cmocka_unit_test_setup(what_comes_meanwhile_is_too_late, begin),
        cmocka_unit_test_setup(a_reader_is_leased_while_an_answer_is_in_pieces, begin),
        cmocka_unit_test_setup(fin_completes_an_answer_that_ends_with_it_and_no_other, begin),
        cmocka_unit_test_setup(what_nobody_asked_for_is_not_completed, begin),
        cmocka_unit_test_setup(an_error_is_handed_on, begin),
        cmocka_unit_test_setup(readiness_is_armed_once_until_it_came, begin),
        cmocka_unit_test_setup(a_socket_ends_in_three_steps, begin),
        cmocka_unit_test_setup(what_is_quiet_is_closed_at_once, begin),
        cmocka_unit_test_setup(a_socket_that_cannot_be_opened_owns_nothing, begin),
        cmocka_unit_test_setup(without_a_transport_shared_bytes_stay_shared, begin),
        OVER_TRANSPORT(records_are_opened_one_after_the_other),
        OVER_TRANSPORT(a_record_that_is_cut_is_opened_when_it_is_whole),
        OVER_TRANSPORT(what_is_no_record_is_told_as_that),
        OVER_TRANSPORT(a_fin_inside_a_record_completes_no_answer),
        OVER_TRANSPORT(what_is_sent_is_sealed_and_owned),
        OVER_TRANSPORT(nothing_stays_of_a_connection_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
