/* Answers of the API: JSON, files, and refusals as application/problem+json (RFC 9457). */
#include "serve/serve_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory_stream.h"

static const char *const headers[][2] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
};

static const char *title_of(unsigned status) {
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {{400, "Bad Request"},         {401, "Unauthorized"},
                  {403, "Forbidden"},           {404, "Not Found"},
                  {405, "Method Not Allowed"},  {409, "Conflict"},
                  {413, "Content Too Large"},   {415, "Unsupported Media Type"},
                  {421, "Misdirected Request"}, {422, "Unprocessable Content"},
                  {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Internal Server Error";
}

enum MHD_Result answer_kept(struct serve_request *request) {
    struct MHD_Response *response = request->answer;
    request->answer = NULL;
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result queued = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    if (queued == MHD_YES)
        request->serve->answered[request->status / 100 % 6]++;
    return queued;
}

/* A suspended request is resumed, and libmicrohttpd asks for its answer then. */
static enum MHD_Result keep(struct serve_request *request) {
    MHD_resume_connection(request->connection);
    return MHD_YES;
}

enum MHD_Result answer_with(struct serve_request *request, unsigned status, const char *type,
                            struct MHD_Response *response) {
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    request->answer = response;
    request->status = status;
    return request->start != NULL ? keep(request) : answer_kept(request);
}

enum MHD_Result answer_text(struct serve_request *request, unsigned status, const char *type,
                            char *text, size_t length) {
    if (text == NULL)
        return answer_problem(request, 500, "out of memory");
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(text);
    return answer_with(request, status, type, response);
}

enum MHD_Result answer_static(struct serve_request *request, const char *type, const char *text,
                              size_t length) {
    return answer_with(
        request, MHD_HTTP_OK, type,
        MHD_create_response_from_buffer(length, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT));
}

enum MHD_Result answer_file(struct serve_request *request, const char *type, int fd,
                            uint64_t offset, uint64_t size) {
    struct stat status;
    if (fstat(fd, &status) != 0 || (uint64_t)status.st_size < offset) {
        close(fd);
        return answer_problem(request, 500, "the file cannot be read");
    }
    uint64_t there = (uint64_t)status.st_size - offset;
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64(size < there ? size : there, fd, offset);
    if (response == NULL)
        close(fd);
    return answer_with(request, MHD_HTTP_OK, type, response);
}

static struct MHD_Response *problem(unsigned status, const char *detail) {
    struct memory_stream stream;
    struct json_writer json;
    if (!memory_stream_open(&stream))
        return NULL;
    json_write_begin(&json, stream.out, false);
    json_write_object(&json);
    json_write_string_member(&json, "type", "about:blank");
    json_write_string_member(&json, "title", title_of(status));
    json_write_uint_member(&json, "status", status);
    json_write_string_member(&json, "detail", detail);
    json_write_object_end(&json);
    json_write_end(&json);
    if (!memory_stream_close(&stream))
        return NULL;
    return MHD_create_response_from_buffer(stream.length, stream.text, MHD_RESPMEM_MUST_FREE);
}

enum MHD_Result answer_problem(struct serve_request *request, unsigned status, const char *detail) {
    struct MHD_Response *response = problem(status, detail);
    if (response != NULL && status == 401)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (response != NULL && status == 503)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return answer_with(request, status, "application/problem+json", response);
}

enum MHD_Result answer_not_allowed(struct serve_request *request, const char *allow,
                                   const char *detail) {
    struct MHD_Response *response = problem(405, detail);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    return answer_with(request, 405, "application/problem+json", response);
}

enum MHD_Result answer_created(struct serve_request *request, const struct run_id *id) {
    char location[64], text[64];
    int length = snprintf(text, sizeof text, "{\"id\":\"%s\"}\n", id->text);
    snprintf(location, sizeof location, "/api/v1/runs/%s", id->text);
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)length, text, MHD_RESPMEM_MUST_COPY);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, location);
    return answer_with(request, MHD_HTTP_CREATED, "application/json", response);
}

const char *answer_query(const struct serve_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}
