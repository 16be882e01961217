/* An nginx' own binary says where it looks for its configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "host/nginx_build.h"
#include "host/tree.h"

static void the_arguments_are_those_of_configure(void **state) {
    (void)state;
    static const struct {
        const char *text, *prefix, *conf_path;
    } rows[] = {
        {" --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf\n", "/usr/share/nginx",
         "/etc/nginx/nginx.conf"},
        {" --with-cc-opt='-O2 --conf-path=/no' --prefix=/usr/local/openresty/nginx --with-x\n",
         "/usr/local/openresty/nginx", "conf/nginx.conf"},
        {" --prefix='/a b' --conf-path='/a b/c'\n", "/a b", "/a b/c"},
        {"\n", "/usr/local/nginx", "conf/nginx.conf"},
        {" --prefix= --conf-path=\n", "/usr/local/nginx", "conf/nginx.conf"},
        {" --prefix=!\n", "", "conf/nginx.conf"},
        {" --conf-path=/a --conf-path=/b\n", "/usr/local/nginx", "/b"},
    };
    struct nginx_build build;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(nginx_build_parse(&build, rows[i].text));
        assert_string_equal(build.prefix, rows[i].prefix);
        assert_string_equal(build.conf_path, rows[i].conf_path);
    }
}

static void what_has_no_end_is_nothing(void **state) {
    (void)state;
    struct nginx_build build;
    char longer[NGINX_BUILD_PATH_MAX + 64] = " --prefix=/";
    assert_false(nginx_build_parse(&build, " --prefix=/usr"));
    assert_false(nginx_build_parse(&build, " --with='open\n"));
    assert_false(nginx_build_parse(&build, ""));
    memset(longer + strlen(longer), 'x', NGINX_BUILD_PATH_MAX);
    strcat(longer, "\n");
    assert_false(nginx_build_parse(&build, longer));
}

/* Wherever it stands in the file: on an edge of what is read at once, too. */
static void it_is_found_in_the_binary(void **state) {
    (void)state;
    enum { MIB = 1 << 20 };
    static const char text[] = "configure arguments: --prefix=/p\n";
    static const long places[] = {0, 100, MIB - 5, MIB - 20, MIB - 1, 3 * MIB / 2};
    struct tree tree;
    struct nginx_build build;
    char path[256];
    tree_make(&tree);
    tree_put(&tree, "/proc/7/exe", "");
    tree_put(&tree, "/proc/8/exe", "a shell, and configure arguments");
    snprintf(path, sizeof path, "%s/proc/7/exe", tree.root);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_int_equal(truncate(path, 0), 0);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fseek(file, places[i], SEEK_SET), 0);
        assert_int_equal(fwrite(text, 1, sizeof text, file), sizeof text);
        assert_int_equal(fclose(file), 0);
        assert_true(nginx_build_read(&build, tree.root, 7));
        assert_string_equal(build.prefix, "/p");
    }
    assert_false(nginx_build_read(&build, tree.root, 8));
    assert_false(nginx_build_read(&build, tree.root, 9));
    tree_remove(&tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arguments_are_those_of_configure),
        cmocka_unit_test(what_has_no_end_is_nothing),
        cmocka_unit_test(it_is_found_in_the_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
