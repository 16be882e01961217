/* Lines of the key log, from any number of processes. */
#include "wire/tls/tls_key_log.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

int tls_key_log_open(const char *path) {
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* It is open for the time of a line alone: a worker's descriptors are counted. */
void tls_key_log_write(const char *path, const char *line) {
    char whole[512];
    if (path == NULL)
        return;
    int length = snprintf(whole, sizeof whole, "%s\n", line);
    int file = length > 0 && (size_t)length < sizeof whole ? tls_key_log_open(path) : -1;
    if (file >= 0) {
        (void)!write(file, whole, (size_t)length);
        close(file);
    }
    OPENSSL_cleanse(whole, sizeof whole);
}
