/* The door over epoll: sends and connects go out at once, readiness is kept by descriptor. */
#include <assert.h>
#include <errno.h>
#include <linux/time_types.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "net/body.h"
#include "net/net_serve.h"

/* A connection is registered once, edge-triggered. Its edges are kept as bits, and net_receive()
 * takes the input bit back when the socket is empty: only where a bit is left does net_arm() ask
 * poll(2) what is true. All other descriptors are registered anew at each net_arm(), one-shot:
 * nobody tells us when those are empty. */
enum {
    CONNECTION = 1 << 0, /* read by net_receive() alone */
    REGISTERED = 1 << 1,
    CONNECTING = 1 << 2,
    ARMED = 1 << 3,
    ARMED_OUTPUT = 1 << 4,
    URGENT = 1 << 5, /* recv(2) stops before urgent data: a short read says nothing */
};

enum { BATCH = 256, NO_SEND = 0 };

static const uint32_t INPUT = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
static const uint32_t OUTPUT = EPOLLOUT | EPOLLHUP | EPOLLERR;
static const uint32_t ALL = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT | EPOLLET;

struct descriptor {
    uint64_t input_tag; /* of the connect, while it is under way */
    uint64_t output_tag;
    uint32_t serial;     /* tells events of an earlier owner of the number */
    uint32_t first_send; /* that waits for room, in epoll.sends; NO_SEND: none */
    uint16_t ready;      /* INPUT bits that may still hold */
    uint8_t flags;
};
static_assert(sizeof(struct descriptor) == 32, "less than a ring's poll takes of the kernel");

/* A send that the socket did not take at once. */
struct waiting_send {
    const char *bytes;
    size_t length, sent;
    uint64_t tag;
    uint32_t next; /* of the same descriptor; or free */
    bool owned;
};

struct epoll {
    struct net net;
    int fd;
    int broken;  /* -errno that net_wait() hands out */
    bool coarse; /* the kernel, or a filter, refuses epoll_pwait2(2) */
    struct descriptor *descriptors;
    size_t descriptor_count;
    struct waiting_send *sends; /* the first is none */
    uint32_t send_count, free_send;
    /* From first to shown they can be taken. What came since is shown by the next wait or
     * gathering: else whoever arms again for bytes left behind would never be done taking. */
    struct net_event *events;
    size_t event_first, event_shown, event_last, event_room;
};

static struct epoll *epoll_of(struct net *net) {
    return (struct epoll *)net;
}

/* --- memory --- */

/* Zero-filled pages that cost nothing until they are touched; grown where they lie, or moved. */
static void *grow_pages(void *pages, size_t before, size_t bytes) {
    void *grown = pages == NULL ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                : mremap(pages, before, bytes, MREMAP_MAYMOVE);
    return grown == MAP_FAILED ? NULL : grown;
}

static bool make_room(struct epoll *epoll, int fd) {
    size_t count = epoll->descriptor_count;
    if ((size_t)fd < count)
        return true;
    while (count <= (size_t)fd)
        count *= 2;
    struct descriptor *grown = grow_pages(
        epoll->descriptors, epoll->descriptor_count * sizeof *grown, count * sizeof *grown);
    if (grown == NULL)
        return false;
    epoll->descriptors = grown;
    epoll->descriptor_count = count;
    return true;
}

/* One that was never seen is no connection of ours. */
static struct descriptor *descriptor_of(struct epoll *epoll, int fd) {
    if (make_room(epoll, fd))
        return &epoll->descriptors[fd];
    epoll->broken = -ENOMEM;
    return NULL;
}

/* Over those that were taken, or into more memory. */
static bool make_room_for_event(struct epoll *epoll) {
    size_t first = epoll->event_first;
    if (epoll->event_last < epoll->event_room)
        return true;
    if (first >= epoll->event_room / 2) {
        memmove(epoll->events, epoll->events + first,
                (epoll->event_last - first) * sizeof *epoll->events);
        epoll->event_first = 0;
        epoll->event_shown -= first;
        epoll->event_last -= first;
        return true;
    }
    struct net_event *grown = realloc(epoll->events, 2 * epoll->event_room * sizeof *epoll->events);
    if (grown == NULL)
        return false;
    epoll->events = grown;
    epoll->event_room *= 2;
    return true;
}

static void post(struct epoll *epoll, uint64_t tag, int result) {
    if (epoll->event_first == epoll->event_last)
        epoll->event_first = epoll->event_shown = epoll->event_last = 0;
    if (make_room_for_event(epoll))
        epoll->events[epoll->event_last++] = (struct net_event){.tag = tag, .result = result};
    else
        epoll->broken = -ENOMEM;
}

