/* Keeps sessions as OpenSSL writes them, in cells of one size, and reads them back. */
#include "wire/tls/tls_tickets.h"

#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/minmax.h"
#include "base/pages.h"
#include "base/require.h"

enum {
    GRAIN = 64,
    STRIDE_MIN = 768 /* those of most servers take some 500 */,
    PEER_TAG = 3 /* in OpenSSL's SSL_SESSION */
};
static const int64_t LIFETIME_MAX_S = 7 * 24 * 3600; /* RFC 8446 4.6.1 */

/* length 0: it holds nothing. */
struct tls_cell {
    int64_t given_s, expires_s; /* seconds since 1970 */
    uint64_t serial;
    uint32_t length;
    bool once;
    unsigned char bytes[];
};

enum { CELL_MAX = sizeof(struct tls_cell) + TLS_TICKET_BYTES_MAX };

struct tls_tickets {
    bool shared;
    uint32_t cells;
    uint32_t count;    /* cells that hold something; shared: from the oldest to the newest */
    uint32_t oldest;   /* shared: the newest are taken first, the oldest are written over */
    size_t stride;     /* as the first that came needs it, and a quarter more; 0: none came */
    char *memory;      /* cells x stride; NULL: none came, or there is no room for them */
    uint64_t latest;   /* serial */
    uint64_t not_kept; /* for want of room */
};

struct tls_tickets *tls_tickets_create(enum tls_resume when, uint32_t slots) {
    struct tls_tickets *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->shared = when == TLS_RESUME_ALWAYS;
    made->cells = made->shared ? TLS_TICKETS_SHARED_MAX : slots;
    return made;
}

static struct tls_cell *cell_of(const struct tls_tickets *tickets, uint32_t index) {
    return (void *)(tickets->memory + index * tickets->stride);
}

static void wipe(struct tls_tickets *tickets, struct tls_cell *cell) {
    if (cell->length == 0)
        return;
    OPENSSL_cleanse(cell, tickets->stride);
    if (!tickets->shared)
        tickets->count--;
}

void tls_tickets_destroy(struct tls_tickets *tickets) {
    if (tickets == NULL)
        return;
    for (uint32_t i = 0; tickets->memory != NULL && i < tickets->cells; i++)
        wipe(tickets, cell_of(tickets, i));
    pages_release(tickets->memory, tickets->cells * tickets->stride);
    free(tickets);
}

/* ---- Writing ---- */

struct tls_span {
    unsigned char *bytes;
    size_t length;
};

/* A SEQUENCE without the peer's certificate, which resuming does not need and is most of it; where
 * it stands. Length 0: it is none. */
