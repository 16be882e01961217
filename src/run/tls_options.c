/* What was given becomes a context; what OpenSSL does not take is refused before anything is sent.
 */
#include "run/tls_options.h"

#include <stdlib.h>

#include "options/options.h"
#include "wire/tls/tls_context.h"

static struct tls_settings settings_of(const struct options *options) {
    return (struct tls_settings){
        .insecure = options->insecure,
        .cacert = options->cacert,
        .cert = options->cert,
        .key = options->key,
        .tls_min = options->tls_min,
        .tls_max = options->tls_max,
        .ciphers = options->ciphers,
        .tls13_ciphers = options->tls13_ciphers,
        .curves = options->curves,
    };
}

bool tls_options_make(struct tls_context **out, const struct options *options,
                      struct refuse_buffer to) {
    struct tls_settings settings = settings_of(options);
    const char *key_log = getenv("SSLKEYLOGFILE");
    settings.key_log = key_log != NULL && key_log[0] != '\0' ? key_log : NULL;
    return tls_context_create(out, &settings, to);
}

bool tls_options_check(const struct options *options, struct refuse_buffer to) {
    const struct tls_settings settings = settings_of(options);
    struct tls_context *context = NULL;
    bool any = options->given.cacert || options->given.cert || options->given.key ||
               options->given.tls_min || options->given.tls_max || options->given.ciphers ||
               options->given.tls13_ciphers || options->given.curves;
    if (any && !tls_context_create(&context, &settings, to))
        return false;
    tls_context_destroy(context);
    return true;
}
