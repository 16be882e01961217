/* Makes OpenSSL's context of what the options ask for, and refuses what it does not take. */
#include "wire/tls/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire/tls/tls_certificate.h"
#include "wire/tls/tls_private.h"

/* AES-128 first: its state is the smallest, and servers that follow the client's order take it. */
#define SUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

static int version_of(const char *text) {
    return text != NULL && strcmp(text, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

static bool set_versions(SSL_CTX *ssl, const struct tls_settings *settings,
                         struct refuse_buffer to) {
    int low = settings->tls_min != NULL ? version_of(settings->tls_min) : TLS1_2_VERSION;
    int high = version_of(settings->tls_max);
    if (low > high)
        return refuse(to, "--tls-min %s is above --tls-max %s", settings->tls_min,
                      settings->tls_max);
    return (SSL_CTX_set_min_proto_version(ssl, low) == 1 &&
            SSL_CTX_set_max_proto_version(ssl, high) == 1) ||
           refuse(to, "OpenSSL of this machine does not speak TLS %s",
                  low == TLS1_2_VERSION ? "1.2" : "1.3");
}

/* OpenSSL passes over a suite that it does not know, where it knows another of the list: each is
 * asked for alone. */
static bool set_suites(SSL_CTX *ssl, const char *list, struct refuse_buffer to) {
    char name[64];
    for (const char *at = list; *at != '\0'; at += strcspn(at, ":"), at += *at == ':') {
        int length = snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ":"), at);
        if (length >= (int)sizeof name || SSL_CTX_set_ciphersuites(ssl, name) != 1)
            return refuse(to,
                          "--tls13-ciphers: OpenSSL does not know %s; openssl ciphers -tls1_3 -s "
                          "lists them",
                          refuse_quote(name).text);
    }
    return SSL_CTX_set_ciphersuites(ssl, list) == 1 || refuse(to, "no memory for TLS");
}

static bool set_lists(SSL_CTX *ssl, const struct tls_settings *settings, struct refuse_buffer to) {
    const char *suites = settings->tls13_ciphers != NULL ? settings->tls13_ciphers : SUITES;
    if (settings->ciphers != NULL && SSL_CTX_set_cipher_list(ssl, settings->ciphers) != 1)
        return refuse(to, "--ciphers: OpenSSL knows none of %s; openssl ciphers -tls1_2 lists them",
                      refuse_quote(settings->ciphers).text);
    if (!set_suites(ssl, suites, to))
        return false;
    if (settings->curves != NULL && SSL_CTX_set1_groups_list(ssl, settings->curves) != 1)
        return refuse(to, "--curves: OpenSSL does not know all of %s; X25519:P-256 is accepted",
                      refuse_quote(settings->curves).text);
    return true;
}

/* OpenSSL's file, and its folder by the hash of a name: SSL_CTX_set_default_verify_paths() adds a
 * third way, which reads the whole folder for each certificate that is not in it, in each
 * handshake. */
static bool set_default_trust(SSL_CTX *ssl) {
    return SSL_CTX_set_default_verify_file(ssl) == 1 && SSL_CTX_set_default_verify_dir(ssl) == 1;
}

static bool set_trust(SSL_CTX *ssl, const struct tls_settings *settings, struct refuse_buffer to) {
    if (settings->cacert == NULL)
        return set_default_trust(ssl) || refuse(to, "OpenSSL's own certificates cannot be read");
    if (access(settings->cacert, R_OK) < 0)
        return refuse(to, "--cacert: cannot read %s: %s", refuse_quote(settings->cacert).text,
                      strerror(errno));
    return SSL_CTX_load_verify_file(ssl, settings->cacert) == 1 ||
           refuse(to, "--cacert: no certificate in PEM is in %s",
                  refuse_quote(settings->cacert).text);
}

