/* From the options of `holdfast target` to the settings of the target. */
#ifndef COMMAND_TARGET_SETTINGS_H
#define COMMAND_TARGET_SETTINGS_H

#include "options/options.h"
#include "target/settings.h"

struct tls_server;

/* Reads what the options name (a body's file among it). False and one line in error when it will
 * not do. *body and *tls are the caller's to free, and outlive the settings; NULL: there is none.
 */
bool target_settings_make(struct target_settings *settings, const struct options *options,
                          char **body, struct tls_server **tls,
                          char error[static OPTIONS_ERROR_MAX]);

#endif
