/* --metrics by libmicrohttpd: one thread, few connections, short patience. */
#include "run/scrape.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "net/net_serve.h"

/* A scraper is one, or two for a while; whoever says nothing is let go. */
enum { CONNECTIONS_MAX = 16, PATIENCE_SECONDS = 10, MEMORY_EACH = 16 * 1024 };

struct text {
    char *bytes;
    size_t length;
};

struct scrape {
    int fd; /* listens; the daemon's once it runs */
    char url[ADDRESS_TEXT_MAX + 32];
    struct MHD_Daemon *daemon;
    pthread_mutex_t mutex; /* of texts */
    struct text texts[EXPOSITION_FORMATS];
};

const char *scrape_part(void) {
    static char part[64];
    snprintf(part, sizeof part, "libmicrohttpd %s (--metrics)", MHD_get_version());
    return part;
}

static bool listen_on(struct scrape *scrape, const char *endpoint, struct refusal to) {
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    if (!address_parse_endpoint(&address, endpoint)) {
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

struct scrape *scrape_open(const char *endpoint, struct refusal to) {
    struct scrape *scrape = calloc(1, sizeof *scrape);
    if (scrape == NULL) {
        snprintf(to.text, to.size, "--metrics: out of memory");
        return NULL;
    }
    pthread_mutex_init(&scrape->mutex, NULL);
    scrape->fd = -1;
    if (listen_on(scrape, endpoint, to))
        return scrape;
    scrape_close(scrape);
    return NULL;
}

const char *scrape_url(const struct scrape *scrape) {
    return scrape->url;
}

/* --- one answer; on the daemon's thread --- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              struct MHD_Response *response, const char *name, const char *value) {
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, name, value);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
                                    const char *text, const char *name, const char *value) {
    return answer(connection, status,
                  MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                  MHD_RESPMEM_PERSISTENT),
                  name, value);
}

static enum exposition_format format_asked(struct MHD_Connection *connection) {
    const char *accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    bool named = accept != NULL && strcasestr(accept, "application/openmetrics-text") != NULL;
    return named ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS;
}

static enum MHD_Result answer_text(struct scrape *scrape, struct MHD_Connection *connection) {
    enum exposition_format format = format_asked(connection);
    pthread_mutex_lock(&scrape->mutex);
    const struct text *text = &scrape->texts[format];
    struct MHD_Response *response =
        text->bytes == NULL
            ? NULL
            : MHD_create_response_from_buffer(text->length, text->bytes, MHD_RESPMEM_MUST_COPY);
    pthread_mutex_unlock(&scrape->mutex);
    if (response == NULL)
        return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "nothing is measured yet\n",
                            MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return answer(connection, MHD_HTTP_OK, response, MHD_HTTP_HEADER_CONTENT_TYPE,
                  exposition_content_type(format));
}

/* Called once for the head, and again for the body and its end: an answer to the head ends it. */
static enum MHD_Result handle(void *with, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
    (void)version, (void)upload;
    static int seen;
    if (*state == NULL && *upload_size == 0) {
        *state = &seen;
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") != 0)
        return answer_error(connection, MHD_HTTP_NOT_FOUND, "only /metrics is here\n",
                            MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD are accepted\n",
                            MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    return answer_text(with, connection);
}

/* --- from the parent's loop --- */

int scrape_start(struct scrape *scrape) {
    sigset_t all, before;
    sigfillset(&all); /* signals are the parent's loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    /* A way to wake the thread of its own: at its limit of connections it does not look at the
     * listening socket, by which it would be told to stop. */
    scrape->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, NULL, NULL, handle, scrape,
        MHD_OPTION_LISTEN_SOCKET, scrape->fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PATIENCE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_EACH, MHD_OPTION_END);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (scrape->daemon == NULL)
        return error != 0 ? -error : -EIO;
    scrape->fd = -1; /* it closes it */
    return 0;
}

static void publish(struct scrape *scrape, enum exposition_format format,
                    const struct exposition *from) {
    struct text text = {NULL, 0};
    FILE *out = open_memstream(&text.bytes, &text.length);
    if (out == NULL)
        return;
    report_exposition(out, format, from);
    if (fclose(out) != 0) {
        free(text.bytes);
        return;
    }
    pthread_mutex_lock(&scrape->mutex);
    char *former = scrape->texts[format].bytes;
    scrape->texts[format] = text;
    pthread_mutex_unlock(&scrape->mutex);
    free(former);
}

void scrape_publish(struct scrape *scrape, const struct exposition *from) {
    for (int format = 0; format < EXPOSITION_FORMATS; format++)
        publish(scrape, (enum exposition_format)format, from);
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
