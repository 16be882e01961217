/* Lends a transport what it needs for a call, and keeps what a connection has of it. */
#include "sock/sock_transport.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/page_pool.h"
#include "base/pages.h"
#include "base/require.h"

/* Of one socket; the transport's state follows. All zero: a new connection. */
struct sock_transport_place {
    uint32_t cut : 24;  /* 1 + the index of its fragment while a record is cut, else 0 */
    uint32_t alert : 8; /* that the peer is to be told at the end; 0: that nothing follows */
    uint32_t buffer;    /* 1 + the index of its buffer while a send is under way, else 0 */
    _Alignas(uint64_t) char state[];
};

enum { PLACES_MAX = (1 << 24) - 1 };

static_assert(sizeof(struct sock_transport_place) <= 8, "a socket has no more beside that state");
static_assert((int)CONNECTIONS_MAX <= (int)PLACES_MAX, "each has a fragment");

/* In a buffer. */
struct sock_transport_sealed {
    size_t length;
    char bytes[];
};

struct sock_transport {
    struct sock_transport_parts parts;
    char *places;
    size_t place_bytes;
    struct page_pool fragments; /* one for each socket: leased while a record is cut */
    struct page_pool buffers;   /* the same, while a send is under way */
};

static size_t place_bytes(const struct transport *transport) {
    return pages_align(sizeof(struct sock_transport_place) + transport->state_bytes,
                       _Alignof(struct sock_transport_place));
}

bool sock_transport_create(struct sock_transport **out, const struct sock_transport_parts *parts) {
    *out = NULL;
    if (parts->transport == NULL)
        return true;
    require(parts->count <= PLACES_MAX);
    struct sock_transport *made = calloc(1, sizeof *made);
    if (made == NULL)
        return false;
    made->parts = *parts;
    made->place_bytes = place_bytes(parts->transport);
    made->places = pages_reserve(parts->count * made->place_bytes + 1);
    pages_hide(made->places, parts->count * made->place_bytes + 1);
    bool any = page_pool_create(&made->fragments, parts->count, parts->transport->fragment_bytes);
    any &= page_pool_create(&made->buffers, parts->count,
                            sizeof(struct sock_transport_sealed) +
                                parts->transport->sealed_bytes(parts->send_max));
    if (!any || made->places == NULL) {
        sock_transport_destroy(made);
        return false;
    }
    *out = made;
    return true;
}

void sock_transport_destroy(struct sock_transport *transport) {
    if (transport == NULL)
        return;
    pages_release(transport->places, transport->parts.count * transport->place_bytes + 1);
    page_pool_release(&transport->fragments);
    page_pool_release(&transport->buffers);
    free(transport);
}

static size_t index_of(const struct sock_transport *transport, const struct sock *sock) {
    size_t behind = (size_t)((const char *)sock - (const char *)transport->parts.first);
    return behind / transport->parts.stride;
}

static struct sock_transport_place *place_of(const struct sock_transport *transport,
                                             const struct sock *sock) {
    return (void *)(transport->places + index_of(transport, sock) * transport->place_bytes);
}

static struct sock_transport_sealed *buffer_of(const struct sock_transport *transport,
                                               const struct sock_transport_place *place) {
    return (void *)page_pool_at(&transport->buffers, place->buffer - 1);
}

static struct sock_transport_sealed *lease_buffer(struct sock_transport *transport,
                                                  struct sock_transport_place *place) {
    require(place->buffer == 0);
    place->buffer = page_pool_lease(&transport->buffers) + 1;
    return buffer_of(transport, place);
}

static void return_buffer(struct sock_transport *transport, struct sock_transport_place *place) {
    page_pool_return(&transport->buffers, place->buffer - 1);
    place->buffer = 0;
}

/* A fragment is leased for the call; given back at once it still holds the bytes of a record that
 * it completed, until the next call. */
void sock_transport_open(struct sock_transport *transport, const struct sock *sock, char *bytes,
                         size_t length, struct transport_fact *fact) {
    struct sock_transport_place *place = place_of(transport, sock);
    uint32_t cut = place->cut;
    uint32_t fragment = cut > 0 ? cut - 1 : page_pool_lease(&transport->fragments);
    struct transport_conn lent = {.shared = transport->parts.transport->shared,
                                  .state = place->state,
                                  .fragment = page_pool_at(&transport->fragments, fragment),
                                  .cut = cut > 0};
    transport->parts.transport->open(&lent, bytes, length, fact);
    require(fact->taken > 0 && fact->taken <= length);
    if (fact->kind == TRANSPORT_BROKEN)
        place->alert = fact->alert;
    place->cut = (lent.cut ? fragment + 1 : 0) & PLACES_MAX;
    if (!lent.cut)
        page_pool_return(&transport->fragments, fragment);
}