static bool set_certificate(SSL_CTX *ssl, const struct tls_settings *settings,
                            struct refuse_buffer to) {
    if (settings->cert != NULL)
        return tls_certificate_use_files(ssl, settings->cert, settings->key, to);
    return settings->key == NULL || refuse(to, "--key: its certificate is missing: --cert FILE");
}

static bool set_all(SSL_CTX *ssl, const struct tls_settings *settings, struct refuse_buffer to) {
    static const unsigned char http11[] = "\x08http/1.1";
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, tls_handshake_take_session);
    SSL_CTX_set_keylog_callback(ssl, tls_handshake_take_secret);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, tls_handshake_verify);
    return set_versions(ssl, settings, to) && set_lists(ssl, settings, to) &&
           set_trust(ssl, settings, to) && set_certificate(ssl, settings, to) &&
           (SSL_CTX_set_alpn_protos(ssl, http11, sizeof http11 - 1) == 0 ||
            refuse(to, "no memory for TLS"));
}

static bool set_key_log(struct tls_context *made, const char *path, struct refuse_buffer to) {
    return path == NULL || tls_key_log_open(&made->key_log, path) ||
           refuse(to, "SSLKEYLOGFILE: cannot append to %s: %s", refuse_quote(path).text,
                  strerror(errno));
}

/* What OpenSSL has to send first; of a handshake that cannot begin it is an alert. */
static bool begins(SSL *ssl, BIO *out) {
    unsigned char type = 0;
    SSL_do_handshake(ssl);
    return BIO_read(out, &type, 1) == 1 && type == SSL3_RT_HANDSHAKE;
}

/* The server would be blamed for what cannot even begin. */
static bool can_begin(SSL_CTX *context, struct refuse_buffer to) {
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (ssl == NULL || in == NULL || out == NULL) {
        BIO_free(in);
        BIO_free(out);
        SSL_free(ssl);
        return refuse(to, "no memory for TLS");
    }
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    ERR_clear_error();
    bool begun = begins(ssl, out);
    const char *why = ERR_reason_error_string(ERR_peek_error());
    SSL_free(ssl);
    return begun || refuse(to,
                           "TLS: of --tls-min, --tls-max, --ciphers, --tls13-ciphers and --curves "
                           "nothing is left to offer a server (%s)",
                           why != NULL ? why : "OpenSSL names no reason");
}

/* Without its algorithms there is none, whatever memory there is. */
static bool refuse_context(struct refuse_buffer to) {
    const char *why = ERR_reason_error_string(ERR_peek_error());
    return refuse(to, "OpenSSL makes no context for TLS: %s (its configuration: OPENSSL_CONF)",
                  why != NULL ? why : "no reason is named");
}

static bool create(struct tls_context *made, const struct tls_settings *settings,
                   struct refuse_buffer to) {
    made->insecure = settings->insecure;
    ERR_clear_error();
    made->ssl = SSL_CTX_new(TLS_client_method());
    if (made->ssl == NULL)
        return refuse_context(to);
    return set_key_log(made, settings->key_log, to) && set_all(made->ssl, settings, to) &&
           can_begin(made->ssl, to);
}

bool tls_context_create(struct tls_context **out, const struct tls_settings *settings,
                        struct refuse_buffer to) {
    struct tls_context *made = calloc(1, sizeof *made);
    *out = NULL;
    bool whole = made != NULL ? create(made, settings, to) : refuse(to, "no memory for TLS");
    ERR_clear_error();
    if (!whole) {
        tls_context_destroy(made);
        return false;
    }
    *out = made;
    return true;
}

void tls_context_destroy(struct tls_context *context) {
    if (context == NULL)
        return;
    SSL_CTX_free(context->ssl);
    tls_key_log_close(&context->key_log);
    free(context);
}

const char *tls_context_key_log(const struct tls_context *context) {
    return context->key_log.path;
}

void tls_context_log_secret(const struct tls_context *context, const char *line) {
    tls_key_log_write(&context->key_log, line);
}

int tls_context_take_key_log_error(const struct tls_context *context) {
    return tls_key_log_take_error(&context->key_log);
}
