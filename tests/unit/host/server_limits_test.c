/* Tests of what is read of a server's own limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>
#include <unistd.h>

#include "host/server_limits.h"
#include "host/tree.h"

/* An nginx master 7 of which all is in a tree, its root as well. */
struct fixture {
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

/* Started so long after the system; its arguments and environment take so many bytes. */
static void put_stat(const struct tree *tree, int pid, long started, size_t room) {
    char path[96], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    snprintf(text, sizeof text,
             "%d (nginx) S 1 1 1 0 -1 4194560 100 0 0 0 1 0 0 0 20 0 1 0 %ld 10000000 1 1 1 1 1 0 "
             "0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 1 1 1 1000 2000 2000 %zu 0\n",
             pid, started * sysconf(_SC_CLK_TCK), 1000 + room);
    tree_put(tree, path, text);
}

static void built_with(const struct tree *tree, const char *arguments) {
    char text[256];
    snprintf(text, sizeof text,
             "\x7f"
             "ELF configure arguments: %s\n",
             arguments);
    tree_put(tree, "/proc/7/exe", text);
}

static int set_up(void **state) {
    static struct fixture fixture;
    tree_make(&fixture.tree);
    put_process(&fixture.tree, 7, "nginx: master process nginx -c /etc/nginx/my.conf", "1024", 5);
    put_process(&fixture.tree, 8, "nginx: worker process", "600", 9);
    put_process(&fixture.tree, 9, "nginx: worker process", "700", 8);
    put_process(&fixture.tree, 10, "nginx: cache manager process", "10", 1);
    put_process(&fixture.tree, 11, "nginx: worker process is shutting down", "10", 1);
    tree_put(&fixture.tree, "/proc/7/task/7/children", "8 9 10 11 ");
    tree_put(&fixture.tree, "/proc/7/root/etc/nginx/my.conf",
             "include sub/*.conf;\nevents { include ev; }\n");
    tree_put(&fixture.tree, "/proc/7/root/etc/nginx/sub/a.conf", "load_module x.so;\n");
    tree_put(&fixture.tree, "/proc/7/root/etc/nginx/ev", "worker_connections 2048;\n");
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    tree_remove(&fixture->tree);
    return 0;
}

static const struct server_limits *look(struct fixture *fixture) {
    server_limits_read(&fixture->limits, fixture->tree.root, 7);
    return &fixture->limits;
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

static void the_configuration_is_where_nginx_was_started_with_it(void **state) {
    struct fixture *fixture = *state;
    tree_put(&fixture->tree, "/proc/7/root/srv/conf/n.conf", "events { worker_connections 3; }");
    tree_put(&fixture->tree, "/proc/7/root/etc/nginx/nginx.conf", "events { }");
    tree_put(&fixture->tree, "/proc/7/root/opt/x/n.conf", "events { worker_connections 4; }");
    tree_put(&fixture->tree, "/proc/7/root/srv/etc/nginx/nginx.conf",
             "events { worker_connections 5; }");
    built_with(&fixture->tree, "--prefix=/opt --conf-path=/etc/nginx/nginx.conf");
    const struct {
        const char *title;
        int64_t connections;
    } rows[] = {
        {"nginx: master process nginx -p /srv -c conf/n.conf", 3},
        {"nginx: master process nginx -p/srv/ -cconf/n.conf -e /x", 3},
        {"nginx: master process /usr/sbin/nginx -g daemon off; -c /srv/conf/n.conf", 3},
        {"nginx: master process /usr/sbin/nginx -g daemon on; master_process on;", 512},
        {"nginx: master process /usr/sbin/nginx", 512},
        {"nginx: master process nginx -p /srv", 512},
        {"nginx: master process nginx -c x/n.conf", 4},
        {"nginx: master process nginx -c conf/n.conf", -1},
        {"nginx: master process nginx -p . -c x/n.conf", -1},
        {"nginx: master process nginx -p srv/ -c conf/n.conf", -1},
        {"nginx: master process nginx -c /no/such.conf", -1},
        {"nginx: master process nginx -g events { -c /srv/conf/n.conf", -1},
        {"nginx: master process nginx -c /srv/conf", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tree_put(&fixture->tree, "/proc/7/cmdline", rows[i].title);
        const struct server_limits *limits = look(fixture);
        assert_int_equal(limits->worker_connections, rows[i].connections);
        assert_int_equal(limits->trouble[0] != '\0', rows[i].connections < 0);
    }
}

/* The file of a distribution's nginx lies there, and this is another's. */
static void without_an_option_it_is_where_the_binary_looks(void **state) {
    struct fixture *fixture = *state;
    tree_put(&fixture->tree, "/proc/7/cmdline", "nginx: master process nginx");
    tree_put(&fixture->tree, "/proc/7/root/etc/nginx/nginx.conf", "events { }");
    assert_int_equal(look(fixture)->worker_connections, -1);
    assert_string_equal(fixture->limits.trouble,
                        "its binary: does not say where its configuration lies (nginx -V)");
    built_with(&fixture->tree, "--prefix=/usr/local/openresty/nginx");
    assert_int_equal(look(fixture)->worker_connections, -1);
    tree_put(&fixture->tree, "/proc/7/root/usr/local/openresty/nginx/conf/nginx.conf",
             "# worker_connections 9;\nevents { include more; }");
    tree_put(&fixture->tree, "/proc/7/root/usr/local/openresty/nginx/conf/more",
             "worker_connections 77;");
    assert_int_equal(look(fixture)->worker_connections, 77);
    assert_string_equal(fixture->limits.config, "/usr/local/openresty/nginx/conf/nginx.conf");
    tree_put(&fixture->tree, "/proc/7/root/srv/conf/nginx.conf",
             "events { worker_connections 6; }");
    tree_put(&fixture->tree, "/proc/7/cmdline", "nginx: master process nginx -p /srv");
    assert_int_equal(look(fixture)->worker_connections, 6);
}

/* In a small environment there is no room for the title's end, where -c may stand. */
static void a_title_that_is_cut_is_no_command_line(void **state) {
    static const char title[] = "nginx: master process nginx -c /etc/nginx/my.conf";
    struct fixture *fixture = *state;
    put_stat(&fixture->tree, 7, 0, sizeof title + 1);
    assert_int_equal(look(fixture)->worker_connections, -1);
    assert_string_equal(fixture->limits.trouble, "its command line: cut short by its title");
    put_stat(&fixture->tree, 7, 0, sizeof title + 2);
    assert_int_equal(look(fixture)->worker_connections, 2048);
}

/* A worker that died was started anew, but a reload replaces all of them. */
static void what_was_edited_and_not_reloaded_is_not_what_the_workers_go_by(void **state) {
    struct fixture *fixture = *state;
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    put_stat(&fixture->tree, 8, now.tv_sec + 60, 0);
    put_stat(&fixture->tree, 9, now.tv_sec + 60, 0);
    assert_int_equal(look(fixture)->worker_connections, 2048);
    put_stat(&fixture->tree, 9, now.tv_sec > 60 ? now.tv_sec - 60 : 0, 0);
    assert_int_equal(look(fixture)->worker_connections, -1);
    assert_non_null(strstr(fixture->limits.trouble, ": changed since the workers were started"));
}

static void no_link_leads_out_of_the_servers_own_root(void **state) {
    struct fixture *fixture = *state;
    char path[256];
    tree_put(&fixture->tree, "/proc/7/root/real.conf", "events { worker_connections 44; }");
    snprintf(path, sizeof path, "%s/proc/7/root/etc/nginx/my.conf", fixture->tree.root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/real.conf", path), 0); /* there is none in our own root */
    assert_int_equal(look(fixture)->worker_connections, 44);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody will ever write to it */
    assert_int_equal(look(fixture)->worker_connections, -1);
}

static void a_configuration_that_includes_itself_has_an_end(void **state) {
    struct fixture *fixture = *state;
    tree_put(&fixture->tree, "/proc/7/root/etc/nginx/my.conf", "include my.conf;");
    assert_int_equal(look(fixture)->worker_connections, -1);
    assert_string_equal(fixture->limits.trouble, "/etc/nginx/my.conf: not understood");
}

static void what_is_hidden_is_not_known(void **state) {
    struct fixture *fixture = *state;
    char path[256];
    snprintf(path, sizeof path, "%s/proc/9/limits", fixture->tree.root);
    assert_int_equal(unlink(path), 0);
    const struct server_limits *limits = look(fixture);
    assert_int_equal(limits->processes, 2);
    assert_int_equal(limits->files_limit, -1);
    assert_int_equal(limits->files_room, -1);
    server_limits_read(&fixture->limits, fixture->tree.root, 4711);
    assert_false(fixture->limits.nginx);
    assert_int_equal(fixture->limits.files_room, -1);
}

static void a_pattern_of_folders_is_not_followed(void **state) {
    struct fixture *fixture = *state;
    tree_put(&fixture->tree, "/proc/7/root/etc/nginx/my.conf", "include /*/*/x.conf;");
    assert_int_equal(look(fixture)->worker_connections, -1);
    assert_string_equal(fixture->limits.trouble,
                        "/*/*/x.conf: a pattern of folders is not followed");
}

static void another_server_is_the_process_and_all_below_it(void **state) {
    struct fixture *fixture = *state;
    put_process(&fixture->tree, 7, "/usr/bin/other", "unlimited", 0);
    const struct server_limits *limits = look(fixture);
    assert_false(limits->nginx);
    assert_int_equal(limits->processes, 5);
    assert_int_equal(limits->files_room, INT64_MAX);
    assert_int_equal(limits->worker_connections, -1);
    put_process(&fixture->tree, 12, "/usr/bin/another", "100", 1); /* below a child */
    tree_put(&fixture->tree, "/proc/8/task/8/children", "12 ");
    assert_int_equal(look(fixture)->processes, 6);
    tree_put(&fixture->tree, "/proc/8/task/8/children", "");
    put_process(&fixture->tree, 7, "/usr/bin/other", "3", 0); /* less than it has */
    assert_int_equal(look(fixture)->files_room, 600 - 9 + 700 - 8 + 9 + 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(nginxs_workers_are_what_serves),
        TEST(the_configuration_is_where_nginx_was_started_with_it),
        TEST(without_an_option_it_is_where_the_binary_looks),
        TEST(a_title_that_is_cut_is_no_command_line),
        TEST(what_was_edited_and_not_reloaded_is_not_what_the_workers_go_by),
        TEST(no_link_leads_out_of_the_servers_own_root),
        TEST(a_configuration_that_includes_itself_has_an_end),
        TEST(what_is_hidden_is_not_known),
        TEST(a_pattern_of_folders_is_not_followed),
        TEST(another_server_is_the_process_and_all_below_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
