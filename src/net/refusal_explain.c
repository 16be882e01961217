/* Why io_uring could not be had: the kinds told apart, and their words. */
#include "net/refusal_explain.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "net/net.h"

enum { SECCOMP_MODE_OF_FILTERS = 2 };

/* EPERM: the sysctl answers first, then a filter may have, then a security module must have. */
static enum net_refusal explain_permission(const struct refusal_facts *facts) {
    if (facts->io_uring_disabled >= 2)
        return NET_DISABLED;
    if (facts->io_uring_disabled == 1 && !facts->exempt)
        return NET_RESTRICTED;
    if (facts->filtered)
        return NET_FILTERED;
    /* Capabilities that count only in a user namespace of ours do not exempt from the sysctl. */
    return facts->io_uring_disabled == 1 ? NET_RESTRICTED : NET_DENIED;
}

enum net_refusal net_explain_from(int error, const struct refusal_facts *facts) {
    switch (error < 0 ? -error : error) {
    case 0: return NET_OK;
    case EPERM: return explain_permission(facts);
    case EACCES: return facts->filtered ? NET_DENIED_BY_EITHER : NET_DENIED;
    case ENOSYS: return facts->filtered ? NET_FILTERED : NET_ABSENT;
    case ENOMEM: return facts->memlock_limited ? NET_NO_MEMORY : NET_OTHER;
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

static struct refusal_facts read_facts(void) {
    uint64_t capabilities;
    int seccomp;
    read_status(&capabilities, &seccomp);
    int group = read_sysctl("/proc/sys/kernel/io_uring_group"); /* -1: no group */
    bool administrator = (capabilities >> CAP_SYS_ADMIN & 1) != 0;
    return (struct refusal_facts){
        .io_uring_disabled = read_sysctl("/proc/sys/kernel/io_uring_disabled"),
        .exempt = administrator || (group >= 0 && in_group((gid_t)group)),
        .filtered = seccomp == SECCOMP_MODE_OF_FILTERS,
        .memlock_limited = memlock_is_limited() && (capabilities >> CAP_IPC_LOCK & 1) == 0,
    };
}

struct refusal_words {
    const char *text;
    const char *remedies[ENGINE_REMEDIES_MAX];
};

static const struct refusal_words words[] = {
    [NET_DISABLED] = {"disabled system-wide", {"sysctl -w kernel.io_uring_disabled=0"}},
    [NET_RESTRICTED] = {"restricted to root or to a group that this user is not in",
                        {"sysctl -w kernel.io_uring_group=$(id -g)   (of this user)",
                         "sysctl -w kernel.io_uring_disabled=0"}},
    [NET_FILTERED] = {"blocked by a seccomp filter",
                      {"a seccomp profile that allows io_uring_setup, io_uring_enter and "
                       "io_uring_register   (docker run --security-opt seccomp=PROFILE.json)",
                       "docker run --security-opt seccomp=unconfined   (no filter at all)"}},
    [NET_DENIED] = {"denied by a security module",
                    {"journalctl -k | grep -i denied   (SELinux: ausearch -m avc)"}},
    [NET_DENIED_BY_EITHER] = {"denied by a security module or by a seccomp filter",
                              {"journalctl -k | grep -i denied   (SELinux: ausearch -m avc)",
                               "a seccomp profile that allows io_uring_setup, io_uring_enter and "
                               "io_uring_register   (systemd: SystemCallFilter=@aio)"}},
    [NET_ABSENT] = {"this kernel was built without io_uring",
                    {"a kernel of 6.1 or later with CONFIG_IO_URING=y"}},
    [NET_NO_MEMORY] = {"the locked-memory limit is too small for a ring",
                       {"ulimit -l unlimited, LimitMEMLOCK=infinity or --ulimit memlock=-1"}},
    [NET_NO_FILES] = {"no descriptor was left for a ring",
                      {"raise the limit: ulimit -n, LimitNOFILE= or --ulimit nofile; sysctl "
                       "fs.file-max"}},
    [NET_TOO_OLD] = {"this kernel's io_uring lacks what is needed", {"a kernel of 6.1 or later"}},
    [NET_OTHER] = {"a ring could not be made", {"journalctl -k   (the kernel's own messages)"}},
};

static void print_group(char *text, size_t size) {
    int group = read_sysctl("/proc/sys/kernel/io_uring_group");
    snprintf(text, size, "kernel.io_uring_disabled=1, kernel.io_uring_group=%d", group);
}

static void print_memlock(char *text, size_t size) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        snprintf(text, size, "RLIMIT_MEMLOCK %llu KiB", (unsigned long long)limit.rlim_cur / 1024);
    else
        snprintf(text, size, "RLIMIT_MEMLOCK unknown");
}

/* What the refusal rests on. */
static void print_evidence(char *text, size_t size, enum net_refusal refusal, int error) {
    struct utsname system;
    switch (refusal) {
    case NET_DISABLED: snprintf(text, size, "kernel.io_uring_disabled=2"); break;
    case NET_RESTRICTED: print_group(text, size); break;
    case NET_NO_MEMORY: print_memlock(text, size); break;
    case NET_ABSENT:
    case NET_TOO_OLD:
        snprintf(text, size, "kernel %.60s", uname(&system) == 0 ? system.release : "unknown");
        break;
    default: {
        const char *name = strerrorname_np(error);
        snprintf(text, size, "%s", name != NULL ? name : "unknown error");
    }
    }
}

static void put_in_words(struct engine_refusal *refusal, enum net_refusal kind,
                         const char *evidence) {
    snprintf(refusal->reason, sizeof refusal->reason, "%s (%s)", words[kind].text, evidence);
    for (size_t i = 0; i < ENGINE_REMEDIES_MAX; i++)
        snprintf(refusal->remedies[i], sizeof refusal->remedies[i], "%s",
                 words[kind].remedies[i] != NULL ? words[kind].remedies[i] : "");
    refusal->by_filter = kind == NET_FILTERED;
}

/* What stands in nobody's way, where a ring can be had. */
static void describe_leave(struct engine_refusal *refusal, const struct refusal_facts *facts) {
    struct utsname system;
    snprintf(refusal->reason, sizeof refusal->reason, "kernel %.100s, %s, %s",
             uname(&system) == 0 ? system.release : "unknown",
             facts->io_uring_disabled > 0 ? "allowed to this user" : "not disabled",
             facts->filtered ? "allowed by a seccomp filter" : "not filtered");
}

void net_explain(struct engine_refusal *refusal, int error) {
    char evidence[160];
    struct refusal_facts facts = read_facts();
    int number = error < 0 ? -error : error;
    enum net_refusal kind = net_explain_from(error, &facts);
    *refusal = (struct engine_refusal){.error = -number};
    if (kind == NET_OK) {
        describe_leave(refusal, &facts);
        return;
    }
    print_evidence(evidence, sizeof evidence, kind, number);
    put_in_words(refusal, kind, evidence);
}

void net_explain_killed(struct engine_refusal *refusal) {
    *refusal = (struct engine_refusal){.error = -EPERM};
    put_in_words(refusal, NET_FILTERED, "SIGSYS");
}
