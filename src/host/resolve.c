/* Name resolution that can be given up: getaddrinfo(3) in a child process of its own. */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/child.h"
#include "host/host.h"

struct host_resolve {
    int fd;
    pid_t child; /* 0: none, or reaped */
};

/* What goes through the pipe, in one piece. */
struct answer {
    int32_t gai;
    uint32_t count;
    struct address addresses[HOST_ADDRESSES_MAX];
};
_Static_assert(sizeof(struct answer) <= PIPE_BUF,
               "an answer is written and read at once (pipe(7))");

static void answer_add(struct answer *answer, const struct address *address) {
    for (uint32_t i = 0; i < answer->count; i++)
        if (address_equal(&answer->addresses[i], address))
            return;
    if (answer->count < HOST_ADDRESSES_MAX)
        answer->addresses[answer->count++] = *address;
}

static void answer_ask(struct answer *answer, const char *name, uint16_t port) {
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV,
    };
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo *list = NULL;
    answer->gai = getaddrinfo(name, service, &hints, &list);
    if (answer->gai != 0)
        return;
    struct address address;
    for (const struct addrinfo *item = list; item != NULL; item = item->ai_next)
        if (address_from(&address, item->ai_addr, item->ai_addrlen))
            answer_add(answer, &address);
    if (answer->count == 0)
        answer->gai = EAI_NONAME;
    freeaddrinfo(list);
}

static int answer_write(const struct answer *answer, int fd) {
    ssize_t written;
    do
        written = write(fd, answer, sizeof *answer);
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)sizeof *answer ? 0 : -errno;
}

/* Whom the child asks for. */
struct question {
    const char *name;
    uint16_t port;
};

static int answer_in_child(int fd, const void *with) {
    const struct question *question = with;
    struct answer answer = {0};
    answer_ask(&answer, question->name, question->port);
    return answer_write(&answer, fd);
}

/* Begins the answer on the writing end: at once for a numeric host, else by a child. 0 or -errno.
 */
static int resolve_begin(struct host_resolve *resolve, int fd, const char *name, uint16_t port) {
    struct answer answer = {.count = 1};
    if (address_parse(&answer.addresses[0], name, port))
        return answer_write(&answer, fd);
    pid_t child = child_fork(answer_in_child, fd, &(struct question){name, port});
    if (child < 0)
        return -errno;
    resolve->child = child;
    return 0;
}

struct host_resolve *host_resolve_start(const char *name, uint16_t port, int *error) {
    struct host_resolve *resolve = calloc(1, sizeof *resolve);
    int ends[2] = {-1, -1};
    int result = resolve == NULL ? -ENOMEM : child_pipe(ends);
    if (result != 0) {
        *error = -result;
        free(resolve);
        return NULL;
    }
    resolve->fd = ends[0];
    result = resolve_begin(resolve, ends[1], name, port);
    close(ends[1]); /* so that a child's death is the end of the pipe */
    if (result == 0)
        return resolve;
    *error = -result;
    host_resolve_end(resolve);
    return NULL;
}

int host_resolve_fd(const struct host_resolve *resolve) {
    return resolve->fd;
}

int host_resolve_read(struct host_resolve *resolve, struct address *addresses, size_t *count,
                      int *gai) {
    struct answer answer;
    ssize_t got;
    *count = 0;
    do
        got = read(resolve->fd, &answer, sizeof answer);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return -EAGAIN;
    if (got != (ssize_t)sizeof answer || answer.count > HOST_ADDRESSES_MAX)
        *gai = EAI_FAIL; /* the child died without a word */
    else
        *gai = answer.gai;
    if (*gai != 0)
        return -ENOENT;
    *count = answer.count;
    memcpy(addresses, answer.addresses, answer.count * sizeof *addresses);
    return 0;
}

void host_resolve_end(struct host_resolve *resolve) {
    if (resolve == NULL)
        return;
    if (resolve->child > 0)
        child_reap(resolve->child);
    close(resolve->fd);
    free(resolve);
}
