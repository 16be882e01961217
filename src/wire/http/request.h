/* Requests in HTTP, baked. */
#ifndef WIRE_HTTP_REQUEST_H
#define WIRE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/requests.h"

struct option_text_list;
struct options;
struct options_request_body;
struct url;

/* Bits of request.kind. */
enum {
    REQUEST_HEAD = 1,   /* HEAD: an answer has no body (RFC 9110 9.3.2) */
    REQUEST_UPGRADE = 2 /* a header asks for an Upgrade: 101 is no surprise */
};

/* "M path HTTP/1.1", Host, User-Agent: holdfast/VERSION, Accept: any type, then `headers` ("N: V",
 * already validated by options; NULL: none), which replace these by the same name
 * (case-insensitive); no Connection header of ours; and the body, which may be NULL. Content-Length
 * is the body's, unless the headers give one; a method that takes a body and has none (POST, PUT,
 * PATCH) gets Content-Length: 0 (RFC 9110 8.6). false when there is no memory. */
bool request_bake(struct request *out, const char *method, const struct url *target,
                  const struct option_text_list *headers, const struct options_request_body *body);
/* The same with `Connection: keep-alive`, unless the headers have a Connection of their own. */
bool request_bake_kept(struct request *out, const char *method, const struct url *target,
                       const struct option_text_list *headers,
                       const struct options_request_body *body);

/* The one of -X, --body and the target's path, or one for each of options->listed; a line whose
 * method takes no body has none, and no Content-Length of the headers. false when there is no
 * memory; free with requests_free() in every case. */
bool request_bake_all(struct requests *out, const struct options *options,
                      const struct url *target);

#endif
