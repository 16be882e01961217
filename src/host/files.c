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

int64_t files_read_kilobytes(const char *root, const char *path, const char *name) {
    FILE *file = files_open(root, path);
    if (file == NULL)
        return -1;
    char line[LINE_BYTES];
    size_t length = strlen(name);
    long long kilobytes = -1;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        if (sscanf(line + length + 1, "%lld kB", &kilobytes) != 1)
            kilobytes = -1;
        break;
    }
    fclose(file);
    if (kilobytes < 0 || kilobytes > INT64_MAX / 1024)
        return -1;
    return kilobytes * 1024;
}
