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
#include "host/pins.h"

/* The message through the pipe. */
struct resolve_answer {
    int32_t gai;
    uint32_t count;
    uint32_t named; /* how many there are, those beyond the bound included */
    struct address addresses[ADDRESSES_MAX];
};
_Static_assert(sizeof(struct resolve_answer) <= 16 * PIPE_BUF,
               "an answer fits into a pipe: its writer never waits (pipe(7))");

struct host_resolve {
    int fd;
    pid_t child; /* 0: none, or reaped */
    size_t got;  /* bytes of the answer that were read */
    struct resolve_answer answer;
};

/* Whether this host has no way at all to addresses of that kind: no such family, no route, no local
 * address. What a route forbids has one. */
static bool is_unroutable(const struct address *address) {
    int fd = socket(address->of.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool leads = fd >= 0 && connect(fd, &address->of.any, address->length) == 0;
    int error = leads ? 0 : errno;
    if (fd >= 0)
        close(fd);
    return error == EAFNOSUPPORT || error == ENETUNREACH || error == EADDRNOTAVAIL;
}

static void answer_add(struct resolve_answer *answer, const struct address *address) {
    for (uint32_t i = 0; i < answer->count; i++)
        if (address_equal(&answer->addresses[i], address))
            return;
    answer->named++;
    if (answer->count < ADDRESSES_MAX)
        answer->addresses[answer->count++] = *address;
}

static void answer_take(struct resolve_answer *answer, const struct addrinfo *list, bool leading) {
    struct address address;
    for (const struct addrinfo *item = list; item != NULL; item = item->ai_next)
        if (address_from(&address, item->ai_addr, item->ai_addrlen) &&
            !(leading && is_unroutable(&address)))
            answer_add(answer, &address);
}

/* Without AI_ADDRCONFIG, which does not count loopback addresses and so hides ::1 or 127.0.0.1 on a
 * host of one family (getaddrinfo(3)): the routes decide which lead anywhere. */
static void answer_ask(struct resolve_answer *answer, const char *name, uint16_t port) {
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo *list = NULL;
    answer->gai = getaddrinfo(name, service, &hints, &list);
    if (answer->gai != 0)
        return;
    answer_take(answer, list, true);
    if (answer->count == 0)
        answer_take(answer, list, false); /* a connect says what is the matter */
    if (answer->count == 0)
        answer->gai = EAI_NONAME;
    freeaddrinfo(list);
}

static int answer_write(const struct resolve_answer *answer, int fd) {
    ssize_t written;
    do
        written = write(fd, answer, sizeof *answer);
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)sizeof *answer ? 0 : -errno;
}

/* Whom the child asks for. */
struct resolve_question {
    const char *name;
    uint16_t port;
};

static int answer_in_child(int fd, const void *with) {
    const struct resolve_question *question = with;
    struct resolve_answer answer = {0};
    answer_ask(&answer, question->name, question->port);
    return answer_write(&answer, fd);
}

/* Where names are pinned, only these: nobody is asked. False: the answer is not known here. */
static bool answer_given(struct resolve_answer *answer, const char *name, uint16_t port) {
    answer->count = answer->named = (uint32_t)host_pinned(name, port, answer->addresses);
    if (answer->count > 0)
        return true;
    answer->gai = host_pins_any() ? EAI_NONAME : 0;
    if (!host_pins_any() && address_parse(&answer->addresses[0], name, port))
        answer->count = answer->named = 1;
    return host_pins_any() || answer->count > 0;
}

/* Begins the answer on the writing end: at once for a numeric host and where addresses were given,
 * else by a child. 0 or -errno. */
static int resolve_begin(struct host_resolve *resolve, int fd, const char *name, uint16_t port) {
    struct resolve_answer answer = {.count = 0};
    if (answer_given(&answer, name, port))
        return answer_write(&answer, fd);
    pid_t child = child_fork(answer_in_child, fd, &(struct resolve_question){name, port});
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

/* Takes what has come of the answer: 1 when it is whole, 0 when it never will be, or -errno. */
static int take_some(struct host_resolve *resolve) {
    while (resolve->got < sizeof resolve->answer) {
        ssize_t got = read(resolve->fd, (char *)&resolve->answer + resolve->got,
                           sizeof resolve->answer - resolve->got);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? 0 : -errno;
        resolve->got += (size_t)got;
    }
    return 1;
}

int host_resolve_read(struct host_resolve *resolve, struct address *addresses, size_t *count,
                      size_t *named, int *gai) {
    const struct resolve_answer *answer = &resolve->answer;
    int whole = take_some(resolve);
    *count = 0;
    if (whole == -EAGAIN)
        return -EAGAIN;
    resolve->got = 0; /* an answer is read once: behind it comes the end of the pipe */
    if (whole <= 0 || answer->count > ADDRESSES_MAX)
        *gai = EAI_FAIL; /* the child died without a word */
    else
        *gai = answer->gai;
    if (*gai != 0)
        return -ENOENT;
    *count = answer->count;
    *named = answer->named;
    memcpy(addresses, answer->addresses, answer->count * sizeof *addresses);
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
