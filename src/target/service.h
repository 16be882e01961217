/* The service: all connections of one of the target's workers, their memory, timers and traffic. */
#ifndef TARGET_SERVICE_H
#define TARGET_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/net_serve.h"
#include "target/counters.h"
#include "target/settings.h"

struct service;

/* The parts of a service; all must outlive it. */
struct service_parts {
    const struct target_settings *settings;
    uint32_t worker;
    struct counters_shared *shared;
    struct net *net;
    int listener;
    int stop_fd; /* readable, or hung up, when the service is to end */
};

/* Takes all memory its connections will ever need, but for what sockets do not take at once; NULL
 * when there is none. */
struct service *service_create(const struct service_parts *parts);
void service_destroy(struct service *service);

/* One turn: waits, takes completions, runs timers, accepts. 0 or -errno of a broken ring. */
int service_turn(struct service *service);

/* Whether the service was ended, and all its connections are. */
bool service_over(const struct service *service);

#endif
