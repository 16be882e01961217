/* From the options of `holdfast target` to the settings of the target. */
#ifndef COMMAND_TARGET_SETTINGS_H
#define COMMAND_TARGET_SETTINGS_H

#include "plan/options.h"
#include "target/settings.h"

/* Reads what the options name (a body's file among it). False and one line in error when it will
 * not do. *body is the caller's to free; it outlives the settings. */
bool target_settings_make(struct target_settings *settings, const struct options *options,
                          char **body, char error[static OPTIONS_ERROR_MAX]);

#endif
