/* --metrics by libmicrohttpd: one thread, few connections, each with a bounded time for a request.
 */
#include "run/scrape.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/ascii.h"
#include "base/instant.h"
#include "base/memory_stream.h"
#include "base/monotonic.h"
#include "net/net_serve.h"

/* Scrapers are few. Where more connections than CONNECTIONS_KEPT are open, the one that has gone
 * longest without a request is shut down, so that a new scraper always gets through; up to
 * SCRAPERS_MAX are shut down and not yet closed. The library's own timeout is of silence only:
 * each second REQUEST_SECONDS bounds request and answer as a whole, also for bytes that drip. */
enum {
    CONNECTIONS_KEPT = 16,
    SCRAPERS_MAX = 64,
    REQUEST_SECONDS = 10,
    MEMORY_EACH = 16 * 1024,
    STACK_SIZE = 256 * 1024 /* else RLIMIT_STACK, which may be too small */
};

/* A connection of a scraper. */
struct scraper {
    int fd; /* the library's; -1: none */
    bool shut;
    instant since; /* it was opened, asked or was answered */
};

struct scrape_text {
    char *bytes;
    size_t length;
};

struct scrape {
    int fd; /* listens; the daemon's once it runs */
    char url[ADDRESS_TEXT_MAX + 32];
    struct MHD_Daemon *daemon;
    pthread_mutex_t mutex; /* of texts and scrapers */
    struct scrape_text texts[EXPOSITION_FORMATS];
    struct scraper scrapers[SCRAPERS_MAX];
};

const char *scrape_part(void) {
    static char part[64];
    snprintf(part, sizeof part, "libmicrohttpd %s (--metrics, serve)", MHD_get_version());
    return part;
}

static bool listen_on(struct scrape *scrape, const char *endpoint, struct refuse_buffer to) {
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    if (!address_parse_listen(&address, endpoint)) {
        snprintf(to.text, to.size, "--metrics: \"%s\" is not ADDR:PORT", endpoint);
        return false;
    }
    scrape->fd = net_listen(&address, false);
    if (scrape->fd < 0) {
        snprintf(to.text, to.size,
                 "--metrics: cannot listen on %s: %s: a free port at an address of this host is "
                 "accepted, and port 0 for any",
                 endpoint, strerror(-scrape->fd));
        return false;
    }
    snprintf(scrape->url, sizeof scrape->url, "http://%s/metrics",
             address_format(&address, text, sizeof text));
    return true;
}

struct scrape *scrape_open(const char *endpoint, struct refuse_buffer to) {
    struct scrape *scrape = calloc(1, sizeof *scrape);
    if (scrape == NULL) {
        snprintf(to.text, to.size, "--metrics: out of memory");
        return NULL;
    }
    pthread_mutex_init(&scrape->mutex, NULL);
    scrape->fd = -1;
    for (size_t i = 0; i < SCRAPERS_MAX; i++)
        scrape->scrapers[i].fd = -1;
    if (listen_on(scrape, endpoint, to))
        return scrape;
    scrape_close(scrape);
    return NULL;
}

const char *scrape_url(const struct scrape *scrape) {
    return scrape->url;
}

/* --- who is connected; under the mutex --- */

/* The daemon's thread reads the end of the stream and closes the connection. */
static void scraper_shut(struct scraper *scraper) {
    scraper->shut = true;
    (void)shutdown(scraper->fd, SHUT_RDWR);
}

static bool scraper_is_open(const struct scraper *scraper) {
    return scraper->fd >= 0 && !scraper->shut;
}

static void shut_surplus(struct scrape *scrape) {
    struct scraper *oldest = NULL;
    size_t open = 0;
    for (size_t i = 0; i < SCRAPERS_MAX; i++) {
        struct scraper *scraper = &scrape->scrapers[i];
        if (!scraper_is_open(scraper))
            continue;
        open++;
        if (oldest == NULL || instant_before(scraper->since, oldest->since))
            oldest = scraper;
    }
    if (open > CONNECTIONS_KEPT)
        scraper_shut(oldest);
}

static void shut_slow(struct scrape *scrape) {
    instant now = monotonic_now();
    for (size_t i = 0; i < SCRAPERS_MAX; i++) {
        struct scraper *scraper = &scrape->scrapers[i];
        if (scraper_is_open(scraper) &&
            instant_since(now, scraper->since) > REQUEST_SECONDS * SECOND)
            scraper_shut(scraper);
    }
}

static struct scraper *scraper_add(struct scrape *scrape, int fd) {
    struct scraper *added = scrape->scrapers;
    while (added->fd >= 0) /* the library accepts no more than there is room for */
        added++;
    *added = (struct scraper){.fd = fd, .since = monotonic_now()};
    shut_surplus(scrape);
    return added;
}

/* --- connections as the library reports them; on the daemon's thread --- */

/* A refused request's body may still be unread: closing over it would send RST, which may overtake
 * the answer. */
static void discard_received(int fd) {
    char bytes[16 * 1024];
    for (int turn = 0; turn < 64; turn++)
        if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
            return;
}

