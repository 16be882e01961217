/* Listeners of a run's events. Each reads the timeline's file at its own pace: one that reads
 * nothing keeps one event's bytes and a place in a file, and holds up nobody. */
#include "serve/serve_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory_stream.h"
#include "report/saved/saved.h"

enum { LISTENER_BYTES = 32 * 1024 };

size_t listeners_count(const struct serve *serve) {
    size_t count = 0;
    for (size_t i = 0; i < SERVE_LISTENERS_MAX; i++)
        count += serve->listeners[i].connection != NULL;
    return count;
}

/* Events of the lines that are there and were not sent, some of them; false: none, or no memory. */
static bool read_events(struct serve_listener *listener, uint64_t size) {
    struct memory_stream stream;
    char *lines = NULL;
    size_t room = LISTENER_BYTES, length = 0, whole = 0;
    while (whole == 0 && listener->offset + length < size && room <= 4 * SAVED_LINE_MAX) {
        char *more = realloc(lines, room);
        if (more == NULL)
            break;
        lines = more;
        ssize_t got =
            pread(listener->fd, lines + length, room - length, (off_t)(listener->offset + length));
        if (got <= 0)
            break;
        length += (size_t)got;
        for (whole = length; whole > 0 && lines[whole - 1] != '\n'; whole--)
            ;
        room *= 2;
    }
    bool open = whole > 0 && memory_stream_open(&stream);
    for (size_t at = 0; open && at < whole;) {
        const char *end = memchr(lines + at, '\n', whole - at);
        size_t line = (size_t)(end - lines) - at;
        events_write(stream.out, &listener->cursor, lines + at, line);
        at += line + 1;
    }
    free(lines);
    if (!open || !memory_stream_close(&stream))
        return false;
    listener->offset += whole;
    free(listener->out);
    listener->out = stream.text;
    listener->length = stream.length;
    listener->sent = 0;
    return true;
}

static void comment(struct serve_listener *listener, const char *text) {
    free(listener->out);
    listener->out = strdup(text);
    listener->length = listener->out != NULL ? strlen(text) : 0;
    listener->sent = 0;
    listener->comment_due = false;
}

/* Something to send; false: the listener waits for news, or is at the end. */
static bool fill(struct serve_listener *listener, const struct run *run) {
    if (!listener->begun) {
        listener->begun = true;
        comment(listener, "retry: 1000\n\n");
    }
    while (listener->sent == listener->length)
        if (run == NULL || !read_events(listener, run->size))
            break;
    if (listener->sent == listener->length && listener->comment_due)
        comment(listener, ": nothing new\n\n");
    return listener->sent < listener->length;
}

/* Called by libmicrohttpd whenever the client takes more. */
static ssize_t send_some(void *with, uint64_t position, char *buffer, size_t room) {
    struct serve_listener *listener = with;
    const struct run *run = runs_find(&listener->serve->runs, listener->run.text);
    (void)position;
    if (!fill(listener, run)) {
        if (run == NULL || run->state == RUN_ENDED || listener->serve->ending)
            return MHD_CONTENT_READER_END_OF_STREAM;
        listener->suspended = true;
        MHD_suspend_connection(listener->connection);
        return 0;
    }
    size_t left = listener->length - listener->sent, some = left < room ? left : room;
    memcpy(buffer, listener->out + listener->sent, some);
    listener->sent += some;
    listener->written_at = listener->serve->now;
    return (ssize_t)some;
}

static void release(void *with) {
    struct serve_listener *listener = with;
    if (listener->fd >= 0)
        close(listener->fd);
    free(listener->out);
    *listener = (struct serve_listener){.fd = -1};
}

/* The first second that is wanted: behind Last-Event-ID, or from ?from= on. */
static int64_t first_second(const struct serve_request *request) {
    const char *last =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Last-Event-ID");
    const char *from = answer_query(request, "from");
    char *end;
    long long value = last != NULL   ? strtoll(last, &end, 10)
                      : from != NULL ? strtoll(from, &end, 10)
                                     : 0;
    if ((last == NULL && from == NULL) || *end != '\0' || value < 0 || value > 1000000000)
        return 0;
    return last != NULL ? value + 1 : value;
}

static struct serve_listener *find_place(struct serve *serve) {
    for (size_t i = 0; i < SERVE_LISTENERS_MAX; i++)
        if (serve->listeners[i].connection == NULL)
            return &serve->listeners[i];
    return NULL;
}

static int open_timeline(const struct serve *serve, const struct run *run) {
    int run_fd = folder_open_run(&serve->folder, &run->id);
    if (run_fd < 0)
        return run_fd;
    int fd = folder_read(run_fd, FOLDER_TIMELINE);
    close(run_fd);
    return fd;
}

enum MHD_Result listeners_add(struct serve_request *request, const struct run *run) {
    struct serve *serve = request->serve;
    struct serve_listener *listener = find_place(serve);
    if (listener == NULL)
        return answer_problem(request, 503, "too many listen to events already");
    int fd = open_timeline(serve, run);
    if (fd < 0)
        return answer_problem(request, 404, "this run has no timeline");
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, LISTENER_BYTES, send_some, listener, release);
    *listener = (struct serve_listener){.serve = serve,
                                        .connection = request->connection,
                                        .run = run->id,
                                        .cursor = {.from = first_second(request), .second = -1},
                                        .fd = fd,
                                        .written_at = serve->now};
    if (response == NULL)
        release(listener);
    return answer_with(request, MHD_HTTP_OK, "text/event-stream", response);
}

static void resume(struct serve_listener *listener) {
    if (!listener->suspended)
        return;
    listener->suspended = false;
    MHD_resume_connection(listener->connection);
}

void listeners_wake(struct serve *serve, const struct run *run) {
    for (size_t i = 0; i < SERVE_LISTENERS_MAX; i++)
        if (serve->listeners[i].connection != NULL &&
            strcmp(serve->listeners[i].run.text, run->id.text) == 0)
            resume(&serve->listeners[i]);
}

/* A comment shows that we are there, and finds out who is not. */
void listeners_tick(struct serve *serve) {
    for (size_t i = 0; i < SERVE_LISTENERS_MAX; i++) {
        struct serve_listener *listener = &serve->listeners[i];
        if (listener->connection == NULL || !listener->suspended ||
            instant_since(serve->now, listener->written_at) < SERVE_COMMENT_SECONDS * SECOND)
            continue;
        listener->comment_due = true;
        resume(listener);
    }
}

void listeners_end(struct serve *serve) {
    for (size_t i = 0; i < SERVE_LISTENERS_MAX; i++)
        if (serve->listeners[i].connection != NULL)
            resume(&serve->listeners[i]);
}
