/* Where an nginx looks for its configuration when no option names it: as its own binary was built.
 */
#include "host/nginx_build.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_BYTES = 512,
    ARGUMENTS_BYTES = 32 * 1024,
    CHUNK_BYTES = 1 << 20,
    BINARY_BYTES_MAX = 256 << 20,
};

/* As ngx_show_version_info() has it; one text with the arguments and the line's end. */
static const char marker[] = "configure arguments:";

/* --- the arguments --- */

/* "--name=value", or with a value that has spaces "--name='value'" (auto/options): the value, when
 * it is that option's. */
static bool take_option(char *out, const char *name, const char *at, size_t length) {
    size_t skipped = strlen(name);
    if (length < skipped || strncmp(at, name, skipped) != 0)
        return true;
    at += skipped;
    length -= skipped;
    if (length >= 2 && at[0] == '\'' && at[length - 1] == '\'') {
        at++;
        length -= 2;
    }
    if (length >= NGINX_BUILD_PATH_MAX)
        return false;
    memcpy(out, at, length);
    out[length] = '\0';
    return true;
}

/* 0 at the line's end, and of a quote that is not closed before it. */
static size_t argument_length(const char *at) {
    bool quoted = false;
    size_t length = 0;
    for (; at[length] != '\0' && at[length] != '\n' && (quoted || at[length] != ' '); length++)
        quoted ^= at[length] == '\'';
    return quoted ? 0 : length;
}

/* Options not given, or given empty, have the default of auto/options. */
static void fill_in(struct nginx_build *build) {
    if (build->prefix[0] == '\0')
        snprintf(build->prefix, sizeof build->prefix, "/usr/local/nginx");
    else if (strcmp(build->prefix, "!") == 0)
        build->prefix[0] = '\0';
    if (build->conf_path[0] == '\0')
        snprintf(build->conf_path, sizeof build->conf_path, "conf/nginx.conf");
}

bool nginx_build_parse(struct nginx_build *out, const char *text) {
    *out = (struct nginx_build){.prefix = ""};
    const char *at = text + strspn(text, " ");
    for (size_t length; (length = argument_length(at)) > 0; at += length, at += strspn(at, " "))
        if (!take_option(out->prefix, "--prefix=", at, length) ||
            !take_option(out->conf_path, "--conf-path=", at, length))
            return false;
    fill_in(out);
    return *at == '\n';
}

/* --- the binary --- */

/* Where the marker begins; -1: nowhere. Chunks overlap by it. */
static int64_t find_marker(int fd, char *chunk) {
    enum { OVERLAP = sizeof marker - 2 };
    for (int64_t offset = 0; offset < BINARY_BYTES_MAX; offset += CHUNK_BYTES - OVERLAP) {
        ssize_t got = pread(fd, chunk, CHUNK_BYTES, offset);
        if (got < (ssize_t)sizeof marker)
            break;
        const char *found = memmem(chunk, (size_t)got, marker, sizeof marker - 1);
        if (found != NULL)
            return offset + (found - chunk);
    }
    return -1;
}

static bool read_binary(struct nginx_build *out, int fd, char *chunk) {
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    int64_t at = find_marker(fd, chunk);
    if (at < 0)
        return false;
    ssize_t got = pread(fd, chunk, ARGUMENTS_BYTES, at + (int64_t)sizeof marker - 1);
    if (got <= 0)
        return false;
    chunk[got] = '\0';
    return nginx_build_parse(out, chunk);
}

bool nginx_build_read(struct nginx_build *out, const char *root, int pid) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%.480s/proc/%d/exe", root, pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *chunk = fd >= 0 ? malloc(CHUNK_BYTES) : NULL;
    bool read = chunk != NULL && read_binary(out, fd, chunk);
    free(chunk);
    if (fd >= 0)
        close(fd);
    return read;
}
