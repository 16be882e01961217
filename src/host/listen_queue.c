/* Accept queues: who is connected and waits for an accept(). */
#include "host/listen_queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_LISTEN = 10, ANSWER_BYTES = 32 * 1024 };

/* --- the descriptor --- */

static int open_here(void) {
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    return fd < 0 ? -errno : fd;
}

static bool same_file(int a, int b) {
    struct stat of_a, of_b;
    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

/* A socket belongs to the namespace that it was made in, whoever asks through it. */
static int open_there(int ours, int theirs) {
    if (same_file(ours, theirs))
        return open_here();
    if (setns(theirs, CLONE_NEWNET) != 0)
        return -errno;
    int fd = open_here();
    /* What let us in lets us out. */
    if (setns(ours, CLONE_NEWNET) != 0 && fd >= 0) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

int listen_queue_open(int pid) {
    char path[48];
    if (pid == 0)
        return open_here();
    snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
    int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int theirs = open(path, O_RDONLY | O_CLOEXEC);
    int error = errno;
    int fd = ours >= 0 && theirs >= 0 ? open_there(ours, theirs) : -error;
    if (ours >= 0)
        close(ours);
    if (theirs >= 0)
        close(theirs);
    return fd;
}

/* --- question and answer --- */

static bool ask(int fd, int family) {
    const struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } question = {
        .head = {.nlmsg_len = sizeof question,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = (uint8_t)family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = 1U << STATE_LISTEN},
    };
    return send(fd, &question, sizeof question, 0) == (ssize_t)sizeof question;
}

int listen_queue_messages(const void *bytes, size_t length, listener_take take, void *with) {
    const struct nlmsghdr *head = bytes;
    for (; NLMSG_OK(head, length); head = NLMSG_NEXT(head, length)) {
        if (head->nlmsg_type == NLMSG_DONE)
            return 0;
        if (head->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *error = NLMSG_DATA(head);
            bool whole = head->nlmsg_len >= NLMSG_LENGTH(sizeof *error) && error->error < 0;
            return whole ? error->error : -EBADMSG;
        }
        if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
            head->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            return -EBADMSG;
        take(with, NLMSG_DATA(head));
    }
    return 1;
}

/* The kernel writes a dump while it is received: there is nothing to wait for. */
static bool receive(int fd, listener_take take, void *with) {
    static _Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
    int more = 1;
    while (more == 1) {
        ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        more = listen_queue_messages(answer, (size_t)got, take, with);
    }
    return more == 0;
}

bool listen_queue_walk(int fd, listener_take take, void *with) {
    if (fd < 0 || !ask(fd, AF_INET) || !receive(fd, take, with))
        return false;
    /* A kernel without IPv6 says so. */
    if (ask(fd, AF_INET6))
        (void)receive(fd, take, with);
    return true;
}

/* --- those of one port --- */

struct port_count {
    uint16_t port;
    struct listen_queue *out;
};

/* Of a listener rqueue and wqueue are its queue and the queue's bound (inet_diag_fill_icsk). */
static void count(void *with, const struct inet_diag_msg *listener) {
    const struct port_count *counted = with;
    if (listener->idiag_state != STATE_LISTEN || ntohs(listener->id.idiag_sport) != counted->port)
        return;
    counted->out->listeners++;
    counted->out->queued += listener->idiag_rqueue;
    counted->out->backlog += listener->idiag_wqueue;
}

int listen_queue_parse(struct listen_queue *out, const void *bytes, size_t length, uint16_t port) {
    return listen_queue_messages(bytes, length, count, &(struct port_count){port, out});
}

bool listen_queue_read(int fd, uint16_t port, struct listen_queue *out) {
    *out = (struct listen_queue){0};
    return listen_queue_walk(fd, count, &(struct port_count){port, out});
}
