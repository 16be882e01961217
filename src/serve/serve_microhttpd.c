/* The server by libmicrohttpd: one thread, whose poll(2) has the library's descriptors, signals,
 * the run's pipes and the names that are being resolved. */
#include "serve/serve_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/monotonic.h"
#include "net/net_serve.h"
#include "report/saved/saved_value.h"
#include "run/signals.h"
#include "serve/notify.h"

enum { MEMORY_EACH = 32 * 1024, TICK_MS = 1000 };
static const duration RUN_SLACK = 60 * SECOND; /* preflight, freeze and drain */
static const char unix_prefix[] = "unix:";

/* jansson without memory is the end: what runs is told by its order pipe. */
static void end_without_memory(void) {
    static const char text[] = "holdfast: serve: out of memory\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(EXIT_BUG);
}

/* --- where it listens --- */

static bool is_wildcard(const struct address *address) {
    return address->of.any.sa_family == AF_INET
               ? address->of.v4.sin_addr.s_addr == htonl(INADDR_ANY)
               : IN6_IS_ADDR_UNSPECIFIED(&address->of.v6.sin6_addr);
}

/* What it takes to be reached from elsewhere is said, and not assumed. */
static bool may_be_reached(const struct options *options, const struct address *address,
                           struct refuse_buffer to) {
    if (address_is_loopback(address) ||
        (options->allow_target != NULL && options->token_file != NULL))
        return true;
    return refuse(to,
                  "--listen: \"%s\" is not loopback: with --allow-target and --token-file it is "
                  "accepted",
                  refuse_quote(options->listen).text);
}

static bool listen_tcp(struct serve *serve, struct refuse_buffer to) {
    const char *text = serve->options->listen;
    struct address address;
    if (!address_parse_endpoint(&address, text))
        return refuse(to,
                      "--listen: \"%s\" is not ADDR:PORT with a numeric address: 127.0.0.1:8080, "
                      "[::1]:0, unix:/run/holdfast.sock are accepted",
                      refuse_quote(text).text);
    if (!may_be_reached(serve->options, &address, to))
        return false;
    serve->listen_fd = net_listen(&address, false);
    if (serve->listen_fd < 0)
        return refuse(to, "--listen: cannot listen on \"%s\": %s; port 0 is a free one",
                      refuse_quote(text).text, strerror(-serve->listen_fd));
    serve->any_address = is_wildcard(&address);
    address_format(&address, serve->own, sizeof serve->own);
    snprintf(serve->address, sizeof serve->address, "http://%s/", serve->own);
    return true;
}

/* A socket that nobody answers at is left of one that was killed. */
static void remove_stale(const struct sockaddr_un *name) {
    struct stat status;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && lstat(name->sun_path, &status) == 0 && S_ISSOCK(status.st_mode) &&
        connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 && errno == ECONNREFUSED)
        (void)unlink(name->sun_path);
    if (fd >= 0)
        close(fd);
}

static int bind_unix(const struct sockaddr_un *name) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    remove_stale(name);
    mode_t before = umask(S_IXUSR | S_IRWXG | S_IRWXO); /* 0600 from the first moment */
    int result = bind(fd, (const struct sockaddr *)name, sizeof *name);
    int error = errno;
    umask(before);
    if (result == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    error = result == 0 ? errno : error;
    close(fd);
    return -error;
}

static bool listen_unix(struct serve *serve, const char *path, struct refuse_buffer to) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (path[0] == '\0' || strlen(path) >= sizeof name.sun_path)
        return refuse(to, "--listen: unix:PATH of 1..%zu bytes is accepted",
                      sizeof name.sun_path - 1);
    memcpy(name.sun_path, path, strlen(path) + 1);
    serve->listen_fd = bind_unix(&name);
    if (serve->listen_fd < 0)
        return refuse(to, "--listen: cannot listen on \"%s\": %s", refuse_quote(path).text,
                      strerror(-serve->listen_fd));
    serve->socket_path = path;
    snprintf(serve->own, sizeof serve->own, "localhost");
    snprintf(serve->address, sizeof serve->address, "unix:%s", path);
    return true;
}

