/* The process that listens on a port of this machine, as far as this user may know. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "host/files.h"
#include "host/host.h"
#include "host/listen_queue.h"
#include "host/process_facts.h"

/* --- which sockets --- */

struct search_table {
    uint16_t port;
    struct host_listeners found;
};

static void look_at(void *with, const struct inet_diag_msg *listener) {
    struct search_table *search = with;
    struct host_listeners *found = &search->found;
    if (ntohs(listener->id.idiag_sport) == search->port &&
        found->inode_count < HOST_LISTENER_INODES_MAX)
        found->inodes[found->inode_count++] = listener->idiag_inode;
}

/* --- which processes --- */

static bool is_one_of(const char *link, const struct host_listeners *listeners) {
    uint64_t inode;
    if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1)
        return false;
    for (size_t i = 0; i < listeners->inode_count; i++)
        if (listeners->inodes[i] == inode)
            return true;
    return false;
}

/* How many of a process' descriptors are looked at: those of the first piece that the kernel lists,
 * the lowest, or all. */
enum breadth { LOWEST, ALL };
enum { PIECE_BYTES = 2048 }; /* some 80 descriptors */

static bool one_of_these(int folder, const char *piece, ssize_t length,
                         const struct host_listeners *listeners) {
    for (const char *at = piece; at < piece + length;) {
        const struct dirent64 *entry = (const void *)at;
        char link[64];
        ssize_t bytes = readlinkat(folder, entry->d_name, link, sizeof link - 1);
        link[bytes > 0 ? bytes : 0] = '\0';
        if (is_one_of(link, listeners))
            return true;
        at += entry->d_reclen;
    }
    return false;
}

/* Whether one of the process' descriptors is such a socket. */
static enum host_listening holds(int pid, const struct host_listeners *listeners,
                                 enum breadth breadth) {
    _Alignas(struct dirent64) char piece[PIECE_BYTES];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return HOST_LISTENS_UNSEEN;
    bool found = false;
    for (ssize_t length; !found && (length = getdents64(folder, piece, sizeof piece)) > 0;) {
        found = one_of_these(folder, piece, length, listeners);
        if (breadth == LOWEST)
            break;
    }
    close(folder);
    return found ? HOST_LISTENS : HOST_LISTENS_NOT;
}

enum { FIRST_PROCESS = 1 };

/* The first process holds a socket for others where it opens them for its services: where another
 * holds it too, that one. */
static int find_holder(const struct host_listeners *listeners, enum breadth breadth) {
    int found = 0;
    DIR *processes = opendir("/proc");
    if (processes == NULL)
        return 0;
    for (struct dirent *entry; found <= FIRST_PROCESS && (entry = readdir(processes)) != NULL;) {
        int pid = ascii_is_digit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
        if (pid > 0 && holds(pid, listeners, breadth) == HOST_LISTENS)
            found = pid;
    }
    closedir(processes);
    return found;
}

/* A server listens before it has connections. So the lowest descriptors of all processes come
 * first: of others each may have a hundred thousand, which takes a tenth of a second. */
bool host_listeners_owner(struct host_port_owner *out, const struct host_listeners *listeners) {
    char path[64];
    *out = (struct host_port_owner){0};
    if (listeners->inode_count == 0)
        return false;
    out->pid = find_holder(listeners, LOWEST);
    if (out->pid <= FIRST_PROCESS)
        out->pid = find_holder(listeners, ALL);
    snprintf(path, sizeof path, "/proc/%d/comm", out->pid);
    return out->pid > 0 && files_read_line(out->name, sizeof out->name, "", path);
}

bool host_port_owner(struct host_port_owner *out, uint16_t port) {
    struct search_table search = {.port = port};
    int fd = sock_diag_open(0);
    if (fd < 0)
        return false;
    (void)listen_queue_walk(fd, look_at, &search);
    close(fd);
    return host_listeners_owner(out, &search.found);
}

/* --- whether it is that one --- */

enum { TREE_MAX = 512 };

/* The process and all below it: how many, TREE_MAX at most. */
static size_t list_tree(int *pids, int pid) {
    size_t count = 1, threads = PROCESS_THREADS_MAX;
    pids[0] = pid;
    for (size_t i = 0; i < count && count < TREE_MAX; i++)
        count += process_children(pids + count, TREE_MAX - count, &threads, "", pids[i]);
    return count < TREE_MAX ? count : TREE_MAX;
}

static bool is_below(int pid, int above) {
    int pids[TREE_MAX + 1];
    size_t count = above > 1 ? list_tree(pids, above) : 0;
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* The sockets of another network namespace are reached through what forwards to it. */
static bool is_in_our_namespace(int pid) {
    char path[64];
    struct stat ours, others;
    snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
    return stat("/proc/self/ns/net", &ours) == 0 && stat(path, &others) == 0 &&
           ours.st_ino == others.st_ino && ours.st_dev == others.st_dev;
}

enum host_listening host_process_listens(int pid, const struct host_listeners *listeners,
                                         const struct host_port_owner *owner) {
    int pids[TREE_MAX + 1];
    if (listeners->inode_count == 0)
        return HOST_LISTENS_UNSEEN;
    enum host_listening listening = HOST_LISTENS_NOT;
    size_t count = list_tree(pids, pid);
    for (size_t i = 0; i < count; i++) {
        enum host_listening one = holds(pids[i], listeners, ALL);
        if (one == HOST_LISTENS)
            return HOST_LISTENS;
        if (one == HOST_LISTENS_UNSEEN)
            listening = HOST_LISTENS_UNSEEN;
    }
    if (count == TREE_MAX || !is_in_our_namespace(pid))
        return HOST_LISTENS_UNSEEN;
    if (owner->pid > 0 && is_below(pid, owner->pid))
        return HOST_LISTENS;
    /* Sockets of another user's process are hidden; the owner of the only one is not that process.
     */
    return owner->pid > 1 && listeners->inode_count == 1 ? HOST_LISTENS_NOT : listening;
}
