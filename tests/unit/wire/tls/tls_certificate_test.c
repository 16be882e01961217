/* The certificate made at start is for this machine's loopback names, and trusted by who is given
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cmocka.h>

#include "wire/tls/tls_certificate.h"

static SSL_CTX *make(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_non_null(context);
    assert_true(tls_certificate_use_own(context));
    return context;
}

static void it_bears_the_names_of_loopback(void **state) {
    (void)state;
    SSL_CTX *context = make();
    X509 *certificate = SSL_CTX_get0_certificate(context);
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "example.org", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.2", 0), 0);
    assert_int_equal(SSL_CTX_check_private_key(context), 1);
    SSL_CTX_free(context);
}

static void it_is_valid_now_and_for_thirty_days(void **state) {
    (void)state;
    SSL_CTX *context = make();
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    time_t soon = time(NULL) + (TLS_CERTIFICATE_DAYS - 1) * 86400L;
    time_t late = time(NULL) + (TLS_CERTIFICATE_DAYS + 1) * 86400L;
    assert_int_equal(X509_cmp_current_time(X509_get0_notBefore(certificate)), -1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(certificate), &soon), 1);
    assert_int_equal(X509_cmp_time(X509_get0_notAfter(certificate), &late), -1);
    SSL_CTX_free(context);
}

static void who_is_given_it_trusts_it(void **state) {
    (void)state;
    SSL_CTX *context = make();
    X509 *certificate = SSL_CTX_get0_certificate(context);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *verification = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, certificate), 1);
    assert_int_equal(X509_STORE_CTX_init(verification, store, certificate, NULL), 1);
    assert_int_equal(X509_verify_cert(verification), 1);
    X509_STORE_CTX_free(verification);
    X509_STORE_free(store);
    SSL_CTX_free(context);
}

static void each_start_makes_another(void **state) {
    (void)state;
    SSL_CTX *one = make(), *two = make();
    const X509 *first = SSL_CTX_get0_certificate(one), *second = SSL_CTX_get0_certificate(two);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(first), X509_get0_serialNumber(second)), 0);
    assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(first), X509_get0_pubkey(second)), 1);
    SSL_CTX_free(one);
    SSL_CTX_free(two);
}

/* --- from files --- */

static char folder[] = "/tmp/holdfast-certificate.XXXXXX";

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL;
}

static const char *path_of(const char *name) {
    static char paths[4][100];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state) {
    (void)state;
    static const char *const names[] = {"cert", "key", "other", "both", "encrypted", "text"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove(path_of(names[i]));
    return rmdir(folder);
}

static FILE *create(const char *name) {
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    return file;
}

static void write_files(SSL_CTX *context, SSL_CTX *other) {
    X509 *certificate = SSL_CTX_get0_certificate(context);
    EVP_PKEY *key = SSL_CTX_get0_privatekey(context);
    FILE *files[] = {create("cert"), create("key"),       create("other"),
                     create("both"), create("encrypted"), create("text")};
    assert_int_equal(PEM_write_X509(files[0], certificate), 1);
    assert_int_equal(PEM_write_PrivateKey(files[1], key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(
        PEM_write_PrivateKey(files[2], SSL_CTX_get0_privatekey(other), NULL, NULL, 0, NULL, NULL),
        1);
    assert_int_equal(PEM_write_PrivateKey(files[3], key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(PEM_write_X509(files[3], certificate), 1);
    assert_int_equal(
        PEM_write_PKCS8PrivateKey(files[4], key, EVP_aes_128_cbc(), NULL, 0, NULL, "secret"), 1);
    fputs("no PEM\n", files[5]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        fclose(files[i]);
}

/* NULL: they are used. Else what the line holds. */
static void expect_files(const char *cert, const char *key, const char *words) {
    char line[400] = "";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool used = tls_certificate_use_files(context, path_of(cert), key == NULL ? NULL : path_of(key),
                                          (struct refuse_buffer){line, sizeof line});
    assert_int_equal(used, words == NULL);
    if (words != NULL && strstr(line, words) == NULL)
        fail_msg("%s: %s", words, line);
    SSL_CTX_free(context);
}

static void files_are_used_or_refused_with_what_is_wrong(void **state) {
    (void)state;
    SSL_CTX *context = make(), *other = make();
    write_files(context, other);
    expect_files("cert", "key", NULL);
    expect_files("both", NULL, NULL);
    expect_files("cert", NULL, "--cert: \"");
    expect_files("cert", NULL, "holds no private key in PEM");
    expect_files("cert", "other", "--key: the key in \"");
    expect_files("cert", "other", "is not that of the certificate in");
    expect_files("cert", "encrypted", "is encrypted; openssl pkey -in ");
    expect_files("cert", "text", "--key: \"");
    expect_files("text", "key", "holds no certificate in PEM");
    expect_files("nothing", "key", "--cert: cannot open");
    expect_files("cert", "nothing", "--key: cannot open");
    SSL_CTX_free(context);
    SSL_CTX_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_bears_the_names_of_loopback),
        cmocka_unit_test(it_is_valid_now_and_for_thirty_days),
        cmocka_unit_test(who_is_given_it_trusts_it),
        cmocka_unit_test(each_start_makes_another),
        cmocka_unit_test(files_are_used_or_refused_with_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
