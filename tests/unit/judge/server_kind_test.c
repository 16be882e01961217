/* Which server it is: by its header, where neither a proxy nor the process that listens
 * contradicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "judge/server_kind.h"

static enum server_kind kind(const char *server, const char *via, const char *process) {
    struct record_target target = {.answered = true};
    snprintf(target.server, sizeof target.server, "%s", server);
    snprintf(target.via, sizeof target.via, "%s", via);
    snprintf(target.process, sizeof target.process, "%s", process);
    return server_kind_of(&target);
}

static void its_header_names_it(void **state) {
    (void)state;
    static const char *const family[] = {"nginx",       "nginx/1.22.1", "openresty/1.25.3.1",
                                         "Tengine/3.0", "angie/1.6",    "nginx/1.18.0 (Ubuntu)"};
    for (size_t i = 0; i < sizeof family / sizeof family[0]; i++)
        assert_int_equal(kind(family[i], "", ""), SERVER_NGINX);
    assert_int_equal(kind("Apache/2.4.57 (Debian)", "", ""), SERVER_APACHE);
    static const char *const others[] = {
        "",           "HAProxy",          "Varnish",       "envoy",  "Caddy",
        "lighttpd/1", "cloudflare-nginx", "nginx-clone/1", "nginxx", "Apache-Coyote/1.1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(kind(others[i], "", ""), SERVER_UNKNOWN);
}

static void a_proxy_before_it_contradicts(void **state) {
    (void)state;
    static const char *const vias[] = {"1.1 varnish", "1.1 Caddy", "1.0 fred, 1.1 p.example.net"};
    for (size_t i = 0; i < sizeof vias / sizeof vias[0]; i++) {
        assert_int_equal(kind("nginx/1.22.1", vias[i], ""), SERVER_UNKNOWN);
        assert_int_equal(kind("nginx/1.22.1", vias[i], "nginx"), SERVER_UNKNOWN);
        assert_int_equal(kind("Apache/2.4", vias[i], ""), SERVER_UNKNOWN);
    }
}

static void another_process_that_listens_contradicts(void **state) {
    (void)state;
    static const char *const proxies[] = {"haproxy", "varnishd", "cache-main", "envoy",
                                          "caddy",   "lighttpd", "traefik",    "python3"};
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++) {
        assert_int_equal(kind("nginx", "", proxies[i]), SERVER_UNKNOWN);
        assert_int_equal(kind("Apache", "", proxies[i]), SERVER_UNKNOWN);
    }
    assert_int_equal(kind("nginx", "", "nginx"), SERVER_NGINX);
    assert_int_equal(kind("openresty/1.25", "", "nginx"), SERVER_NGINX);
    assert_int_equal(kind("Apache", "", "apache2"), SERVER_APACHE);
    assert_int_equal(kind("Apache", "", "nginx"), SERVER_UNKNOWN);
}

static void what_only_forwards_does_not(void **state) {
    (void)state;
    static const char *const forwarders[] = {"docker-proxy", "systemd", "ssh", "rootlessport"};
    for (size_t i = 0; i < sizeof forwarders / sizeof forwarders[0]; i++)
        assert_int_equal(kind("nginx", "", forwarders[i]), SERVER_NGINX);
}

static void node_has_no_header(void **state) {
    (void)state;
    struct record_target target = {.answered = true, .keep_alive = "timeout=5"};
    assert_int_equal(server_kind_of(&target), SERVER_NODE);
    snprintf(target.process, sizeof target.process, "node");
    assert_int_equal(server_kind_of(&target), SERVER_NODE);
    snprintf(target.via, sizeof target.via, "1.1 x");
    assert_int_equal(server_kind_of(&target), SERVER_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_header_names_it),
        cmocka_unit_test(a_proxy_before_it_contradicts),
        cmocka_unit_test(another_process_that_listens_contradicts),
        cmocka_unit_test(what_only_forwards_does_not),
        cmocka_unit_test(node_has_no_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
