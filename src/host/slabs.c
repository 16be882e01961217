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

/* Objects share pages. */
static int64_t share(int64_t objects_per_slab, int64_t pages) {
    return (pages * sysconf(_SC_PAGESIZE) + objects_per_slab - 1) / objects_per_slab;
}

/* --- one slab's own files --- */

static int64_t read_fact(const char *root, const char *name, const char *fact) {
    char path[96];
    snprintf(path, sizeof path, "/sys/kernel/slab/%s/%s", name, fact);
    return files_read_number(root, path);
}

/* 0: there is no such slab, or none that may be read. One that was merged with another stands there
 * under each of its names. */
static int64_t bytes_of_folder(const char *root, const char *name) {
    enum { ORDER_MAX = 20 };
    int64_t each = read_fact(root, name, "objs_per_slab"), order = read_fact(root, name, "order");
    return each <= 0 || order < 0 || order > ORDER_MAX ? 0 : share(each, (int64_t)1 << order);
}

/* --- the lines of all --- */

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
    return share(each, pages);
}

static void read_lines(const char *root, const char *const *names, size_t count, int64_t *bytes) {
    char line[512];
    size_t found = 0;
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

/* Of each name; 0 where there is none. For its lines the kernel counts the objects of every slab of
 * the machine, which takes milliseconds: they are read where there are no files. */
static void read_sizes(const char *root, const char *const *names, size_t count, int64_t *bytes) {
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = bytes_of_folder(root, names[i]);
        any = any || bytes[i] > 0;
    }
    if (!any)
        read_lines(root, names, count, bytes);
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
        if (i < OBJECTS_NEEDED && bytes[i] == 0)
            return -1;
        all += bytes[i];
    }
    return all;
}
