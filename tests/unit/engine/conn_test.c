/* The connection's steps, pair by pair, and what each edge does to the counts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "engine/conn.h"

enum { ANY = -1, NO = 0, YES = 1 };

/* One row is one legal pair of state and event, under its conditions; every other is a bug. */
static const struct row {
    enum conn_state state;
    enum conn_event event;
    int mid;    /* a byte of the answer has come */
    int begun;  /* unsolicited bytes have begun */
    int frozen; /* the fleet is */
    int error;  /* conn.error, or ANY */
    enum conn_state next;
    enum outcome outcome;
    unsigned todo;
} rows[] = {
#define STAYS(state, event, frozen, next, todo)                                                    \
    { CONN_##state, CONN_EVENT_##event, ANY, ANY, frozen, ANY, CONN_##next, OUTCOME_COUNT, todo }
#define ENDS(state, event, mid, begun, frozen, error, outcome)                                     \
    {                                                                                              \
        CONN_##state, CONN_EVENT_##event, mid, begun, frozen, error, CONN_CLOSING,                 \
            OUTCOME_##outcome, DO_SHUT_DOWN                                                        \
    }
    STAYS(VACANT, CONNECT, NO, CONNECTING, 0),

    STAYS(CONNECTING, SECURE, NO, SECURING, 0),
    STAYS(CONNECTING, UP, NO, IDLE, 0),
    ENDS(CONNECTING, OPEN_FAILED, ANY, ANY, NO, EMFILE, fd_limit),
    ENDS(CONNECTING, OPEN_FAILED, ANY, ANY, NO, ENOMEM, no_memory),
    ENDS(CONNECTING, OPEN_FAILED, ANY, ANY, NO, ECONNRESET, connect_reset),
    ENDS(CONNECTING, OPEN_FAILED, ANY, ANY, NO, ECONNREFUSED, refused),
    ENDS(CONNECTING, OPEN_FAILED, ANY, ANY, NO, EPROTO, connect_error),
    ENDS(CONNECTING, NO_SOURCE, ANY, ANY, NO, ANY, unreachable),
    ENDS(CONNECTING, SELF, ANY, ANY, NO, ANY, refused),
    ENDS(CONNECTING, DEADLINE, ANY, ANY, NO, ANY, connect_timeout),
    ENDS(CONNECTING, FREEZE, ANY, ANY, YES, ANY, abandoned),

    STAYS(SECURING, UP, NO, IDLE, 0),
    ENDS(SECURING, SECURE_FAILED, ANY, ANY, NO, ANY, tls_failed),
    ENDS(SECURING, ERROR, ANY, ANY, NO, EMFILE, fd_limit),
    ENDS(SECURING, ERROR, ANY, ANY, NO, ENOMEM, no_memory),
    ENDS(SECURING, ERROR, ANY, ANY, NO, ECONNRESET, connect_reset),
    ENDS(SECURING, ERROR, ANY, ANY, NO, ECONNREFUSED, refused),
    ENDS(SECURING, ERROR, ANY, ANY, NO, EPROTO, connect_error),
    ENDS(SECURING, DEADLINE, ANY, ANY, NO, ANY, connect_timeout),
    ENDS(SECURING, FREEZE, ANY, ANY, YES, ANY, abandoned),

    {CONN_IDLE, CONN_EVENT_DUE, ANY, NO, NO, ANY, CONN_AWAITING, OUTCOME_COUNT, DO_SEND},
    ENDS(IDLE, DUE, ANY, YES, NO, ANY, unsolicited),
    ENDS(IDLE, FIN, ANY, NO, ANY, ANY, closed_idle),
    ENDS(IDLE, FIN, ANY, YES, ANY, ANY, unsolicited),
    ENDS(IDLE, RESET, ANY, NO, ANY, ANY, reset_idle),
    ENDS(IDLE, RESET, ANY, YES, ANY, ANY, unsolicited),
    ENDS(IDLE, ERROR, ANY, ANY, ANY, EMFILE, io_error),
    ENDS(IDLE, ERROR, ANY, ANY, ANY, ENOMEM, no_memory),
    ENDS(IDLE, ERROR, ANY, ANY, ANY, ECONNRESET, io_error),
    ENDS(IDLE, ERROR, ANY, ANY, ANY, ECONNREFUSED, io_error),
    ENDS(IDLE, ERROR, ANY, ANY, ANY, EPROTO, io_error),
    ENDS(IDLE, ALERT, ANY, ANY, ANY, ANY, tls_alert),
    ENDS(IDLE, BROKEN, ANY, ANY, ANY, ANY, tls_broken),
    ENDS(IDLE, UNSOLICITED, ANY, ANY, ANY, ANY, unsolicited),
    ENDS(IDLE, IDLE_END, ANY, ANY, ANY, ANY, closed_idle),
    STAYS(IDLE, FREEZE, YES, IDLE, DO_FREEZE),
    ENDS(IDLE, DRAIN, ANY, ANY, YES, ANY, drained),

    STAYS(AWAITING, ANSWER, NO, IDLE, DO_THINK),
    STAYS(AWAITING, ANSWER, YES, IDLE, DO_FREEZE),
    {CONN_AWAITING, CONN_EVENT_LAST_ANSWER, ANY, ANY, ANY, ANY, CONN_CLOSING,
     OUTCOME_closed_announced, DO_LINGER},
    ENDS(AWAITING, EOF_ANSWER, ANY, ANY, ANY, ANY, closed_announced),
    ENDS(AWAITING, BAD_BYTES, ANY, ANY, ANY, ANY, protocol_error),
    ENDS(AWAITING, UNSOLICITED, ANY, ANY, ANY, ANY, unsolicited),
    ENDS(AWAITING, FIN, NO, ANY, ANY, ANY, closed_in_flight),
    ENDS(AWAITING, FIN, YES, ANY, ANY, ANY, closed_mid_response),
    ENDS(AWAITING, RESET, NO, ANY, ANY, ANY, reset_in_flight),
    ENDS(AWAITING, RESET, YES, ANY, ANY, ANY, reset_mid_response),
    ENDS(AWAITING, ERROR, ANY, ANY, ANY, EMFILE, io_error),
    ENDS(AWAITING, ERROR, ANY, ANY, ANY, ENOMEM, no_memory),
    ENDS(AWAITING, ERROR, ANY, ANY, ANY, ECONNRESET, io_error),
    ENDS(AWAITING, ERROR, ANY, ANY, ANY, ECONNREFUSED, io_error),
    ENDS(AWAITING, ERROR, ANY, ANY, ANY, EPROTO, io_error),
    ENDS(AWAITING, ALERT, ANY, ANY, ANY, ANY, tls_alert),
    ENDS(AWAITING, BROKEN, ANY, ANY, ANY, ANY, tls_broken),
    STAYS(AWAITING, UNSENT, ANY, IDLE, 0),
    ENDS(AWAITING, DEADLINE, ANY, ANY, ANY, ANY, response_timeout),
    ENDS(AWAITING, SILENCE, ANY, ANY, ANY, ANY, silent),
    STAYS(AWAITING, FREEZE, YES, AWAITING, 0),

    STAYS(CLOSING, FIN, ANY, CLOSING, DO_SHUT_DOWN),
    STAYS(CLOSING, RESET, ANY, CLOSING, DO_SHUT_DOWN),
    STAYS(CLOSING, ERROR, ANY, CLOSING, DO_SHUT_DOWN),
    STAYS(CLOSING, DEADLINE, ANY, CLOSING, DO_SHUT_DOWN),
    STAYS(CLOSING, FREEZE, YES, CLOSING, 0),
    STAYS(CLOSING, QUIET, NO, VACANT, DO_RELEASE | DO_BACK_OFF),
    STAYS(CLOSING, QUIET, YES, VACANT, DO_RELEASE),
#undef STAYS
#undef ENDS
};

static bool meets(int wanted, int is) {
    return wanted == ANY || wanted == is;
}

static const struct row *row_of(enum conn_state state, enum conn_event event, int mid, int begun,
                                int frozen, int error) {
    const struct row *found = NULL;
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        if (row->state != state || row->event != event || !meets(row->mid, mid) ||
            !meets(row->begun, begun) || !meets(row->frozen, frozen) || !meets(row->error, error))
            continue;
        assert_null(found);
        found = row;
    }
    return found;
}

