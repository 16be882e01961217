/* Why io_uring could not be had. */
#include "net/net_explain.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/net.h"

enum { SECCOMP_MODE_OF_FILTERS = 2 };

/* EPERM: the sysctl answers first, then a filter may have, then a security module must have. */
static enum net_refusal explain_permission(const struct net_ground *ground) {
    if (ground->io_uring_disabled >= 2)
        return NET_DISABLED;
    if (ground->io_uring_disabled == 1 && !ground->exempt)
        return NET_RESTRICTED;
    if (ground->filtered)
        return NET_FILTERED;
    /* Capabilities that count only in a user namespace of ours do not exempt from the sysctl. */
    return ground->io_uring_disabled == 1 ? NET_RESTRICTED : NET_DENIED;
}

enum net_refusal net_explain_from(int error, const struct net_ground *ground) {
    switch (error < 0 ? -error : error) {
    case 0: return NET_OK;
    case EPERM: return explain_permission(ground);
    case EACCES: return NET_DENIED;
    case ENOSYS: return ground->filtered ? NET_FILTERED : NET_ABSENT;
    case ENOMEM: return ground->memlock_limited ? NET_NO_MEMORY : NET_OTHER;
    case EMFILE:
    case ENFILE: return NET_NO_FILES;
    case EINVAL: return NET_TOO_OLD;
    default: return NET_OTHER;
    }
}

static int read_sysctl(const char *path) {
    int value = -1;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%d", &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

/* proc_pid_status(5): the effective capabilities and the seccomp mode; 0 when it cannot be read. */
static void read_status(uint64_t *capabilities, int *seccomp) {
    char line[512];
    unsigned long long bits = 0;
    *seccomp = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "CapEff: %llx", &bits);
        (void)sscanf(line, "Seccomp: %d", seccomp);
    }
    if (file != NULL)
        fclose(file);
    *capabilities = bits;
}

static bool in_group(gid_t wanted) {
    int count = getgroups(0, NULL);
    gid_t *groups = calloc((size_t)(count > 0 ? count : 1), sizeof *groups);
    bool found = wanted == getegid();
    if (groups != NULL)
        count = getgroups(count, groups);
    for (int i = 0; groups != NULL && i < count; i++)
        found = found || groups[i] == wanted;
    free(groups);
    return found;
}

static bool memlock_is_limited(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

enum net_refusal net_explain(int error) {
    uint64_t capabilities;
    int seccomp;
    read_status(&capabilities, &seccomp);
    int group = read_sysctl("/proc/sys/kernel/io_uring_group"); /* -1: no group */
    bool administrator = (capabilities >> CAP_SYS_ADMIN & 1) != 0;
    struct net_ground ground = {
        .io_uring_disabled = read_sysctl("/proc/sys/kernel/io_uring_disabled"),
        .exempt = administrator || (group >= 0 && in_group((gid_t)group)),
        .filtered = seccomp == SECCOMP_MODE_OF_FILTERS,
        .memlock_limited = memlock_is_limited() && (capabilities >> CAP_IPC_LOCK & 1) == 0,
    };
    return net_explain_from(error, &ground);
}
