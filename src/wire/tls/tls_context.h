/* What all TLS connections of a run share: certificates, versions and ciphers, as the options ask
 * for them; made once, before the load. */
#ifndef WIRE_TLS_TLS_CONTEXT_H
#define WIRE_TLS_TLS_CONTEXT_H

#include <stdbool.h>

#include "base/refuse.h"

struct tls_context;

struct tls_settings {
    bool insecure;       /* any certificate is accepted */
    const char *cacert;  /* PEM; NULL: OpenSSL's own paths */
    const char *cert;    /* PEM, a chain; NULL: none */
    const char *key;     /* PEM; NULL: in the file of the certificate */
    const char *tls_min; /* "1.2", "1.3" */
    const char *tls_max;
    const char *ciphers; /* of TLS 1.2; NULL: OpenSSL's */
    const char *tls13_ciphers;
    const char *curves;
    const char *key_log; /* a file to which secrets are appended; NULL: none */
};

/* false, with one line that says what is wrong, and nothing is made. */
bool tls_context_create(struct tls_context **out, const struct tls_settings *settings,
                        struct refuse_buffer to);
void tls_context_destroy(struct tls_context *context);

/* Of the settings; NULL: none. */
const char *tls_context_key_log(const struct tls_context *context);
/* Appends a line of secrets to it, from any process that was forked behind the context. */
void tls_context_log_secret(const struct tls_context *context, const char *line);
/* As tls_key_log_take_error(). */
int tls_context_take_key_log_error(const struct tls_context *context);

#endif
