/* The URL of a target, read once and strictly. */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/refuse.h"

enum { URL_HOST_MAX = 256, URL_PATH_MAX = 8192, URL_TEXT_MAX = 8500 };

struct url {
    bool tls;                /* https */
    char host[URL_HOST_MAX]; /* without brackets; a zone stands behind '%' */
    uint16_t port;
    char path[URL_PATH_MAX];           /* path and query, begins with '/' */
    char authority[URL_HOST_MAX + 16]; /* the Host header: port only where not the scheme's own */
    char url[URL_TEXT_MAX];            /* as it is shown: scheme://authority/path, secrets hidden */
};

enum { URL_ERROR_MAX = 256 };

/* http[s]://host[:port][/path][?query]; IPv6 in brackets, a zone behind "%25" or '%'; an empty port
 * is the default; no scheme = http; a fragment is dropped (RFC 3986). Refused: user names and
 * passwords, spaces, control characters, bytes above 0x7e, bad ports, empty hosts, other schemes,
 * too long. On refusal returns false and writes one line into error that says what, where and what
 * would be accepted. */
bool url_parse(struct url *out, const char *url, char error[static URL_ERROR_MAX]);

/* HOST:PORT of --connect-to: IPv6 in brackets. Same manner of refusal. */
bool url_parse_endpoint(const char *text, char host[static URL_HOST_MAX], uint16_t *port,
                        char error[static URL_ERROR_MAX]);

/* A URL, of which nothing is shown that may be a user name or password, nor a value of its query.
 */
struct refuse_quoted url_quote(const char *url);

#endif
