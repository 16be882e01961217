/* The URL of a target, read once and strictly. */
#ifndef PLAN_TARGET_H
#define PLAN_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TARGET_HOST_MAX = 256, TARGET_PATH_MAX = 8192, TARGET_URL_MAX = 8500 };

struct target {
    bool tls;                   /* https */
    char host[TARGET_HOST_MAX]; /* without brackets */
    uint16_t port;
    char path[TARGET_PATH_MAX]; /* path and query, begins with '/' */
    char
        authority[TARGET_HOST_MAX + 16]; /* the Host header: port only where not the scheme's own */
    char url[TARGET_URL_MAX];            /* as a report shows it: scheme://authority/path */
};

enum { TARGET_ERROR_MAX = 256 };

/* http[s]://host[:port][/path][?query]; IPv6 in brackets; no scheme = http; a fragment is dropped
 * (RFC 3986). Refused: user names and passwords, spaces, control characters, bytes above 0x7e, bad
 * ports, empty hosts, other schemes, too long. On refusal returns false and writes one line into
 * error that says what, where and what would be accepted. */
bool target_parse(struct target *out, const char *url, char error[static TARGET_ERROR_MAX]);

/* HOST:PORT of --connect-to: IPv6 in brackets. Same manner of refusal. */
bool target_parse_endpoint(const char *text, char host[static TARGET_HOST_MAX], uint16_t *port,
                           char error[static TARGET_ERROR_MAX]);

#endif