static void epoll_destroy(struct net *net) {
    struct epoll *epoll = epoll_of(net);
    if (epoll->fd >= 0)
        close(epoll->fd);
    if (epoll->descriptors != NULL)
        munmap(epoll->descriptors, epoll->descriptor_count * sizeof *epoll->descriptors);
    free(epoll->events);
    free(epoll->sends);
    free(epoll);
}

static int epoll_create_body(struct net **out, const struct net_config *config) {
    (void)config;
    struct epoll *epoll = calloc(1, sizeof *epoll);
    if (epoll == NULL)
        return -ENOMEM;
    *epoll = (struct epoll){.net.body = &net_body_epoll,
                            .fd = epoll_create1(EPOLL_CLOEXEC),
                            .descriptor_count = 1024,
                            .send_count = 1,
                            .event_room = BATCH * 2};
    int error = epoll->fd < 0 ? -errno : 0;
    epoll->descriptors = grow_pages(NULL, 0, epoll->descriptor_count * sizeof *epoll->descriptors);
    epoll->events = calloc(epoll->event_room, sizeof *epoll->events);
    epoll->sends = calloc(1, sizeof *epoll->sends);
    if (error < 0 || !epoll->descriptors || !epoll->events || !epoll->sends) {
        epoll_destroy(&epoll->net);
        return error < 0 ? error : -ENOMEM;
    }
    *out = &epoll->net;
    return 0;
}

static uint64_t epoll_overflows(const struct net *net) {
    (void)net;
    return 0;
}

/* --- registration --- */

static int control(struct epoll *epoll, int operation, int fd, uint32_t events) {
    struct epoll_event event = {
        .events = events, .data.u64 = (uint64_t)epoll->descriptors[fd].serial << 32 | (uint32_t)fd};
    return epoll_ctl(epoll->fd, operation, fd, &event) == 0 ? 0 : -errno;
}

/* What is there already gives the first edge. */
static int register_connection(struct epoll *epoll, struct descriptor *descriptor, int fd) {
    if ((descriptor->flags & REGISTERED) != 0)
        return 0;
    int error = control(epoll, EPOLL_CTL_ADD, fd, ALL);
    if (error == 0)
        descriptor->flags |= REGISTERED;
    /* ENOSPC: fs.epoll.max_user_watches, a share of the kernel's memory. */
    return error == -ENOSPC ? -ENOMEM : error;
}

/* The number may have been closed, and given to another file, without a word to us. */
static int register_once(struct epoll *epoll, struct descriptor *descriptor, int fd,
                         uint32_t events) {
    descriptor->serial++;
    int operation = (descriptor->flags & REGISTERED) != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int error = control(epoll, operation, fd, events | EPOLLONESHOT);
    if (error == -ENOENT || error == -EEXIST)
        error = control(epoll, operation == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd,
                        events | EPOLLONESHOT);
    if (error == 0)
        descriptor->flags |= REGISTERED;
    return error;
}

static int adopt(struct epoll *epoll, int fd) {
    if (!make_room(epoll, fd))
        return -ENOMEM;
    struct descriptor *descriptor = &epoll->descriptors[fd];
    *descriptor = (struct descriptor){.serial = descriptor->serial + 1, .flags = CONNECTION};
    return 0;
}

static int epoll_adopt(struct net *net, int fd) {
    return adopt(epoll_of(net), fd);
}

/* --- opening and closing --- */

static int epoll_open(struct net *net, const struct address *source, const struct address *target) {
    int fd = net_open_socket(source, target, SOCK_NONBLOCK);
    int error = fd < 0 ? fd : adopt(epoll_of(net), fd);
    if (fd >= 0 && error < 0)
        close(fd);
    return error < 0 ? error : fd;
}

/* Registered after the connect: before it a socket is ready for everything. */
static void epoll_connect(struct net *net, int fd, const struct address *target, uint64_t tag) {
    struct epoll *epoll = epoll_of(net);
    struct descriptor *descriptor = descriptor_of(epoll, fd);
    if (descriptor == NULL)
        return;
    int failed, error;
    do
        failed = connect(fd, &target->of.any, target->length);
    while (failed != 0 && errno == EINTR);
    error = failed != 0 && errno != EINPROGRESS ? -errno : 0;
    if (error == 0)
        error = register_connection(epoll, descriptor, fd);
    if (error < 0 || failed == 0) {
        post(epoll, tag, error);
        return;
    }
    descriptor->input_tag = tag;
    descriptor->flags |= CONNECTING;
}

