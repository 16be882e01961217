/* A report file appears whole or not at all, and a failure to write is never silent. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/format/report_file.h"

/* What the next calls of the kernel answer, in place of libc's own functions. */
static struct {
    int rename_error;     /* of every one; 0: none */
    int sync_interrupted; /* so many times */
    int sync_error;       /* of every one then; 0: none */
} kernel;

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    if (kernel.rename_error != 0) {
        errno = kernel.rename_error;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
}

int fsync(int fd) {
    if (kernel.sync_interrupted > 0) {
        kernel.sync_interrupted--;
        errno = EINTR;
        return -1;
    }
    if (kernel.sync_error != 0) {
        errno = kernel.sync_error;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

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
    memset(&kernel, 0, sizeof kernel);
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

static int finish(struct report_file *file) {
    int error = report_file_commit(file, 0);
    report_file_discard(file);
    return error;
}

static int write_report(const char *path, const char *text) {
    struct report_file file;
    int error = report_file_open(&file, path);
    if (error != 0)
        return error;
    fputs(text, file.text.out);
    return finish(&file);
}

static void nothing_is_replaced_before_the_commit(void **state) {
    (void)state;
    struct report_file file;
    write_file("run.json", "old");
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.text.out);
    fflush(file.text.out);
    assert_holds("run.json", "old");
    assert_int_equal(finish(&file), 0);
    assert_holds("run.json", "new");
    assert_int_equal(files_here(), 1);
}

static void a_discarded_report_leaves_nothing(void **state) {
    (void)state;
    struct report_file file;
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.text.out);
    assert_int_equal(files_here(), 0); /* nor does a kill */
    report_file_discard(&file);
    report_file_discard(&file);
    assert_int_equal(files_here(), 0);
}

static void it_has_the_rights_the_umask_leaves(void **state) {
    (void)state;
    struct stat found;
    mode_t before = umask(027);
    int error = write_report("run.json", "new");
    umask(before);
    assert_int_equal(error, 0);
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
    fputs("a report", file.text.out);
    assert_int_equal(finish(&file), -ENOSPC);
    assert_int_equal(report_file_open(&file, "/dev/full"), 0);
    for (int i = 0; i < 100000; i++)
        fputs("a report larger than any buffer", file.text.out);
    assert_int_not_equal(finish(&file), 0);
    assert_int_equal(access("/dev/full", F_OK), 0);
}

static void devices_are_written_to_and_not_replaced(void **state) {
    (void)state;
    struct report_file file;
    struct stat before, after;
    stat("/dev/null", &before);
    assert_int_equal(report_file_open(&file, "/dev/null"), 0);
    fputs("a report", file.text.out);
    assert_int_equal(finish(&file), 0);
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
    fputs("a report", file.text.out);
    assert_int_equal(finish(&file), 0);
    assert_int_equal(read(reader, found, sizeof found), 8);
    close(reader);
    assert_int_equal(files_here(), 1);
}

/* Whoever kills us now finds nothing beside the report. */
static void until_the_commit_nothing_is_left_of_it(void **state) {
    (void)state;
    struct report_file file;
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.text.out);
    fflush(file.text.out);
    assert_int_equal(files_here(), 0);
    assert_int_equal(finish(&file), 0);
    assert_holds("run.json", "new");
    assert_int_equal(files_here(), 1);
}

static void every_name_that_open_takes_is_written(void **state) {
    (void)state;
    char name[257];
    for (size_t length = 240; length <= 255; length++) {
        memset(name, 'x', length);
        name[length] = '\0';
        assert_int_equal(write_report(name, "new"), 0);
        assert_holds(name, "new");
        assert_int_equal(write_report(name, "again"), 0);
        assert_holds(name, "again");
        assert_int_equal(files_here(), 1);
        remove(name);
    }
    memset(name, 'x', 256);
    name[256] = '\0';
    assert_int_equal(write_report(name, "new"), -ENAMETOOLONG);
}

/* Relative to a folder whose own path is longer than any that open(2) takes. */
static void deep_folders_are_no_limit(void **state) {
    (void)state;
    enum { DEPTH = 20 };
    char name[201];
    memset(name, 'd', 200);
    name[200] = '\0';
    for (int i = 0; i < DEPTH; i++)
        assert_true(mkdir(name, 0755) == 0 && chdir(name) == 0);
    assert_int_equal(write_report("run.json", "new"), 0);
    assert_int_equal(symlink("run.json", "link"), 0);
    assert_int_equal(write_report("link", "again"), 0);
    assert_holds("run.json", "again");
    remove("run.json");
    remove("link");
    for (int i = 0; i < DEPTH; i++)
        assert_true(chdir("..") == 0 && rmdir(name) == 0);
}

static void what_is_there_keeps_its_mode_and_its_links(void **state) {
    (void)state;
    struct stat found;
    write_file("run.json", "old");
    assert_int_equal(chmod("run.json", 0640), 0);
    assert_int_equal(write_report("run.json", "new"), 0);
    assert_int_equal(stat("run.json", &found), 0);
    assert_int_equal(found.st_mode & 07777, 0640);
    assert_int_equal(link("run.json", "other"), 0);
    assert_int_equal(write_report("run.json", "longer"), 0);
    assert_holds("other", "longer");
    assert_int_equal(write_report("run.json", "less"), 0);
    assert_holds("other", "less");
    assert_int_equal(files_here(), 2);
}

static void attributes_stay(void **state) {
    (void)state;
    char value[8] = "";
    write_file("run.json", "old");
    if (setxattr("run.json", "user.kept", "yes", 3, 0) != 0)
        skip();
    assert_int_equal(write_report("run.json", "new"), 0);
    assert_holds("run.json", "new");
    assert_int_equal(getxattr("run.json", "user.kept", value, sizeof value), 3);
    assert_string_equal(value, "yes");
}

