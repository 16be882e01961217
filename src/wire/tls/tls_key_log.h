/* The key log (SSLKEYLOGFILE): lines by which Wireshark reads the traffic. */
#ifndef WIRE_TLS_TLS_KEY_LOG_H
#define WIRE_TLS_TLS_KEY_LOG_H

/* Makes the file for its owner alone where there is none: a descriptor, or -1 and errno. */
int tls_key_log_open(const char *path);

/* Appends a line, in one write; what cannot be written is left out. path NULL: there is no log. */
void tls_key_log_write(const char *path, const char *line);

#endif
