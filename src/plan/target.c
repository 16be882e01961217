/* The URL of a target, read once and strictly. */
#include "plan/target.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "plan/refuse.h"

/* A piece of the URL as it stands in it. */
struct piece {
    const char *text;
    size_t length;
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits[] = "0123456789";

static bool made_of(struct piece piece, const char *set, const char *more) {
    for (size_t i = 0; i < piece.length; i++) {
        char c = piece.text[i];
        if (c == '\0' ||
            (strchr(set, c) == NULL && strchr(digits, c) == NULL && strchr(more, c) == NULL))
            return false;
    }
    return piece.length > 0;
}

/* Takes "scheme://" off the front of url; none is http. */
static bool take_scheme(const char **url, bool *tls, struct refusal to) {
    const char *mark = strstr(*url, "://");
    struct piece scheme = {*url, mark != NULL ? (size_t)(mark - *url) : 0};
    *tls = false;
    if (mark == NULL || !made_of(scheme, letters, "+-.")) /* RFC 3986 3.1 */
        return true;
    *tls = scheme.length == 5 && strncasecmp(scheme.text, "https", 5) == 0;
    if (!*tls && !(scheme.length == 4 && strncasecmp(scheme.text, "http", 4) == 0))
        return refuse(to, "scheme \"%s\" is not spoken here: http://host[:port]/path is accepted",
                      shown_bytes(scheme.text, scheme.length).text);
    *url = mark + 3;
    return true;
}

/* IPv6 without its brackets. A zone ("%eth0") is no part of an address that a Host header may
 * name. */
static bool check_ipv6(struct piece host, char out[static TARGET_HOST_MAX], struct refusal to) {
    struct in6_addr address;
    if (host.length < INET6_ADDRSTRLEN) {
        memcpy(out, host.text, host.length);
        out[host.length] = '\0';
        if (memchr(out, '\0', host.length) == NULL && inet_pton(AF_INET6, out, &address) == 1)
            return true;
    }
    return refuse(to, "\"%s\" is not an IPv6 address: such as [::1] is accepted",
                  shown_bytes(host.text, host.length).text);
}

static bool check_name(struct piece host, char out[static TARGET_HOST_MAX], struct refusal to) {
    if (host.length == 0)
        return refuse(to, "the host is empty: a name or an address is needed, such as 127.0.0.1");
    if (host.length >= TARGET_HOST_MAX)
        return refuse(to, "the host \"%s\" is longer than %d bytes",
                      shown_bytes(host.text, host.length).text, TARGET_HOST_MAX - 1);
    if (!made_of(host, letters, "-._"))
        return refuse(to,
                      "the host \"%s\" is not a name or an address: letters, digits, '-', '.', "
                      "'_', or IPv6 in brackets are accepted",
                      shown_bytes(host.text, host.length).text);
    memcpy(out, host.text, host.length);
    out[host.length] = '\0';
    return true;
}

/* 0 when it is not a port. */
static uint16_t read_port(struct piece text) {
    uint32_t port = 0;
    if (!made_of(text, "", ""))
        return 0;
    for (size_t i = 0; i < text.length; i++) {
        port = port * 10 + (uint32_t)(text.text[i] - '0');
        if (port > UINT16_MAX)
            return 0;
    }
    return (uint16_t)port;
}

/* host[:port] or [IPv6][:port]; *port stays when none is named. */
static bool read_endpoint(struct piece text, char host[static TARGET_HOST_MAX], uint16_t *port,
                          bool *named, struct refusal to) {
    struct piece rest = text; /* from the end of the host on */
    if (text.length > 0 && text.text[0] == '[') {
        const char *end = memchr(text.text, ']', text.length);
        if (end == NULL)
            return refuse(to, "the ']' of an IPv6 address is missing in \"%s\"",
                          shown_bytes(text.text, text.length).text);
        rest.text = end + 1;
        if (!check_ipv6((struct piece){text.text + 1, (size_t)(end - text.text) - 1}, host, to))
            return false;
    } else {
        const char *colon = memchr(text.text, ':', text.length);
        rest.text = colon != NULL ? colon : text.text + text.length;
        if (!check_name((struct piece){text.text, (size_t)(rest.text - text.text)}, host, to))
            return false;
    }
    rest.length = text.length - (size_t)(rest.text - text.text);
    *named = rest.length > 0;
    if (!*named)
        return true;
    *port = read_port((struct piece){rest.text + 1, rest.length - 1});
    if (rest.text[0] == ':' && *port != 0)
        return true;
    return refuse(to, "\"%s\" after the host is not a port: 1..65535 is accepted, such as :8080",
                  shown_bytes(rest.text, rest.length).text);
}

/* One byte that no URL holds, whatever part it stands in. */
static bool check_bytes(const char *url, struct refusal to) {
    for (const char *at = url; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte > 0x20 && byte < 0x7f)
            continue;
        const char *what = byte == ' '                   ? "a space"
                           : byte < 0x20 || byte == 0x7f ? "a control character"
                                                         : "a byte outside ASCII";
        return refuse(to, "\"%s\" has %s (byte %zu): percent-encoded is accepted, %%%02X",
                      shown_url(url).text, what, (size_t)(at - url) + 1, byte);
    }
    return true;
}

