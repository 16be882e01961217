/* A report file: made in memory, and written when it is whole. */
#include "report/format/report_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/format/file_write.h"
#include "report/format/line_writer.h"

static int hold(int *held, int fd) {
    *held = fd >= 0 ? fd : -1;
    return fd >= 0 ? 0 : fd;
}

/* A path whose location is not known is written to as it was opened, and no other way. */
static int open_existing(struct report_file *file, const struct stat *found) {
    if (S_ISDIR(found->st_mode))
        return -EISDIR;
    if (!S_ISREG(found->st_mode))
        return hold(&file->out, line_writer_open_path(file->path));
    (void)file_location_open(&file->location, file->path);
    return hold(&file->existing, file_open_existing(file->path));
}

static int open_absent(struct report_file *file) {
    int error = file_location_open(&file->location, file->path);
    return error != 0 ? error : file_location_probe(&file->location);
}

static int open_path(struct report_file *file) {
    struct stat found;
    int shared = file_descriptor_of(file->path);
    if (shared >= 0)
        return hold(&file->out, line_writer_copy(shared));
    if (file->path[0] == '\0')
        return -ENOENT;
    if (stat(file->path, &found) == 0)
        return open_existing(file, &found);
    return errno == ENOENT ? open_absent(file) : -errno;
}

int report_file_open(struct report_file *file, const char *path) {
    *file = (struct report_file){.path = path, .out = -1, .existing = -1};
    file->location.folder = -1;
    int error = strcmp(path, "-") == 0 ? hold(&file->out, line_writer_copy(STDOUT_FILENO))
                                       : open_path(file);
    if (error == 0)
        error = memory_stream_open(&file->text) ? 0 : -ENOMEM;
    if (error != 0)
        report_file_discard(file);
    return error;
}

int report_file_commit(struct report_file *file, duration timeout) {
    if (file->text.out == NULL)
        return -EBADF;
    if (!memory_stream_close(&file->text))
        return -ENOMEM;
    file->whole = true;
    return file->out >= 0
               ? line_writer_send(file->out, file->text.text, file->text.length, timeout, NULL)
               : file_write(file->path, file->existing, file->text.text, file->text.length);
}

/* The folder of a device or a FIFO is no place for reports. */
bool report_file_keep(const struct report_file *file, const char *extension,
                      char where[static PATH_MAX]) {
    int folder = file->out < 0 ? file->location.folder : -1;
    return file->whole &&
           file_write_elsewhere(folder, extension, file->text.text, file->text.length, where);
}

void report_file_discard(struct report_file *file) {
    if (file->text.out != NULL)
        memory_stream_close(&file->text);
    if (file->out >= 0)
        close(file->out);
    if (file->existing >= 0)
        close(file->existing);
    file_location_close(&file->location);
    free(file->text.text);
    *file = (struct report_file){.path = file->path, .out = -1, .existing = -1};
    file->location.folder = -1;
}

int report_file_flush(FILE *out) {
    errno = 0;
    if (fflush(out) == 0 && !ferror(out))
        return 0;
    return errno != 0 ? -errno : -EIO; /* an earlier write failed, its errno is gone */
}
