/* Certificates: from files, or one of our own, made at start and signed by itself, for this
 * machine's loopback names. */
#ifndef WIRE_TLS_TLS_CERTIFICATE_H
#define WIRE_TLS_TLS_CERTIFICATE_H

#include <stdbool.h>

#include "base/refuse.h"

struct ssl_ctx_st; /* SSL_CTX */

enum { TLS_CERTIFICATE_DAYS = 30 };

/* An ECDSA P-256 key and its certificate for localhost, 127.0.0.1 and ::1, valid from an hour ago
 * for so many days; the context has them afterwards. False when there is no memory. */
bool tls_certificate_use_own(struct ssl_ctx_st *context);

/* A chain in PEM, and its key; key NULL: in the file of the certificate. False, with one line that
 * begins with the option: --cert or --key. */
bool tls_certificate_use_files(struct ssl_ctx_st *context, const char *cert, const char *key,
                               struct refuse_buffer to);

#endif