static void free_sends(struct epoll *epoll, struct descriptor *descriptor) {
    while (descriptor->first_send != NO_SEND) {
        uint32_t send = descriptor->first_send;
        descriptor->first_send = epoll->sends[send].next;
        epoll->sends[send].next = epoll->free_send;
        epoll->free_send = send;
    }
}

static void epoll_close(struct net *net, int fd) {
    struct epoll *epoll = epoll_of(net);
    if ((size_t)fd < epoll->descriptor_count) {
        struct descriptor *descriptor = &epoll->descriptors[fd];
        free_sends(epoll, descriptor);
        *descriptor = (struct descriptor){.serial = descriptor->serial + 1};
    }
    close(fd);
}

static void connected(struct epoll *epoll, struct descriptor *descriptor, int fd, uint32_t events) {
    int error = 0;
    socklen_t length = sizeof error;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
            error = errno;
        /* Hung up without an error: ended by us. */
        error = error == 0 ? ECONNABORTED : error;
    }
    descriptor->flags &= (uint8_t)~CONNECTING;
    post(epoll, descriptor->input_tag, -error);
}

/* --- sending --- */

/* Bytes that the socket took, 0 or more; -errno. */
static ssize_t send_now(struct epoll *epoll, int fd, const char *bytes, size_t length) {
    const struct iovec piece = {(char *)bytes, length};
    return net_send_now(&epoll->net, fd, &piece, 1);
}

static uint32_t take_send(struct epoll *epoll) {
    uint32_t send = epoll->free_send;
    if (send != NO_SEND) {
        epoll->free_send = epoll->sends[send].next;
        return send;
    }
    /* By halves more, so that growing costs little in all. */
    uint32_t count = epoll->send_count + epoll->send_count / 2 + 16;
    struct waiting_send *grown = realloc(epoll->sends, count * sizeof *grown);
    if (grown == NULL)
        return NO_SEND;
    epoll->sends = grown;
    for (uint32_t i = epoll->send_count; i < count; i++) {
        grown[i].next = epoll->free_send;
        epoll->free_send = i;
    }
    epoll->send_count = count;
    return take_send(epoll);
}

/* Behind those of the same descriptor that wait already. */
static int put_off(struct epoll *epoll, struct descriptor *descriptor, int fd,
                   const struct waiting_send *what) {
    int error = register_connection(epoll, descriptor, fd);
    uint32_t send = error == 0 ? take_send(epoll) : NO_SEND;
    if (send == NO_SEND)
        return error < 0 ? error : -ENOMEM;
    uint32_t *last = &descriptor->first_send;
    while (*last != NO_SEND)
        last = &epoll->sends[*last].next;
    *last = send;
    epoll->sends[send] = *what;
    epoll->sends[send].next = NO_SEND;
    return 0;
}

/* An owned send says how much went out, even when an error cut it. */
static void end_send(struct epoll *epoll, const struct waiting_send *send, int error) {
    if (send->owned)
        post(epoll, send->tag, send->sent > 0 ? (int)send->sent : error);
    else if (error < 0)
        post(epoll, send->tag, error);
}

/* True when it is over: all is out, or it failed. */
static bool send_on(struct epoll *epoll, struct waiting_send *send, int fd) {
    ssize_t sent;
    while ((sent = send_now(epoll, fd, send->bytes + send->sent, send->length - send->sent)) > 0) {
        send->sent += (size_t)sent;
        if (send->sent == send->length)
            break;
    }
    if (sent == 0)
        return false;
    end_send(epoll, send, sent < 0 ? (int)sent : 0);
    return true;
}

static void send_waiting(struct epoll *epoll, struct descriptor *descriptor, int fd) {
    while (descriptor->first_send != NO_SEND) {
        uint32_t first = descriptor->first_send;
        if (!send_on(epoll, &epoll->sends[first], fd))
            return;
        descriptor->first_send = epoll->sends[first].next;
        epoll->sends[first].next = epoll->free_send;
        epoll->free_send = first;
    }
}

static void begin_send(struct epoll *epoll, int fd, struct waiting_send send) {
    struct descriptor *descriptor = descriptor_of(epoll, fd);
    if (descriptor == NULL)
        return;
    if (descriptor->first_send == NO_SEND && send_on(epoll, &send, fd))
        return;
    int error = put_off(epoll, descriptor, fd, &send);
    if (error < 0)
        end_send(epoll, &send, error);
}

