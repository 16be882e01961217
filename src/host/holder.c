/* Who listens on a port of this machine, as far as this user may know. */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files.h"
#include "host/host.h"
#include "host/listen_queue.h"

/* The socket that listens there, among all that the kernel tells of. */
struct search {
    uint16_t port;
    uint64_t inode; /* 0: none yet */
};

static void look_at(void *with, const struct inet_diag_msg *listener) {
    struct search *search = with;
    if (ntohs(listener->id.idiag_sport) == search->port && search->inode == 0)
        search->inode = listener->idiag_inode;
}

static uint64_t listening_inode(uint16_t port) {
    struct search search = {.port = port};
    int fd = sock_diag_open(0);
    if (fd < 0)
        return 0;
    (void)listen_queue_walk(fd, look_at, &search);
    close(fd);
    return search.inode;
}

/* Whether one of the process' descriptors is that socket. */
static bool holds(int pid, const char *socket) {
    char folder[64], link[64];
    bool found = false;
    snprintf(folder, sizeof folder, "/proc/%d/fd", pid);
    DIR *files = opendir(folder);
    if (files == NULL)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(files)) != NULL;) {
        ssize_t length = readlinkat(dirfd(files), entry->d_name, link, sizeof link - 1);
        link[length > 0 ? length : 0] = '\0';
        found = strcmp(link, socket) == 0;
    }
    closedir(files);
    return found;
}

bool host_port_holder(struct host_port_holder *out, uint16_t port) {
    char socket[64], path[64];
    uint64_t inode = listening_inode(port);
    snprintf(socket, sizeof socket, "socket:[%" PRIu64 "]", inode);
    out->pid = 0;
    DIR *processes = inode != 0 ? opendir("/proc") : NULL;
    if (processes == NULL)
        return false;
    for (struct dirent *entry; out->pid == 0 && (entry = readdir(processes)) != NULL;) {
        int pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
        if (pid > 0 && holds(pid, socket))
            out->pid = pid;
    }
    closedir(processes);
    snprintf(path, sizeof path, "/proc/%d/comm", out->pid);
    return out->pid > 0 && files_read_line(out->name, sizeof out->name, "", path);
}
