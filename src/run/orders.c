/* The order pipe of a process: read as it comes, one line an order. */
#include "run/orders.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "report/saved/saved_value.h"

static struct {
    int fd;
    size_t length;
    bool ended, json, await_go;
    instant go;
    char bytes[1024]; /* a longer line is cut */
} orders = {.fd = -1};

void orders_take_from(int fd) {
    orders.fd = fd;
    orders.length = 0;
    orders.ended = orders.json = orders.await_go = false;
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void orders_take_from_leader(int fd) {
    orders_take_from(fd);
    orders.json = orders.await_go = true;
}

int orders_fd(void) {
    return orders.fd;
}

bool orders_await_go(void) {
    return orders.await_go;
}

instant orders_go(void) {
    return orders.go;
}

bool orders_ended(void) {
    return orders.ended;
}

static void read_more(void) {
    if (orders.length == sizeof orders.bytes)
        orders.length = 0; /* no order is so long */
    ssize_t got =
        read(orders.fd, orders.bytes + orders.length, sizeof orders.bytes - orders.length);
    if (got > 0)
        orders.length += (size_t)got;
    else
        orders.ended = got == 0 || (errno != EAGAIN && errno != EINTR);
}

/* The first line, taken out; false: there is no whole one. */
static bool take_line(char line[static sizeof orders.bytes]) {
    const char *end = memchr(orders.bytes, '\n', orders.length);
    if (end == NULL)
        return false;
    size_t length = (size_t)(end - orders.bytes);
    memcpy(line, orders.bytes, length);
    line[length] = '\0';
    orders.length -= length + 1;
    memmove(orders.bytes, end + 1, orders.length);
    return true;
}

static enum order_kind read_text(const char *line, struct order *order) {
    static const char mark[] = "mark ";
    if (strncmp(line, mark, sizeof mark - 1) != 0)
        return ORDER_NONE;
    text_cut(order->text, sizeof order->text, line + sizeof mark - 1);
    return ORDER_MARK;
}

/* True where the object has that member, a text. */
static bool take_text(struct order *order, const struct json_t *object, const char *name) {
    const char *text = saved_value_string(saved_value_member(object, name));
    if (text != NULL)
        text_cut(order->text, sizeof order->text, text);
    return text != NULL;
}

static enum order_kind take_object(const struct json_t *object, struct order *order) {
    char unread[128] = "";
    struct saved_place place = {.to = {unread, sizeof unread}};
    int64_t go = saved_value_whole_if(&place, object, "go", INT64_MAX, -1);
    if (take_text(order, object, "mark")) {
        order->number = (uint32_t)saved_value_whole_if(&place, object, "number", UINT32_MAX, 0);
        return ORDER_MARK;
    }
    if (take_text(order, object, "abort"))
        return ORDER_ABORT;
    if (saved_value_flag_if(&place, object, "stop"))
        return ORDER_STOP;
    if (saved_value_flag_if(&place, object, "hurry"))
        return ORDER_HURRY;
    if (go < 0)
        return ORDER_NONE;
    orders.go.ns = go;
    orders.await_go = false;
    return ORDER_GO;
}

static enum order_kind read_object(const char *line, struct order *order) {
    struct saved_value_fault fault;
    struct json_t *object = saved_value_parse(line, strlen(line), &fault);
    if (object == NULL)
        return ORDER_NONE;
    enum order_kind kind = take_object(object, order);
    saved_value_free(object);
    return kind;
}

enum order_kind orders_next(struct order *order) {
    char line[sizeof orders.bytes];
    *order = (struct order){.kind = ORDER_NONE};
    if (orders.fd < 0)
        return ORDER_NONE;
    read_more();
    while (order->kind == ORDER_NONE && take_line(line))
        order->kind = orders.json ? read_object(line, order) : read_text(line, order);
    if (order->kind == ORDER_NONE && orders.ended)
        order->kind = ORDER_END;
    return order->kind;
}