static bool listen_on(struct serve *serve, struct refuse_buffer to) {
    const char *text = serve->options->listen;
    if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0)
        return listen_unix(serve, text + sizeof unix_prefix - 1, to);
    return listen_tcp(serve, to);
}

/* --- open --- */

static bool read_rules(struct serve *serve, struct refuse_buffer to) {
    const struct options *options = serve->options;
    if (options->remote != NULL && options->hosts == NULL)
        return refuse(to, "--remote without --hosts: with the hosts' names it is accepted");
    if (options->allow_host != NULL && !access_allow_hosts(&serve->rules, options->allow_host, to))
        return false;
    if (!targets_read(&serve->targets, options->allow_target, to))
        return false;
    if (options->token_file != NULL)
        return access_read_token(&serve->rules, options->token_file, to);
    return access_random_token(&serve->rules) || refuse(to, "serve: no random token could be had");
}

static void add_token(struct serve *serve) {
    size_t length = strlen(serve->address);
    if (serve->options->token_file == NULL)
        snprintf(serve->address + length, sizeof serve->address - length, "#token=%s",
                 serve->rules.token);
}

/* Signals are the loop's, and the library has no thread that could take them. */
static bool start_daemon(struct serve *serve, struct refuse_buffer to) {
    serve->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, api_handle, serve,
        MHD_OPTION_LISTEN_SOCKET, serve->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SERVE_CLIENTS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVE_REQUEST_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_EACH, MHD_OPTION_NOTIFY_CONNECTION,
        clients_notified, serve, MHD_OPTION_NOTIFY_COMPLETED, api_completed, serve, MHD_OPTION_END);
    if (serve->daemon == NULL)
        return refuse(to, "serve: libmicrohttpd could not start: %s",
                      strerror(errno != 0 ? errno : EIO));
    serve->listen_fd = -1; /* the library closes it */
    return true;
}

struct serve *serve_open(const struct options *options, struct refuse_buffer to) {
    struct serve *serve = calloc(1, sizeof *serve);
    if (serve == NULL) {
        refuse(to, "serve: out of memory");
        return NULL;
    }
    saved_value_end_without_memory(end_without_memory);
    serve->options = options;
    serve->listen_fd = serve->folder.fd = -1;
    serve->limits = (struct config_limits){options->max_connections, options->max_duration,
                                           options->hosts, options->remote};
    serve->now = monotonic_now();
    clients_init(serve);
    if (read_rules(serve, to) && folder_open(&serve->folder, options->state, to) &&
        listen_on(serve, to) && start_daemon(serve, to)) {
        runs_load(&serve->runs, &serve->folder);
        add_token(serve);
        return serve;
    }
    serve_close(serve);
    return NULL;
}

const char *serve_address(const struct serve *serve) {
    return serve->address;
}

/* --- the loop --- */

static void run_library(void *owner) {
    struct serve *serve = owner;
    (void)MHD_run(serve->daemon);
}

static void take_lines(void *owner) {
    struct serve *serve = owner;
    struct run *run = serve->runs.current;
    bool begun = run != NULL && run->last != NULL;
    if (run == NULL || !runs_read_lines(run))
        return;
    if (!begun)
        serve->load_began = serve->now;
    listeners_wake(serve, run);
}

static void take_words(void *owner) {
    struct serve *serve = owner;
    if (serve->runs.current != NULL)
        runs_read_words(serve->runs.current);
}

static void take_end(void *owner) {
    struct serve *serve = owner;
    const struct run *run = serve->runs.current;
    if (run == NULL)
        return;
    runs_finish(&serve->runs);
    listeners_wake(serve, run);
    starts_run_over(serve, run);
}

/* A run that is older than it may be, by whatever it was asked for, ends in order: one that says no
 * time to the second, one that was asked for within the bound when more than that held it up. */
