/* TCP sockets of a network namespace as the kernel lists them: the one door to sock_diag(7). */
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
    /* Leaving needs no more than entering did. */
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

/* --- the kernel's little language --- */

/* Where a condition is true the next one follows; where it is not the way leads four bytes past the
 * end, which is a no (inet_diag_bc_run(), net/ipv4/inet_diag.c). */
struct condition {
    struct inet_diag_bc_op op;
    uint8_t family, bits; /* struct inet_diag_hostcond, which is of no size of its own */
    int port;
    uint8_t ip[16]; /* of IPv4 four */
};
_Static_assert(offsetof(struct condition, ip) ==
                   sizeof(struct inet_diag_bc_op) + sizeof(struct inet_diag_hostcond),
               "as the kernel reads it");

enum { CODE_BYTES = 2 * sizeof(struct condition) };

struct program {
    size_t length;
    char bytes[CODE_BYTES];
};

static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
enum { MAPPED_BITS = 96 };

static unsigned common_bits(const uint8_t *a, const uint8_t *b) {
    unsigned bits = 0;
    while (bits < 128 && ((a[bits / 8] ^ b[bits / 8]) >> (7 - bits % 8) & 1) == 0)
        bits++;
    return bits;
}

void sock_diag_block_widen(struct sock_diag_block *block, const uint8_t ip[static 16]) {
    unsigned bits = common_bits(block->ip, ip);
    if (bits < block->bits)
        block->bits = (uint8_t)bits;
}

/* In front of what is there. The kernel holds IPv4 against a mapped address as well, but no
 * condition of IPv6 is true of a socket of IPv4: a block of both is none that it could tell. */
static void put_block(struct program *program, uint8_t code, const struct sock_diag_block *block) {
    unsigned shared = common_bits(block->ip, mapped);
    bool v4 = shared >= MAPPED_BITS && block->bits >= MAPPED_BITS;
    if (block->bits == 0 || (!v4 && shared >= block->bits))
        return;
    size_t skipped = v4 ? 12 : 0, size = sizeof(struct condition) - skipped;
    struct condition condition = {
        .op = {.code = code, .yes = (uint8_t)size, .no = (uint16_t)(size + program->length + 4)},
        .family = v4 ? AF_INET : AF_INET6,
        .bits = (uint8_t)(block->bits - (v4 ? MAPPED_BITS : 0)),
        .port = -1, /* any */
    };
    memcpy(condition.ip, block->ip + skipped, 16 - skipped);
    memmove(program->bytes + size, program->bytes, program->length);
    memcpy(program->bytes, &condition, size);
    program->length += size;
}

/* --- question and answer --- */

static int ask(int fd, int family, const struct sock_diag_filter *filter) {
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
        struct nlattr attribute;
        char code[CODE_BYTES];
    } question = {
        .head = {.nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = (uint8_t)family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = filter->states,
                 .id.idiag_dport = htons(filter->ends.remote_port)},
        .attribute = {.nla_type = INET_DIAG_REQ_BYTECODE},
    };
    struct program program = {0};
    put_block(&program, INET_DIAG_BC_D_COND, &filter->ends.remote);
    put_block(&program, INET_DIAG_BC_S_COND, &filter->ends.local);
    size_t attribute = program.length > 0 ? sizeof question.attribute + program.length : 0;
    question.attribute.nla_len = (uint16_t)attribute;
    question.head.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof question.body) + attribute);
    memcpy(question.code, program.bytes, program.length);
    ssize_t sent = send(fd, &question, question.head.nlmsg_len, 0);
    return sent < 0 ? -errno : sent == (ssize_t)question.head.nlmsg_len ? 0 : -EIO;
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
        /* Of the last one the filling may be missing. */
        size_t whole = NLMSG_ALIGN(head->nlmsg_len), step = whole < length ? whole : length;
        at += step;
        length -= step;
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

static int walk(int fd, int family, const struct sock_diag_filter *filter, sock_diag_take take,
                void *with) {
    int error = ask(fd, family, filter);
    return error != 0 ? error : receive(fd, take, with);
}

int sock_diag_walk(int fd, const struct sock_diag_filter *filter, sock_diag_take take, void *with) {
    int error = walk(fd, AF_INET, filter, take, with);
    if (error != 0)
        return error;
    error = walk(fd, AF_INET6, filter, take, with);
    return error == -ENOENT ? 0 : error; /* a kernel without IPv6 says so */
}
