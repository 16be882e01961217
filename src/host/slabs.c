/* What a connection takes of the kernel's memory, as its slabs say. */
#include "host/slabs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/files.h"

/* What socket(2) makes, and an armed poll of io_uring. Slabs that the kernel merged with others of
 * their size have no line of their own: then the size that stands here is taken. */
static const struct {
    const char *name;
    bool needed;
    int64_t otherwise;
} objects[] = {
    {"TCP", true, 0},
    {"sock_inode_cache", true, 0},
    {"filp", true, 0},
    {"dentry", true, 0},
    {"io_kiocb", false, 256},
    {"lsm_inode_cache", false, 0},
    {"lsm_file_cache", false, 0},
};
enum { OBJECTS = sizeof objects / sizeof objects[0] };

/* "TCP 305 338 2368 13 8 : ...": 13 objects share 8 pages. */
static void take_line(int64_t bytes[OBJECTS], const char *line, long page) {
    char name[64];
    long long each, pages;
    if (sscanf(line, "%63s %*u %*u %*u %lld %lld", name, &each, &pages) != 3 || each <= 0 ||
        each > 1 << 20 || pages <= 0 || pages > 1 << 20)
        return;
    for (size_t i = 0; i < OBJECTS; i++)
        if (strcmp(name, objects[i].name) == 0)
            bytes[i] = (pages * page + each - 1) / each;
}

int64_t slabs_connection_bytes(const char *root) {
    char line[512];
    int64_t bytes[OBJECTS] = {0}, all = 0;
    FILE *file = files_open(root, "/proc/slabinfo");
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL)
        take_line(bytes, line, sysconf(_SC_PAGESIZE));
    fclose(file);
    for (size_t i = 0; i < OBJECTS; i++) {
        if (bytes[i] == 0 && objects[i].needed)
            return -1;
        all += bytes[i] > 0 ? bytes[i] : objects[i].otherwise;
    }
    return all;
}
