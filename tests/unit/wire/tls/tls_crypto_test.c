/* Keys and records are those of RFC 8448, and what was changed on the way does not open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/tls/tls_crypto.h"

static struct tls_crypto *crypto;

static int create(void **state) {
    (void)state;
    crypto = tls_crypto_create();
    return crypto == NULL;
}

static int destroy(void **state) {
    (void)state;
    tls_crypto_destroy(crypto);
    return 0;
}

static size_t from_hex(unsigned char *out, const char *text) {
    size_t length = 0;
    for (; *text != '\0'; text += 2)
        assert_int_equal(sscanf(text, "%2hhx", &out[length++]), 1);
    return length;
}

static void expect_hex(const unsigned char *bytes, size_t length, const char *text) {
    unsigned char expected[100];
    assert_int_equal(from_hex(expected, text), length);
    assert_memory_equal(bytes, expected, length);
}

static void keys_follow_from_the_secrets_of_rfc_8448(void **state) {
    (void)state;
    static const struct {
        const char *secret, *key, *iv;
    } rows[] = {
        /* RFC 8448 3: the server's application keys, the client's. */
        {"a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
         "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984"},
        {"9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
         "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9"},
    };
    const struct tls_suite *suite = tls_suite_of(0x1301);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char secret[32], out[16];
        assert_int_equal(from_hex(secret, rows[i].secret), suite->secret_bytes);
        assert_true(tls_crypto_expand(crypto, suite, secret, "key", out, 16));
        expect_hex(out, 16, rows[i].key);
        assert_true(tls_crypto_expand(crypto, suite, secret, "iv", out, 12));
        expect_hex(out, 12, rows[i].iv);
    }
}

static void a_secret_may_be_replaced_where_it_stands(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        const struct tls_suite *suite = tls_suite_at(i);
        unsigned char secret[TLS_SECRET_MAX] = {1, 2, 3}, next[TLS_SECRET_MAX];
        size_t length = suite->secret_bytes;
        assert_true(tls_crypto_expand(crypto, suite, secret, "traffic upd", next, length));
        assert_true(tls_crypto_expand(crypto, suite, secret, "traffic upd", secret, length));
        assert_memory_equal(secret, next, length);
    }
}

static void what_was_sealed_opens_and_with_any_bit_changed_does_not(void **state) {
    (void)state;
    enum { LENGTH = 90 };
    static const unsigned char key[TLS_KEY_MAX] = {7}, iv[TLS_IV_BYTES] = {9};
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        unsigned char header[5] = {23, 3, 3, 0, LENGTH + TLS_TAG_BYTES};
        unsigned char sealed[LENGTH + TLS_TAG_BYTES], copy[sizeof sealed], plain[LENGTH];
        struct tls_crypto_record record = {tls_suite_at(i), key, iv, 3, header, sizeof header};
        memset(plain, 'x', sizeof plain);
        memcpy(sealed, plain, sizeof plain);
        tls_crypto_seal(crypto, &record, sealed, LENGTH);
        memcpy(copy, sealed, sizeof copy);
        assert_true(tls_crypto_open(crypto, &record, copy, LENGTH));
        assert_memory_equal(copy, plain, LENGTH);
        for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
            memcpy(copy, sealed, sizeof copy);
            copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_false(tls_crypto_open(crypto, &record, copy, LENGTH));
        }
        header[1] = 4;
        memcpy(copy, sealed, sizeof copy);
        assert_false(tls_crypto_open(crypto, &record, copy, LENGTH));
        header[1] = 3;
        record.sequence = 4;
        memcpy(copy, sealed, sizeof copy);
        assert_false(tls_crypto_open(crypto, &record, copy, LENGTH));
    }
}

static void every_suite_is_there(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLS_SUITES; i++) {
        assert_true(tls_crypto_has(crypto, tls_suite_at(i)));
        assert_ptr_equal(tls_suite_of(tls_suite_at(i)->id), tls_suite_at(i));
    }
    assert_null(tls_suite_of(0x1304)); /* TLS_AES_128_CCM_SHA256 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_is_there),
        cmocka_unit_test(keys_follow_from_the_secrets_of_rfc_8448),
        cmocka_unit_test(a_secret_may_be_replaced_where_it_stands),
        cmocka_unit_test(what_was_sealed_opens_and_with_any_bit_changed_does_not),
    };
    return cmocka_run_group_tests(tests, create, destroy);
}
