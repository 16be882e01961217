/* The URL of a target, read once and strictly. */
#include "base/url.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/redact.h"
#include "base/refuse.h"

struct refuse_quoted url_quote(const char *url) {
    char hidden[URL_TEXT_MAX];
    const char *at = strrchr(url, '@');
    size_t user = (size_t)snprintf(hidden, sizeof hidden, "%s", at != NULL ? "***" : "");
    redact_url(hidden + user, sizeof hidden - user, at != NULL ? at : url);
    return refuse_quote(hidden);
}

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
static bool take_scheme(const char **url, bool *tls, struct refuse_buffer to) {
    const char *mark = strstr(*url, "://");
    struct piece scheme = {*url, mark != NULL ? (size_t)(mark - *url) : 0};
    *tls = false;
    if (mark == NULL || !made_of(scheme, letters, "+-.")) /* RFC 3986 3.1 */
        return true;
    *tls = ascii_equal_bytes(scheme.text, scheme.length, "https");
    if (!*tls && !ascii_equal_bytes(scheme.text, scheme.length, "http"))
        return refuse(to, "scheme \"%s\" is not spoken here: http://host[:port]/path is accepted",
                      refuse_quote_bytes(scheme.text, scheme.length).text);
    *url = mark + 3;
    return true;
}

/* The zone behind '%', or behind "%25" as RFC 6874 has it; without length: there is none. */
static struct piece zone_of(struct piece host) {
    const char *mark = memchr(host.text, '%', host.length);
    if (mark == NULL)
        return (struct piece){host.text + host.length, 0};
    size_t left = host.length - (size_t)(mark - host.text);
    size_t skip = left > 3 && strncmp(mark, "%25", 3) == 0 ? 3 : 1;
    return (struct piece){mark + skip, left - skip};
}

/* IPv6 without its brackets; written with the zone behind '%', as getaddrinfo(3) has it. */
static bool check_ipv6(struct piece host, char out[static URL_HOST_MAX], struct refuse_buffer to) {
    struct in6_addr address;
    struct piece zone = zone_of(host);
    const char *mark = memchr(host.text, '%', host.length);
    size_t length = mark != NULL ? (size_t)(mark - host.text) : host.length;
    bool named = mark == NULL || (zone.length < IF_NAMESIZE && made_of(zone, letters, "-._~"));
    if (length < INET6_ADDRSTRLEN && named) {
        snprintf(out, URL_HOST_MAX, "%.*s", (int)length, host.text);
        bool read = inet_pton(AF_INET6, out, &address) == 1;
        snprintf(out + length, URL_HOST_MAX - length, "%s%.*s", mark != NULL ? "%" : "",
                 (int)zone.length, zone.text);
        if (read && memchr(host.text, '\0', host.length) == NULL)
            return true;
    }
    return refuse(to,
                  "\"%s\" is not an IPv6 address: such as [::1] or [fe80::1%%25eth0] is accepted",
                  refuse_quote_bytes(host.text, host.length).text);
}

/* What was no host where it was typed: the quotation mark of another shell or page, a port alone,
 * a scheme whose ":" or "//" got lost. */
static bool check_host_word(struct piece host, struct refuse_buffer to) {
    struct refuse_quoted shown = refuse_quote_bytes(host.text, host.length);
    if (strchr("'\"`<", host.text[0]) != NULL)
        return refuse(to, "the URL begins with %c: leave it out", host.text[0]);
    if (host.text[0] == '-')
        return refuse(to, "the host \"%s\" begins with '-', as no name does", shown.text);
    if (host.length <= 5 && made_of(host, "", ""))
        return refuse(to, "\"%s\" is a port: 127.0.0.1:%s is accepted", shown.text, shown.text);
    if (ascii_equal_bytes(host.text, host.length, "http") ||
        ascii_equal_bytes(host.text, host.length, "https"))
        return refuse(to, "\"%s\" is a scheme: http://host[:port]/path is accepted", shown.text);
    return true;
}

