/* The least possible ramp over TLS: connects to 127.0.0.1, 10 each 10 ms, OpenSSL's handshake over
 * memory BIOs with certificate, name and ALPN as holdfast has them, and nothing else; the object is
 * freed and the socket held until all are up. Without a file of certificates: TCP alone. Prints
 * microseconds of CPU for each connection. It is the floor that holdfast's own ramp is compared
 * with: cold caches and sockets are in both. */
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/require.h"

enum { AT_ONCE = 10, TICK_MS = 10, EVENTS = 64, FLIGHT_MAX = 16384 };

struct connection {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    int fd;
};

static struct {
    SSL_CTX *tls; /* NULL: TCP alone */
    struct sockaddr_in to;
    struct connection *connections;
    uint32_t count, opened, up;
    int epoll;
} ramp;

static double cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void make_context(const char *trusted) {
    static const unsigned char http11[] = "\x08http/1.1";
    ramp.tls = SSL_CTX_new(TLS_client_method());
    require(ramp.tls != NULL && SSL_CTX_load_verify_file(ramp.tls, trusted) == 1);
    require(SSL_CTX_set_min_proto_version(ramp.tls, TLS1_2_VERSION) == 1);
    require(SSL_CTX_set_ciphersuites(ramp.tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                               "TLS_CHACHA20_POLY1305_SHA256") == 1);
    require(SSL_CTX_set_alpn_protos(ramp.tls, http11, sizeof http11 - 1) == 0);
    SSL_CTX_set_mode(ramp.tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ramp.tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ramp.tls, SSL_VERIFY_PEER, NULL);
}

static void begin_handshake(struct connection *connection) {
    connection->ssl = SSL_new(ramp.tls);
    connection->in = BIO_new(BIO_s_mem());
    connection->out = BIO_new(BIO_s_mem());
    require(connection->ssl != NULL && connection->in != NULL && connection->out != NULL);
    SSL_set_bio(connection->ssl, connection->in, connection->out);
    SSL_set_hostflags(connection->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    require(SSL_set1_host(connection->ssl, "localhost") == 1);
    require(SSL_set_tlsext_host_name(connection->ssl, "localhost") == 1);
    SSL_set_connect_state(connection->ssl);
}

static void watch(struct connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    require(epoll_ctl(ramp.epoll, operation, connection->fd, &event) == 0);
}

static void open_next(void) {
    struct connection *connection = &ramp.connections[ramp.opened++];
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    require(connection->fd >= 0);
    int result = connect(connection->fd, (void *)&ramp.to, sizeof ramp.to);
    require(result == 0 || errno == EINPROGRESS);
    watch(connection, EPOLL_CTL_ADD, EPOLLOUT);
}

static void connection_is_up(struct connection *connection) {
    SSL_free(connection->ssl);
    connection->ssl = NULL;
    watch(connection, EPOLL_CTL_DEL, 0);
    ramp.up++;
}

static void shake_hands(struct connection *connection) {
    char flight[FLIGHT_MAX];
    int result = SSL_do_handshake(connection->ssl);
    if (result != 1 && SSL_get_error(connection->ssl, result) != SSL_ERROR_WANT_READ) {
        fprintf(stderr, "tls_ramp: a handshake failed\n");
        exit(1);
    }
    int length = BIO_read(connection->out, flight, sizeof flight);
    require(length <= 0 ||
            send(connection->fd, flight, (size_t)length, MSG_NOSIGNAL) == (ssize_t)length);
    if (result == 1)
        connection_is_up(connection);
}

static void handle(struct connection *connection) {
    char bytes[FLIGHT_MAX];
    if (ramp.tls == NULL) {
        connection_is_up(connection);
    } else if (connection->ssl == NULL) {
        begin_handshake(connection);
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        shake_hands(connection);
    } else {
        ssize_t got = recv(connection->fd, bytes, sizeof bytes, 0);
        require(got > 0 && BIO_write(connection->in, bytes, (int)got) == (int)got);
        shake_hands(connection);
    }
}

static int make_timer(void) {
    struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    struct itimerspec ticks = {.it_interval = tick, .it_value = tick};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    require(timer >= 0 && timerfd_settime(timer, 0, &ticks, NULL) == 0);
    require(epoll_ctl(ramp.epoll, EPOLL_CTL_ADD, timer, &event) == 0);
    return timer;
}

static void open_due(int timer) {
    uint64_t ticks;
    require(read(timer, &ticks, sizeof ticks) == sizeof ticks);
    for (uint64_t i = 0; i < ticks * AT_ONCE && ramp.opened < ramp.count; i++)
        open_next();
}

static void run(void) {
    int timer = make_timer();
    while (ramp.up < ramp.count) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(ramp.epoll, events, EVENTS, -1);
        require(count > 0 || errno == EINTR);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr != NULL)
                handle(events[i].data.ptr);
            else
                open_due(timer);
        }
    }
}

int main(int count, char **words) {
    if (count < 3 || count > 4) {
        fprintf(stderr, "usage: bench_tls_ramp PORT CONNECTIONS [TRUSTED-CERTIFICATES]\n");
        return 2;
    }
    struct rlimit files;
    require(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    require(setrlimit(RLIMIT_NOFILE, &files) == 0);
    ramp.to = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(words[1])),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ramp.count = (uint32_t)atoi(words[2]);
    ramp.connections = calloc(ramp.count, sizeof *ramp.connections);
    ramp.epoll = epoll_create1(EPOLL_CLOEXEC);
    require(ramp.connections != NULL && ramp.epoll >= 0);
    if (count == 4)
        make_context(words[3]);
    double begun = cpu_us();
    run();
    printf("%.1f\n", (cpu_us() - begun) / ramp.count);
    SSL_CTX_free(ramp.tls);
    free(ramp.connections);
    return 0;
}
