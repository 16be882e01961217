/* The request, baked once: the same bytes for every connection. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/options.h"
#include "plan/target.h"

struct request {
    char *bytes; /* malloc'ed; free with request_free() */
    size_t length;
    size_t body_length; /* of the bytes, at their end */
    bool head;          /* HEAD: an answer has no body (RFC 9110 9.3.2) */
};

/* "M path HTTP/1.1", Host, User-Agent: holdfast/VERSION, Accept: any type, then `headers` ("N: V",
 * already validated by options), which replace these by the same name (case-insensitive); no
 * Connection header of ours; and the body, which may be NULL. Content-Length is the body's, unless
 * the headers give one; a method that takes a body and has none (POST, PUT, PATCH) gets
 * Content-Length: 0 (RFC 9110 8.6). false when there is no memory. */
bool request_bake(struct request *out, const char *method, const struct target *target,
                  const struct text_list *headers, const struct body *body);
void request_free(struct request *request);

#endif
