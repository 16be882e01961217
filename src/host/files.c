/* Small files of /proc and /sys, read under a root of the caller's choice. */
#include "host/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, LINE_BYTES = 1024 };

FILE *files_open(const char *root, const char *path) {
    char whole[PATH_BYTES];
    int length = snprintf(whole, sizeof whole, "%s%s", root, path);
    if (length < 0 || (size_t)length >= sizeof whole) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return fopen(whole, "re");
}

size_t files_read_text(char *text, size_t size, const char *root, const char *path) {
    text[0] = '\0';
    FILE *file = files_open(root, path);
    if (file == NULL)
        return 0;
    size_t length = fread(text, 1, size - 1, file);
    fclose(file);
    text[length] = '\0';
    return length;
}

bool files_read_line(char *line, size_t size, const char *root, const char *path) {
    line[0] = '\0';
    FILE *file = files_open(root, path);
    if (file == NULL)
        return false;
    bool got = fgets(line, (int)size, file) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return got;
}

size_t files_read_numbers(int64_t *numbers, size_t max, const char *root, const char *path) {
    char line[LINE_BYTES];
    if (!files_read_line(line, sizeof line, root, path))
        return 0;
    size_t count = 0;
    const char *at = line;
    while (count < max) {
        char *end;
        long long value = strtoll(at, &end, 10);
        if (end == at || value < 0)
            break;
        numbers[count++] = value;
        at = end;
    }
    return count;
}

int64_t files_read_number(const char *root, const char *path) {
    int64_t number;
    return files_read_numbers(&number, 1, root, path) == 1 ? number : -1;
}

/* The text behind `name` and its mark, in the first line that begins so. */
static bool find_line(char *text, size_t size, const char *root, const char *path, const char *name,
                      char mark) {
    FILE *file = files_open(root, path);
    if (file == NULL)
        return false;
    char line[LINE_BYTES];
    size_t length = strlen(name);
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL)
        found = strncmp(line, name, length) == 0 && line[length] == mark;
    fclose(file);
    if (!found)
        return false;
    const char *at = line + length + 1;
    at += strspn(at, " \t");
    snprintf(text, size, "%.*s", (int)strcspn(at, "\n"), at);
    return true;
}

bool files_read_field(char *text, size_t size, const char *root, const char *path,
                      const char *name) {
    return find_line(text, size, root, path, name, ':');
}

int64_t files_read_named(const char *root, const char *path, const char *name) {
    char text[64];
    long long number;
    if (!find_line(text, sizeof text, root, path, name, ' ') ||
        sscanf(text, "%lld", &number) != 1 || number < 0)
        return -1;
    return number;
}

int64_t files_read_kilobytes(const char *root, const char *path, const char *name) {
    char text[64], unit[8];
    long long kilobytes;
    if (!files_read_field(text, sizeof text, root, path, name) ||
        sscanf(text, "%lld %2s", &kilobytes, unit) != 2 || strcmp(unit, "kB") != 0 ||
        kilobytes < 0 || kilobytes > INT64_MAX / 1024)
        return -1;
    return kilobytes * 1024;
}