static struct tls_span without_peer(unsigned char *der, size_t length) {
    const unsigned char *at = der;
    long content;
    int tag, class;
    if ((ASN1_get_object(&at, &content, &tag, &class, (long)length) & 0x80) != 0)
        return (struct tls_span){der, 0};
    unsigned char *begin = der + (at - der), *to = begin;
    for (const unsigned char *end = at + content, *member = at; member < end;) {
        if ((ASN1_get_object(&at, &content, &tag, &class, end - member) & 0x80) != 0)
            return (struct tls_span){der, 0};
        size_t whole = (size_t)(at + content - member);
        if (class != V_ASN1_CONTEXT_SPECIFIC || tag != PEER_TAG) {
            memmove(to, member, whole);
            to += whole;
        }
        member += whole;
        at = member;
    }
    int members = (int)(to - begin), total = ASN1_object_size(1, members, V_ASN1_SEQUENCE);
    unsigned char *header = begin - (total - members); /* no longer than it was */
    struct tls_span out = {header, (size_t)total};
    ASN1_put_object(&header, 1, members, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    return out;
}

static uint32_t next_shared(struct tls_tickets *tickets) {
    if (tickets->count == tickets->cells) {
        tickets->oldest = (tickets->oldest + 1) % tickets->cells;
        tickets->count--;
    }
    return (tickets->oldest + tickets->count) % tickets->cells;
}

static void reserve(struct tls_tickets *tickets, size_t stride) {
    tickets->stride = stride;
    tickets->memory = pages_reserve(tickets->cells * stride);
    pages_hide(tickets->memory, tickets->cells * stride);
}

/* All that one server gives are of about one size. */
static bool fits(struct tls_tickets *tickets, size_t length) {
    size_t need = sizeof(struct tls_cell) + length;
    if (tickets->stride == 0 && need <= CELL_MAX) {
        size_t most = (need + length / 4 + GRAIN - 1) / GRAIN * GRAIN;
        reserve(tickets, max_size(min_size(most, CELL_MAX / GRAIN * GRAIN), STRIDE_MIN));
    }
    return tickets->memory != NULL && need <= tickets->stride;
}

static void write_cell(struct tls_tickets *tickets, uint32_t slot, const struct tls_cell *facts,
                       struct tls_span der) {
    if (der.length == 0)
        return;
    if (!fits(tickets, der.length)) {
        tickets->not_kept++;
        return;
    }
    struct tls_cell *cell = cell_of(tickets, tickets->shared ? next_shared(tickets) : slot);
    wipe(tickets, cell);
    *cell = *facts;
    cell->serial = ++tickets->latest;
    cell->length = (uint32_t)der.length;
    memcpy(cell->bytes, der.bytes, der.length);
    tickets->count++;
}

/* How long it is good for: of TLS 1.3 as the server says, 0 included; of TLS 1.2 its word is a hint
 * (RFC 5077 3.3), 0 none. */
static int64_t lifetime_of(const SSL_SESSION *session, bool once) {
    int64_t told = (int64_t)SSL_SESSION_get_ticket_lifetime_hint(session);
    if (told == 0 && !once)
        told = SSL_SESSION_get_timeout(session);
    return min_i64(told, LIFETIME_MAX_S);
}

void tls_tickets_keep(struct tls_tickets *tickets, uint32_t slot, SSL_SESSION *session) {
    struct tls_cell facts = {.given_s = SSL_SESSION_get_time(session),
                             .once = SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION};
    require(tickets->shared || slot < tickets->cells);
    facts.expires_s = facts.given_s + lifetime_of(session, facts.once);
    int length = i2d_SSL_SESSION(session, NULL);
    if (length <= 0 || facts.expires_s == facts.given_s || !SSL_SESSION_is_resumable(session))
        return;
    unsigned char *der = OPENSSL_malloc((size_t)length), *end = der;
    if (der != NULL && i2d_SSL_SESSION(session, &end) == length)
        write_cell(tickets, slot, &facts, without_peer(der, (size_t)length));
    OPENSSL_clear_free(der, (size_t)length);
    ERR_clear_error();
}

/* ---- Reading ---- */

static bool is_good(const struct tls_cell *cell, int64_t now_s) {
    return cell->length > 0 && now_s >= cell->given_s && now_s < cell->expires_s;
}

/* The newest that is good; those that are not are dropped. */
static struct tls_cell *find_shared(struct tls_tickets *tickets, int64_t now_s) {
    for (; tickets->count > 0; tickets->count--) {
        uint32_t newest = (tickets->oldest + tickets->count - 1) % tickets->cells;
        struct tls_cell *cell = cell_of(tickets, newest);
        if (is_good(cell, now_s))
            return cell;
        wipe(tickets, cell);
    }
    return NULL;
}

static struct tls_cell *find_own(struct tls_tickets *tickets, uint32_t slot, int64_t now_s) {
    struct tls_cell *cell = cell_of(tickets, slot);
    if (is_good(cell, now_s))
        return cell;
    wipe(tickets, cell);
    return NULL;
}

static uint32_t index_of(const struct tls_tickets *tickets, const struct tls_cell *cell) {
    return (uint32_t)((size_t)((const char *)cell - tickets->memory) / tickets->stride);
}

SSL_SESSION *tls_tickets_take(struct tls_tickets *tickets, uint32_t slot, int64_t now_s,
                              struct tls_ticket_id *id) {
    *id = (struct tls_ticket_id){0};
    require(tickets->shared || slot < tickets->cells);
    if (tickets->count == 0)
        return NULL;
    struct tls_cell *cell =
        tickets->shared ? find_shared(tickets, now_s) : find_own(tickets, slot, now_s);
    if (cell == NULL)
        return NULL;
    const unsigned char *at = cell->bytes;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &at, (long)cell->length);
    ERR_clear_error();
    if (!cell->once) {
        *id = (struct tls_ticket_id){index_of(tickets, cell), cell->serial};
        return session;
    }
    wipe(tickets, cell);
    if (tickets->shared)
        tickets->count--;
    return session;
}

/* Of those that share it stays behind as a cell that holds nothing, and is not good. */
void tls_tickets_drop(struct tls_tickets *tickets, const struct tls_ticket_id *id) {
    if (id->serial == 0)
        return;
    struct tls_cell *cell = cell_of(tickets, id->cell);
    if (cell->serial == id->serial)
        wipe(tickets, cell);
}

uint64_t tls_tickets_not_kept(const struct tls_tickets *tickets) {
    return tickets->not_kept;
}

uint32_t tls_tickets_count(const struct tls_tickets *tickets) {
    return tickets->count;
}
