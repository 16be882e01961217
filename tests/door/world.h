/* What the contract of net.h is tried against beside a body: a peer with one way of life. */
#ifndef DOOR_WORLD_H
#define DOOR_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/net.h"

enum peer_life {
    PEER_ANSWERS, /* each request */
    PEER_REFUSES,
    PEER_NEVER_ACCEPTS,
    PEER_ENDS,        /* answers, and then a FIN */
    PEER_ENDS_MIDWAY, /* part of an answer, and then RST */
    PEER_RESETS,      /* answers, and then RST */
    /* Of a kernel alone. */
    PEER_READS_LATE, /* the requests, some time after they have come, and answers how long they were
                      */
    PEER_RESETS_BODY, /* reads part of a request, and then RST */
    PEER_URGES,       /* answers, with a byte of urgent data in its midst */
};

/* A door and a peer of that life, whose address is written to *target. */
struct net *world_begin(enum peer_life life, struct address *target);
/* The test gives back its descriptors first. */
void world_end(struct net *net);

/* Tests of this world's own, beside those of all. */
extern const struct CMUnitTest world_tests[];
extern const size_t world_test_count;
/* From the command line: which body; false: no such. */
bool world_choose(int argc, char **argv);

/* --- steps that tests of all worlds take --- */

enum { CONNECT_TAG = 1, ARM_TAG, SEND_TAG, OUTPUT_TAG };

extern const char world_request[];
extern const size_t world_request_length;

/* The next event, waited for. */
struct net_event world_next(struct net *net);
/* Nothing comes for a while. */
void world_expect_nothing(struct net *net);
/* Opened and connected. */
int world_connect(struct net *net, const struct address *target);
void world_ask(struct net *net, int fd);
/* Armed, and ready with these bits at least. */
void world_await_ready(struct net *net, int fd, int bits);
/* All that comes until nothing more does; what net_receive() last gave. */
ssize_t world_read_all(struct net *net, int fd, size_t *total);

#endif
