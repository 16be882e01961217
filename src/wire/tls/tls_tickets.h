/* What a client resumes by: tickets of TLS 1.3, each used once (RFC 8446 C.4), and sessions of TLS
 * 1.2, used until they are refused; kept no longer than the server said, in a bounded number, in
 * pages that no core dump has. */
#ifndef WIRE_TLS_TLS_TICKETS_H
#define WIRE_TLS_TLS_TICKETS_H

#include <stdint.h>

#include "base/tls_resume.h"

struct tls_tickets;
struct ssl_session_st; /* SSL_SESSION */

enum {
    TLS_TICKETS_SHARED_MAX = 1024, /* that connections of all slots share: the latest */
    TLS_TICKET_BYTES_MAX = 4000    /* of one that is kept, without the server's certificate */
};

/* Which of those that are kept. */
struct tls_ticket_id {
    uint32_t cell;
    uint64_t serial; /* 0: it is not kept any more */
};

/* Not for TLS_RESUME_NEVER. slots: each keeps its latest, or all share. NULL when there is no
 * memory. */
struct tls_tickets *tls_tickets_create(enum tls_resume when, uint32_t slots);
void tls_tickets_destroy(struct tls_tickets *tickets);

/* Keeps what a connection of that slot was given; one that cannot be kept is passed over. */
void tls_tickets_keep(struct tls_tickets *tickets, uint32_t slot, struct ssl_session_st *session);

/* What a new connection of that slot is to resume by, the caller's from now on; NULL: a full
 * handshake. now_s: seconds since 1970. */
struct ssl_session_st *tls_tickets_take(struct tls_tickets *tickets, uint32_t slot, int64_t now_s,
                                        struct tls_ticket_id *id);

/* The server refused it: it is not shown again. */
void tls_tickets_drop(struct tls_tickets *tickets, const struct tls_ticket_id *id);

/* How many are kept; of those that share also dropped ones, until newer ones were taken. */
uint32_t tls_tickets_count(const struct tls_tickets *tickets);

/* How many came that there was no room for: their cells are of one size, as the first needs it. */
uint64_t tls_tickets_not_kept(const struct tls_tickets *tickets);

#endif
