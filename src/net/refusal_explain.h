/* Why io_uring could not be had, decided from plain facts, and put in words. */
#ifndef NET_REFUSAL_EXPLAIN_H
#define NET_REFUSAL_EXPLAIN_H

#include <stdbool.h>

enum net_refusal {
    NET_OK,
    NET_DISABLED,         /* kernel.io_uring_disabled = 2 */
    NET_RESTRICTED,       /* kernel.io_uring_disabled = 1 and we are not in the group */
    NET_FILTERED,         /* a seccomp filter says no */
    NET_DENIED,           /* EPERM or EACCES for another reason: a security module */
    NET_DENIED_BY_EITHER, /* EACCES where there is a filter too: it may be either's */
    NET_ABSENT,           /* ENOSYS without a filter: a kernel built without it */
    NET_NO_MEMORY,        /* ENOMEM: RLIMIT_MEMLOCK */
    NET_NO_FILES,         /* EMFILE, ENFILE */
    NET_TOO_OLD,          /* lacks what we need: before 6.1 */
    NET_OTHER,
};

struct refusal_facts {
    int io_uring_disabled; /* kernel.io_uring_disabled; -1: there is no such sysctl (before 6.6) */
    bool exempt;           /* from its value 1: CAP_SYS_ADMIN, or in kernel.io_uring_group */
    bool filtered;         /* this process has a seccomp filter */
    bool memlock_limited;  /* RLIMIT_MEMLOCK is finite and CAP_IPC_LOCK is not ours */
};

/* error: positive or negative, 0 is NET_OK. */
enum net_refusal net_explain_from(int error, const struct refusal_facts *facts);

#endif
