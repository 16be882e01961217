/* OpenSSL's EVP: one context a suite and direction, one for HKDF. */
#include "wire/tls/tls_crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"

enum { LABEL_MAX = 12 }; /* of those that are asked for: "traffic upd" */

struct tls_crypto {
    EVP_CIPHER_CTX *sealing[TLS_SUITES]; /* NULL: OpenSSL has not the cipher */
    EVP_CIPHER_CTX *opening[TLS_SUITES];
    EVP_KDF_CTX *kdf;
};

static unsigned index_of(const struct tls_suite *suite) {
    return (unsigned)(suite - tls_suite_at(0));
}

/* Of a cipher that is there; NULL when there is no memory. */
static EVP_CIPHER_CTX *make_context(const EVP_CIPHER *cipher, bool seals) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL && EVP_CipherInit_ex2(context, cipher, NULL, NULL, seals, NULL) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

static bool make_cipher(struct tls_crypto *crypto, unsigned index) {
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, tls_suite_at(index)->cipher, NULL);
    if (cipher == NULL)
        return true;
    crypto->sealing[index] = make_context(cipher, true);
    crypto->opening[index] = make_context(cipher, false);
    EVP_CIPHER_free(cipher); /* the contexts have a reference each */
    return crypto->sealing[index] != NULL && crypto->opening[index] != NULL;
}

static EVP_KDF_CTX *make_kdf(void) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    return context;
}

struct tls_crypto *tls_crypto_create(void) {
    struct tls_crypto *crypto = calloc(1, sizeof *crypto);
    if (crypto == NULL)
        return NULL;
    crypto->kdf = make_kdf();
    bool made = crypto->kdf != NULL;
    for (unsigned i = 0; i < TLS_SUITES && made; i++)
        made = make_cipher(crypto, i);
    ERR_clear_error(); /* SSL_get_error() reads the same queue */
    if (made)
        return crypto;
    tls_crypto_destroy(crypto);
    return NULL;
}

void tls_crypto_destroy(struct tls_crypto *crypto) {
    if (crypto == NULL)
        return;
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        EVP_CIPHER_CTX_free(crypto->sealing[i]);
        EVP_CIPHER_CTX_free(crypto->opening[i]);
    }
    EVP_KDF_CTX_free(crypto->kdf);
    free(crypto);
}

bool tls_crypto_has(const struct tls_crypto *crypto, const struct tls_suite *suite) {
    return crypto->sealing[index_of(suite)] != NULL;
}

/* struct HkdfLabel: length, "tls13 " and the label, an empty context. */
static size_t write_label(unsigned char *out, const char *label, size_t length) {
    size_t letters = strlen(label);
    require(letters <= LABEL_MAX);
    out[0] = (unsigned char)(length >> 8);
    out[1] = (unsigned char)length;
    out[2] = (unsigned char)(6 + letters);
    memcpy(out + 3, "tls13 ", 6);
    memcpy(out + 9, label, letters);
    out[9 + letters] = 0;
    return 10 + letters;
}

bool tls_crypto_expand(const struct tls_crypto *crypto, const struct tls_suite *suite,
                       const unsigned char *secret, const char *label, unsigned char *out,
                       size_t length) {
    unsigned char info[10 + LABEL_MAX], derived[TLS_SECRET_MAX];
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    size_t info_length = write_label(info, label, length);
    require(length <= sizeof derived);
    /* OpenSSL writes to none of these, though its types do not say so. */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)suite->digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (unsigned char *)secret,
                                          suite->secret_bytes),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, info_length),
        OSSL_PARAM_construct_end()};
    EVP_KDF_CTX_reset(crypto->kdf); /* an info is added to the one before it, else */
    bool done = EVP_KDF_derive(crypto->kdf, derived, length, params) == 1;
    EVP_KDF_CTX_reset(crypto->kdf); /* wipes the secret that it copied */
    if (done)
        memcpy(out, derived, length);
    else
        ERR_clear_error();
    OPENSSL_cleanse(derived, sizeof derived);
    return done;
}

/* The nonce of a record (RFC 8446 5.3); then the header is authenticated. */
static void begin(EVP_CIPHER_CTX *context, const struct tls_crypto_record *record) {
    unsigned char nonce[TLS_IV_BYTES];
    int length;
    memcpy(nonce, record->iv, TLS_IV_BYTES);
    for (int i = 0; i < 8; i++)
        nonce[TLS_IV_BYTES - 1 - i] ^= (unsigned char)(record->sequence >> (8 * i));
    require(EVP_CipherInit_ex2(context, NULL, record->key, nonce, -1, NULL) == 1);
    require(EVP_CipherUpdate(context, NULL, &length, record->header, (int)record->header_length) ==
            1);
}

void tls_crypto_seal(const struct tls_crypto *crypto, const struct tls_crypto_record *record,
                     unsigned char *bytes, size_t length) {
    EVP_CIPHER_CTX *context = crypto->sealing[index_of(record->suite)];
    int done;
    begin(context, record);
    require(EVP_EncryptUpdate(context, bytes, &done, bytes, (int)length) == 1);
    require((size_t)done == length);
    require(EVP_EncryptFinal_ex(context, bytes + length, &done) == 1);
    require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TLS_TAG_BYTES, bytes + length) ==
            1);
}

bool tls_crypto_open(const struct tls_crypto *crypto, const struct tls_crypto_record *record,
                     unsigned char *bytes, size_t length) {
    EVP_CIPHER_CTX *context = crypto->opening[index_of(record->suite)];
    unsigned char *tag = bytes + length;
    int done;
    begin(context, record);
    require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TLS_TAG_BYTES, tag) == 1);
    require(EVP_DecryptUpdate(context, bytes, &done, bytes, (int)length) == 1);
    require((size_t)done == length);
    if (EVP_DecryptFinal_ex(context, tag, &done) == 1)
        return true;
    ERR_clear_error();
    return false;
}