static void expect_step(enum conn_state state, enum conn_event event, int mid, int begun,
                        int frozen, int error) {
    struct conn conn = {.state = (uint8_t)state, .error = (uint16_t)error};
    struct conn_view view = {.mid = mid == YES,
                             .frozen = frozen == YES,
                             .residue = begun ? EXCHANGE_BEGUN : EXCHANGE_CLEAN};
    const struct conn before = conn;
    struct conn_step_result step = conn_step(&conn, event, view);
    const struct row *row = row_of(state, event, mid, begun, frozen, error);
    assert_memory_equal(&conn, &before, sizeof conn);
    if (step.legal != (row != NULL))
        fail_msg("state %d, event %d, frozen %d is %s", state, event, frozen,
                 step.legal ? "legal" : "illegal");
    if (row == NULL)
        return;
    if (step.next != row->next || step.outcome != row->outcome || step.todo != row->todo)
        fail_msg("state %d, event %d, frozen %d: next %d, outcome %d, todo %u", state, event,
                 frozen, step.next, step.outcome, step.todo);
    assert_true(step.next == (enum conn_state)state || conn_edge(state, step.next));
}

/* Half of what may stand between answers holds up no request; whatever ends the connection instead
 * proves it bytes nobody asked for. */
static void half_of_what_may_stand_between_is_excess_when_nothing_follows(void **state) {
    (void)state;
    static const struct {
        enum exchange_residue residue;
        enum outcome fin, reset;
    } each[] = {{EXCHANGE_CLEAN, OUTCOME_closed_idle, OUTCOME_reset_idle},
                {EXCHANGE_HALF, OUTCOME_unsolicited, OUTCOME_unsolicited}};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        struct conn conn = {.state = CONN_IDLE};
        struct conn_view view = {.residue = each[i].residue};
        assert_int_equal(conn_step(&conn, CONN_EVENT_DUE, view).next, CONN_AWAITING);
        assert_int_equal(conn_step(&conn, CONN_EVENT_FIN, view).outcome, each[i].fin);
        assert_int_equal(conn_step(&conn, CONN_EVENT_RESET, view).outcome, each[i].reset);
    }
}

