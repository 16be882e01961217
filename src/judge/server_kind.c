/* Which server the target is known to be. */
#include "judge/server_kind.h"

#include <stddef.h>
#include <string.h>

#include "base/ascii.h"

/* The product's name before "/VERSION", as far as a Server header has one (RFC 9110 10.2.4). */
static bool is_product(const char *header, const char *product) {
    size_t length = strlen(product);
    return strcspn(header, "/ ") == length && ascii_equal_bytes(header, length, product);
}

static bool is_any_product(const char *header, const char *const *products) {
    for (; *products != NULL; products++)
        if (is_product(header, *products))
            return true;
    return false;
}

/* The process of such a server: its comm(5), which ends after 15 bytes. */
static bool is_any_process(const char *name, const char *const *processes) {
    for (; *processes != NULL; processes++)
        if (strncmp(name, *processes, strlen(*processes)) == 0)
            return true;
    return false;
}

/* Node has no Server header, but says "Keep-Alive: timeout=" of its own accord, which Apache does
 * not without being asked. */
static enum server_kind kind_by_headers(const struct record_target *target) {
    /* All of nginx's family have its directives. */
    static const char *const nginx[] = {"nginx",     "openresty", "angie",
                                        "freenginx", "Tengine",   NULL};
    static const char *const apache[] = {"Apache", NULL};
    if (is_any_product(target->server, nginx))
        return SERVER_NGINX;
    if (is_any_product(target->server, apache))
        return SERVER_APACHE;
    if (target->answered && target->server[0] == '\0' &&
        strncmp(target->keep_alive, "timeout=", strlen("timeout=")) == 0)
        return SERVER_NODE;
    return SERVER_UNKNOWN;
}

/* Processes that pass bytes or a listener on, and end no connection of their own accord. */
static bool only_forwards(const char *process) {
    static const char *const forwarders[] = {
        "systemd",     "docker-proxy", "rootlessport", "rootlesskit", "pasta",
        "slirp4netns", "ssh",          "socat",        "init",        NULL};
    return is_any_process(process, forwarders);
}

static bool contradicts(const char *process, enum server_kind kind) {
    static const char *const nginx[] = {"nginx",     "openresty", "angie",
                                        "freenginx", "tengine",   NULL};
    static const char *const apache[] = {"apache2", "httpd", NULL};
    static const char *const node[] = {"node", "MainThread", NULL};
    static const char *const *const processes[] = {
        [SERVER_NGINX] = nginx, [SERVER_APACHE] = apache, [SERVER_NODE] = node};
    return process[0] != '\0' && kind != SERVER_UNKNOWN && !only_forwards(process) &&
           !is_any_process(process, processes[kind]);
}

enum server_kind server_kind_of(const struct record_target *target) {
    enum server_kind kind = kind_by_headers(target);
    if (target->via[0] != '\0' || contradicts(target->process, kind))
        return SERVER_UNKNOWN;
    return kind;
}

const char *server_kind_name(enum server_kind kind) {
    static const char *const names[] = {
        [SERVER_UNKNOWN] = "the server",
        [SERVER_NGINX] = "nginx",
        [SERVER_APACHE] = "Apache",
        [SERVER_NODE] = "Node",
    };
    return names[kind];
}
