/* The struct of the server, and the functions that its files share. Each of these calls only those
 * below it: serve_microhttpd.c, api.c, starts.c, listeners.c, clients.c, answers.c. */
#ifndef SERVE_SERVE_PRIVATE_H
#define SERVE_SERVE_PRIVATE_H

#include <microhttpd.h>

#include "base/instant.h"
#include "host/host.h"
#include "serve/access.h"
#include "serve/config.h"
#include "serve/events.h"
#include "serve/pictures.h"
#include "serve/runs.h"
#include "serve/serve.h"
#include "serve/targets.h"
#include "serve/watch.h"
#include "serve/words.h"

/* Connections beyond CLIENTS_KEPT end the one that has gone longest without a request. */
enum {
    SERVE_CLIENTS_KEPT = 384,
    SERVE_CLIENTS_MAX = 448,
    SERVE_LISTENERS_MAX = 64,
    SERVE_STARTS_MAX = 8,
    SERVE_REQUEST_SECONDS = 10,
    SERVE_COMMENT_SECONDS = 15,
    SERVE_NAMES = 2
};

struct serve_client {
    int fd; /* -1: none */
    bool shut, busy;
    instant since; /* it was opened, asked, or was answered */
};

enum serve_start_what { START_RUN, START_CHECK, START_STATISTICS };

/* A request that waits for a run to be started, for a check, or for the statistics of a run. */
struct serve_start {
    struct serve_request *request; /* NULL: this place is free */
    struct serve *serve;
    enum serve_start_what what;
    struct words options, pins;
    struct run_facts facts;
    char *url, *label, *hosts;
    size_t name_count, resolved;
    struct serve_name {
        struct serve_start *start;
        char host[URL_HOST_MAX];
        uint16_t port;
        struct host_resolve *asking;
        size_t given_count; /* addresses of the run's own --resolve; 0: the resolver's count */
        struct address given[ADDRESSES_MAX];
    } names[SERVE_NAMES];
    instant asked_at;
    struct serve_child child; /* of a check */
    char *text;               /* what it printed */
    size_t length;
    char message[RUN_MESSAGE_MAX];
    struct run_id run; /* whose statistics are waited for; "" */
};

/* One that is sent the events of a run. */
struct serve_listener {
    struct serve *serve;
    struct MHD_Connection *connection; /* NULL: this place is free */
    bool suspended, comment_due, begun;
    struct run_id run;
    struct event_cursor cursor;
    int fd;          /* of the timeline */
    uint64_t offset; /* of what was read of it */
    char *out;       /* events to be sent */
    size_t length, sent;
    instant written_at;
};

struct serve_request {
    struct MHD_Connection *connection;
    struct serve *serve;
    const struct endpoint *endpoint;
    struct run_id id;
    bool read_on; /* the head was accepted, the body is read */
    char *body;
    size_t length;
    bool too_long;
    struct serve_start *start;   /* suspended for it; NULL */
    struct MHD_Response *answer; /* what it led to */
    unsigned status;
};

struct serve {
    const struct options *options;
    char address[512];          /* the first line */
    char own[ADDRESS_TEXT_MAX]; /* the authority, where all connections have one */
    bool any_address;           /* it listens on all of this host */
    bool ending;
    instant now;
    int listen_fd;
    const char *socket_path; /* of a Unix socket; NULL */
    struct MHD_Daemon *daemon;
    struct access_rules rules;
    struct targets targets;
    struct config_limits limits;
    struct folder folder;
    struct runs runs;
    instant run_began;
    instant load_began; /* the current run's first sample came; before it: run_began */
    struct serve_client clients[SERVE_CLIENTS_MAX];
    struct serve_start starts[SERVE_STARTS_MAX];
    struct serve_listener listeners[SERVE_LISTENERS_MAX];
    struct serve_picture { /* the latest that was drawn */
        struct run_id run;
        enum picture_what what;
        unsigned width;
        uint64_t size;
        char *text;
        size_t length;
    } picture;
    uint64_t answered[6]; /* by the first digit of their status */
};

/* answers.c: each queues an answer, or keeps it for a suspended request. */
enum MHD_Result answer_problem(struct serve_request *request, unsigned status, const char *detail);
enum MHD_Result answer_not_allowed(struct serve_request *request, const char *allow,
                                   const char *detail);
/* text: malloc'ed, taken over; NULL: no memory, a 500. */
enum MHD_Result answer_text(struct serve_request *request, unsigned status, const char *type,
                            char *text, size_t length);
enum MHD_Result answer_static(struct serve_request *request, const char *type, const char *text,
                              size_t length);
/* A file of a run, from an offset on, `size` bytes of it (UINT64_MAX: to its end). The descriptor
 * is taken over. */
enum MHD_Result answer_file(struct serve_request *request, const char *type, int fd,
                            uint64_t offset, uint64_t size);
enum MHD_Result answer_created(struct serve_request *request, const struct run_id *id);
enum MHD_Result answer_with(struct serve_request *request, unsigned status, const char *type,
                            struct MHD_Response *response);
/* What was kept while it was suspended. */
enum MHD_Result answer_kept(struct serve_request *request);
const char *answer_query(const struct serve_request *request, const char *name);

/* clients.c: bounds of slow and many clients. */
void clients_init(struct serve *serve);
void clients_note(struct serve *serve, struct MHD_Connection *connection, bool busy);
void clients_sweep(struct serve *serve);
void clients_notified(void *with, struct MHD_Connection *connection, void **context,
                      enum MHD_ConnectionNotificationCode code);
/* The authority that a connection came to: "127.0.0.1:8080". */
void clients_authority(struct serve *serve, struct MHD_Connection *connection,
                       char text[static ADDRESS_TEXT_MAX]);

/* listeners.c: server-sent events. */
enum MHD_Result listeners_add(struct serve_request *request, const struct run *run);
/* There are new lines of that run, or it is over. */
void listeners_wake(struct serve *serve, const struct run *run);
/* Once a second: comments that are due. */
void listeners_tick(struct serve *serve);
void listeners_end(struct serve *serve);
size_t listeners_count(const struct serve *serve);

/* starts.c: runs, checks and statistics, begun by the body of a request. */
enum MHD_Result starts_begin(struct serve_request *request, enum serve_start_what what,
                             const struct json_t *object);
void starts_watch(struct serve *serve, struct watch *watch);
void starts_tick(struct serve *serve);
/* The run is over: whoever waits for its statistics gets them. */
void starts_run_over(struct serve *serve, const struct run *run);
/* The connection of a request that waited broke. */
void starts_forget(struct serve_request *request);
/* The server ends: all are answered. */
void starts_end(struct serve *serve);

/* api.c: one request; called by libmicrohttpd. */
enum MHD_Result api_handle(void *with, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *upload,
                           size_t *upload_size, void **state);
void api_completed(void *with, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code);

#endif
