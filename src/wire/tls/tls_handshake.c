/* Drives OpenSSL's connection object over memory, keeps the secrets that it shows, and finds words
 * for a failure. */
#include "wire/tls/tls_handshake.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/require.h"
#include "base/tls_alert.h"
#include "wire/tls/tls_private.h"

enum { HEADER_BYTES = 5, RECORD_TYPE_MIN = 20, RECORD_TYPE_MAX = 23, MAJOR_VERSION = 3 };
/* Of a record's body: RFC 5246 6.2.3, RFC 8446 5.2. */
enum { OLDER_BODY_MAX = 16384 + 2048, BODY_MAX = 16384 + 256 };
enum { PROTOCOL_VERSION_ALERT = 70, ALERTS = 256 };

/* Where in a record the bytes from the peer stand. */
struct tls_record_cursor {
    unsigned char header[HEADER_BYTES];
    size_t have; /* bytes of the header */
    size_t left; /* bytes of the body */
};

struct tls_handshake {
    struct tls_handshake_parts parts; /* but for the session: it is the SSL's */
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    struct tls_record_cursor cursor;
    bool any; /* a record has come */
    bool has_client, has_server;
    struct tls_secrets secrets;
    enum handshake_reason failure;
    uint8_t alert;
    long verified; /* X509_V_OK, or what the chain was not accepted for */
    char text[TLS_EXPLAIN_MAX];
};

/* ---- Beginning ---- */

static bool is_address(const char *name) {
    unsigned char room[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, room) == 1 || inet_pton(AF_INET6, name, room) == 1;
}

