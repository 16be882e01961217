/* Lines of the key log, from any number of processes. */
#include "wire/tls/tls_key_log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A FIFO that nobody reads, or not fast enough, is not waited for: ENXIO, EAGAIN. */
static int open_file(const char *path) {
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
}

bool tls_key_log_open(struct tls_key_log *log, const char *path) {
    void *shared =
        mmap(NULL, sizeof *log->error, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *log =
        (struct tls_key_log){.path = strdup(path), .error = shared != MAP_FAILED ? shared : NULL};
    if (log->path == NULL || log->error == NULL) {
        errno = ENOMEM;
        return false;
    }
    int file = open_file(path);
    if (file >= 0)
        close(file);
    return file >= 0;
}

void tls_key_log_close(struct tls_key_log *log) {
    if (log->error != NULL)
        munmap(log->error, sizeof *log->error);
    free(log->path);
    *log = (struct tls_key_log){.path = NULL};
}

/* The file is open for the time of a line alone: a worker's descriptors are counted. */
static int append(const char *path, const char *text, size_t length) {
    int file = open_file(path), error = 0;
    if (file < 0)
        return errno;
    ssize_t written = write(file, text, length);
    if (written < 0)
        error = errno;
    else if ((size_t)written < length)
        error = ENOSPC; /* the next write(2) would say so */
    close(file);
    return error;
}

void tls_key_log_write(const struct tls_key_log *log, const char *line) {
    char whole[512];
    if (log->path == NULL)
        return;
    int length = snprintf(whole, sizeof whole, "%s\n", line);
    bool fits = length > 0 && (size_t)length < sizeof whole;
    int none = 0, error = fits ? append(log->path, whole, (size_t)length) : EMSGSIZE;
    if (error != 0)
        atomic_compare_exchange_strong(log->error, &none, error);
    OPENSSL_cleanse(whole, sizeof whole);
}

int tls_key_log_take_error(const struct tls_key_log *log) {
    int error = log->error != NULL ? atomic_load(log->error) : 0;
    if (error > 0)
        atomic_store(log->error, -1);
    return error > 0 ? error : 0;
}