bool sock_transport_has_handshake(const struct sock_transport *transport) {
    return transport->parts.transport->begin != NULL;
}

bool sock_transport_has_room(const struct sock_transport *transport) {
    const struct transport *table = transport->parts.transport;
    return table->has_room == NULL || table->has_room(table->shared);
}

bool sock_transport_begin(struct sock_transport *transport, const struct sock *sock) {
    const struct transport *table = transport->parts.transport;
    return table->begin == NULL || table->begin(table->shared, place_of(transport, sock)->state,
                                                (uint32_t)index_of(transport, sock));
}

const void *sock_transport_take_owed(struct sock_transport *transport, const struct sock *sock,
                                     size_t *length) {
    const struct transport *table = transport->parts.transport;
    struct sock_transport_place *place = place_of(transport, sock);
    if (table->take_owed == NULL)
        return NULL;
    struct sock_transport_sealed *sealed = lease_buffer(transport, place);
    sealed->length = *length = table->take_owed(table->shared, place->state, sealed->bytes,
                                                table->sealed_bytes(transport->parts.send_max));
    if (sealed->length > 0)
        return sealed->bytes;
    return_buffer(transport, place);
    return NULL;
}

size_t sock_transport_say_end(struct sock_transport *transport, const struct sock *sock,
                              char out[static SOCK_TRANSPORT_END_MAX]) {
    const struct transport *table = transport->parts.transport;
    struct sock_transport_place *place = place_of(transport, sock);
    require(table->end_bytes <= SOCK_TRANSPORT_END_MAX);
    if (table->end_bytes == 0)
        return 0;
    return table->end(table->shared, place->state, place->alert, out);
}

void sock_transport_set_alert(struct sock_transport *transport, const struct sock *sock,
                              uint8_t alert) {
    place_of(transport, sock)->alert = alert;
}

void sock_transport_rekey(struct sock_transport *transport, const struct sock *sock) {
    const struct transport *table = transport->parts.transport;
    if (table->rekey != NULL)
        table->rekey(table->shared, place_of(transport, sock)->state);
}

const struct transport *sock_transport_table(const struct sock_transport *transport) {
    return transport->parts.transport;
}

bool sock_transport_is_cut(const struct sock_transport *transport, const struct sock *sock) {
    return place_of(transport, sock)->cut > 0;
}

size_t sock_transport_sealed_bytes(const struct sock_transport *transport, size_t length) {
    return transport->parts.transport->sealed_bytes(length);
}

size_t sock_transport_seal_into(struct sock_transport *transport, const struct sock *sock,
                                const void *bytes, size_t length, char *out) {
    const struct transport *table = transport->parts.transport;
    return table->seal(table->shared, place_of(transport, sock)->state, bytes, length, out);
}

const void *sock_transport_seal(struct sock_transport *transport, const struct sock *sock,
                                const void *bytes, size_t *length) {
    struct sock_transport_place *place = place_of(transport, sock);
    require(*length <= transport->parts.send_max);
    struct sock_transport_sealed *sealed = lease_buffer(transport, place);
    sealed->length = sock_transport_seal_into(transport, sock, bytes, *length, sealed->bytes);
    *length = sealed->length;
    return sealed->bytes;
}

size_t sock_transport_sent(struct sock_transport *transport, const struct sock *sock) {
    struct sock_transport_place *place = place_of(transport, sock);
    if (place->buffer == 0)
        return 0;
    size_t length = buffer_of(transport, place)->length;
    return_buffer(transport, place);
    return length;
}

void sock_transport_abandon(struct sock_transport *transport, const struct sock *sock) {
    const struct transport *table = transport->parts.transport;
    if (table->release != NULL)
        table->release(table->shared, place_of(transport, sock)->state);
}

void sock_transport_end(struct sock_transport *transport, const struct sock *sock) {
    struct sock_transport_place *place = place_of(transport, sock);
    require(place->buffer == 0); /* the kernel owns nothing any more */
    if (place->cut > 0)
        page_pool_return(&transport->fragments, place->cut - 1U);
    sock_transport_abandon(transport, sock);
    memset(place, 0, transport->place_bytes);
}
