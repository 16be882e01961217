/* A report file appears whole or not at all, and a failure to write is never silent. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/report.h"

struct folder {
    char path[64];
    int back; /* the folder to go back to */
};

static int begin(void **state) {
    struct folder *folder = calloc(1, sizeof *folder);
    snprintf(folder->path, sizeof folder->path, "/tmp/holdfast-file-test-XXXXXX");
    folder->back = open(".", O_RDONLY | O_DIRECTORY);
    *state = folder;
    return mkdtemp(folder->path) != NULL && chdir(folder->path) == 0 ? 0 : -1;
}

static int end(void **state) {
    struct folder *folder = *state;
    DIR *open_folder = opendir(".");
    for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
            remove(entry->d_name);
    closedir(open_folder);
    int left = fchdir(folder->back) == 0 && rmdir(folder->path) == 0 ? 0 : -1;
    close(folder->back);
    free(folder);
    return left;
}

static size_t files_here(void) {
    size_t count = 0;
    DIR *folder = opendir(".");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_holds(const char *path, const char *text) {
    char found[256] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(found, text);
}

static void nothing_is_replaced_before_the_commit(void **state) {
    (void)state;
    struct report_file file;
    write_file("run.json", "old");
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.stream);
    fflush(file.stream);
    assert_holds("run.json", "old");
    assert_int_equal(report_file_commit(&file, 0), 0);
    assert_holds("run.json", "new");
    assert_int_equal(files_here(), 1);
}

static void a_discarded_report_leaves_nothing(void **state) {
    (void)state;
    struct report_file file;
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.stream);
    assert_int_equal(files_here(), file.unnamed ? 0 : 1); /* nor does a kill, where it can be */
    report_file_discard(&file);
    report_file_discard(&file);
    assert_int_equal(files_here(), 0);
}

static void it_has_the_rights_the_umask_leaves(void **state) {
    (void)state;
    struct report_file file;
    struct stat found;
    mode_t before = umask(027);
    int error = report_file_open(&file, "run.json");
    umask(before);
    assert_int_equal(error, 0);
    assert_int_equal(report_file_commit(&file, 0), 0);
    assert_int_equal(stat("run.json", &found), 0);
    assert_int_equal(found.st_mode & 07777, 0640);
}

static void what_cannot_be_opened_says_why_and_leaves_nothing(void **state) {
    (void)state;
    struct report_file file;
    assert_int_equal(report_file_open(&file, "absent/run.json"), -ENOENT);
    assert_int_equal(report_file_open(&file, ""), -ENOENT);
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_int_equal(report_file_open(&file, "folder"), -EISDIR);
    assert_int_equal(report_file_open(&file, "folder/"), -EISDIR);
    write_file("plain", "");
    assert_int_equal(report_file_open(&file, "plain/run.json"), -ENOTDIR);
    assert_int_equal(files_here(), 2);
}

static void a_read_only_file_is_not_replaced(void **state) {
    (void)state;
    struct report_file file;
    if (geteuid() == 0)
        skip(); /* may write everything */
    write_file("run.json", "kept");
    chmod("run.json", 0444);
    assert_int_equal(report_file_open(&file, "run.json"), -EACCES);
    mkdir("locked", 0555);
    assert_int_equal(report_file_open(&file, "locked/run.json"), -EACCES);
}

static void a_full_disk_is_said_at_the_commit(void **state) {
    (void)state;
    struct report_file file;
    assert_int_equal(report_file_open(&file, "/dev/full"), 0);
    fputs("a report", file.stream);
    assert_int_equal(report_file_commit(&file, 0), -ENOSPC);
    assert_int_equal(report_file_open(&file, "/dev/full"), 0);
    for (int i = 0; i < 100000; i++)
        fputs("a report larger than any buffer", file.stream);
    assert_int_not_equal(report_file_commit(&file, 0), 0);
    assert_int_equal(access("/dev/full", F_OK), 0);
}

static void devices_are_written_to_and_not_replaced(void **state) {
    (void)state;
    struct report_file file;
    struct stat before, after;
    stat("/dev/null", &before);
    assert_int_equal(report_file_open(&file, "/dev/null"), 0);
    fputs("a report", file.stream);
    assert_int_equal(report_file_commit(&file, 0), 0);
    stat("/dev/null", &after);
    assert_true(S_ISCHR(after.st_mode) && before.st_ino == after.st_ino);
}

static void a_fifo_is_written_to(void **state) {
    (void)state;
    struct report_file file;
    char found[16] = "";
    assert_int_equal(mkfifo("fifo", 0600), 0);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    assert_int_equal(report_file_open(&file, "fifo"), 0);
    fputs("a report", file.stream);
    assert_int_equal(report_file_commit(&file, 0), 0);
    assert_int_equal(read(reader, found, sizeof found), 8);
    close(reader);
    assert_int_equal(files_here(), 1);
}

/* Whoever kills us now finds nothing beside the report. */
static void until_the_commit_it_has_no_name_where_the_file_system_can(void **state) {
    (void)state;
    struct report_file file;
    int fd = open(".", O_WRONLY | O_TMPFILE, 0600);
    if (fd < 0)
        skip();
    close(fd);
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.stream);
    fflush(file.stream);
    assert_int_equal(files_here(), 0);
    assert_int_equal(report_file_commit(&file, 0), 0);
    assert_holds("run.json", "new");
    assert_int_equal(files_here(), 1);
}

static void behind_a_link_the_file_is_replaced(void **state) {
    (void)state;
    struct report_file file;
    struct stat found;
    write_file("real.json", "old");
    assert_int_equal(symlink("real.json", "run.json"), 0);
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.stream);
    assert_int_equal(report_file_commit(&file, 0), 0);
    assert_int_equal(lstat("run.json", &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    assert_holds("real.json", "new");
}

/* Runs with standard output in a file of this folder, as a shell's > does. */
static void with_output_in(const char *path, const char *report) {
    struct report_file file;
    fflush(stdout);
    int saved = dup(STDOUT_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(fd, STDOUT_FILENO);
    close(fd);
    dprintf(STDOUT_FILENO, "before ");
    int error = report_file_open(&file, report);
    if (error == 0) {
        fputs("report ", file.stream);
        error = report_file_commit(&file, 0);
    }
    dprintf(STDOUT_FILENO, "after");
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(error, 0);
}

static void standard_output_is_shared_by_each_of_its_names(void **state) {
    (void)state;
    static const char *const names[] = {"-", "/dev/stdout", "out"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        with_output_in("out", names[i]);
        assert_holds("out", "before report after");
        assert_int_equal(files_here(), 1);
    }
}

int main(void) {
#define EACH(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        EACH(nothing_is_replaced_before_the_commit),
        EACH(a_discarded_report_leaves_nothing),
        EACH(it_has_the_rights_the_umask_leaves),
        EACH(what_cannot_be_opened_says_why_and_leaves_nothing),
        EACH(a_read_only_file_is_not_replaced),
        EACH(a_full_disk_is_said_at_the_commit),
        EACH(devices_are_written_to_and_not_replaced),
        EACH(a_fifo_is_written_to),
        EACH(until_the_commit_it_has_no_name_where_the_file_system_can),
        EACH(behind_a_link_the_file_is_replaced),
        EACH(standard_output_is_shared_by_each_of_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