/* No name is sent for an address (RFC 6066 3). */
static bool set_name(SSL *ssl, const char *name) {
    if (is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* One of TLS 1.2 may be empty: there is no ticket then (RFC 5077 3.3). */
static void see_message(int sent, int version, int type, const void *bytes, size_t length, SSL *ssl,
                        void *arg) {
    enum { EMPTY_BYTES = SSL3_HM_HEADER_LENGTH + 4 + 2 /* lifetime, length */ };
    const struct tls_handshake *handshake = arg;
    (void)version, (void)ssl;
    if (type != SSL3_RT_HANDSHAKE || length == 0)
        return;
    int message = *(const unsigned char *)bytes;
    if (!sent && message == SSL3_MT_NEWSESSION_TICKET && length > EMPTY_BYTES)
        handshake->parts.note(handshake->parts.owner, TLS_NOTE_TICKET);
    else if (message == SSL3_MT_KEY_UPDATE)
        handshake->parts.note(handshake->parts.owner,
                              sent ? TLS_NOTE_KEY_UPDATE_OUT : TLS_NOTE_KEY_UPDATE_IN);
}

static bool make_connection(struct tls_handshake *handshake, SSL_SESSION *session) {
    handshake->ssl = SSL_new(handshake->parts.context->ssl);
    if (handshake->ssl == NULL)
        return false;
    handshake->in = BIO_new(BIO_s_mem());
    handshake->out = BIO_new(BIO_s_mem());
    SSL_set_bio(handshake->ssl, handshake->in, handshake->out);
    SSL_set_connect_state(handshake->ssl);
    if (handshake->parts.note != NULL)
        SSL_set_msg_callback(handshake->ssl, see_message);
    SSL_set_msg_callback_arg(handshake->ssl, handshake);
    if (handshake->in == NULL || handshake->out == NULL ||
        SSL_set_app_data(handshake->ssl, handshake) != 1 ||
        !set_name(handshake->ssl, handshake->parts.name) ||
        (session != NULL && SSL_set_session(handshake->ssl, session) != 1))
        return false;
    SSL_do_handshake(handshake->ssl);
    return BIO_ctrl_pending(handshake->out) > 0;
}

struct tls_handshake *tls_handshake_begin(const struct tls_handshake_parts *parts) {
    struct tls_handshake *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->parts = *parts;
    made->parts.session = NULL;
    ERR_clear_error();
    if (make_connection(made, parts->session))
        return made;
    tls_handshake_free(made);
    return NULL;
}

void tls_handshake_free(struct tls_handshake *handshake) {
    if (handshake == NULL)
        return;
    SSL_free(handshake->ssl);
    OPENSSL_cleanse(&handshake->secrets, sizeof handshake->secrets);
    free(handshake);
}

/* ---- Secrets ---- */

static bool take_hex(const char *text, unsigned char *out, size_t length) {
    for (size_t i = 0; i < length; i++) {
        int high = OPENSSL_hexchar2int((unsigned char)text[2 * i]);
        int low = high < 0 ? -1 : OPENSSL_hexchar2int((unsigned char)text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* LABEL RANDOM SECRET, the last two in hexadecimal. */
static bool take_line(const char *line, const char *label, struct tls_secrets *secrets,
                      unsigned char *secret) {
    size_t skip = strlen(label);
    if (strncmp(line, label, skip) != 0)
        return false;
    const char *random = line + skip, *hex = random + (size_t)2 * TLS_RANDOM_BYTES + 1;
    size_t length = strlen(random) > (size_t)2 * TLS_RANDOM_BYTES ? strlen(hex) / 2 : 0;
    return length > 0 && length <= TLS_SECRET_MAX &&
           take_hex(random, secrets->random, TLS_RANDOM_BYTES) && take_hex(hex, secret, length);
}

void tls_handshake_take_secret(const SSL *ssl, const char *line) {
    struct tls_handshake *handshake = SSL_get_app_data(ssl);
    struct tls_secrets *secrets = &handshake->secrets;
    handshake->has_client |= take_line(line, "CLIENT_TRAFFIC_SECRET_0 ", secrets, secrets->client);
    handshake->has_server |= take_line(line, "SERVER_TRAFFIC_SECRET_0 ", secrets, secrets->server);
    tls_key_log_write(&handshake->parts.context->key_log, line);
}

/* ---- Sessions ---- */

/* Of TLS 1.3 alone: OpenSSL has none to give when TLS 1.2 was resumed and its ticket renewed. */
int tls_handshake_take_session(SSL *ssl, SSL_SESSION *session) {
    const struct tls_handshake *handshake = SSL_get_app_data(ssl);
    if (handshake->parts.keep != NULL && SSL_version(ssl) == TLS1_3_VERSION)
        handshake->parts.keep(handshake->parts.owner, session);
    return 0; /* it stays OpenSSL's */
}

static void take_older_session(const struct tls_handshake *handshake) {
    if (handshake->parts.keep != NULL && SSL_version(handshake->ssl) < TLS1_3_VERSION)
        handshake->parts.keep(handshake->parts.owner, SSL_get0_session(handshake->ssl));
}

/* ---- Certificates ---- */

static void write_name(const X509_NAME *name, char *out, size_t size) {
    BIO *memory = BIO_new(BIO_s_mem());
    out[0] = '\0';
    if (memory == NULL || name == NULL ||
        X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) < 0) {
        BIO_free(memory);
        return;
    }
    int length = BIO_read(memory, out, (int)size - 1);
    out[length > 0 ? length : 0] = '\0';
    BIO_free(memory);
}

static void add_name(char *out, size_t size, const char *name, size_t length) {
    size_t at = strlen(out);
    snprintf(out + at, size - at, "%s%.*s", at > 0 ? ", " : "", (int)length, name);
}

static void add_general_name(char *out, size_t size, const GENERAL_NAME *name) {
    char text[INET6_ADDRSTRLEN];
    int kind;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
    int length = kind == GEN_DNS || kind == GEN_IPADD ? ASN1_STRING_length(value) : 0;
    if (kind == GEN_DNS)
        add_name(out, size, (const char *)ASN1_STRING_get0_data(value), (size_t)length);
    else if (kind == GEN_IPADD && (length == 4 || length == 16) &&
             inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), text,
                       sizeof text) != NULL)
        add_name(out, size, text, strlen(text));
}

/* The names that it bears: of the extension, else that of its subject. */
static void write_names(const X509 *certificate, char *out, size_t size) {
    out[0] = '\0';
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        add_general_name(out, size, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    if (out[0] == '\0')
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, out,
                                  (int)size);
}

static int64_t seconds_of(const ASN1_TIME *time) {
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static enum handshake_reason reason_of_verify(long verified) {
    switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return HANDSHAKE_REASON_certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return HANDSHAKE_REASON_certificate_not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return HANDSHAKE_REASON_self_signed;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return HANDSHAKE_REASON_unknown_issuer;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return HANDSHAKE_REASON_name_mismatch;
    default: return HANDSHAKE_REASON_certificate;
    }
}

static void explain_verify(struct tls_handshake *handshake, const X509 *certificate) {
    char names[160], *text = handshake->text;
    enum handshake_reason reason = reason_of_verify(handshake->verified);
    if (reason == HANDSHAKE_REASON_name_mismatch) {
        write_names(certificate, names, sizeof names);
        snprintf(text, sizeof handshake->text, "the certificate bears other names: %s", names);
    } else {
        snprintf(text, sizeof handshake->text, "%s (%s)", handshake_reason_text(reason),
                 X509_verify_cert_error_string(handshake->verified));
    }
}

int tls_handshake_verify(int accepted, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_handshake *handshake = SSL_get_app_data(ssl);
    if (accepted || handshake->verified != X509_V_OK)
        return accepted || handshake->parts.context->insecure;
    handshake->verified = X509_STORE_CTX_get_error(store);
    explain_verify(handshake, X509_STORE_CTX_get_current_cert(store));
    return handshake->parts.context->insecure;
}

/* ---- Failing ---- */

static enum tls_handshake_state fail(struct tls_handshake *handshake, enum handshake_reason reason,
                                     const char *text) {
    handshake->failure = reason;
    if (text != NULL)
        snprintf(handshake->text, sizeof handshake->text, "%s", text);
    return TLS_HANDSHAKE_FAILED;
}

static bool is_of_versions(int reason) {
    return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION ||
           reason == SSL_R_VERSION_TOO_LOW || reason == SSL_R_NO_PROTOCOLS_AVAILABLE;
}

/* What OpenSSL itself says, behind what its ciphers do; the first of all where it says nothing. */
static unsigned long take_error(void) {
    unsigned long first = ERR_get_error(), error = first;
    while (error != 0 && ERR_GET_LIB(error) != ERR_LIB_SSL)
        error = ERR_get_error();
    return error != 0 ? error : first;
}

static bool out_of_memory(void) {
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE;
}

/* OpenSSL's reasons for its own troubles lie above those of alerts. */
static bool is_alert(int reason) {
    return reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + ALERTS;
}

/* What OpenSSL says of it: of alerts that came, the number above SSL_AD_REASON_OFFSET. */
static enum tls_handshake_state fail_by_openssl(struct tls_handshake *handshake) {
    bool memory = out_of_memory();
    unsigned long error = take_error();
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    const char *words = ERR_reason_error_string(error);
    if (handshake->verified != X509_V_OK && !handshake->parts.context->insecure)
        return fail(handshake, reason_of_verify(handshake->verified), NULL);
    if (is_alert(reason)) {
        handshake->alert = (uint8_t)(reason - SSL_AD_REASON_OFFSET);
        snprintf(handshake->text, sizeof handshake->text, "the server sent alert %u (%s)",
                 handshake->alert, tls_alert_text(handshake->alert));
        return fail(handshake,
                    handshake->alert == PROTOCOL_VERSION_ALERT ? HANDSHAKE_REASON_protocol_version
                                                               : HANDSHAKE_REASON_alert,
                    NULL);
    }
    if (memory)
        return fail(handshake, HANDSHAKE_REASON_no_memory, "out of memory");
    snprintf(handshake->text, sizeof handshake->text, "%s (%s)",
             handshake_reason_text(is_of_versions(reason) ? HANDSHAKE_REASON_protocol_version
                                                          : HANDSHAKE_REASON_handshake),
             words != NULL ? words : "no reason is named");
    return fail(handshake,
                is_of_versions(reason) ? HANDSHAKE_REASON_protocol_version
                                       : HANDSHAKE_REASON_handshake,
                NULL);
}

/* Of a header as far as it is there: OpenSSL would wait for what it says that follows. */
static enum record_reason check_header(const struct tls_handshake *handshake) {
    const struct tls_record_cursor *cursor = &handshake->cursor;
    const unsigned char *header = cursor->header;
    if (header[0] < RECORD_TYPE_MIN || header[0] > RECORD_TYPE_MAX ||
        (cursor->have >= 2 && header[1] != MAJOR_VERSION))
        return RECORD_REASON_no_record;
    size_t max = SSL_version(handshake->ssl) == TLS1_3_VERSION ? BODY_MAX : OLDER_BODY_MAX;
    bool too_long = cursor->have == HEADER_BYTES && ((size_t)header[3] << 8 | header[4]) > max;
    return too_long ? RECORD_REASON_record_too_long : RECORD_REASON_none;
}

/* Only the first record shows whether TLS is spoken at all. */
static enum tls_handshake_state fail_by_bytes(struct tls_handshake *handshake,
                                              enum record_reason why) {
    bool http = handshake->cursor.header[0] == 'H';
    enum handshake_reason reason = handshake->any ? HANDSHAKE_REASON_handshake
                                   : http         ? HANDSHAKE_REASON_plain_http
                                                  : HANDSHAKE_REASON_not_tls;
    if (!handshake->any)
        return fail(handshake, reason, handshake_reason_text(reason));
    snprintf(handshake->text, sizeof handshake->text, "%s (%s)", handshake_reason_text(reason),
             record_reason_text(why));
    return fail(handshake, reason, NULL);
}

/* ---- Feeding ---- */

/* How many of the bytes belong to the record that has begun or begins here. */
static size_t advance(struct tls_record_cursor *cursor, const char *bytes, size_t length) {
    size_t taken = 0;
    if (cursor->left == 0 && cursor->have == HEADER_BYTES)
        cursor->have = 0; /* the former is whole */
    while (cursor->have < HEADER_BYTES && taken < length)
        cursor->header[cursor->have++] = (unsigned char)bytes[taken++];
    if (taken > 0 && cursor->have == HEADER_BYTES)
        cursor->left = (size_t)cursor->header[3] << 8 | cursor->header[4];
    if (cursor->have == HEADER_BYTES) {
        size_t body = cursor->left < length - taken ? cursor->left : length - taken;
        cursor->left -= body;
        taken += body;
    }
    return taken;
}

static bool is_whole(const struct tls_record_cursor *cursor) {
    return cursor->have == HEADER_BYTES && cursor->left == 0;
}

static bool chose_http(const struct tls_handshake *handshake) {
    const unsigned char *chosen;
    unsigned length;
    SSL_get0_alpn_selected(handshake->ssl, &chosen, &length);
    return length == 0 || (length == 8 && memcmp(chosen, "http/1.1", 8) == 0);
}

static enum tls_handshake_state step(struct tls_handshake *handshake) {
    ERR_clear_error();
    int result = SSL_do_handshake(handshake->ssl);
    int error = SSL_get_error(handshake->ssl, result);
    if (error == SSL_ERROR_WANT_READ)
        return TLS_HANDSHAKE_MORE;
    if (error == SSL_ERROR_ZERO_RETURN)
        return fail(handshake, HANDSHAKE_REASON_closed,
                    "closed within the handshake (close_notify)");
    if (result != 1)
        return fail_by_openssl(handshake);
    if (!chose_http(handshake))
        return fail(handshake, HANDSHAKE_REASON_alpn, handshake_reason_text(HANDSHAKE_REASON_alpn));
    require(BIO_ctrl_pending(handshake->in) == 0);
    take_older_session(handshake);
    return TLS_HANDSHAKE_DONE;
}

enum tls_handshake_state tls_handshake_feed(struct tls_handshake *handshake, const char *bytes,
                                            size_t length, size_t *taken) {
    *taken = advance(&handshake->cursor, bytes, length);
    enum record_reason reason = check_header(handshake);
    if (reason != RECORD_REASON_none) {
        *taken = length;
        return fail_by_bytes(handshake, reason);
    }
    if (BIO_write(handshake->in, bytes, (int)*taken) != (int)*taken)
        return fail(handshake, HANDSHAKE_REASON_no_memory, "out of memory");
    if (!is_whole(&handshake->cursor))
        return TLS_HANDSHAKE_MORE;
    handshake->any = true;
    return step(handshake);
}

size_t tls_handshake_take(struct tls_handshake *handshake, char *out, size_t room) {
    int got = BIO_read(handshake->out, out, (int)room);
    return got > 0 ? (size_t)got : 0;
}

bool tls_handshake_owes(const struct tls_handshake *handshake) {
    return BIO_ctrl_pending(handshake->out) > 0;
}

SSL_SESSION *tls_handshake_session(const struct tls_handshake *handshake) {
    return SSL_get0_session(handshake->ssl);
}

enum handshake_reason tls_handshake_failure(const struct tls_handshake *handshake) {
    return handshake->failure;
}

uint8_t tls_handshake_alert(const struct tls_handshake *handshake) {
    return handshake->alert;
}

const char *tls_handshake_explain(const struct tls_handshake *handshake) {
    return handshake->text;
}

/* ---- Done ---- */

bool tls_handshake_resumed(const struct tls_handshake *handshake) {
    return SSL_session_reused(handshake->ssl) == 1;
}

const struct tls_secrets *tls_handshake_secrets(const struct tls_handshake *handshake) {
    struct tls_secrets *secrets = &((struct tls_handshake *)(uintptr_t)handshake)->secrets;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(handshake->ssl);
    if (SSL_version(handshake->ssl) != TLS1_3_VERSION || cipher == NULL || !handshake->has_client ||
        !handshake->has_server)
        return NULL;
    secrets->suite = tls_suite_of(SSL_CIPHER_get_protocol_id(cipher));
    return secrets->suite != NULL ? secrets : NULL;
}

static void describe_certificate(const struct tls_handshake *handshake, struct tls_peer *out) {
    X509 *certificate = SSL_get0_peer_certificate(handshake->ssl);
    if (certificate == NULL)
        return;
    write_name(X509_get_subject_name(certificate), out->subject, sizeof out->subject);
    write_name(X509_get_issuer_name(certificate), out->issuer, sizeof out->issuer);
    write_names(certificate, out->names, sizeof out->names);
    out->not_after = seconds_of(X509_get0_notAfter(certificate));
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key != NULL)
        snprintf(out->key, sizeof out->key, "%s %d", EVP_PKEY_get0_type_name(key),
                 EVP_PKEY_get_bits(key));
}

bool tls_handshake_fingerprint(const struct tls_handshake *handshake,
                               unsigned char out[static TLS_FINGERPRINT_BYTES]) {
    const X509 *certificate = SSL_get0_peer_certificate(handshake->ssl);
    unsigned length = 0;
    return certificate != NULL && X509_digest(certificate, EVP_sha256(), out, &length) == 1 &&
           length == TLS_FINGERPRINT_BYTES;
}

void tls_handshake_describe(const struct tls_handshake *handshake, struct tls_peer *out) {
    const unsigned char *alpn;
    unsigned length;
    const char *group =
        SSL_group_to_name(handshake->ssl, (int)SSL_get_negotiated_group(handshake->ssl));
    *out = (struct tls_peer){.verified = handshake->verified == X509_V_OK,
                             .detached = tls_handshake_secrets(handshake) != NULL};
    SSL_get0_alpn_selected(handshake->ssl, &alpn, &length);
    snprintf(out->version, sizeof out->version, "%s", SSL_get_version(handshake->ssl));
    snprintf(out->cipher, sizeof out->cipher, "%s", SSL_get_cipher_name(handshake->ssl));
    snprintf(out->group, sizeof out->group, "%s", group != NULL ? group : "");
    snprintf(out->alpn, sizeof out->alpn, "%.*s", (int)length, (const char *)alpn);
    if (!out->verified)
        snprintf(out->unverified, sizeof out->unverified, "%.95s", handshake->text);
    describe_certificate(handshake, out);
    (void)tls_handshake_fingerprint(handshake, out->fingerprint);
}

/* ---- A connection that has left ---- */

/* What becomes of it is nobody's matter here: a failure finds no tickets. */
void tls_handshake_overhear(struct tls_handshake *handshake, const char *bytes, size_t length,
                            char *plain, size_t room) {
    size_t taken = advance(&handshake->cursor, bytes, length);
    if (BIO_write(handshake->in, bytes, (int)taken) != (int)taken || !is_whole(&handshake->cursor))
        return;
    (void)SSL_read(handshake->ssl, plain, (int)room);
    ERR_clear_error();
}

/* ---- A connection that stays OpenSSL's ---- */

static enum record_reason reason_of_break(int reason) {
    switch (reason) {
    case SSL_R_DECRYPTION_FAILED:
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: return RECORD_REASON_bad_tag;
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
    case SSL_R_DATA_LENGTH_TOO_LONG: return RECORD_REASON_record_too_long;
    case SSL_R_LENGTH_TOO_SHORT: return RECORD_REASON_record_too_short;
    case SSL_R_WRONG_VERSION_NUMBER: return RECORD_REASON_no_record;
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_CCS_RECEIVED_EARLY:
    case SSL_R_UNEXPECTED_RECORD: return RECORD_REASON_unexpected_type;
    case SSL_R_RECORD_TOO_SMALL: return RECORD_REASON_empty_message; /* one upon the other */
    case SSL_R_INVALID_ALERT:
    case SSL_R_UNKNOWN_ALERT_TYPE: return RECORD_REASON_bad_alert;
    case SSL_R_UNEXPECTED_MESSAGE: return RECORD_REASON_unexpected_message;
    default: return RECORD_REASON_other;
    }
}

static void break_by(enum record_reason reason, struct transport_fact *fact) {
    fact->kind = TRANSPORT_BROKEN;
    fact->reason = reason;
}

static void read_end(struct tls_handshake *handshake, int result, struct transport_fact *fact) {
    int error = SSL_get_error(handshake->ssl, result);
    bool memory = out_of_memory();
    int reason = ERR_GET_REASON(take_error());
    if (error == SSL_ERROR_ZERO_RETURN) {
        fact->kind = TRANSPORT_CLOSED;
    } else if (error == SSL_ERROR_SSL && is_alert(reason)) {
        fact->kind = TRANSPORT_ALERT;
        fact->alert = (uint8_t)(reason - SSL_AD_REASON_OFFSET);
    } else if (error != SSL_ERROR_WANT_READ) {
        break_by(memory ? RECORD_REASON_no_memory : reason_of_break(reason), fact);
    }
}

void tls_handshake_open(struct tls_handshake *handshake, const char *bytes, size_t length,
                        char *plain, size_t room, struct transport_fact *fact) {
    *fact = (struct transport_fact){.kind = TRANSPORT_MORE};
    fact->taken = advance(&handshake->cursor, bytes, length);
    ERR_clear_error();
    if (BIO_write(handshake->in, bytes, (int)fact->taken) != (int)fact->taken) {
        break_by(RECORD_REASON_no_memory, fact);
        return;
    }
    enum record_reason bad = check_header(handshake);
    if (bad == RECORD_REASON_none && !is_whole(&handshake->cursor))
        return;
    int got = SSL_read(handshake->ssl, plain, (int)room);
    if (bad != RECORD_REASON_none) { /* of most OpenSSL has told the peer by now */
        break_by(bad, fact);
    } else if (got > 0) {
        fact->kind = TRANSPORT_DATA;
        fact->plain = (struct exchange_bytes){plain, (size_t)got};
    } else {
        read_end(handshake, got, fact);
    }
}

size_t tls_handshake_seal(struct tls_handshake *handshake, const void *bytes, size_t length,
                          char *out, size_t room) {
    ERR_clear_error();
    size_t written = 0;
    if (length > 0)
        (void)SSL_write_ex(handshake->ssl, bytes, length, &written);
    return tls_handshake_take(handshake, out, room);
}

size_t tls_handshake_end(struct tls_handshake *handshake, char *out, size_t room) {
    ERR_clear_error();
    if (SSL_is_init_finished(handshake->ssl) && handshake->failure == HANDSHAKE_REASON_none)
        (void)SSL_shutdown(handshake->ssl);
    return tls_handshake_take(handshake, out, room);
}
