/* Tests of the state folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/folder.h"

static struct folder folder;
static char error[512];

static int set_up(void **state) {
    (void)state;
    return folder_open(&folder, NULL, (struct refuse_buffer){error, sizeof error}) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char path[sizeof folder.path];
    struct stat status;
    strcpy(path, folder.path);
    folder_close(&folder);
    return stat(path, &status) != 0 && errno == ENOENT ? 0 : -1;
}

static struct run_id make(void) {
    struct run_id id = folder_new_id();
    int fd = folder_make_run(&folder, &id);
    assert_true(fd >= 0);
    close(fd);
    return id;
}

static void ids_sort_as_they_were_made(void **state) {
    (void)state;
    struct run_id before = folder_new_id();
    for (int i = 0; i < 1000; i++) {
        struct run_id id = folder_new_id();
        assert_true(run_id_is(id.text));
        assert_true(strcmp(before.text, id.text) < 0);
        before = id;
    }
}

static void the_newest_are_listed_and_the_oldest_removed(void **state) {
    (void)state;
    struct run_id made[4], listed[3];
    for (int i = 0; i < 4; i++)
        made[i] = make();
    assert_int_equal(mkdirat(folder.fd, "lost+found", 0700), 0);
    assert_int_equal(folder_list(&folder, listed, 3), 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(listed[i].text, made[3 - i].text);
    assert_int_equal(folder_open_run(&folder, &made[0]), -ENOENT);
    assert_int_equal(unlinkat(folder.fd, "lost+found", AT_REMOVEDIR), 0);
}

static void a_folder_or_file_that_is_a_link_is_not_followed(void **state) {
    (void)state;
    struct run_id id = make(), linked = folder_new_id();
    assert_int_equal(symlinkat("/tmp", folder.fd, linked.text), 0);
    assert_true(folder_open_run(&folder, &linked) < 0);
    int fd = folder_open_run(&folder, &id);
    assert_int_equal(symlinkat("/etc/passwd", fd, FOLDER_JSON), 0);
    assert_int_equal(folder_read(fd, FOLDER_JSON), -ELOOP);
    assert_int_equal(folder_write(fd, FOLDER_JSON), -ELOOP);
    assert_int_equal(mkfifoat(fd, FOLDER_HTML, 0600), 0);
    assert_int_equal(folder_read(fd, FOLDER_HTML), -EINVAL);
    close(fd);
    assert_int_equal(unlinkat(folder.fd, linked.text, 0), 0);
    folder_remove_run(&folder, &id);
    assert_int_equal(folder_open_run(&folder, &id), -ENOENT);
}

static void files_are_for_their_owner_alone(void **state) {
    (void)state;
    struct run_id id = make();
    struct stat status;
    int fd = folder_open_run(&folder, &id), file = folder_append(fd, FOLDER_TIMELINE);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_mode & 0077, 0);
    close(file);
    close(fd);
}

static void a_run_is_held_as_long_as_its_descriptor(void **state) {
    (void)state;
    struct run_id id = folder_new_id();
    int held = folder_make_run(&folder, &id), fd = folder_open_run(&folder, &id);
    assert_true(folder_is_held(fd));
    close(held);
    assert_false(folder_is_held(fd));
    close(fd);
}

static void a_folder_has_one_server(void **state) {
    (void)state;
    struct folder other;
    char why[512] = "";
    assert_false(folder_open(&other, folder.path, (struct refuse_buffer){why, sizeof why}));
    assert_non_null(strstr(why, "in use"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_sort_as_they_were_made),
        cmocka_unit_test(the_newest_are_listed_and_the_oldest_removed),
        cmocka_unit_test(a_folder_or_file_that_is_a_link_is_not_followed),
        cmocka_unit_test(files_are_for_their_owner_alone),
        cmocka_unit_test(a_run_is_held_as_long_as_its_descriptor),
        cmocka_unit_test(a_folder_has_one_server),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
