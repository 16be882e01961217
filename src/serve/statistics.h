/* Figures of one request on each of many connections, from the report of their run: as the APIs
 * have them that wrap a load test. */
#ifndef SERVE_STATISTICS_H
#define SERVE_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/refuse.h"
#include "serve/config.h"
#include "serve/endpoint.h"
#include "serve/words.h"

struct json_t;

enum { STATISTICS_TIMEOUT_SECONDS = 30 };

/* {"requestUrl", "count"}: the words of its run within the limits, as config_words() makes them.
 * False, with the refusal. */
bool statistics_words(struct words *words, const struct json_t *object,
                      const struct config_limits *limits, struct refuse_buffer to);

/* The answer, from the text of a report (NULL: there is none, and why is in message); the caller
 * frees; NULL: no memory. */
char *statistics_answer(const char *report, size_t report_length, const struct run_id *id,
                        const char *message, size_t *length);

#endif