static void each_state_event_and_freeze_has_its_row_or_is_a_bug(void **state) {
    (void)state;
    static const int errors[] = {EMFILE, ENOMEM, ECONNRESET, ECONNREFUSED, EPROTO};
    for (int from = 0; from < CONN_STATES; from++)
        for (int event = 0; event < CONN_EVENTS; event++)
            for (int bits = 0; bits < 8; bits++)
                for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
                    expect_step((enum conn_state)from, (enum conn_event)event, bits & 1,
                                bits >> 1 & 1, bits >> 2, errors[i]);
}

static void only_these_edges_exist(void **state) {
    (void)state;
    static const char *const edges[CONN_STATES] = {
        /* to V C S I A X */
        [CONN_VACANT] = ".#....", [CONN_CONNECTING] = "..##.#", [CONN_SECURING] = "...#.#",
        [CONN_IDLE] = "....##",   [CONN_AWAITING] = "...#.#",   [CONN_CLOSING] = "#.....",
    };
    for (int from = 0; from < CONN_STATES; from++)
        for (int to = 0; to < CONN_STATES; to++)
            assert_int_equal(conn_edge((enum conn_state)from, (enum conn_state)to),
                             edges[from][to] == '#');
}

/* What an edge adds to each count. */
static const struct edge {
    enum conn_state from, to;
    enum outcome outcome;
    bool frozen;
    int attempted, connecting, opened, live, lost, sent, outstanding, answered, timed_out, dropped;
} edges[] = {
    {CONN_VACANT, CONN_CONNECTING, OUTCOME_COUNT, false, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_CONNECTING, CONN_IDLE, OUTCOME_COUNT, false, 0, -1, 1, 1, 0, 0, 0, 0, 0, 0},
    {CONN_CONNECTING, CONN_CLOSING, OUTCOME_refused, false, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_CONNECTING, CONN_CLOSING, OUTCOME_abandoned, true, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_IDLE, CONN_AWAITING, OUTCOME_COUNT, false, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0},
    {CONN_IDLE, CONN_CLOSING, OUTCOME_closed_idle, false, 0, 0, 0, -1, 1, 0, 0, 0, 0, 0},
    {CONN_IDLE, CONN_CLOSING, OUTCOME_closed_idle, true, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_IDLE, CONN_CLOSING, OUTCOME_drained, true, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_AWAITING, CONN_IDLE, OUTCOME_COUNT, false, 0, 0, 0, 0, 0, 0, -1, 1, 0, 0},
    {CONN_AWAITING, CONN_CLOSING, OUTCOME_closed_announced, false, 0, 0, 0, -1, 1, 0, -1, 1, 0, 0},
    {CONN_AWAITING, CONN_CLOSING, OUTCOME_response_timeout, false, 0, 0, 0, -1, 1, 0, -1, 0, 1, 0},
    {CONN_AWAITING, CONN_CLOSING, OUTCOME_silent, false, 0, 0, 0, -1, 1, 0, -1, 0, 1, 0},
    {CONN_AWAITING, CONN_CLOSING, OUTCOME_protocol_error, false, 0, 0, 0, -1, 1, 0, -1, 0, 0, 1},
    {CONN_AWAITING, CONN_CLOSING, OUTCOME_reset_in_flight, false, 0, 0, 0, -1, 1, 0, -1, 0, 0, 1},
    {CONN_CONNECTING, CONN_SECURING, OUTCOME_COUNT, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_SECURING, CONN_IDLE, OUTCOME_COUNT, false, 0, -1, 1, 1, 0, 0, 0, 0, 0, 0},
    {CONN_SECURING, CONN_CLOSING, OUTCOME_tls_failed, false, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_CLOSING, CONN_VACANT, OUTCOME_COUNT, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {CONN_CLOSING, CONN_VACANT, OUTCOME_COUNT, true, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
};

enum { BASE = 100 }; /* what each count stands at before, so that it can go down */

static struct tally_counts standing(void) {
    return (struct tally_counts){.attempted = BASE,
                                 .connecting = BASE,
                                 .opened = BASE,
                                 .live = BASE,
                                 .lost = BASE,
                                 .sent = BASE,
                                 .outstanding = BASE,
                                 .answered = BASE,
                                 .timed_out = BASE,
                                 .requests_lost = BASE};
}

static void add(uint64_t *count, int difference) {
    *count = (uint64_t)((int64_t)*count + difference);
}

static struct tally_counts expected_after(const struct edge *edge) {
    struct tally_counts counts = standing();
    add(&counts.attempted, edge->attempted);
    add(&counts.connecting, edge->connecting);
    add(&counts.opened, edge->opened);
    add(&counts.live, edge->live);
    add(&counts.lost, edge->lost);
    add(&counts.sent, edge->sent);
    add(&counts.outstanding, edge->outstanding);
    add(&counts.answered, edge->answered);
    add(&counts.timed_out, edge->timed_out);
    add(&counts.requests_lost, edge->dropped);
    if (edge->outcome != OUTCOME_COUNT)
        (edge->frozen ? counts.drain : counts.outcomes)[edge->outcome]++;
    return counts;
}

static void entering_a_state_moves_exactly_its_counts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        const struct edge *edge = &edges[i];
        struct conn conn = {.state = (uint8_t)edge->from,
                            .flags = (uint8_t)(edge->frozen ? CONN_FROZEN : 0)};
        struct tally_counts counts = standing(), expected = expected_after(edge);
        conn_enter(&conn, &counts, edge->to, edge->outcome);
        assert_int_equal(conn.state, edge->to);
        if (memcmp(&counts, &expected, sizeof counts) != 0)
            fail_msg("edge %zu moves other counts", i);
    }
}

