/* A look at the source ports beside other work. */
#include "host/ports_look.h"

#include <errno.h>
#include <unistd.h>

#include "host/child.h"

struct question {
    const char *root;
    const struct host_pairs *pairs;
};

static struct ports_seen sum_up(const struct host_ports *ports) {
    struct ports_seen seen = {.range = ports->range,
                              .reserved = ports->reserved,
                              .in_use = ports->tables_known ? ports->listening : -1,
                              .time_wait = ports->tables_known ? 0 : -1};
    for (size_t i = 0; i < ports->pair_count; i++) {
        seen.in_use += ports->pairs[i].in_use;
        seen.time_wait += (int64_t)ports->pairs[i].waiting + ports->pairs[i].young;
    }
    return seen;
}

static int count_in_child(int fd, const void *with) {
    const struct question *question = with;
    struct host_ports ports;
    if (!host_ports_read(&ports, question->root, question->pairs))
        return -1;
    struct ports_seen seen = sum_up(&ports);
    host_ports_free(&ports);
    return write(fd, &seen, sizeof seen) == (ssize_t)sizeof seen ? 0 : -1;
}

int ports_look_begin(struct ports_look *look, const char *root, const struct host_pairs *pairs) {
    int ends[2];
    int error = child_pipe(ends);
    if (error != 0)
        return error;
    pid_t child = child_fork(count_in_child, ends[1], &(struct question){root, pairs});
    error = errno;
    close(ends[1]); /* so that a child's death is the end of the pipe */
    if (child < 0) {
        close(ends[0]);
        return -error;
    }
    *look = (struct ports_look){.begun = true, .fd = ends[0], .child = child};
    return 0;
}

int ports_look_take(struct ports_look *look, struct ports_seen *out) {
    if (!look->begun || look->over)
        return -ENOENT;
    ssize_t got;
    do
        got = read(look->fd, out, sizeof *out);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return -EAGAIN;
    ports_look_end(look);
    return got == (ssize_t)sizeof *out ? 0 : -EIO;
}

void ports_look_end(struct ports_look *look) {
    if (!look->begun || look->over)
        return;
    child_reap(look->child);
    close(look->fd);
    look->over = true;
}
