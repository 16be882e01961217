/* Who is connected: slow ones are ended in time, and the oldest where there are too many. */
#include "serve/serve_private.h"

#include <string.h>
#include <sys/socket.h>

static int descriptor_of(struct MHD_Connection *connection) {
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

void clients_init(struct serve *serve) {
    for (size_t i = 0; i < SERVE_CLIENTS_MAX; i++)
        serve->clients[i].fd = -1;
}

/* libmicrohttpd reads the end of the stream then, and closes the connection. */
static void client_shut(struct serve_client *client) {
    client->shut = true;
    (void)shutdown(client->fd, SHUT_RDWR);
}

static bool may_be_ended(const struct serve_client *client) {
    return client->fd >= 0 && !client->shut && !client->busy;
}

static void shut_surplus(struct serve *serve) {
    struct serve_client *oldest = NULL;
    size_t open = 0;
    for (size_t i = 0; i < SERVE_CLIENTS_MAX; i++) {
        struct serve_client *client = &serve->clients[i];
        open += client->fd >= 0 && !client->shut;
        if (may_be_ended(client) &&
            (oldest == NULL || instant_before(client->since, oldest->since)))
            oldest = client;
    }
    if (open > SERVE_CLIENTS_KEPT && oldest != NULL)
        client_shut(oldest);
}

void clients_sweep(struct serve *serve) {
    for (size_t i = 0; i < SERVE_CLIENTS_MAX; i++) {
        struct serve_client *client = &serve->clients[i];
        if (may_be_ended(client) &&
            instant_since(serve->now, client->since) > SERVE_REQUEST_SECONDS * SECOND)
            client_shut(client);
    }
}

void clients_note(struct serve *serve, struct MHD_Connection *connection, bool busy) {
    struct serve_client *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    client->since = serve->now;
    client->busy = busy;
}

/* A refused request's body may still be unread: closing over it would send RST, which may overtake
 * the answer. */
static void discard_received(int fd) {
    char bytes[16 * 1024];
    for (int turn = 0; turn < 64; turn++)
        if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
            return;
}

void clients_notified(void *with, struct MHD_Connection *connection, void **context,
                      enum MHD_ConnectionNotificationCode code) {
    struct serve *serve = with;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct serve_client *client = serve->clients;
        while (client->fd >= 0) /* no more are accepted than there is room for */
            client++;
        *client = (struct serve_client){.fd = descriptor_of(connection), .since = serve->now};
        *context = client;
        shut_surplus(serve);
        return;
    }
    struct serve_client *client = *context;
    discard_received(client->fd);
    client->fd = -1;
}

void clients_authority(struct serve *serve, struct MHD_Connection *connection,
                       char text[static ADDRESS_TEXT_MAX]) {
    struct sockaddr_storage storage;
    struct address address;
    socklen_t length = sizeof storage;
    memcpy(text, serve->own, ADDRESS_TEXT_MAX);
    if (!serve->any_address)
        return;
    if (getsockname(descriptor_of(connection), (struct sockaddr *)&storage, &length) == 0 &&
        address_from(&address, (struct sockaddr *)&storage, length))
        address_format(&address, text, ADDRESS_TEXT_MAX);
}