static bool write_path(struct target *out, const char *rest, struct refusal to) {
    size_t length = strcspn(rest, "#");
    const char *slash = rest[0] == '/' ? "" : "/";
    if (length + 1 >= sizeof out->path)
        return refuse(to, "path and query have %zu bytes: at most %d are accepted", length,
                      TARGET_PATH_MAX - 2);
    snprintf(out->path, sizeof out->path, "%s%.*s", slash, (int)length, rest);
    return true;
}

static void write_authority(struct target *out) {
    bool own = out->port == (out->tls ? 443 : 80);
    bool ipv6 = strchr(out->host, ':') != NULL;
    char port[8] = "";
    if (!own)
        snprintf(port, sizeof port, ":%u", (unsigned)out->port);
    snprintf(out->authority, sizeof out->authority, "%s%s%s%s", ipv6 ? "[" : "", out->host,
             ipv6 ? "]" : "", port);
    snprintf(out->url, sizeof out->url, "%s://%s%s", out->tls ? "https" : "http", out->authority,
             out->path);
}

bool target_parse(struct target *out, const char *url, char error[static TARGET_ERROR_MAX]) {
    struct refusal to = {error, TARGET_ERROR_MAX};
    struct target target = {0};
    const char *rest = url;
    bool named = false;
    if (!take_scheme(&rest, &target.tls, to))
        return false;
    struct piece authority = {rest, strcspn(rest, "/?#")};
    if (memchr(authority.text, '@', authority.length) != NULL)
        return refuse(to, "user names and passwords in a URL are refused: a header such as "
                          "'Authorization: Basic ...' is accepted");
    if (!check_bytes(url, to))
        return false;
    target.port = target.tls ? 443 : 80;
    if (!read_endpoint(authority, target.host, &target.port, &named, to) ||
        !write_path(&target, rest + authority.length, to))
        return false;
    write_authority(&target);
    *out = target;
    return true;
}

bool target_parse_endpoint(const char *text, char host[static TARGET_HOST_MAX], uint16_t *port,
                           char error[static TARGET_ERROR_MAX]) {
    struct refusal to = {error, TARGET_ERROR_MAX};
    char name[TARGET_HOST_MAX] = "";
    uint16_t number = 0;
    bool named = false;
    if (!read_endpoint((struct piece){text, strlen(text)}, name, &number, &named, to))
        return false;
    if (!named)
        return refuse(to, "\"%s\" names no port: HOST:PORT is accepted, such as 127.0.0.1:8080",
                      shown_text(text).text);
    memcpy(host, name, sizeof name);
    *port = number;
    return true;
}
