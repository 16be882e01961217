/* What sockets over a transport keep beside: its state, a record that is cut, and sealed bytes
 * while they are under way. Plain sockets have none of it. */
#ifndef SOCK_SOCK_TRANSPORT_H
#define SOCK_SOCK_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/transport.h"

struct sock;

struct sock_transport_parts {
    const struct transport *transport; /* NULL: plain TCP */
    const struct sock *first;          /* the first of the sockets, which must not move */
    size_t stride;                     /* from one to the next */
    uint32_t count;
    size_t send_max; /* bytes of the longest send by sock_send_*() */
};

struct sock_transport;

/* All memory at once, untouched before it is used; *out is NULL for plain TCP. False when there is
 * none. */
bool sock_transport_create(struct sock_transport **out, const struct sock_transport_parts *parts);
void sock_transport_destroy(struct sock_transport *transport);

/* Begins the handshake of a new connection; true where there is none. False: no memory. */
bool sock_transport_begin(struct sock_transport *transport, const struct sock *sock);
bool sock_transport_has_handshake(const struct sock_transport *transport);
/* Whether one more handshake may begin: their number is bounded. */
bool sock_transport_has_room(const struct sock_transport *transport);

/* What the handshake wants sent, in a buffer that is leased until sock_transport_sent(); NULL:
 * nothing. */
const void *sock_transport_take_owed(struct sock_transport *transport, const struct sock *sock,
                                     size_t *length);

/* What the peer is told before the connection ends, once; how long that is, 0: nothing. */
enum { SOCK_TRANSPORT_END_MAX = 256 };
size_t sock_transport_say_end(struct sock_transport *transport, const struct sock *sock,
                              char out[static SOCK_TRANSPORT_END_MAX]);

/* Instead of that nothing follows it is told an alert. */
void sock_transport_set_alert(struct sock_transport *transport, const struct sock *sock,
                              uint8_t alert);

/* New keys in front of what is sealed next; nothing where the transport has none. */
void sock_transport_rekey(struct sock_transport *transport, const struct sock *sock);

const struct transport *sock_transport_table(const struct sock_transport *transport);

/* The first fact of records. The plain bytes hold until the next call for any of the sockets. */
void sock_transport_open(struct sock_transport *transport, const struct sock *sock, char *bytes,
                         size_t length, struct transport_fact *fact);

/* The beginning of a record came, and not its end. */
bool sock_transport_is_cut(const struct sock_transport *transport, const struct sock *sock);

/* Seals the bytes into a buffer that is leased until sock_transport_sent(); *length: before and
 * after. One at a time. */
const void *sock_transport_seal(struct sock_transport *transport, const struct sock *sock,
                                const void *bytes, size_t *length);

/* Gives the buffer back; the length of what it held. */
size_t sock_transport_sent(struct sock_transport *transport, const struct sock *sock);

/* The same into the caller's memory, of sock_transport_sealed_bytes() at least; the length. */
size_t sock_transport_seal_into(struct sock_transport *transport, const struct sock *sock,
                                const void *bytes, size_t length, char *out);
size_t sock_transport_sealed_bytes(const struct sock_transport *transport, size_t length);

/* The connection has ended: wipes its state, and gives back what it leased. */
void sock_transport_end(struct sock_transport *transport, const struct sock *sock);
/* Of a connection that will never end, as all of them do here: gives back what its state holds. */
void sock_transport_abandon(struct sock_transport *transport, const struct sock *sock);

#endif
