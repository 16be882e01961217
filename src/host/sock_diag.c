/* TCP sockets of a network namespace as the kernel tells of them: the one door to sock_diag(7). */
#include "host/sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel fills no more at once (netlink_recvmsg()). */
enum { ANSWER_BYTES = 32 * 1024 };

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

int sock_diag_open(int pid) {
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

static int ask(int fd, int family, struct sock_diag_filter filter) {
    const struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } question = {
        .head = {.nlmsg_len = sizeof question,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = (uint8_t)family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = filter.states,
                 .id.idiag_dport = htons(filter.remote_port)},
    };
    ssize_t sent = send(fd, &question, sizeof question, 0);
    return sent < 0 ? -errno : sent == (ssize_t)sizeof question ? 0 : -EIO;
}

/* The number at the beginning of the end of a dump, and of an error: 0 or -errno. What the module
 * that is to tell of TCP has against it, such as that it is not there, comes with the end. */
static int result_of(const struct nlmsghdr *head) {
    int result;
    if (head->nlmsg_len < NLMSG_LENGTH(sizeof result))
        return -EBADMSG;
    memcpy(&result, NLMSG_DATA(head), sizeof result);
    return result < 0 ? result : head->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
}

int sock_diag_messages(const void *bytes, size_t length, sock_diag_take take, void *with) {
    const char *at = bytes;
    while (length > 0) {
        const struct nlmsghdr *head = (const void *)at;
        if (!NLMSG_OK(head, length))
            return -EBADMSG;
        if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
            return result_of(head);
        if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
            head->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            return -EBADMSG;
        take(with, NLMSG_DATA(head));
        size_t whole =
            NLMSG_ALIGN(head->nlmsg_len); /* of the last one the filling may be missing */
        at += whole < length ? whole : length;
        length -= whole < length ? whole : length;
    }
    return 1;
}

/* The kernel writes a dump while it is received: there is nothing to wait for. */
static int receive(int fd, sock_diag_take take, void *with) {
    static _Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
    int more = 1;
    while (more == 1) {
        ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0 || (size_t)got > sizeof answer)
            return -EBADMSG;
        more = sock_diag_messages(answer, (size_t)got, take, with);
    }
    return more;
}

static int walk(int fd, int family, struct sock_diag_filter filter, sock_diag_take take,
                void *with) {
    int error = ask(fd, family, filter);
    return error != 0 ? error : receive(fd, take, with);
}

int sock_diag_walk(int fd, struct sock_diag_filter filter, sock_diag_take take, void *with) {
    int error = walk(fd, AF_INET, filter, take, with);
    if (error != 0)
        return error;
    error = walk(fd, AF_INET6, filter, take, with);
    return error == -ENOENT ? 0 : error; /* a kernel without IPv6 says so */
}