static bool is_too_old(const struct serve *serve, const struct run *run) {
    duration most = serve->limits.time;
    bool endless = run->hold_seconds == 0 && run->last != NULL;
    if (most == 0)
        return false;
    return endless ? instant_since(serve->now, serve->load_began) >= most
                   : instant_since(serve->now, serve->run_began) > most + RUN_SLACK;
}

static void watch_age(struct serve *serve) {
    struct run *run = serve->runs.current;
    if (run != NULL && is_too_old(serve, run))
        runs_stop(run);
}

static void tick(struct serve *serve) {
    clients_sweep(serve);
    listeners_tick(serve);
    starts_tick(serve);
    runs_look(&serve->runs);
    watch_age(serve);
}

static int wait_ms(const struct serve *serve, instant next_tick) {
    MHD_UNSIGNED_LONG_LONG library = 0;
    duration left = instant_since(next_tick, serve->now);
    int tick_ms = left <= 0 ? 0 : (int)(left / MILLISECOND) + 1;
    if (MHD_get_timeout(serve->daemon, &library) == MHD_YES && library < (unsigned)tick_ms)
        return (int)library;
    return tick_ms;
}

static void fill_watch(struct serve *serve, struct watch *watch) {
    const struct run *run = serve->runs.current;
    int library = MHD_get_daemon_info(serve->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (run != NULL) {
        watch_add(watch, run->child.out, take_lines, serve);
        watch_add(watch, run->child.err, take_words, serve);
        watch_add(watch, run->child.pidfd, take_end, serve);
    }
    starts_watch(serve, watch);
    watch_add(watch, library, run_library, serve);
}

static void signal_came(void *owner) {
    (void)owner; /* read behind the turn */
}

/* What a turn did is the library's to send at once. */
static void turn(struct serve *serve, int signals_fd, instant next_tick) {
    struct watch watch = {.count = 0};
    fill_watch(serve, &watch);
    watch_add(&watch, signals_fd, signal_came, NULL);
    watch_wait(&watch, wait_ms(serve, next_tick));
    serve->now = monotonic_now();
    watch_run(&watch);
    run_library(serve);
}

/* Once: the run ends in order, and so do we then. Again: at once. */
static bool take_signals(struct serve *serve, int signals_fd) {
    for (int number; (number = signals_next(signals_fd)) != 0;) {
        if (number == SIGTSTP)
            raise(SIGSTOP); /* the run goes on: it is a group of its own */
        if (!signals_is_interrupt(number))
            continue;
        if (serve->ending)
            return false;
        serve->ending = true;
        notify_service("STOPPING=1");
        if (serve->runs.current != NULL)
            runs_stop(serve->runs.current);
    }
    return true;
}

int serve_loop(struct serve *serve, int signals_fd) {
    instant next_tick = instant_after(monotonic_now(), SECOND);
    bool in_order = true;
    notify_service("READY=1");
    while (in_order && !(serve->ending && serve->runs.current == NULL)) {
        turn(serve, signals_fd, next_tick);
        in_order = take_signals(serve, signals_fd);
        if (instant_before(serve->now, next_tick))
            continue;
        tick(serve);
        next_tick = instant_after(serve->now, SECOND);
    }
    return in_order ? EXIT_HELD : EXIT_SECOND_SIGNAL;
}

static void stop_daemon(struct serve *serve) {
    serve->ending = true;
    starts_end(serve);
    listeners_end(serve);
    run_library(serve); /* resumed ones are answered */
    run_library(serve);
    MHD_stop_daemon(serve->daemon);
}

void serve_close(struct serve *serve) {
    if (serve == NULL)
        return;
    if (serve->daemon != NULL)
        stop_daemon(serve);
    if (serve->listen_fd >= 0)
        close(serve->listen_fd);
    if (serve->socket_path != NULL)
        (void)unlink(serve->socket_path);
    runs_free(&serve->runs);
    folder_close(&serve->folder);
    free(serve->picture.text);
    explicit_bzero(&serve->rules, sizeof serve->rules);
    free(serve);
}
