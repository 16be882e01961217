/* The kernel's memory of a connection, by the sizes of its slabs. */
#include "host/slabs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/files.h"

/* The objects that socket(2) makes; those of a security module are there or not. */
static const struct {
    const char *name;
    bool needed;
} objects[] = {
    {"TCP", true},    {"sock_inode_cache", true}, {"filp", true},
    {"dentry", true}, {"lsm_inode_cache", false}, {"lsm_file_cache", false},
};

/* "TCP 305 338 2368 13 8 : ...": 13 objects share 8 pages. 0: no line of that name. */
static int64_t bytes_of_line(const char *line, const char *wanted) {
    char name[64];
    long long each, pages;
    if (sscanf(line, "%63s %*u %*u %*u %lld %lld", name, &each, &pages) != 3 ||
        strcmp(name, wanted) != 0 || each <= 0 || each > 1 << 20 || pages <= 0 || pages > 1 << 20)
        return 0;
    return (pages * sysconf(_SC_PAGESIZE) + each - 1) / each;
}

int64_t slabs_object_bytes(const char *root, const char *name, int64_t otherwise) {
    char line[512];
    int64_t bytes = 0;
    FILE *file = files_open(root, "/proc/slabinfo");
    while (file != NULL && bytes == 0 && fgets(line, sizeof line, file) != NULL)
        bytes = bytes_of_line(line, name);
    if (file != NULL)
        fclose(file);
    return bytes > 0 ? bytes : otherwise;
}

int64_t slabs_connection_bytes(const char *root) {
    int64_t all = 0;
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        int64_t bytes = slabs_object_bytes(root, objects[i].name, objects[i].needed ? -1 : 0);
        if (bytes < 0)
            return -1;
        all += bytes;
    }
    return all;
}
