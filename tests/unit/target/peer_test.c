/* The peer's steps, pair by pair, and what each edge does to the counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "base/require.h"
#include "base/slots.h"
#include "target/peer.h"

enum { ANY = -1, NO = 0, YES = 1 };

/* One row is one legal pair of state and event, under its conditions; every other is a bug. */
static const struct row {
    enum counters_peer_state state;
    enum peer_event event;
    int begun; /* a request is in pieces */
    int after; /* enum peer_after, or ANY */
    enum counters_peer_state next;
    enum counters_ending ending;
    unsigned todo;
} rows[] = {
#define GOES(state, event, next, todo)                                                             \
    { PEER_##state, PEER_##event, ANY, ANY, PEER_##next, ENDINGS, todo }
#define ENDS(state, event, begun, ending)                                                          \
    { PEER_##state, PEER_##event, begun, ANY, PEER_CLOSING, ENDING_##ending, PEER_DO_END }
#define ENDS_OPEN(state)                                                                           \
    ENDS(state, RST, ANY, client_reset), ENDS(state, ERROR, ANY, io_error),                        \
        ENDS(state, NO_MEMORY, ANY, no_memory), ENDS(state, STOP, ANY, stopped),                   \
        ENDS(state, ALERT, ANY, client_alert), {                                                   \
        PEER_##state, PEER_BROKEN, ANY, ANY, PEER_LINGERING, ENDING_tls_broken, PEER_DO_FINISH     \
    }
    GOES(VACANT, ACCEPTED, READING, PEER_DO_WAIT),
    GOES(VACANT, ACCEPTED_TLS, SECURING, PEER_DO_WAIT),

    GOES(SECURING, SECURED, READING, PEER_DO_WAIT),
    GOES(SECURING, REQUEST_STALLED, STALLED, PEER_DO_LISTEN),
    {PEER_SECURING, PEER_REFUSED, ANY, ANY, PEER_CLOSING, ENDING_accept_reset, PEER_DO_RESET},
    {PEER_SECURING, PEER_IDLE, ANY, ANY, PEER_LINGERING, ENDING_max_age, PEER_DO_FINISH},
    {PEER_SECURING, PEER_HANDSHAKE_FAILED, ANY, ANY, PEER_LINGERING, ENDING_tls_failed,
     PEER_DO_FINISH},
    ENDS(SECURING, FIN, ANY, client_gave_up),
    ENDS_OPEN(SECURING),

    GOES(READING, ASKED, SENDING, PEER_DO_ANSWER),
    GOES(READING, ASKED_LATE, DELAYING, PEER_DO_DELAY),
    GOES(READING, REQUEST_STALLED, STALLED, PEER_DO_LISTEN),
    {PEER_READING, PEER_REFUSED, ANY, ANY, PEER_CLOSING, ENDING_accept_reset, PEER_DO_RESET},
    {PEER_READING, PEER_IDLE, ANY, ANY, PEER_LINGERING, ENDING_max_age, PEER_DO_FINISH},
    ENDS(READING, FIN, NO, client_closed),
    ENDS(READING, FIN, YES, client_gave_up),
    ENDS_OPEN(READING),

    GOES(DELAYING, DUE, SENDING, PEER_DO_ANSWER),
    ENDS(DELAYING, FIN, ANY, client_gave_up),
    ENDS_OPEN(DELAYING),

    {PEER_SENDING, PEER_SENT, ANY, AFTER_KEEP, PEER_READING, ENDINGS, PEER_DO_WAIT},
    {PEER_SENDING, PEER_SENT, ANY, AFTER_FINISH, PEER_LINGERING, ENDING_max_age, PEER_DO_FINISH},
    {PEER_SENDING, PEER_SENT, ANY, AFTER_RESET, PEER_CLOSING, ENDING_max_age, PEER_DO_RESET},
    ENDS(SENDING, FIN, ANY, client_gave_up),
    ENDS_OPEN(SENDING),

    ENDS(STALLED, FIN, ANY, client_gave_up),
    ENDS_OPEN(STALLED),

    GOES(LINGERING, FIN, CLOSING, PEER_DO_END),
    GOES(LINGERING, RST, CLOSING, PEER_DO_END),
    GOES(LINGERING, ERROR, CLOSING, PEER_DO_END),
    GOES(LINGERING, ALERT, CLOSING, PEER_DO_END),
    GOES(LINGERING, BROKEN, CLOSING, PEER_DO_END),
    GOES(LINGERING, TIMEOUT, CLOSING, PEER_DO_END),
    GOES(LINGERING, STOP, CLOSING, PEER_DO_END),

    GOES(CLOSING, STOP, CLOSING, 0),
    GOES(CLOSING, QUIET, VACANT, PEER_DO_RELEASE),
};

static const struct row *row_of(enum counters_peer_state state, enum peer_event event, int begun,
                                int after) {
    const struct row *found = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        if (row->state != state || row->event != event ||
            (row->begun != ANY && row->begun != begun) ||
            (row->after != ANY && row->after != after))
            continue;
        assert_null(found);
        found = row;
    }
    return found;
}

static void expect_step(enum counters_peer_state state, enum peer_event event, int begun,
                        int after) {
    struct peer peer = {.state = (uint8_t)state,
                        .sock.lease = begun ? 5 : SLOT_NONE,
                        .after = (uint8_t)after,
                        .ending = ENDING_max_age};
    const struct peer before = peer;
    struct peer_step step = peer_step(&peer, event);
    const struct row *row = row_of(state, event, begun, after);
    assert_memory_equal(&peer, &before, sizeof peer);
    if (step.legal != (row != NULL))
        fail_msg("state %d, event %d is %s", state, event, step.legal ? "legal" : "illegal");
    if (row == NULL)
        return;
    if (step.next != row->next || step.ending != row->ending || step.todo != row->todo)
        fail_msg("state %d, event %d: next %d, ending %d, todo %u", state, event, step.next,
                 step.ending, step.todo);
    assert_true(step.next == state || peer_edge(state, step.next));
}

static void each_pair_of_state_and_event_has_its_row_or_is_a_bug(void **state) {
    (void)state;
    for (int from = 0; from < PEER_STATES; from++)
        for (int event = 0; event < PEER_STIMULI; event++)
            for (int bits = 0; bits < 6; bits++)
                expect_step((enum counters_peer_state)from, (enum peer_event)event, bits & 1,
                            bits >> 1);
}

static void only_these_edges_exist(void **state) {
    (void)state;
    static const char *const edges[PEER_STATES] = {
        /* to V U R D S T L X; U: securing */
        [PEER_VACANT] = ".##.....",    [PEER_SECURING] = "..#..###", [PEER_READING] = "...#####",
        [PEER_DELAYING] = "....#.##",  [PEER_SENDING] = "..#...##",  [PEER_STALLED] = "......##",
        [PEER_LINGERING] = ".......#", [PEER_CLOSING] = "#.......",
    };
    for (int from = 0; from < PEER_STATES; from++)
        for (int to = 0; to < PEER_STATES; to++)
            assert_int_equal(
                peer_edge((enum counters_peer_state)from, (enum counters_peer_state)to),
                edges[from][to] == '#');
}

/* From birth to burial along every legal edge: what is open is accepted and not ended. */
static void every_connection_has_one_ending(void **state) {
    (void)state;
    static const enum counters_peer_state lives[][6] = {
        {PEER_READING, PEER_CLOSING, PEER_VACANT},
        {PEER_SECURING, PEER_READING, PEER_CLOSING, PEER_VACANT},
        {PEER_SECURING, PEER_STALLED, PEER_CLOSING, PEER_VACANT},
        {PEER_SECURING, PEER_LINGERING, PEER_CLOSING, PEER_VACANT},
        {PEER_READING, PEER_SENDING, PEER_READING, PEER_LINGERING, PEER_CLOSING, PEER_VACANT},
        {PEER_READING, PEER_DELAYING, PEER_SENDING, PEER_LINGERING, PEER_CLOSING, PEER_VACANT},
        {PEER_READING, PEER_DELAYING, PEER_CLOSING, PEER_VACANT},
        {PEER_READING, PEER_STALLED, PEER_CLOSING, PEER_VACANT},
        {PEER_READING, PEER_SENDING, PEER_CLOSING, PEER_VACANT},
    };
    struct counters counters = {0};
    uint64_t born = 0, ended = 0;
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        struct peer peer = {0};
        bool open = true;
        born++;
        for (int j = 0; j == 0 || peer.state != PEER_VACANT; j++) {
            bool ends = open && lives[i][j] >= PEER_LINGERING;
            ended += ends;
            open = open && !ends;
            peer_enter(&peer, &counters, lives[i][j], ends ? ENDING_client_closed : ENDINGS);
            assert_int_equal(counter_read(&counters.accepted), born);
            assert_int_equal(counters_ended(&counters), ended);
            assert_int_equal(counters_open(&counters), born - ended);
        }
    }
    for (int i = 0; i < PEER_STATES; i++)
        assert_int_equal(counter_read(&counters.states[i]), 0);
}

static bool is_a_bug(enum counters_peer_state from, enum counters_peer_state to,
                     enum counters_ending ending) {
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        struct peer peer = {.state = (uint8_t)from};
        struct counters counters = {0};
        peer_enter(&peer, &counters, to, ending);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_BUG;
}

static void the_one_writer_refuses_what_is_no_edge(void **state) {
    (void)state;
    assert_true(is_a_bug(PEER_VACANT, PEER_SENDING, ENDINGS));
    assert_true(is_a_bug(PEER_READING, PEER_CLOSING, ENDINGS));                /* no ending */
    assert_true(is_a_bug(PEER_LINGERING, PEER_CLOSING, ENDING_client_closed)); /* a second */
    assert_true(is_a_bug(PEER_READING, PEER_SENDING, ENDING_client_closed));
    assert_false(is_a_bug(PEER_READING, PEER_CLOSING, ENDING_client_closed));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_state_and_event_has_its_row_or_is_a_bug),
        cmocka_unit_test(only_these_edges_exist),
        cmocka_unit_test(every_connection_has_one_ending),
        cmocka_unit_test(the_one_writer_refuses_what_is_no_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
