/* Bakes the request: one run over the lines to learn the length, one to write them. */
#include "http/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/require.h"

/* Where lines go; with no buffer they are only counted. */
struct lines {
    char *bytes;
    size_t size;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct lines *lines, const char *format,
                                                      ...) {
    va_list arguments;
    va_start(arguments, format);
    bool counting = lines->bytes == NULL;
    int length = vsnprintf(counting ? NULL : lines->bytes + lines->length,
                           counting ? 0 : lines->size - lines->length, format, arguments);
    va_end(arguments);
    require(length >= 0);
    lines->length += (size_t)length;
}

static bool named(const char *header, const char *name) {
    size_t length = strlen(name);
    return strncasecmp(header, name, length) == 0 && header[length] == ':';
}

static bool given(const struct text_list *headers, const char *name) {
    for (size_t i = 0; i < headers->count; i++)
        if (named(headers->items[i], name))
            return true;
    return false;
}

/* A body would come, for all the server knows, so its absence is said (RFC 9110 8.6). */
static bool needs_length(const char *method, const struct text_list *headers,
                         const struct body *body) {
    bool takes_body = body != NULL || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
                      strcmp(method, "PATCH") == 0;
    return takes_body && !given(headers, "Content-Length") && !given(headers, "Transfer-Encoding");
}

static void add_request(struct lines *lines, const char *method, const struct target *target,
                        const struct text_list *headers, const struct body *body) {
    add(lines, "%s %s HTTP/1.1\r\n", method, target->path);
    if (!given(headers, "Host"))
        add(lines, "Host: %s\r\n", target->authority);
    if (!given(headers, "User-Agent"))
        add(lines, "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n");
    if (!given(headers, "Accept"))
        add(lines, "Accept: */*\r\n");
    if (needs_length(method, headers, body))
        add(lines, "Content-Length: %zu\r\n", body != NULL ? body->length : 0);
    for (size_t i = 0; i < headers->count; i++)
        add(lines, "%s\r\n", headers->items[i]);
    add(lines, "\r\n");
}

bool request_bake(struct request *out, const char *method, const struct target *target,
                  const struct text_list *headers, const struct body *body) {
    size_t body_length = body != NULL ? body->length : 0;
    struct lines counted = {.bytes = NULL};
    add_request(&counted, method, target, headers, body);
    struct lines written = {.size = counted.length + 1 + body_length};
    written.bytes = malloc(written.size);
    if (written.bytes == NULL)
        return false;
    add_request(&written, method, target, headers, body);
    require(written.length == counted.length);
    if (body_length > 0)
        memcpy(written.bytes + written.length, body->bytes, body_length);
    *out = (struct request){.bytes = written.bytes,
                            .length = written.length + body_length,
                            .body_length = body_length,
                            .head = strcmp(method, "HEAD") == 0};
    return true;
}

void request_free(struct request *request) {
    free(request->bytes);
    *request = (struct request){.bytes = NULL};
}
