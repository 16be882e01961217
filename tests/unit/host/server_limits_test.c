/* Tests of what is read of a server's own limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "host/server_limits.h"
#include "tree.h"

/* An nginx master 7 of which all is in a tree, its root as well. */
struct scene {
    struct tree tree;
    struct server_limits limits;
};

static void put_process(const struct tree *tree, int pid, const char *title, const char *limit,
                        int files) {
    char path[96], text[256];
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    tree_put(tree, path, title);
    snprintf(path, sizeof path, "/proc/%d/limits", pid);
    snprintf(text, sizeof text,
             "Limit                     Soft Limit           Hard Limit           Units     \n"
             "Max open files            %-20s %-20s files     \n",
             limit, limit);
    tree_put(tree, path, text);
    for (int i = 0; i < files; i++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, i);
        tree_put(tree, path, "");
    }
}

static int set_up(void **state) {
    static struct scene scene;
    tree_make(&scene.tree);
    put_process(&scene.tree, 7, "nginx: master process nginx -c /etc/nginx/my.conf", "1024", 5);
    put_process(&scene.tree, 8, "nginx: worker process", "600", 9);
    put_process(&scene.tree, 9, "nginx: worker process", "700", 8);
    put_process(&scene.tree, 10, "nginx: cache manager process", "10", 1);
    put_process(&scene.tree, 11, "nginx: worker process is shutting down", "10", 1);
    tree_put(&scene.tree, "/proc/7/task/7/children", "8 9 10 11 ");
    tree_put(&scene.tree, "/proc/7/root/etc/nginx/my.conf",
             "include sub/*.conf;\nevents { include ev; }\n");
    tree_put(&scene.tree, "/proc/7/root/etc/nginx/sub/a.conf", "load_module x.so;\n");
    tree_put(&scene.tree, "/proc/7/root/etc/nginx/ev", "worker_connections 2048;\n");
    *state = &scene;
    return 0;
}

static int tear_down(void **state) {
    struct scene *scene = *state;
    tree_remove(&scene->tree);
    return 0;
}

static const struct server_limits *look(struct scene *scene) {
    server_limits_read(&scene->limits, scene->tree.root, 7);
    return &scene->limits;
}

static void nginxs_workers_are_what_serves(void **state) {
    const struct server_limits *limits = look(*state);
    assert_true(limits->nginx);
    assert_int_equal(limits->processes, 2);
    assert_int_equal(limits->files_limit, 600);
    assert_int_equal(limits->files_open, 9);
    assert_int_equal(limits->files_room, 600 - 9 + 700 - 8);
    assert_int_equal(limits->worker_connections, 2048);
    assert_string_equal(limits->config, "/etc/nginx/my.conf");
    assert_string_equal(limits->trouble, "");
}

static void where_the_configuration_lies_is_as_nginx_was_told(void **state) {
    struct scene *scene = *state;
    tree_put(&scene->tree, "/proc/7/root/srv/conf/n.conf", "events { worker_connections 3; }");
    tree_put(&scene->tree, "/proc/7/root/etc/nginx/nginx.conf", "events { }");
    const struct {
        const char *title;
        int64_t connections;
    } rows[] = {
        {"nginx: master process nginx -p /srv -c conf/n.conf", 3},
        {"nginx: master process nginx -p/srv/ -cconf/n.conf -e /x", 3},
        {"nginx: master process /usr/sbin/nginx -g daemon off; -c /srv/conf/n.conf", 3},
        {"nginx: master process /usr/sbin/nginx -g daemon on; master_process on;", 512},
        {"nginx: master process /usr/sbin/nginx", 512},
        {"nginx: master process nginx -p /srv", -1},
        {"nginx: master process nginx -c conf/n.conf", -1},
        {"nginx: master process nginx -c /no/such.conf", -1},
        {"nginx: master process nginx -g events { -c /srv/conf/n.conf", -1},
        {"nginx: master process nginx -c /srv/conf", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tree_put(&scene->tree, "/proc/7/cmdline", rows[i].title);
        const struct server_limits *limits = look(scene);
        assert_int_equal(limits->worker_connections, rows[i].connections);
        assert_int_equal(limits->trouble[0] != '\0', rows[i].connections < 0);
    }
}

static void no_link_leads_out_of_the_servers_own_root(void **state) {
    struct scene *scene = *state;
    char path[256];
    tree_put(&scene->tree, "/proc/7/root/real.conf", "events { worker_connections 44; }");
    snprintf(path, sizeof path, "%s/proc/7/root/etc/nginx/my.conf", scene->tree.root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/real.conf", path), 0); /* there is none in our own root */
    assert_int_equal(look(scene)->worker_connections, 44);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody will ever write to it */
    assert_int_equal(look(scene)->worker_connections, -1);
}

static void a_configuration_that_includes_itself_has_an_end(void **state) {
    struct scene *scene = *state;
    tree_put(&scene->tree, "/proc/7/root/etc/nginx/my.conf", "include my.conf;");
    assert_int_equal(look(scene)->worker_connections, -1);
    assert_string_equal(scene->limits.trouble, "/etc/nginx/my.conf: not understood");
}

static void what_is_hidden_is_not_known(void **state) {
    struct scene *scene = *state;
    char path[256];
    snprintf(path, sizeof path, "%s/proc/9/limits", scene->tree.root);
    assert_int_equal(unlink(path), 0);
    const struct server_limits *limits = look(scene);
    assert_int_equal(limits->processes, 2);
    assert_int_equal(limits->files_limit, -1);
    assert_int_equal(limits->files_room, -1);
    server_limits_read(&scene->limits, scene->tree.root, 4711);
    assert_false(scene->limits.nginx);
    assert_int_equal(scene->limits.files_room, -1);
}

static void a_pattern_of_folders_is_not_followed(void **state) {
    struct scene *scene = *state;
    tree_put(&scene->tree, "/proc/7/root/etc/nginx/my.conf", "include /*/*/x.conf;");
    assert_int_equal(look(scene)->worker_connections, -1);
    assert_string_equal(scene->limits.trouble, "/*/*/x.conf: a pattern of folders is not followed");
}

static void another_server_is_the_process_and_all_below_it(void **state) {
    struct scene *scene = *state;
    put_process(&scene->tree, 7, "/usr/bin/other", "unlimited", 0);
    const struct server_limits *limits = look(scene);
    assert_false(limits->nginx);
    assert_int_equal(limits->processes, 5);
    assert_int_equal(limits->files_room, INT64_MAX);
    assert_int_equal(limits->worker_connections, -1);
    put_process(&scene->tree, 12, "/usr/bin/another", "100", 1); /* below a child */
    tree_put(&scene->tree, "/proc/8/task/8/children", "12 ");
    assert_int_equal(look(scene)->processes, 6);
    tree_put(&scene->tree, "/proc/8/task/8/children", "");
    put_process(&scene->tree, 7, "/usr/bin/other", "3", 0); /* less than it has */
    assert_int_equal(look(scene)->files_room, 600 - 9 + 700 - 8 + 9 + 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nginxs_workers_are_what_serves),
        TEST(where_the_configuration_lies_is_as_nginx_was_told),
        TEST(no_link_leads_out_of_the_servers_own_root),
        TEST(a_configuration_that_includes_itself_has_an_end),
        TEST(what_is_hidden_is_not_known),
        TEST(a_pattern_of_folders_is_not_followed),
        TEST(another_server_is_the_process_and_all_below_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
