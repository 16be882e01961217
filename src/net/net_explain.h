/* Why io_uring could not be had, decided from plain facts. */
#ifndef NET_NET_EXPLAIN_H
#define NET_NET_EXPLAIN_H

#include <stdbool.h>

#include "base/refusal.h"

struct net_ground {
    int io_uring_disabled; /* kernel.io_uring_disabled; -1: there is no such sysctl (before 6.6) */
    bool exempt;           /* from its value 1: CAP_SYS_ADMIN, or in kernel.io_uring_group */
    bool filtered;         /* this process has a seccomp filter */
    bool memlock_limited;  /* RLIMIT_MEMLOCK is finite and CAP_IPC_LOCK is not ours */
};

/* error: positive or negative, 0 is NET_OK. */
enum net_refusal net_explain_from(int error, const struct net_ground *ground);

#endif
