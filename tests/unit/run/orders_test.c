/* Tests of the order pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "run/orders.h"

static int give(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    orders_take_from(ends[0]);
    return ends[1];
}

static void put(int fd, const char *text) {
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void without_a_pipe_no_order_comes(void **state) {
    (void)state;
    struct order order;
    assert_int_equal(orders_fd(), -1);
    assert_int_equal(orders_next(&order), ORDER_NONE);
}

static void a_mark_is_a_line_and_comes_when_it_is_whole(void **state) {
    (void)state;
    struct order order;
    int fd = give();
    put(fd, "mark relo");
    assert_int_equal(orders_next(&order), ORDER_NONE);
    put(fd, "ad\nmark second\n");
    assert_int_equal(orders_next(&order), ORDER_MARK);
    assert_string_equal(order.text, "reload");
    assert_int_equal(orders_next(&order), ORDER_MARK);
    assert_string_equal(order.text, "second");
    assert_int_equal(orders_next(&order), ORDER_NONE);
    close(fd);
}

static void what_is_no_order_is_skipped_and_an_endless_line_too(void **state) {
    (void)state;
    char endless[5000];
    struct order order;
    int fd = give();
    memset(endless, 'x', sizeof endless);
    assert_int_equal(write(fd, endless, sizeof endless), sizeof endless);
    put(fd, "\nstop\nmark after\n");
    enum order_kind kind = ORDER_NONE;
    for (int turn = 0; turn < 10 && kind == ORDER_NONE; turn++)
        kind = orders_next(&order);
    assert_int_equal(kind, ORDER_MARK);
    assert_string_equal(order.text, "after");
    close(fd);
}

static void the_end_of_the_pipe_comes_behind_its_orders(void **state) {
    (void)state;
    struct order order;
    int fd = give();
    put(fd, "mark last\n");
    close(fd);
    assert_int_equal(orders_next(&order), ORDER_MARK);
    assert_int_equal(orders_next(&order), ORDER_END);
}

static void a_long_text_is_cut(void **state) {
    (void)state;
    char line[300] = "mark ";
    struct order order;
    int fd = give();
    memset(line + 5, 'a', 290);
    strcpy(line + 295, "\n");
    put(fd, line);
    assert_int_equal(orders_next(&order), ORDER_MARK);
    assert_int_equal(strlen(order.text), MARK_TEXT_MAX - 1);
    close(fd);
}

static void a_leader_speaks_json(void **state) {
    (void)state;
    struct order order;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    orders_take_from_leader(ends[0]);
    assert_true(orders_await_go());
    put(ends[1], "mark no\n{\"mark\":\"reload\",\"number\":3}\n{\"go\":-1}\n{\"go\":12");
    assert_int_equal(orders_next(&order), ORDER_MARK);
    assert_string_equal(order.text, "reload");
    assert_int_equal(order.number, 3);
    assert_int_equal(orders_next(&order), ORDER_NONE);
    assert_true(orders_await_go());
    put(ends[1], "34}\n{\"abort\":\"lost<=0\"}\n{\"stop\":true}\n{\"hurry\":true}\n");
    assert_int_equal(orders_next(&order), ORDER_GO);
    assert_false(orders_await_go());
    assert_int_equal(orders_go().ns, 1234);
    assert_int_equal(orders_next(&order), ORDER_ABORT);
    assert_string_equal(order.text, "lost<=0");
    assert_int_equal(orders_next(&order), ORDER_STOP);
    assert_int_equal(orders_next(&order), ORDER_HURRY);
    assert_false(orders_ended());
    close(ends[1]);
    assert_int_equal(orders_next(&order), ORDER_END);
    assert_true(orders_ended());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_pipe_no_order_comes),
        cmocka_unit_test(a_mark_is_a_line_and_comes_when_it_is_whole),
        cmocka_unit_test(what_is_no_order_is_skipped_and_an_endless_line_too),
        cmocka_unit_test(the_end_of_the_pipe_comes_behind_its_orders),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(a_leader_speaks_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
