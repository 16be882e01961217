/* Tests of the few directives that are read of an nginx configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "host/nginx_config.h"

static struct nginx_config take(const char *text) {
    struct nginx_config config;
    nginx_config_init(&config);
    nginx_config_take(&config, NGINX_MAIN, text, strlen(text));
    return config;
}

static void a_configuration_as_debian_ships_it_is_read(void **state) {
    (void)state;
    struct nginx_config config =
        take("user www-data;\nworker_processes auto;\npid /run/nginx.pid;\n"
             "error_log /var/log/nginx/error.log;\n"
             "include /etc/nginx/modules-enabled/*.conf;\n\n"
             "events {\n\tworker_connections 768;\n\t# multi_accept on;\n}\n\n"
             "http {\n  log_format main '$remote_addr \"$request\" {' ;\n"
             "  server { listen 80; location ~ \"^/a{2}/\" { return 200 \"}\"; } }\n"
             "  include /etc/nginx/conf.d/*.conf;\n}\n");
    assert_true(config.clear);
    assert_int_equal(config.worker_connections, 768);
    assert_int_equal(config.worker_processes, 0);
    assert_int_equal(config.worker_rlimit_nofile, -1);
    assert_int_equal(config.include_count, 1); /* that of http is no matter */
    assert_string_equal(config.includes[0].pattern, "/etc/nginx/modules-enabled/*.conf");
    assert_int_equal(config.includes[0].context, NGINX_MAIN);
}

static void values_are_words_wherever_they_stand(void **state) {
    (void)state;
    struct nginx_config config =
        take("worker_processes\n'4'\n;worker_rlimit_nofile 65536;events{include e/*.conf;"
             "worker_connections \"10\\24\";}");
    assert_true(config.clear);
    assert_int_equal(config.worker_processes, 4);
    assert_int_equal(config.worker_rlimit_nofile, 65536);
    assert_int_equal(config.worker_connections, 1024);
    assert_int_equal(config.includes[0].context, NGINX_EVENTS);
}

static void a_directive_counts_in_its_own_place_only(void **state) {
    (void)state;
    struct nginx_config config = take("# worker_processes 9;\n"
                                      "worker_connections 5;\n"
                                      "stream { events { worker_connections 6; } }\n"
                                      "http { worker_processes 7; worker_rlimit_nofile 8; }");
    assert_true(config.clear);
    assert_int_equal(config.worker_connections, -1);
    assert_int_equal(config.worker_processes, -1);
    assert_int_equal(config.worker_rlimit_nofile, -1);
    config = take("events { worker_connections 6; } worker_processes 2;"); /* back in main */
    assert_int_equal(config.worker_processes, 2);
    nginx_config_take(&config, NGINX_EVENTS, "worker_connections 7;", 21);
    assert_false(config.clear); /* twice */
}

static void an_included_file_continues_where_it_was_included(void **state) {
    (void)state;
    struct nginx_config config = take("events { include more; }");
    nginx_config_take(&config, NGINX_EVENTS, "worker_connections 7;", 21);
    assert_true(config.clear);
    assert_int_equal(config.worker_connections, 7);
}

static void what_is_not_plain_is_not_clear(void **state) {
    (void)state;
    static const char *const texts[] = {
        "worker_processes many;",
        "worker_processes;",
        "worker_processes 1 2;",
        "worker_processes -1;",
        "worker_processes 99999999999;",
        "worker_processes 1; worker_processes 2;",
        "events { worker_connections 1; } events { }",
        "events { worker_connections 1; worker_connections 1; }",
        "events {",
        "events",
        "}",
        "{ }",
        ";",
        "user www-data",
        "http { user }",
        "user \"www-data;",
        "include;",
        "include a b;",
        "http { { } }",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (take(texts[i]).clear)
            fail_msg("\"%s\" is taken to be clear", texts[i]);
    assert_true(take("").clear);
}

static void everything_is_bounded(void **state) {
    (void)state;
    enum { SIZE = 1 << 16 };
    char *text = calloc(SIZE + 1, 1);
    assert_non_null(text);
    memset(text, 'x', SIZE);
    text[SIZE - 1] = ';';
    assert_false(take(text).clear); /* a word without an end */
    memcpy(text, "http { ", 7);
    text[SIZE - 1] = '}';
    text[SIZE - 2] = ';';
    assert_true(take(text).clear); /* but where it is passed over */
    for (size_t i = 0; i + 2 < SIZE; i += 2)
        memcpy(text + i, "a{", 2);
    assert_false(take(text).clear);
    text[0] = '\0';
    for (size_t i = 0; i < NGINX_INCLUDES_MAX; i++)
        strcat(text, "include a;");
    assert_true(take(text).clear);
    strcat(text, "include a;");
    struct nginx_config config = take(text);
    assert_false(config.clear);
    assert_int_equal(config.include_count, NGINX_INCLUDES_MAX);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_as_debian_ships_it_is_read),
        cmocka_unit_test(values_are_words_wherever_they_stand),
        cmocka_unit_test(a_directive_counts_in_its_own_place_only),
        cmocka_unit_test(an_included_file_continues_where_it_was_included),
        cmocka_unit_test(what_is_not_plain_is_not_clear),
        cmocka_unit_test(everything_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
