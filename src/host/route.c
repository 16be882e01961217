/* Whether an address is this host's: by the type of the route to it (rtnetlink(7)). bind(2) is no
 * question, which says yes to every address under net.ipv4.ip_nonlocal_bind=1. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/host.h"

struct question {
    struct nlmsghdr header;
    struct rtmsg route;
    char attributes[64];
};

static void attribute_add(struct question *question, unsigned short type, const void *data,
                          unsigned short length) {
    struct rtattr *at =
        (struct rtattr *)((char *)question + NLMSG_ALIGN(question->header.nlmsg_len));
    at->rta_type = type;
    at->rta_len = (unsigned short)RTA_LENGTH(length);
    memcpy(RTA_DATA(at), data, length);
    question->header.nlmsg_len =
        NLMSG_ALIGN(question->header.nlmsg_len) + (uint32_t)RTA_ALIGN(at->rta_len);
}

static struct question question_of(const struct address *address) {
    struct question question = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof question.route),
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST},
        .route = {.rtm_family = (unsigned char)address->of.any.sa_family},
    };
    const struct sockaddr_in6 *v6 = &address->of.v6;
    bool is_v4 = address->of.any.sa_family == AF_INET;
    const uint8_t *v4 =
        is_v4 ? (const uint8_t *)&address->of.v4.sin_addr : &v6->sin6_addr.s6_addr[12];
    if (is_v4 || IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        question.route.rtm_family = AF_INET;
        question.route.rtm_dst_len = 32;
        attribute_add(&question, RTA_DST, v4, 4);
        return question;
    }
    question.route.rtm_dst_len = 128;
    attribute_add(&question, RTA_DST, &v6->sin6_addr, 16);
    if (v6->sin6_scope_id != 0)
        attribute_add(&question, RTA_OIF, &v6->sin6_scope_id, 4);
    return question;
}

/* The kernel answers while it takes the question, so that nothing is waited for. */
static bool route_is_own(int fd, const struct question *question) {
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        char rest[4096];
    } answer;
    if (send(fd, question, question->header.nlmsg_len, 0) < 0)
        return false;
    ssize_t got = recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
    if (got < (ssize_t)NLMSG_LENGTH(sizeof answer.route) ||
        answer.header.nlmsg_type != RTM_NEWROUTE)
        return false;
    return answer.route.rtm_type == RTN_LOCAL || answer.route.rtm_type == RTN_ANYCAST;
}

bool host_has_address(const struct address *address) {
    if (address_is_loopback(address))
        return true;
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return false;
    struct question question = question_of(address);
    bool own = route_is_own(fd, &question);
    close(fd);
    return own;
}
