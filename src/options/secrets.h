/* What of a plan may be a secret, and how it is shown: in every file, scrape and line, "***" stands
 * for it (docs/secrets.md is the list). */
#ifndef OPTIONS_SECRETS_H
#define OPTIONS_SECRETS_H

#include "options/options_row.h"

/* The value of an option (of a list, one of its items) as it may be shown, malloc'ed; NULL: no
 * memory. */
char *secrets_shown(const struct options *options, enum option_id id, const char *value);

/* Whether a report of these options and this URL, as redact_url() shows it, has something
 * hidden in it. */
bool secrets_any(const struct options *options, const char *shown_url);

#endif
