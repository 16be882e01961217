/* Makes a key and an X.509 certificate by OpenSSL, in memory alone; or reads them, and says what is
 * wrong with them. */
#include "wire/tls/tls_certificate.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

/* Different for each start, so that a browser that has seen one takes the next. */
static bool set_serial(X509 *certificate) {
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] &= 0x7f; /* a positive number */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool done =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool add_extension(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static bool set_names(X509 *certificate) {
    static const unsigned char name[] = "localhost";
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           add_extension(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(certificate, NID_subject_key_identifier, "hash");
}

static bool fill(X509 *certificate, EVP_PKEY *key) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -HOUR_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)TLS_CERTIFICATE_DAYS * DAY_S) !=
               NULL &&
           X509_set_pubkey(certificate, key) == 1 && set_names(certificate) &&
           X509_sign(certificate, key, EVP_sha256()) != 0;
}

bool tls_certificate_use_own(SSL_CTX *context) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool used = key != NULL && certificate != NULL && fill(certificate, key) &&
                SSL_CTX_use_certificate(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return used;
}

/* ---- From files ---- */

/* A file of PEM, open; NULL, and the line that says why. */
static BIO *open_file(const char *option, const char *path, struct refuse_buffer to) {
    FILE *file = fopen(path, "re");
    BIO *bio = file == NULL ? NULL : BIO_new_fp(file, BIO_CLOSE);
    if (file == NULL)
        refuse(to, "%s: cannot open \"%s\": %s", option, refuse_quote(path).text, strerror(errno));
    else if (bio == NULL)
        fclose(file), refuse(to, "%s: no memory", option);
    return bio;
}

/* Is asked for when the key is encrypted: there is none. */
static int no_pass_phrase(char *buffer, int size, int writes, void *asked) {
    (void)buffer, (void)size, (void)writes;
    *(bool *)asked = true;
    return -1;
}

static EVP_PKEY *read_key(const char *option, const char *path, struct refuse_buffer to) {
    bool encrypted = false;
    BIO *file = open_file(option, path, to);
    if (file == NULL)
        return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, no_pass_phrase, &encrypted);
    BIO_free(file);
    struct refuse_quoted quoted = refuse_quote(path);
    if (key == NULL && encrypted)
        refuse(to,
               "%s: the key in \"%s\" is encrypted; openssl pkey -in %s -out plain.key decrypts "
               "it",
               option, quoted.text, quoted.text);
    else if (key == NULL)
        refuse(to, "%s: \"%s\" holds no private key in PEM", option, quoted.text);
    return key;
}

/* The certificates behind the first are its chain. */
static bool use_chain(SSL_CTX *context, const char *path, struct refuse_buffer to) {
    BIO *file = open_file("--cert", path, to);
    if (file == NULL)
        return false;
    BIO_free(file);
    return SSL_CTX_use_certificate_chain_file(context, path) == 1 ||
           refuse(to, "--cert: \"%s\" holds no certificate in PEM that can be used",
                  refuse_quote(path).text);
}

static bool use_key(SSL_CTX *context, const char *cert, const char *path, struct refuse_buffer to) {
    const char *option = path != NULL ? "--key" : "--cert";
    EVP_PKEY *key = read_key(option, path != NULL ? path : cert, to);
    if (key == NULL)
        return false;
    bool used = SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return used ||
           refuse(to, "%s: the key in \"%s\" is not that of the certificate in \"%s\"", option,
                  refuse_quote(path != NULL ? path : cert).text, refuse_quote(cert).text);
}

bool tls_certificate_use_files(SSL_CTX *context, const char *cert, const char *key,
                               struct refuse_buffer to) {
    bool used = use_chain(context, cert, to) && use_key(context, cert, key, to);
    ERR_clear_error();
    return used;
}
