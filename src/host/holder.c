/* Who listens on a port of this machine, as far as this user may know. */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files.h"
#include "host/host.h"

enum { LINE_BYTES = 256, STATE_LISTEN = 0x0a };

/* proc_net(5): "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode". */
static uint64_t listening_inode(const char *table, uint16_t port) {
    char line[LINE_BYTES];
    uint64_t found = 0;
    FILE *file = files_open("", table);
    while (file != NULL && found == 0 && fgets(line, sizeof line, file) != NULL) {
        unsigned local, state;
        uint64_t inode;
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*u %" SCNu64, &local,
                   &state, &inode) == 3 &&
            local == port && state == STATE_LISTEN)
            found = inode;
    }
    if (file != NULL)
        fclose(file);
    return found;
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
    uint64_t inode = listening_inode("/proc/net/tcp", port);
    if (inode == 0)
        inode = listening_inode("/proc/net/tcp6", port);
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
