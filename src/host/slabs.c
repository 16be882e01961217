/* The kernel's memory of a connection, by the sizes of its slabs. */
#include "host/slabs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/files.h"

/* The objects that socket(2) makes; those of a security module are there or not. */
enum { OBJECTS = 6, OBJECTS_NEEDED = 4 };
static const char *const objects[OBJECTS] = {"TCP",    "sock_inode_cache", "filp",
                                             "dentry", "lsm_inode_cache",  "lsm_file_cache"};

static bool is_of(const char *line, const char *name) {
    size_t length = strlen(name);
    return strncmp(line, name, length) == 0 && line[length] == ' ';
}

/* "TCP 305 338 2368 13 8 : ...": 13 objects share 8 pages. 0: not of that name. */
static int64_t bytes_of_line(const char *line, const char *name) {
    long long each, pages;
    if (!is_of(line, name) || sscanf(line, "%*s %*u %*u %*u %lld %lld", &each, &pages) != 2 ||
        each <= 0 || each > 1 << 20 || pages <= 0 || pages > 1 << 20)
        return 0;
    return (pages * sysconf(_SC_PAGESIZE) + each - 1) / each;
}

/* Of each name, in one pass, as the kernel counts all objects of a slab for its line; 0 where there
 * is none. */
static void read_sizes(const char *root, const char *const *names, size_t count, int64_t *bytes) {
    char line[512];
    size_t found = 0;
    memset(bytes, 0, count * sizeof *bytes);
    FILE *file = files_open(root, "/proc/slabinfo");
    while (file != NULL && found < count && fgets(line, sizeof line, file) != NULL) {
        for (size_t i = 0; i < count; i++) {
            if (bytes[i] != 0 || (bytes[i] = bytes_of_line(line, names[i])) == 0)
                continue;
            found++;
            break;
        }
    }
    if (file != NULL)
        fclose(file);
}

int64_t slabs_object_bytes(const char *root, const char *name, int64_t otherwise) {
    int64_t bytes;
    read_sizes(root, &name, 1, &bytes);
    return bytes > 0 ? bytes : otherwise;
}

int64_t slabs_connection_bytes(const char *root) {
    int64_t bytes[OBJECTS], all = 0;
    read_sizes(root, objects, OBJECTS, bytes);
    for (size_t i = 0; i < OBJECTS; i++) {
        if (bytes[i] == 0 && i < OBJECTS_NEEDED)
            return -1;
        all += bytes[i];
    }
    return all;
}
