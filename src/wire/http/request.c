/* Bakes requests: one run over the lines to learn the length, one to write them. */
#include "wire/http/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/require.h"
#include "base/url.h"
#include "options/options.h"

/* Where lines go; with no buffer they are only counted. */
struct request_lines {
    char *bytes;
    size_t size;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct request_lines *lines,
                                                      const char *format, ...) {
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
    return ascii_equal_bytes(header, strcspn(header, ":"), name);
}

static bool given(const struct option_text_list *headers, const char *name) {
    for (size_t i = 0; i < headers->count; i++)
        if (named(headers->items[i], name))
            return true;
    return false;
}

/* A body would come, for all the server knows, so its absence is announced (RFC 9110 8.6). */
static bool needs_length(const char *method, const struct option_text_list *headers,
                         const struct options_request_body *body) {
    bool takes_body = body != NULL || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
                      strcmp(method, "PATCH") == 0;
    return takes_body && !given(headers, "Content-Length") && !given(headers, "Transfer-Encoding");
}

/* What a request is made of. */
struct parts {
    const char *method;
    const struct url *target;
    const struct option_text_list *headers;
    const struct options_request_body *body; /* NULL: none */
    bool kept;                               /* asks for keep-alive */
};

static void add_request(struct request_lines *lines, const struct parts *parts) {
    const struct option_text_list *headers = parts->headers;
    const struct options_request_body *body = parts->body;
    add(lines, "%s %s HTTP/1.1\r\n", parts->method, parts->target->path);
    if (!given(headers, "Host"))
        add(lines, "Host: %s\r\n", parts->target->authority);
    if (!given(headers, "User-Agent"))
        add(lines, "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n");
    if (!given(headers, "Accept"))
        add(lines, "Accept: */*\r\n");
    if (parts->kept && !given(headers, "Connection"))
        add(lines, "Connection: keep-alive\r\n");
    if (needs_length(parts->method, headers, body))
        add(lines, "Content-Length: %zu\r\n", body != NULL ? body->length : 0);
    for (size_t i = 0; i < headers->count; i++)
        add(lines, "%s\r\n", headers->items[i]);
    add(lines, "\r\n");
}

static uint32_t kind_of(const struct parts *parts) {
    uint32_t head = strcmp(parts->method, "HEAD") == 0 ? REQUEST_HEAD : 0;
    return head | (given(parts->headers, "Upgrade") ? REQUEST_UPGRADE : 0);
}

static bool bake(struct request *out, struct parts *parts) {
    static const struct option_text_list none;
    if (parts->headers == NULL)
        parts->headers = &none;
    size_t body_length = parts->body != NULL ? parts->body->length : 0;
    struct request_lines counted = {.bytes = NULL};
    add_request(&counted, parts);
    struct request_lines written = {.size = counted.length + 1 + body_length};
    written.bytes = malloc(written.size);
    if (written.bytes == NULL)
        return false;
    add_request(&written, parts);
    require(written.length == counted.length);
    if (body_length > 0)
        memcpy(written.bytes + written.length, parts->body->bytes, body_length);
    *out = (struct request){.bytes = written.bytes,
                            .length = written.length + body_length,
                            .body_length = body_length,
                            .kind = kind_of(parts)};
    return true;
}

bool request_bake(struct request *out, const char *method, const struct url *target,
                  const struct option_text_list *headers, const struct options_request_body *body) {
    return bake(out, &(struct parts){method, target, headers, body, false});
}

bool request_bake_kept(struct request *out, const char *method, const struct url *target,
                       const struct option_text_list *headers,
                       const struct options_request_body *body) {
    return bake(out, &(struct parts){method, target, headers, body, true});
}

/* A line's own: the target with its path, and headers and body as its method wants them. */
static bool bake_line(struct request *out, const struct options *options, struct url *target,
                      const struct option_url_line *line) {
    const char *method = line->method != NULL ? line->method : options->method;
    const struct options_request_body *body = options_body(options);
    struct option_text_list headers = options->header;
    if (!options_sends_body(options, method)) {
        body = NULL;
        options_drop_length(&headers);
    }
    snprintf(target->path, sizeof target->path, "%s", line->path);
    return request_bake(out, method, target, &headers, body);
}

bool request_bake_all(struct requests *out, const struct options *options,
                      const struct url *target) {
    const struct option_url_line own = {.path = target->path, .weight = 1};
    const struct option_url_list *listed = &options->listed;
    uint32_t count = listed->count > 0 ? listed->count : 1;
    *out = (struct requests){.items = calloc(count, sizeof *out->items),
                             .ends = calloc(count, sizeof *out->ends)};
    struct url *mine = malloc(sizeof *mine);
    bool ok = out->items != NULL && out->ends != NULL && mine != NULL;
    if (ok)
        *mine = *target;
    for (uint64_t end = 0; ok && out->count < count; out->count++) {
        const struct option_url_line *line = listed->count > 0 ? &listed->items[out->count] : &own;
        ok = bake_line(&out->items[out->count], options, mine, line);
        out->ends[out->count] = end += line->weight;
    }
    free(mine);
    return ok;
}