static void an_owner_stays(void **state) {
    (void)state;
    struct stat found;
    if (geteuid() != 0)
        skip();
    write_file("run.json", "old");
    assert_int_equal(chown("run.json", 12, 34), 0);
    assert_int_equal(write_report("run.json", "new"), 0);
    assert_int_equal(stat("run.json", &found), 0);
    assert_true(found.st_uid == 12 && found.st_gid == 34);
}

static void behind_a_dangling_link_the_file_is_made(void **state) {
    (void)state;
    struct stat found;
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_int_equal(symlink("folder/real.json", "second"), 0);
    assert_int_equal(symlink("second", "run.json"), 0);
    assert_int_equal(write_report("run.json", "new"), 0);
    assert_holds("folder/real.json", "new");
    assert_int_equal(lstat("run.json", &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(write_report("loop", "new"), -ELOOP);
    remove("folder/real.json");
}

static void a_descriptor_is_shared_under_its_path(void **state) {
    (void)state;
    char path[32];
    int fd = open("out", O_WRONLY | O_CREAT, 0644);
    dprintf(fd, "before ");
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    assert_int_equal(write_report(path, "report "), 0);
    dprintf(fd, "after");
    close(fd);
    assert_holds("out", "before report after");
    assert_int_not_equal(write_report(path, "report "), 0);
    assert_int_equal(files_here(), 1);
}

static void a_folder_that_went_away_leaves_the_report_elsewhere(void **state) {
    (void)state;
    struct report_file file;
    char where[PATH_MAX];
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_int_equal(report_file_open(&file, "folder/run.json"), 0);
    fputs("new", file.text.out);
    assert_int_equal(rmdir("folder"), 0);
    assert_int_equal(report_file_commit(&file, 0), -ENOENT);
    assert_true(report_file_keep(&file, ".json", where));
    assert_non_null(strstr(where, ".json"));
    assert_holds(where, "new");
    report_file_discard(&file);
    assert_int_equal(files_here(), 1);
}

static void a_folder_that_moved_takes_the_report_along(void **state) {
    (void)state;
    struct report_file file;
    char where[PATH_MAX];
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_int_equal(report_file_open(&file, "folder/run.json"), 0);
    fputs("new", file.text.out);
    assert_int_equal(rename("folder", "moved"), 0);
    assert_int_equal(report_file_commit(&file, 0), -ENOENT);
    assert_true(report_file_keep(&file, ".json", where));
    assert_non_null(strstr(where, "/moved/"));
    assert_holds(where, "new");
    report_file_discard(&file);
    remove(where);
}

static void where_nothing_may_be_renamed_the_file_is_written(void **state) {
    (void)state;
    static const int errors[] = {EBUSY, EPERM, EXDEV, EACCES, EROFS, EINVAL, ENOSYS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        kernel.rename_error = errors[i];
        write_file("run.json", "old, and longer than the new one");
        assert_int_equal(write_report("run.json", "new"), 0);
        assert_holds("run.json", "new");
        assert_int_equal(write_report("fresh.json", "new"), 0);
        assert_holds("fresh.json", "new");
        assert_int_equal(files_here(), 2);
        remove("fresh.json");
    }
}

static void an_interrupted_sync_is_repeated(void **state) {
    (void)state;
    for (int times = 1; times < 20; times++) {
        kernel.sync_interrupted = times;
        assert_int_equal(write_report("run.json", "new"), 0);
        assert_int_equal(kernel.sync_interrupted, 0);
        assert_int_equal(files_here(), 1);
    }
}

static void a_disk_that_fails_is_said_and_leaves_no_new_file(void **state) {
    (void)state;
    kernel.sync_error = EIO;
    assert_int_equal(write_report("run.json", "new"), -EIO);
    assert_int_equal(files_here(), 0);
}

static void a_limit_of_file_sizes_spares_the_old_report(void **state) {
    (void)state;
    struct rlimit before, little = {4, 4};
    char text[64];
    getrlimit(RLIMIT_FSIZE, &before);
    little.rlim_max = before.rlim_max;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    write_file("run.json", "old");
    assert_int_equal(link("run.json", "other"), 0);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &little);
    int error = write_report("run.json", text);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(error, -EFBIG);
    assert_holds("run.json", "old");
    assert_int_equal(files_here(), 2);
}

static void behind_a_link_the_file_is_replaced(void **state) {
    (void)state;
    struct report_file file;
    struct stat found;
    write_file("real.json", "old");
    assert_int_equal(symlink("real.json", "run.json"), 0);
    assert_int_equal(report_file_open(&file, "run.json"), 0);
    fputs("new", file.text.out);
    assert_int_equal(finish(&file), 0);
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
        fputs("report ", file.text.out);
        error = finish(&file);
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
        EACH(until_the_commit_nothing_is_left_of_it),
        EACH(every_name_that_open_takes_is_written),
        EACH(deep_folders_are_no_limit),
        EACH(what_is_there_keeps_its_mode_and_its_links),
        EACH(attributes_stay),
        EACH(an_owner_stays),
        EACH(behind_a_dangling_link_the_file_is_made),
        EACH(a_descriptor_is_shared_under_its_path),
        EACH(a_folder_that_went_away_leaves_the_report_elsewhere),
        EACH(a_folder_that_moved_takes_the_report_along),
        EACH(where_nothing_may_be_renamed_the_file_is_written),
        EACH(an_interrupted_sync_is_repeated),
        EACH(a_disk_that_fails_is_said_and_leaves_no_new_file),
        EACH(a_limit_of_file_sizes_spares_the_old_report),
        EACH(behind_a_link_the_file_is_replaced),
        EACH(standard_output_is_shared_by_each_of_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