static int descriptor_of(struct MHD_Connection *connection) {
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void connection_notified(void *with, struct MHD_Connection *connection, void **context,
                                enum MHD_ConnectionNotificationCode code) {
    struct scrape *scrape = with;
    pthread_mutex_lock(&scrape->mutex);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = scraper_add(scrape, descriptor_of(connection));
    } else {
        struct scraper *scraper = *context;
        discard_received(scraper->fd);
        scraper->fd = -1;
    }
    pthread_mutex_unlock(&scrape->mutex);
}

/* A request's head is whole, or an answer was sent. */
static void note_progress(struct scrape *scrape, struct MHD_Connection *connection) {
    struct scraper *scraper =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    pthread_mutex_lock(&scrape->mutex);
    scraper->since = monotonic_now();
    pthread_mutex_unlock(&scrape->mutex);
}

static void request_completed(void *with, struct MHD_Connection *connection, void **state,
                              enum MHD_RequestTerminationCode code) {
    (void)state;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        note_progress(with, connection);
}

/* --- one answer; on the daemon's thread --- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              struct MHD_Response *response, const char *content_type) {
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* With a header of its own, or name NULL. */
static enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
                                    const char *text, const char *name, const char *value) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    if (name != NULL)
        MHD_add_response_header(response, name, value);
    return answer(connection, status, response, "text/plain");
}

static enum prometheus_format format_asked(struct MHD_Connection *connection) {
    const char *accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    bool named = accept != NULL && ascii_find(accept, "application/openmetrics-text") != NULL;
    return named ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS;
}

static enum MHD_Result answer_text(struct scrape *scrape, struct MHD_Connection *connection) {
    enum prometheus_format format = format_asked(connection);
    pthread_mutex_lock(&scrape->mutex);
    const struct scrape_text *text = &scrape->texts[format];
    struct MHD_Response *response =
        text->bytes == NULL
            ? NULL
            : MHD_create_response_from_buffer(text->length, text->bytes, MHD_RESPMEM_MUST_COPY);
    pthread_mutex_unlock(&scrape->mutex);
    if (response == NULL)
        return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "nothing is measured yet\n",
                            MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return answer(connection, MHD_HTTP_OK, response, prometheus_content_type(format));
}

/* Of a request target in absolute form (RFC 9112 3.2.2) what follows scheme and authority. */
static const char *path_of(const char *target) {
    const char *authority = strstr(target, "://");
    if (target[0] == '/' || authority == NULL)
        return target;
    const char *path = strchr(authority + 3, '/');
    return path != NULL ? path : "/";
}

/* Called once for the head, and for GET and HEAD again behind a body they may have. Any other
 * method is refused by its head: neither is 100 (Continue) sent nor its body read. */
static enum MHD_Result handle(void *with, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
    (void)version, (void)upload;
    static int seen;
    if (*state == NULL)
        note_progress(with, connection);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD are accepted\n",
                            MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (*state == NULL || *upload_size > 0) {
        *state = &seen;
        *upload_size = 0; /* the body of a GET means nothing */
        return MHD_YES;
    }
    if (strcmp(path_of(url), "/metrics") != 0)
        return answer_error(connection, MHD_HTTP_NOT_FOUND, "only /metrics is here\n", NULL, NULL);
    return answer_text(with, connection);
}

/* --- from the parent's loop --- */

int scrape_start(struct scrape *scrape) {
    sigset_t all, before;
    sigfillset(&all); /* signals are the parent's loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    /* A way to wake the thread of its own: at its limit of connections it does not look at the
     * listening socket, by which it would be stopped. */
    scrape->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, NULL, NULL, handle, scrape,
        MHD_OPTION_LISTEN_SOCKET, scrape->fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)SCRAPERS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)REQUEST_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_EACH, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)STACK_SIZE, MHD_OPTION_NOTIFY_CONNECTION, connection_notified, scrape,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, scrape, MHD_OPTION_END);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (scrape->daemon == NULL)
        return error != 0 ? -error : -EIO;
    scrape->fd = -1; /* it closes it */
    return 0;
}

static void publish(struct scrape *scrape, enum prometheus_format format,
                    const struct prometheus_scrape *from) {
    struct memory_stream stream;
    if (!memory_stream_open(&stream))
        return;
    prometheus_write(stream.out, format, from);
    if (!memory_stream_close(&stream))
        return;
    struct scrape_text text = {stream.text, stream.length};
    pthread_mutex_lock(&scrape->mutex);
    char *former = scrape->texts[format].bytes;
    scrape->texts[format] = text;
    pthread_mutex_unlock(&scrape->mutex);
    free(former);
}

void scrape_publish(struct scrape *scrape, const struct prometheus_scrape *from) {
    for (int format = 0; format < EXPOSITION_FORMATS; format++)
        publish(scrape, (enum prometheus_format)format, from);
    pthread_mutex_lock(&scrape->mutex);
    shut_slow(scrape);
    pthread_mutex_unlock(&scrape->mutex);
}

void scrape_close(struct scrape *scrape) {
    if (scrape == NULL)
        return;
    if (scrape->daemon != NULL)
        MHD_stop_daemon(scrape->daemon);
    if (scrape->fd >= 0)
        close(scrape->fd);
    for (int format = 0; format < EXPOSITION_FORMATS; format++)
        free(scrape->texts[format].bytes);
    pthread_mutex_destroy(&scrape->mutex);
    free(scrape);
}
