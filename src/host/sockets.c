/* The TCP sockets of this network namespace: from sock_diag(7), or where that is refused from
 * /proc/net/tcp and tcp6. */
#include "host/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "host/files.h"

enum { LINE_BYTES = 256, READ_BYTES = 64 * 1024 };

/* A socket in TIME_WAIT shows how much is left of 60 s (TCP_TIMEWAIT_LEN); the files in ticks of
 * USER_HZ. */
enum { TIME_WAIT_MS = 60000, TICK_MS = 10 };

void socket_end_set_v4(struct socket_end *end, uint32_t network_order) {
    memset(end->ip, 0, 10);
    memset(end->ip + 10, 0xff, 2);
    memcpy(end->ip + 12, &network_order, 4);
}

static int64_t waited_ms(uint32_t state, uint32_t timer, int64_t left_ms) {
    bool shown = state == SOCK_DIAG_TIME_WAIT && timer == SOCK_DIAG_TIMER_TIME_WAIT &&
                 left_ms <= TIME_WAIT_MS;
    return shown ? TIME_WAIT_MS - left_ms : 0;
}

/* --- sock_diag --- */

static void set_end(struct socket_end *end, int family, const uint32_t ip[4], uint16_t port) {
    if (family == AF_INET)
        socket_end_set_v4(end, ip[0]);
    else
        memcpy(end->ip, ip, sizeof end->ip);
    end->port = ntohs(port);
}

bool socket_row_decode(struct socket_row *row, const struct inet_diag_msg *message) {
    const struct inet_diag_sockid *id = &message->id;
    int family = message->idiag_family;
    row->state = message->idiag_state;
    if ((family != AF_INET && family != AF_INET6) || row->state == 0 ||
        row->state > SOCK_DIAG_STATE_LAST)
        return false;
    set_end(&row->local, family, id->idiag_src, id->idiag_sport);
    set_end(&row->remote, family, id->idiag_dst, id->idiag_dport);
    row->waited_ms = waited_ms(row->state, message->idiag_timer, message->idiag_expires);
    return true;
}

struct receiver {
    socket_take take;
    void *with;
};

static void hand_on(void *with, const struct inet_diag_msg *message) {
    const struct receiver *receiver = with;
    struct socket_row row;
    if (socket_row_decode(&row, message))
        receiver->take(receiver->with, &row);
}

/* Two questions: who has a remote port is no listener. */
static bool ask_kernel(const struct sock_diag_ends *ends, socket_take take, void *with) {
    const uint32_t listen = 1U << SOCK_DIAG_LISTEN, all = (2U << SOCK_DIAG_STATE_LAST) - 1;
    const struct sock_diag_filter listeners = {.states = listen};
    const struct sock_diag_filter others = {.states = all & ~listen, .ends = *ends};
    struct receiver receiver = {take, with};
    int fd = sock_diag_open(0);
    if (fd < 0)
        return false;
    bool known = sock_diag_walk(fd, &listeners, hand_on, &receiver) == 0 &&
                 sock_diag_walk(fd, &others, hand_on, &receiver) == 0;
    close(fd);
    return known;
}

/* --- files --- */

/* Exactly `digits` hexadecimal digits; what follows them, or NULL. */
static const char *take_hex(const char *at, int digits, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < digits; i++, at++) {
        if (!ascii_is_hex((unsigned char)*at))
            return NULL;
        int digit = ascii_is_digit((unsigned char)*at) ? *at - '0' : (*at | 0x20) - 'a' + 10;
        *value = *value << 4 | (uint32_t)digit;
    }
    return at;
}

/* "0100007F:1F90": the address as one or four words in this machine's byte order (that is, words of
 * network order printed as numbers), the port as a number. */
static const char *take_end(const char *at, size_t words, struct socket_end *end) {
    uint32_t word[4], port;
    for (size_t i = 0; i < words && at != NULL; i++)
        at = take_hex(at, 8, &word[i]);
    if (at == NULL || *at != ':' || (at = take_hex(at + 1, 4, &port)) == NULL || *at != ' ')
        return NULL;
    end->port = (uint16_t)port;
    if (words == 1)
        socket_end_set_v4(end, word[0]);
    else
        memcpy(end->ip, word, sizeof end->ip);
    return at + 1;
}

/* " TX:RX TIMER:LEFT", behind the state. */
static int64_t read_waited(uint32_t state, const char *at) {
    static const size_t queues = sizeof " 00000000:00000000 " - 1;
    uint32_t timer, left;
    if (strnlen(at, queues) < queues)
        return 0;
    at = take_hex(at + queues, 2, &timer);
    if (at == NULL || *at != ':' || take_hex(at + 1, 8, &left) == NULL)
        return 0;
    return waited_ms(state, timer, (int64_t)left * TICK_MS);
}

/* "   3: LOCAL REMOTE STATE ..."; false for the heading and for anything that is no such row. */
static bool parse_line(struct socket_row *row, const char *line, size_t words) {
    const char *at = line + strspn(line, " ");
    at += strspn(at, "0123456789");
    if (*at++ != ':')
        return false;
    at = take_end(at + strspn(at, " "), words, &row->local);
    if (at != NULL)
        at = take_end(at, words, &row->remote);
    if (at != NULL)
        at = take_hex(at, 2, &row->state);
    if (at == NULL || row->state == 0 || row->state > SOCK_DIAG_STATE_LAST)
        return false;
    row->waited_ms = read_waited(row->state, at);
    return true;
}

/* The beginning of the next line, however long it is and whatever bytes it holds; false at the end.
 * All that we read stands in the first hundred bytes. */
static bool next_line(FILE *file, char line[static LINE_BYTES]) {
    size_t length = 0;
    int c = getc_unlocked(file);
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(file))
        if (length < LINE_BYTES - 1)
            line[length++] = (char)c;
    line[length] = '\0';
    return true;
}

static bool read_table(const char *root, const char *path, size_t words, socket_take take,
                       void *with) {
    FILE *file = files_open(root, path);
    if (file == NULL)
        return false;
    /* Each read(2) makes the kernel find its place again: as few as it allows. */
    setvbuf(file, NULL, _IOFBF, READ_BYTES);
    char line[LINE_BYTES];
    struct socket_row row;
    while (next_line(file, line))
        if (parse_line(&row, line, words))
            take(with, &row);
    bool whole = ferror(file) == 0;
    fclose(file);
    return whole;
}

static bool read_tables(const char *root, socket_take take, void *with) {
    if (!read_table(root, "/proc/net/tcp", 1, take, with))
        return false;
    errno = 0;
    /* A kernel without IPv6 has no such file. */
    return read_table(root, "/proc/net/tcp6", 4, take, with) || errno == ENOENT;
}

bool sockets_read(const char *root, const struct sock_diag_ends *ends, socket_take take,
                  void *with) {
    return (root[0] == '\0' && ask_kernel(ends, take, with)) || read_tables(root, take, with);
}
