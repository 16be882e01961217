/* A file written whole: what is there already keeps its mode, owner and links. */
#ifndef REPORT_FORMAT_FILE_WRITE_H
#define REPORT_FORMAT_FILE_WRITE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Where a path leads once its symbolic links were followed, also when no file is there: a name in
 * an open folder. */
struct file_location {
    int folder; /* O_PATH; -1: none */
    bool proc;  /* a link of /proc, which leads to an open file and not to a name */
    char name[PATH_MAX];
};
/* 0 or -errno. Closed by the caller, also when it failed. */
int file_location_open(struct file_location *location, const char *path);
void file_location_close(struct file_location *location);
bool file_location_same(const struct file_location *a, const struct file_location *b);
/* Whether a file that is not there could be made: 0 or -errno. None is left. */
int file_location_probe(const struct file_location *location);

/* The descriptor of this process that a path means, whose offset is to be shared: "-", /dev/stdout,
 * /dev/fd/3, or the file that a shell redirected standard output or error to; -1: none. */
int file_descriptor_of(const char *path);

/* A regular file that is there, for writing; its content stays. -errno. */
int file_open_existing(const char *path);
/* The same, made where there is none. flags: more of open(2)'s. */
int file_open(const char *path, int flags);

/* Replaces the file by a new one that is whole, where that keeps its mode, owner, attributes and
 * links, and the folder lets it; else writes into it. open_file: the file as it was opened before,
 * or -1. 0 or -errno. */
int file_write(const char *path, int open_file, const char *bytes, size_t length);

/* Writes a file of a short name into this folder (-1: none), else the working folder, $TMPDIR or
 * /tmp; where: its path. extension: ".json". False: none of them took it. */
bool file_write_elsewhere(int folder, const char *extension, const char *bytes, size_t length,
                          char where[static PATH_MAX]);

#endif
