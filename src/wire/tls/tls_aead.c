/* Finds a cipher's functions in its provider, and calls them in EVP's order. */
#include "wire/tls/tls_aead.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/require.h"

struct tls_aead {
    EVP_CIPHER *cipher; /* holds the provider */
    size_t key_bytes;
    void *context;
    OSSL_FUNC_cipher_newctx_fn *make;
    OSSL_FUNC_cipher_freectx_fn *free;
    OSSL_FUNC_cipher_encrypt_init_fn *begin_sealing;
    OSSL_FUNC_cipher_decrypt_init_fn *begin_opening;
    OSSL_FUNC_cipher_update_fn *update;
    OSSL_FUNC_cipher_final_fn *finish;
    OSSL_FUNC_cipher_get_ctx_params_fn *get;
    OSSL_FUNC_cipher_set_ctx_params_fn *set;
};

/* ---- Making one ---- */

static bool begins_with(const char *text, const char *name) {
    size_t at = 0;
    while (name[at] != '\0' &&
           ascii_lower((unsigned char)text[at]) == ascii_lower((unsigned char)name[at]))
        at++;
    return name[at] == '\0';
}

/* One of "AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6". */
static bool has_name(const char *names, const char *name) {
    size_t length = strlen(name);
    for (const char *at = names; at != NULL; at = strchr(at, ':')) {
        at += *at == ':';
        if (begins_with(at, name) && (at[length] == ':' || at[length] == '\0'))
            return true;
    }
    return false;
}

static const OSSL_DISPATCH *find_functions(const OSSL_PROVIDER *provider, const char *name) {
    int no_cache;
    const OSSL_DISPATCH *found = NULL;
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(provider, OSSL_OP_CIPHER, &no_cache);
    for (const OSSL_ALGORITHM *at = all; at != NULL && at->algorithm_names != NULL; at++)
        if (found == NULL && has_name(at->algorithm_names, name))
            found = at->implementation;
    OSSL_PROVIDER_unquery_operation(provider, OSSL_OP_CIPHER, all);
    return found;
}

static void take_function(struct tls_aead *aead, const OSSL_DISPATCH *function) {
    switch (function->function_id) {
    case OSSL_FUNC_CIPHER_NEWCTX: aead->make = OSSL_FUNC_cipher_newctx(function); break;
    case OSSL_FUNC_CIPHER_FREECTX: aead->free = OSSL_FUNC_cipher_freectx(function); break;
    case OSSL_FUNC_CIPHER_ENCRYPT_INIT:
        aead->begin_sealing = OSSL_FUNC_cipher_encrypt_init(function);
        break;
    case OSSL_FUNC_CIPHER_DECRYPT_INIT:
        aead->begin_opening = OSSL_FUNC_cipher_decrypt_init(function);
        break;
    case OSSL_FUNC_CIPHER_UPDATE: aead->update = OSSL_FUNC_cipher_update(function); break;
    case OSSL_FUNC_CIPHER_FINAL: aead->finish = OSSL_FUNC_cipher_final(function); break;
    case OSSL_FUNC_CIPHER_GET_CTX_PARAMS:
        aead->get = OSSL_FUNC_cipher_get_ctx_params(function);
        break;
    case OSSL_FUNC_CIPHER_SET_CTX_PARAMS:
        aead->set = OSSL_FUNC_cipher_set_ctx_params(function);
        break;
    default: break;
    }
}

/* Whether all are there, as they are where EVP can use the cipher as an AEAD. */
static bool take_functions(struct tls_aead *aead, const char *name) {
    const OSSL_PROVIDER *provider = EVP_CIPHER_get0_provider(aead->cipher);
    const OSSL_DISPATCH *at = provider != NULL ? find_functions(provider, name) : NULL;
    for (; at != NULL && at->function_id != 0; at++)
        take_function(aead, at);
    return aead->make != NULL && aead->free != NULL && aead->begin_sealing != NULL &&
           aead->begin_opening != NULL && aead->update != NULL && aead->finish != NULL &&
           aead->get != NULL && aead->set != NULL;
}

static bool make_context(struct tls_aead *aead) {
    const OSSL_PROVIDER *provider = EVP_CIPHER_get0_provider(aead->cipher);
    aead->context = aead->make(OSSL_PROVIDER_get0_provider_ctx(provider));
    return aead->context != NULL;
}

bool tls_aead_create(struct tls_aead **out, const struct tls_suite *suite) {
    *out = NULL;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, suite->cipher, NULL);
    if (cipher == NULL)
        return true;
    struct tls_aead *made = calloc(1, sizeof *made);
    if (made == NULL) {
        EVP_CIPHER_free(cipher);
        return false;
    }
    *made = (struct tls_aead){.cipher = cipher, .key_bytes = suite->key_bytes};
    bool known = take_functions(made, suite->cipher), whole = known && make_context(made);
    if (!whole) {
        tls_aead_destroy(made);
        return !known;
    }
    *out = made;
    return true;
}

void tls_aead_destroy(struct tls_aead *aead) {
    if (aead == NULL)
        return;
    if (aead->context != NULL)
        aead->free(aead->context);
    EVP_CIPHER_free(aead->cipher);
    free(aead);
}

/* ---- Records ---- */

static void update(struct tls_aead *aead, unsigned char *out, const unsigned char *in,
                   size_t length) {
    size_t done = 0;
    require(aead->update(aead->context, out, &done, length, in, length) == 1 && done == length);
}

void tls_aead_seal(struct tls_aead *aead, const struct tls_aead_record *record,
                   unsigned char *bytes, size_t length, unsigned char *tag) {
    size_t done;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, TLS_TAG_BYTES),
        OSSL_PARAM_construct_end()};
    require(aead->begin_sealing(aead->context, record->key, aead->key_bytes, record->nonce,
                                TLS_IV_BYTES, NULL) == 1);
    update(aead, NULL, record->header, record->header_length);
    update(aead, bytes, bytes, length);
    require(aead->finish(aead->context, tag, &done, 0) == 1);
    require(aead->get(aead->context, params) == 1);
}

bool tls_aead_open(struct tls_aead *aead, const struct tls_aead_record *record,
                   unsigned char *bytes, size_t length, unsigned char *tag) {
    size_t done;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, TLS_TAG_BYTES),
        OSSL_PARAM_construct_end()};
    require(aead->begin_opening(aead->context, record->key, aead->key_bytes, record->nonce,
                                TLS_IV_BYTES, params) == 1);
    update(aead, NULL, record->header, record->header_length);
    update(aead, bytes, bytes, length);
    return aead->finish(aead->context, tag, &done, 0) == 1;
}
