/* The door: what its body does is asked of the body. */
#include "net/net.h"

#include "net/body.h"
#include "net/net_serve.h"

static const struct net_body *body_of(enum engine_kind engine) {
    return engine == ENGINE_EPOLL ? &net_body_epoll : &net_body_uring;
}

struct net_needs net_needs(const struct net_config *config) {
    const struct net_body *body = body_of(config->engine);
    return (struct net_needs){
        .files = 1,
        .locked_bytes = body->locked_bytes_of_entry * config->entries,
        .objects = body->objects,
    };
}

int net_create(struct net **out, const struct net_config *config) {
    return body_of(config->engine)->create(out, config);
}

void net_destroy(struct net *net) {
    if (net != NULL)
        net->body->destroy(net);
}

const char *net_engine(const struct net *net) {
    return net->body->name;
}

uint64_t net_overflows(const struct net *net) {
    return net->body->overflows(net);
}

int net_open(struct net *net, const struct address *source, const struct address *target) {
    return net->body->open(net, source, target);
}

void net_connect(struct net *net, int fd, const struct address *target, uint64_t tag) {
    net->body->connect(net, fd, target, tag);
}

void net_send_shared(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    net->body->send_shared(net, fd, bytes, length, tag);
}

void net_send_owned(struct net *net, int fd, const void *bytes, size_t length, uint64_t tag) {
    net->body->send_owned(net, fd, bytes, length, tag);
}

ssize_t net_receive(struct net *net, int fd, void *buffer, size_t size) {
    return net->body->receive(net, fd, buffer, size);
}

void net_arm(struct net *net, int fd, uint64_t tag) {
    net->body->arm(net, fd, tag);
}

void net_arm_output(struct net *net, int fd, uint64_t tag) {
    net->body->arm_output(net, fd, tag);
}

void net_close(struct net *net, int fd) {
    net->body->close(net, fd);
}

int net_wait(struct net *net, instant until, uint32_t wanted) {
    return net->body->wait(net, until, wanted);
}

int net_wait_together(struct net *net, instant until, duration most, uint32_t wanted,
                      duration *waited) {
    *waited = 0;
    size_t ready = net->body->ready(net);
    if (ready == 0 || ready >= wanted)
        return 0;
    instant since = net_now(net);
    if (!instant_before(since, until))
        return 0;
    int result = net->body->wait(net, instant_earlier(until, instant_after(since, most)), wanted);
    *waited = instant_since(net_now(net), since);
    return result;
}

void net_gather(struct net *net) {
    net->body->gather(net);
}

size_t net_take(struct net *net, struct net_event *events, size_t max) {
    return net->body->take(net, events, max);
}
