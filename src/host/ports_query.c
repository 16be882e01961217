/* A look at the source ports beside other work. */
#include "host/ports_query.h"

#include <errno.h>
#include <unistd.h>

#include "host/child.h"
#include "host/host.h"

struct ports_question {
    const char *root;
    const struct host_pairs *pairs;
};

static void sum_up(struct ports_seen *seen, const struct ephemeral_ports *ports) {
    seen->range = ports->range;
    seen->reserved = ports->reserved;
    seen->in_use = ports->tables_known ? ports->listening : -1;
    seen->time_wait = ports->tables_known ? 0 : -1;
    for (size_t i = 0; i < ports->pair_count; i++) {
        seen->in_use += ports->pairs[i].in_use;
        seen->time_wait += (int64_t)ports->pairs[i].waiting + ports->pairs[i].young;
    }
}

/* A source that was there before the run may be gone. */
static void check_sources_exist(struct ports_seen *seen, const struct address_set *sources) {
    for (uint32_t i = 0; i < sources->count; i++) {
        struct address source = address_set_at(sources, i);
        if (host_bind_error(&source) == EADDRNOTAVAIL && seen->sources_absent++ == 0)
            seen->source_absent = source;
    }
}

static int count_in_child(int fd, const void *with) {
    const struct ports_question *question = with;
    struct ephemeral_ports ports;
    struct ports_seen seen = {.range = -1, .reserved = -1, .in_use = -1, .time_wait = -1};
    check_sources_exist(&seen, &question->pairs->sources);
    if (ephemeral_ports_read(&ports, question->root, question->pairs)) {
        sum_up(&seen, &ports);
        ephemeral_ports_free(&ports);
    } else if (seen.sources_absent == 0) {
        return -1;
    }
    return write(fd, &seen, sizeof seen) == (ssize_t)sizeof seen ? 0 : -1;
}

int ports_query_begin(struct ports_query *look, const char *root, const struct host_pairs *pairs) {
    int ends[2];
    int error = child_pipe(ends);
    if (error != 0)
        return error;
    pid_t child = child_fork(count_in_child, ends[1], &(struct ports_question){root, pairs});
    error = errno;
    close(ends[1]); /* so that a child's death is the end of the pipe */
    if (child < 0) {
        close(ends[0]);
        return -error;
    }
    *look = (struct ports_query){.begun = true, .fd = ends[0], .child = child};
    return 0;
}

int ports_query_take(struct ports_query *look, struct ports_seen *out) {
    if (!look->begun || look->over)
        return -ENOENT;
    ssize_t got;
    do
        got = read(look->fd, out, sizeof *out);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return -EAGAIN;
    ports_query_end(look);
    return got == (ssize_t)sizeof *out ? 0 : -EIO;
}

void ports_query_end(struct ports_query *look) {
    if (!look->begun || look->over)
        return;
    child_reap(look->child);
    close(look->fd);
    look->over = true;
}
