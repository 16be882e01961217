/* Small files of /proc and /sys, read under a root of the caller's choice. */
#ifndef HOST_FILES_H
#define HOST_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* root + path, opened for reading; NULL with errno set. The caller closes it. */
FILE *files_open(const char *root, const char *path);

/* All of it, lines' ends and NULs included, up to size - 1 bytes and a NUL behind them. How many; 0
 * when there is nothing, or it cannot be read. */
size_t files_read_text(char *text, size_t size, const char *root, const char *path);

/* The first line, without its end; cut when it does not fit. false when there is none. */
bool files_read_line(char *line, size_t size, const char *root, const char *path);

/* Up to `max` numbers, 0 or above, at the beginning of a file; how many there were. One that does
 * not fit is INT64_MAX: the kernel writes "no limit" as a greater number. */
size_t files_read_numbers(int64_t *numbers, size_t max, const char *root, const char *path);

/* The first of them; -1 when there is none. */
int64_t files_read_number(const char *root, const char *path);

/* Of a file of "Name:  text" lines, the text at `name`, without the white space before it and its
 * line's end; cut when it does not fit. false when it is not there. */
bool files_read_field(char *text, size_t size, const char *root, const char *path,
                      const char *name);

/* Of a file of "name 123" lines (memory.stat), the number at `name`; -1 when it is not there. */
int64_t files_read_named(const char *root, const char *path, const char *name);

/* Of a file of "Name:  123 kB" lines, the bytes at `name`; -1 when it is not there. */
int64_t files_read_kilobytes(const char *root, const char *path, const char *name);

#endif