static bool check_name(struct piece host, char out[static URL_HOST_MAX], struct refuse_buffer to) {
    if (host.length == 0)
        return refuse(to, "the host is empty: a name or an address is needed, such as 127.0.0.1 "
                          "or 127.0.0.1:8080");
    if (!check_host_word(host, to))
        return false;
    if (host.length >= URL_HOST_MAX)
        return refuse(to, "the host \"%s\" is longer than %d bytes",
                      refuse_quote_bytes(host.text, host.length).text, URL_HOST_MAX - 1);
    if (!made_of(host, letters, "-._"))
        return refuse(to,
                      "the host \"%s\" is not a name or an address: letters, digits, '-', '.', "
                      "'_', or IPv6 in brackets are accepted",
                      refuse_quote_bytes(host.text, host.length).text);
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
static bool read_endpoint(struct piece text, char host[static URL_HOST_MAX], uint16_t *port,
                          bool *named, struct refuse_buffer to) {
    struct piece rest = text; /* from the end of the host on */
    if (text.length > 0 && text.text[0] == '[') {
        const char *end = memchr(text.text, ']', text.length);
        if (end == NULL)
            return refuse(to, "the ']' of an IPv6 address is missing in \"%s\"",
                          refuse_quote_bytes(text.text, text.length).text);
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
    *named = rest.length > 0 && !(rest.length == 1 && rest.text[0] == ':');
    if (!*named)
        return true; /* an empty port is the default (RFC 3986 3.2.3) */
    *port = read_port((struct piece){rest.text + 1, rest.length - 1});
    if (rest.text[0] == ':' && *port != 0)
        return true;
    return refuse(to, "\"%s\" after the host is not a port: 1..65535 is accepted, such as :8080",
                  refuse_quote_bytes(rest.text, rest.length).text);
}

/* One byte that no URL holds, whatever part it stands in; in a host, percent-encoding is no way. */
static bool check_bytes(const char *url, struct piece authority, struct refuse_buffer to) {
    for (const char *at = url; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte > 0x20 && byte < 0x7f)
            continue;
        const char *what = byte == ' '                   ? "a space"
                           : byte < 0x20 || byte == 0x7f ? "a control character"
                                                         : "a byte outside ASCII";
        size_t place = (size_t)(at - url) + 1;
        if (byte == ' ' && (at == url || at[1] == '\0'))
            return refuse(to, "\"%s\" has a space (byte %zu): leave it out", url_quote(url).text,
                          place);
        if (at >= authority.text && at < authority.text + authority.length)
            return refuse(to, "the host in \"%s\" has %s (byte %zu): %s", url_quote(url).text, what,
                          place,
                          byte > 0x7f ? "an internationalised name is accepted as punycode, xn--..."
                                      : "letters, digits, '-', '.' and '_' are accepted");
        return refuse(to, "\"%s\" has %s (byte %zu): percent-encoded is accepted, %%%02X",
                      url_quote(url).text, what, place, byte);
    }
    return true;
}

static bool write_path(struct url *out, const char *rest, struct refuse_buffer to) {
    size_t length = strcspn(rest, "#");
    const char *slash = rest[0] == '/' ? "" : "/";
    if (length + 1 >= sizeof out->path)
        return refuse(to, "path and query have %zu bytes: at most %d are accepted", length,
                      URL_PATH_MAX - 2);
    snprintf(out->path, sizeof out->path, "%s%.*s", slash, (int)length, rest);
    return true;
}

/* A zone is this host's business: no Host header names it (RFC 6874 4). */
static void write_authority(struct url *out) {
    bool own = out->port == (out->tls ? 443 : 80);
    bool ipv6 = strchr(out->host, ':') != NULL;
    int length = (int)strcspn(out->host, "%");
    const char *zone = out->host[length] == '%' ? out->host + length + 1 : "";
    char port[8] = "";
    if (!own)
        snprintf(port, sizeof port, ":%u", (unsigned)out->port);
    snprintf(out->authority, sizeof out->authority, "%s%.*s%s%s", ipv6 ? "[" : "", length,
             out->host, ipv6 ? "]" : "", port);
    char path[URL_PATH_MAX];
    snprintf(out->url, sizeof out->url, "%s://%s%.*s%s%s%s%s%s", out->tls ? "https" : "http",
             ipv6 ? "[" : "", length, out->host, zone[0] != '\0' ? "%25" : "", zone,
             ipv6 ? "]" : "", port, redact_url(path, sizeof path, out->path));
}

bool url_parse(struct url *out, const char *url, char error[static URL_ERROR_MAX]) {
    struct refuse_buffer to = {error, URL_ERROR_MAX};
    struct url target = {0};
    const char *rest = url;
    bool named = false;
    if (!take_scheme(&rest, &target.tls, to))
        return false;
    struct piece authority = {rest, strcspn(rest, "/?#")};
    if (memchr(authority.text, '@', authority.length) != NULL)
        return refuse(to, "user names and passwords in a URL are refused: a header such as "
                          "'Authorization: Basic ...' is accepted");
    if (!check_bytes(url, authority, to))
        return false;
    target.port = target.tls ? 443 : 80;
    if (!read_endpoint(authority, target.host, &target.port, &named, to) ||
        !write_path(&target, rest + authority.length, to))
        return false;
    write_authority(&target);
    *out = target;
    return true;
}

bool url_parse_endpoint(const char *text, char host[static URL_HOST_MAX], uint16_t *port,
                        char error[static URL_ERROR_MAX]) {
    struct refuse_buffer to = {error, URL_ERROR_MAX};
    char name[URL_HOST_MAX] = "";
    uint16_t number = 0;
    bool named = false;
    if (!read_endpoint((struct piece){text, strlen(text)}, name, &number, &named, to))
        return false;
    if (!named)
        return refuse(to, "\"%s\" names no port: HOST:PORT is accepted, such as 127.0.0.1:8080",
                      refuse_quote(text).text);
    memcpy(host, name, sizeof name);
    *port = number;
    return true;
}