static void epoll_send_shared(struct net *net, int fd, const void *bytes, size_t length,
                              uint64_t tag) {
    begin_send(epoll_of(net), fd, (struct waiting_send){bytes, length, 0, tag, NO_SEND, false});
}

static void epoll_send_owned(struct net *net, int fd, const void *bytes, size_t length,
                             uint64_t tag) {
    begin_send(epoll_of(net), fd, (struct waiting_send){bytes, length, 0, tag, NO_SEND, true});
}

/* --- receiving --- */

/* epoll(7): of a stream, a read that gives less than was asked for has emptied the socket; what
 * comes later gives an edge of its own. */
static ssize_t epoll_receive(struct net *net, int fd, void *buffer, size_t size) {
    struct epoll *epoll = epoll_of(net);
    ssize_t got = net_receive_now(fd, buffer, size);
    if ((size_t)fd < epoll->descriptor_count && (got == -EAGAIN || (got > 0 && (size_t)got < size)))
        epoll->descriptors[fd].ready &= (uint16_t)~EPOLLIN;
    return got;
}

/* --- readiness --- */

/* What holds now of these. */
static uint32_t ask(int fd, uint32_t events) {
    struct pollfd look = {.fd = fd, .events = (short)events};
    return poll(&look, 1, 0) == 1 ? (uint32_t)look.revents : 0;
}

static void arm_connection(struct epoll *epoll, struct descriptor *descriptor, int fd) {
    int error = register_connection(epoll, descriptor, fd);
    if (error == 0 && descriptor->ready == 0 && (descriptor->flags & URGENT) == 0)
        return;
    if (error == 0)
        descriptor->ready = (uint16_t)ask(fd, EPOLLIN | EPOLLRDHUP);
    if (error == 0 && descriptor->ready == 0)
        return;
    descriptor->flags &= (uint8_t)~ARMED;
    post(epoll, descriptor->input_tag, error < 0 ? error : descriptor->ready);
}

static void epoll_arm(struct net *net, int fd, uint64_t tag) {
    struct epoll *epoll = epoll_of(net);
    struct descriptor *descriptor = descriptor_of(epoll, fd);
    if (descriptor == NULL)
        return;
    descriptor->input_tag = tag;
    descriptor->flags |= ARMED;
    if ((descriptor->flags & CONNECTION) != 0) {
        arm_connection(epoll, descriptor, fd);
        return;
    }
    int error = register_once(epoll, descriptor, fd, EPOLLIN | EPOLLRDHUP);
    if (error < 0) {
        descriptor->flags &= (uint8_t)~ARMED;
        post(epoll, tag, error);
    }
}

/* Room that is there already gives no edge; poll(2) sees to it that room that comes does. */
static void epoll_arm_output(struct net *net, int fd, uint64_t tag) {
    struct epoll *epoll = epoll_of(net);
    struct descriptor *descriptor = descriptor_of(epoll, fd);
    if (descriptor == NULL)
        return;
    int error = register_connection(epoll, descriptor, fd);
    uint32_t ready = error == 0 ? ask(fd, EPOLLOUT) : 0;
    descriptor->output_tag = tag;
    if (error == 0 && ready == 0)
        descriptor->flags |= ARMED_OUTPUT;
    else
        post(epoll, tag, error < 0 ? error : (int)ready);
}

/* --- waiting --- */

static void take_connection(struct epoll *epoll, struct descriptor *descriptor, int fd,
                            uint32_t events) {
    descriptor->ready |= (uint16_t)(events & INPUT);
    if ((events & EPOLLPRI) != 0)
        descriptor->flags |= URGENT;
    if ((descriptor->flags & CONNECTING) != 0) {
        connected(epoll, descriptor, fd, events);
        return;
    }
    if ((events & OUTPUT) != 0 && descriptor->first_send != NO_SEND)
        send_waiting(epoll, descriptor, fd);
    if ((events & OUTPUT) != 0 && (descriptor->flags & ARMED_OUTPUT) != 0) {
        descriptor->flags &= (uint8_t)~ARMED_OUTPUT;
        post(epoll, descriptor->output_tag, (int)(events & OUTPUT));
    }
    if (descriptor->ready != 0 && (descriptor->flags & ARMED) != 0) {
        descriptor->flags &= (uint8_t)~ARMED;
        post(epoll, descriptor->input_tag, descriptor->ready);
    }
}

