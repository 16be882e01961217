/* The order pipe of a process: read as it comes, one line an order. */
#include "run/orders.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static struct {
    int fd;
    size_t length;
    bool ended;
    char bytes[1024]; /* a longer line is cut */
} orders = {.fd = -1};

void orders_take_from(int fd) {
    orders.fd = fd;
    orders.length = 0;
    orders.ended = false;
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int orders_fd(void) {
    return orders.fd;
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

enum order_kind orders_next(char text[static MARK_TEXT_MAX]) {
    static const char mark[] = "mark ";
    char line[sizeof orders.bytes];
    if (orders.fd < 0)
        return ORDER_NONE;
    read_more();
    while (take_line(line)) {
        if (strncmp(line, mark, sizeof mark - 1) != 0)
            continue;
        text_cut(text, MARK_TEXT_MAX, line + sizeof mark - 1);
        return ORDER_MARK;
    }
    return orders.ended ? ORDER_END : ORDER_NONE;
}
