/* The options of TLS, as the settings of a context. */
#ifndef RUN_TLS_OPTIONS_H
#define RUN_TLS_OPTIONS_H

#include <stdbool.h>

#include "base/refuse.h"

struct options;
struct tls_context;

/* A context for the run, which appends its secrets to $SSLKEYLOGFILE where that is set; freed with
 * tls_context_destroy(). False, with one line that says what is wrong, and nothing is made. */
bool tls_options_make(struct tls_context **out, const struct options *options,
                      struct refuse_buffer to);

/* Whether a context can be made of what was given, of which nothing is kept: for a plan that speaks
 * no TLS, and for one that another process carries out. False, with that line. */
bool tls_options_check(const struct options *options, struct refuse_buffer to);

#endif
