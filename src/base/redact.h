/* What of a text may be a secret, and how it is shown: "***" stands for it. */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include <stddef.h>

#define REDACTED "***"

/* A URL, with or without its scheme: values of the query's parameters and the fragment are hidden,
 * the names stay. Where that does not fit, the whole query is. Returns buffer, as the others do. */
char *redact_url(char *buffer, size_t size, const char *url);

/* A line that somebody else wrote: the same in each URL or path in it; cut where it does not fit.
 */
char *redact_urls(char *buffer, size_t size, const char *text);

/* A command of --exec-at: all after its first word. */
char *redact_command(char *buffer, size_t size, const char *command);

#endif
