/* The key log (SSLKEYLOGFILE): lines by which Wireshark reads the traffic. */
#ifndef WIRE_TLS_TLS_KEY_LOG_H
#define WIRE_TLS_TLS_KEY_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

/* Zero-filled: there is no log. */
struct tls_key_log {
    char *path;        /* NULL: none */
    atomic_int *error; /* shared with the processes that are forked: 0: all was written; -1: the
                          error was told */
};

/* Makes the file for its owner alone where there is none; false and errno. What it took is given
 * back by tls_key_log_close(), also then. */
bool tls_key_log_open(struct tls_key_log *log, const char *path);
void tls_key_log_close(struct tls_key_log *log);

/* Appends a line, in one write, where there is a log. */
void tls_key_log_write(const struct tls_key_log *log, const char *line);

/* The errno for which the first line that is not there, or not whole, could not be written; told
 * once. 0: all were, or it was told. */
int tls_key_log_take_error(const struct tls_key_log *log);

#endif
