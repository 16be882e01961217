/* Why io_uring could not be had: the kinds that the door tells apart and the judge puts in words.
 */
#ifndef BASE_REFUSAL_H
#define BASE_REFUSAL_H

enum net_refusal {
    NET_OK,
    NET_DISABLED,   /* kernel.io_uring_disabled = 2 */
    NET_RESTRICTED, /* kernel.io_uring_disabled = 1 and we are not in the group */
    NET_FILTERED,   /* a seccomp filter says no */
    NET_DENIED,     /* EPERM or EACCES for another reason: a security module */
    NET_ABSENT,     /* ENOSYS without a filter: a kernel built without it */
    NET_NO_MEMORY,  /* ENOMEM: RLIMIT_MEMLOCK */
    NET_NO_FILES,   /* EMFILE, ENFILE */
    NET_TOO_OLD,    /* lacks what we need: before 6.1 */
    NET_OTHER,
};

#endif