static void take_event(struct epoll *epoll, const struct epoll_event *event) {
    int fd = (int)(uint32_t)event->data.u64;
    struct descriptor *descriptor = &epoll->descriptors[fd];
    if (descriptor->serial != event->data.u64 >> 32)
        return;
    if ((descriptor->flags & CONNECTION) != 0) {
        take_connection(epoll, descriptor, fd, event->events);
    } else if ((descriptor->flags & ARMED) != 0) {
        descriptor->flags &= (uint8_t)~ARMED;
        post(epoll, descriptor->input_tag, (int)(event->events & INPUT));
    }
}

static int wait_precisely(struct epoll *epoll, struct epoll_event *batch, duration most) {
    struct __kernel_timespec timeout = {.tv_sec = most / SECOND, .tv_nsec = most % SECOND};
    return (int)syscall(SYS_epoll_pwait2, epoll->fd, batch, BATCH, &timeout, NULL, 0);
}

/* Linux 5.11, and some filters are older: the epoll descriptor itself can be polled. */
static int wait_by_poll(struct epoll *epoll, struct epoll_event *batch, duration most) {
    struct pollfd look = {.fd = epoll->fd, .events = POLLIN};
    const struct timespec timeout = {.tv_sec = most / SECOND, .tv_nsec = most % SECOND};
    if (most > 0 && ppoll(&look, 1, &timeout, NULL) < 0)
        return -1;
    return epoll_wait(epoll->fd, batch, BATCH, 0);
}

/* How many came, or -errno. */
static int bring_in(struct epoll *epoll, duration most) {
    struct epoll_event batch[BATCH];
    int count = -1;
    if (!epoll->coarse && most > 0) {
        count = wait_precisely(epoll, batch, most);
        epoll->coarse = count < 0 && (errno == ENOSYS || errno == EPERM);
    }
    if (epoll->coarse || most <= 0)
        count = wait_by_poll(epoll, batch, most);
    int error = count < 0 ? -errno : 0;
    for (int i = 0; i < count; i++)
        take_event(epoll, &batch[i]);
    epoll->event_shown = epoll->event_last;
    return error < 0 ? error : count;
}

static size_t events_there(const struct epoll *epoll) {
    return epoll->event_last - epoll->event_first;
}

/* For several events and a short while: slept through whole, for each that came would end a wait
 * for the next. */
static void sleep_through(struct net *net, instant until) {
    duration left = instant_since(until, net_now(net));
    const struct timespec timeout = {.tv_nsec = left};
    if (left > 0)
        (void)ppoll(NULL, 0, &timeout, NULL);
}

static int epoll_wait_body(struct net *net, instant until, uint32_t wanted) {
    enum { SHORT = 100 * MICROSECOND };
    struct epoll *epoll = epoll_of(net);
    for (;;) {
        if (epoll->broken != 0)
            return epoll->broken;
        duration left = instant_since(until, net_now(net));
        if (wanted > 1 && left < SHORT && events_there(epoll) < wanted) {
            sleep_through(net, until);
            left = 0;
        }
        int result = bring_in(epoll, events_there(epoll) >= wanted ? 0 : left);
        if (result == -EINTR)
            return epoll->broken;
        if (result < 0)
            return result;
        if (left <= 0 || events_there(epoll) >= wanted)
            return epoll->broken;
    }
}

static size_t epoll_ready(const struct net *net) {
    const struct epoll *epoll = (const struct epoll *)net;
    return epoll->event_shown - epoll->event_first;
}

static void epoll_gather(struct net *net) {
    (void)bring_in(epoll_of(net), 0);
}

static size_t epoll_take(struct net *net, struct net_event *events, size_t max) {
    struct epoll *epoll = epoll_of(net);
    size_t shown = epoll->event_shown - epoll->event_first, count = shown < max ? shown : max;
    memcpy(events, epoll->events + epoll->event_first, count * sizeof *events);
    epoll->event_first += count;
    return count;
}

const struct net_body net_body_epoll = {
    .name = "epoll",
    .objects = {{"eventpoll_epi", 128}, {"eventpoll_pwq", 80}}, /* the registration, as on 6.18 */
    .create = epoll_create_body,
    .destroy = epoll_destroy,
    .overflows = epoll_overflows,
    .open = epoll_open,
    .adopt = epoll_adopt,
    .connect = epoll_connect,
    .send_shared = epoll_send_shared,
    .send_owned = epoll_send_owned,
    .receive = epoll_receive,
    .arm = epoll_arm,
    .arm_output = epoll_arm_output,
    .close = epoll_close,
    .wait = epoll_wait_body,
    .ready = epoll_ready,
    .gather = epoll_gather,
    .take = epoll_take,
};
