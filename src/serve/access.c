/* The checks before routing, one function each. */
#include "serve/access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/ascii.h"

/* --- what is set up --- */

static bool is_name(const char *text) {
    size_t i = 0;
    while (text[i] > 0x20 && text[i] < 0x7f && strchr("/@?#\\\"<>", text[i]) == NULL)
        i++;
    return i > 0 && text[i] == '\0';
}

bool access_allow_hosts(struct access_rules *rules, const char *list, struct refuse_buffer to) {
    while (list != NULL) {
        const char *comma = strchr(list, ',');
        size_t length = comma != NULL ? (size_t)(comma - list) : strlen(list);
        if (rules->host_count == ACCESS_HOSTS_MAX)
            return refuse(to, "--allow-host: at most %d names are accepted", ACCESS_HOSTS_MAX);
        char *name = rules->hosts[rules->host_count];
        if (length >= ACCESS_NAME_MAX)
            return refuse(to, "--allow-host: a name is longer than %d bytes", ACCESS_NAME_MAX - 1);
        memcpy(name, list, length);
        name[length] = '\0';
        if (!is_name(name))
            return refuse(to,
                          "--allow-host: \"%s\" is no host: NAME or NAME:PORT is accepted, as the "
                          "Host header has it",
                          refuse_quote(name).text);
        rules->host_count++;
        list = comma != NULL ? comma + 1 : NULL;
    }
    return true;
}

bool access_random_token(struct access_rules *rules) {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(rules->token + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

bool access_read_token(struct access_rules *rules, const char *path, struct refuse_buffer to) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char bytes[ACCESS_TOKEN_MAX + 3]; /* with CR LF, and one to tell that there is more */
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return refuse(to, "--token-file: cannot read \"%s\": %s", refuse_quote(path).text,
                      strerror(error));
    size_t length = (size_t)got;
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    bool plain = true;
    for (size_t i = 0; i < length; i++)
        plain &= bytes[i] > 0x20 && bytes[i] < 0x7f;
    if (!plain || length < ACCESS_TOKEN_MIN || length > ACCESS_TOKEN_MAX)
        return refuse(to,
                      "--token-file: \"%s\" holds no token: one line of %d to %d printable ASCII "
                      "characters without spaces is accepted",
                      refuse_quote(path).text, ACCESS_TOKEN_MIN, ACCESS_TOKEN_MAX);
    memcpy(rules->token, bytes, length);
    rules->token[length] = '\0';
    return true;
}

/* --- the checks --- */

/* Of a name without a port, an authority may have any. */
static bool is_allowed_name(const struct access_rules *rules, const char *authority) {
    for (size_t i = 0; i < rules->host_count; i++) {
        const char *name = rules->hosts[i];
        size_t length = strlen(name);
        if (ascii_equal(authority, name))
            return true;
        if (!ascii_begin_alike(authority, name, length) || authority[length] != ':')
            continue;
        size_t digits = strspn(authority + length + 1, "0123456789");
        if (strchr(name, ':') == NULL && digits <= 5 && authority[length + 1 + digits] == '\0')
            return true;
    }
    return false;
}

/* Port 80 is left out of it (RFC 9110 4.2.3). */
static bool is_own(const char *own, const char *authority) {
    size_t length = strlen(authority);
    return ascii_equal(own, authority) ||
           (length > 0 && ascii_begin_alike(own, authority, length) &&
            strcmp(own + length, ":80") == 0);
}

static bool host_is_ours(const struct access_rules *rules, const struct access_request *request) {
    const char *host = request->host.value;
    return request->host.count == 1 && (is_own(request->own, host) || is_allowed_name(rules, host));
}

static unsigned methods_of(const struct endpoint *endpoint) {
    return endpoint != NULL ? endpoint->methods : ENDPOINT_GET | ENDPOINT_POST;
}

static bool fetch_site_is_ours(const struct access_header *site) {
    return site->count == 0 || (site->count == 1 && (strcmp(site->value, "same-origin") == 0 ||
                                                     strcmp(site->value, "none") == 0));
}

/* Our own is that of the host that was asked; a name may stand for a proxy that speaks TLS. */
static bool origin_is_ours(const struct access_rules *rules, const struct access_request *request) {
    static const char plain[] = "http://", secure[] = "https://";
    const char *origin = request->origin.value, *host = request->host.value;
    if (request->origin.count != 1)
        return request->origin.count == 0;
    if (ascii_begin_alike(origin, plain, sizeof plain - 1))
        return ascii_equal(origin + sizeof plain - 1, host);
    return ascii_begin_alike(origin, secure, sizeof secure - 1) && is_allowed_name(rules, host) &&
           ascii_equal(origin + sizeof secure - 1, host);
}

/* Every byte of the token is compared, whatever the first ones were. */
static bool token_is_right(const char *given, const char *token) {
    size_t length = strlen(token), given_length = strlen(given);
    volatile unsigned differ = given_length != length;
    for (size_t i = 0; i < length; i++)
        differ |= (unsigned char)(token[i] ^ given[i < given_length ? i : given_length]);
    return differ == 0;
}

static bool is_authorized(const struct access_rules *rules, const struct access_header *header) {
    static const char scheme[] = "Bearer ";
    return header->count == 1 && ascii_begin_alike(header->value, scheme, sizeof scheme - 1) &&
           token_is_right(header->value + sizeof scheme - 1, rules->token);
}

static struct access_verdict check_post(const struct access_request *request) {
    bool json = request->content_type.count == 1 &&
                strcmp(request->content_type.value, "application/json") == 0;
    if (!json)
        return (struct access_verdict){415, "Content-Type: application/json is accepted", NULL};
    if (request->body_length > ACCESS_BODY_MAX)
        return (struct access_verdict){413, "at most 64 KiB are accepted", NULL};
    return (struct access_verdict){0, NULL, NULL};
}

struct access_verdict access_check(const struct access_rules *rules,
                                   const struct access_request *request) {
    struct run_id id;
    const struct endpoint *endpoint = endpoint_find(request->path, &id);
    unsigned method = endpoint_method_of(request->method);
    if (!host_is_ours(rules, request))
        return (struct access_verdict){
            421, "the Host header names another server: its address, or a name of --allow-host",
            NULL};
    if ((methods_of(endpoint) & method) == 0)
        return (struct access_verdict){405, "another method is accepted here",
                                       endpoint_allow(methods_of(endpoint))};
    if (!fetch_site_is_ours(&request->fetch_site))
        return (struct access_verdict){403, "asked by a page of another site", NULL};
    if (!origin_is_ours(rules, request))
        return (struct access_verdict){403, "asked by a page of another origin", NULL};
    if ((endpoint == NULL || !endpoint->open) && !is_authorized(rules, &request->authorization))
        return (struct access_verdict){401, "Authorization: Bearer TOKEN is needed", NULL};
    if (method == ENDPOINT_POST)
        return check_post(request);
    return (struct access_verdict){0, NULL, NULL};
}
