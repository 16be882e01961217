/* Tests of what the kernel says of listeners, message by message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

#include "host/listen_queue.h"

struct resolve_answer {
    size_t length;
    _Alignas(struct nlmsghdr) char bytes[1024];
};

static void put(struct resolve_answer *answer, uint16_t type, const void *body, size_t length) {
    struct nlmsghdr head = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(length), .nlmsg_type = type};
    memcpy(answer->bytes + answer->length, &head, sizeof head);
    memcpy(answer->bytes + answer->length + NLMSG_HDRLEN, body, length);
    answer->length += NLMSG_SPACE(length);
}

static void put_listener(struct resolve_answer *answer, uint16_t port, uint32_t queued,
                         uint32_t backlog) {
    struct inet_diag_msg listener = {.idiag_state = 10,
                                     .idiag_rqueue = queued,
                                     .idiag_wqueue = backlog,
                                     .id.idiag_sport = htons(port)};
    put(answer, SOCK_DIAG_BY_FAMILY, &listener, sizeof listener);
}

static int parse(struct listen_queue *queue, const struct resolve_answer *answer) {
    return listen_queue_parse(queue, answer->bytes, answer->length, 8080);
}

static void all_listeners_of_the_port_are_added_up(void **state) {
    (void)state;
    struct resolve_answer answer = {0};
    struct listen_queue queue = {0};
    put_listener(&answer, 8080, 3, 511);
    put_listener(&answer, 80, 99, 128);
    assert_int_equal(parse(&queue, &answer), 1);
    answer.length = 0;
    put_listener(&answer, 8080, 16, 511);
    put(&answer, NLMSG_DONE, &(int){0}, sizeof(int));
    assert_int_equal(parse(&queue, &answer), 0);
    assert_int_equal(queue.listeners, 2);
    assert_int_equal(queue.queued, 19);
    assert_int_equal(queue.backlog, 1022);
}

static void a_refusal_is_no_queue(void **state) {
    (void)state;
    struct resolve_answer answer = {0};
    struct listen_queue queue = {0};
    put(&answer, NLMSG_ERROR, &(struct nlmsgerr){.error = -ENOENT}, sizeof(struct nlmsgerr));
    assert_int_equal(parse(&queue, &answer), -ENOENT);
    assert_int_equal(queue.listeners, 0);
}

static void the_kernel_tells_where_it_has_sock_diag(void **state) {
    (void)state;
    struct listen_queue queue;
    int fd = sock_diag_open(0), again = sock_diag_open(getpid());
    if (fd >= 0 && listen_queue_read(fd, 1, &queue))
        assert_true(queue.queued <= queue.backlog + queue.listeners);
    assert_int_equal(fd >= 0, again >= 0); /* our own namespace, by either way */
    assert_false(listen_queue_read(-1, 1, &queue));
    if (fd >= 0)
        close(fd);
    if (again >= 0)
        close(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_listeners_of_the_port_are_added_up),
        cmocka_unit_test(a_refusal_is_no_queue),
        cmocka_unit_test(the_kernel_tells_where_it_has_sock_diag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