static void a_slot_that_opens_again_was_reconnected(void **state) {
    (void)state;
    struct conn conn = {.state = CONN_CONNECTING};
    struct tally_counts counts = standing();
    conn_enter(&conn, &counts, CONN_IDLE, OUTCOME_COUNT);
    assert_int_equal(counts.reconnected, 0);
    conn = (struct conn){.state = CONN_CONNECTING, .flags = conn.flags & CONN_OPENED};
    conn_enter(&conn, &counts, CONN_IDLE, OUTCOME_COUNT);
    assert_int_equal(counts.reconnected, 1);
    assert_int_equal(counts.opened, BASE + 2);
}

static void every_edge_is_among_those_tried(void **state) {
    (void)state;
    for (int from = 0; from < CONN_STATES; from++) {
        for (int to = 0; to < CONN_STATES; to++) {
            bool tried = false;
            for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
                tried |=
                    edges[i].from == (enum conn_state)from && edges[i].to == (enum conn_state)to;
            assert_int_equal(tried, conn_edge((enum conn_state)from, (enum conn_state)to));
        }
    }
}

static void a_request_that_was_not_handed_over_was_never_sent(void **state) {
    (void)state;
    struct conn conn = {.state = CONN_IDLE};
    struct tally_counts counts = standing(), before = counts;
    conn_enter(&conn, &counts, CONN_AWAITING, OUTCOME_COUNT);
    conn_unsend(&conn, &counts);
    assert_int_equal(conn.state, CONN_IDLE);
    assert_memory_equal(&counts, &before, sizeof counts);
}

static bool is_a_bug(enum conn_state from, enum conn_state to, enum outcome outcome) {
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        struct conn conn = {.state = (uint8_t)from};
        struct tally_counts counts = standing();
        conn_enter(&conn, &counts, to, outcome);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_BUG;
}

static void the_one_writer_refuses_what_is_no_edge(void **state) {
    (void)state;
    assert_true(is_a_bug(CONN_VACANT, CONN_IDLE, OUTCOME_COUNT));
    assert_true(is_a_bug(CONN_IDLE, CONN_IDLE, OUTCOME_COUNT));
    assert_true(is_a_bug(CONN_CLOSING, CONN_CLOSING, OUTCOME_reset_idle)); /* a second outcome */
    assert_true(is_a_bug(CONN_IDLE, CONN_CLOSING, OUTCOME_COUNT));         /* no outcome */
    assert_true(is_a_bug(CONN_IDLE, CONN_AWAITING, OUTCOME_reset_idle));
    assert_true(is_a_bug(CONN_IDLE, CONN_CLOSING, OUTCOME_drained)); /* before the freeze */
    assert_false(is_a_bug(CONN_IDLE, CONN_CLOSING, OUTCOME_closed_idle));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_what_may_stand_between_is_excess_when_nothing_follows),
        cmocka_unit_test(each_state_event_and_freeze_has_its_row_or_is_a_bug),
        cmocka_unit_test(only_these_edges_exist),
        cmocka_unit_test(entering_a_state_moves_exactly_its_counts),
        cmocka_unit_test(a_slot_that_opens_again_was_reconnected),
        cmocka_unit_test(every_edge_is_among_those_tried),
        cmocka_unit_test(a_request_that_was_not_handed_over_was_never_sent),
        cmocka_unit_test(the_one_writer_refuses_what_is_no_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
