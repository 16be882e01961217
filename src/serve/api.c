/* One request: checked, read, routed, answered. */
#include "serve/serve_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/memory_stream.h"
#include "base/require.h"
#include "options/host_list.h"
#include "report/saved/saved_value.h"
#include "serve/page.h"

/* A body beyond what is accepted is still read, so that its answer arrives; but not for ever. */
enum { BODY_DISCARD_MAX = 1024 * 1024 };

static const char json_type[] = "application/json";

/* --- what was asked --- */

static void take_header(struct access_header *header, const char *value) {
    header->value = value != NULL ? value : "";
    header->count++;
}

static enum MHD_Result each_header(void *with, enum MHD_ValueKind kind, const char *name,
                                   const char *value) {
    struct access_request *request = with;
    static const char *const names[] = {"Host", "Sec-Fetch-Site", "Origin", "Authorization",
                                        "Content-Type"};
    struct access_header *const headers[] = {&request->host, &request->fetch_site, &request->origin,
                                             &request->authorization, &request->content_type};
    (void)kind;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ascii_equal(name, names[i]))
            take_header(headers[i], value);
    return MHD_YES;
}

static uint64_t announced_length(struct MHD_Connection *connection) {
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

/* Of a request target in absolute form (RFC 9112 3.2.2) the authority stands before Host. */
static bool is_absolute(const char *url) {
    return url[0] != '/' && strcmp(url, "*") != 0;
}

static enum MHD_Result check(struct serve_request *request, const char *url, const char *method) {
    char own[ADDRESS_TEXT_MAX];
    struct access_request asked = {.method = method, .path = url};
    clients_authority(request->serve, request->connection, own);
    asked.own = own;
    asked.body_length = announced_length(request->connection);
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, each_header, &asked);
    if (is_absolute(url))
        asked.host.count = 0; /* no proxy is here */
    struct access_verdict verdict = access_check(&request->serve->rules, &asked);
    if (verdict.status == 405)
        return answer_not_allowed(request, verdict.allow, verdict.detail);
    if (verdict.status != 0)
        return answer_problem(request, verdict.status, verdict.detail);
    request->endpoint = endpoint_find(url, &request->id);
    request->read_on = true;
    return MHD_YES;
}

static enum MHD_Result read_body(struct serve_request *request, const char *upload, size_t *size) {
    size_t more = *size;
    *size = 0;
    request->length += more;
    if (request->length > BODY_DISCARD_MAX)
        return MHD_NO;
    if (request->length > ACCESS_BODY_MAX) {
        request->too_long = true;
        return MHD_YES;
    }
    char *body = realloc(request->body, request->length + 1);
    if (body == NULL)
        return MHD_NO;
    request->body = body;
    memcpy(body + request->length - more, upload, more);
    body[request->length] = '\0';
    return MHD_YES;
}

/* --- answers of a run --- */

static enum MHD_Result answer_json_stream(struct serve_request *request,
                                          struct memory_stream *stream) {
    char *text = memory_stream_close(stream) ? stream->text : NULL;
    return answer_text(request, MHD_HTTP_OK, json_type, text, stream->length);
}

static enum MHD_Result answer_run(struct serve_request *request, const struct run *run) {
    struct memory_stream stream;
    struct json_writer json;
    if (!memory_stream_open(&stream))
        return answer_problem(request, 503, "out of memory");
    json_write_begin(&json, stream.out, false);
    run_write(&json, run, true);
    json_write_end(&json);
    return answer_json_stream(request, &stream);
}

/* An object with a list of that name, whose items follow; false: there is no memory. */
static bool begin_list(struct memory_stream *stream, struct json_writer *json, const char *name) {
    if (!memory_stream_open(stream))
        return false;
    json_write_begin(json, stream->out, false);
    json_write_object(json);
    json_write_name(json, name);
    json_write_array(json);
    return true;
}

static enum MHD_Result answer_list(struct serve_request *request, struct memory_stream *stream,
                                   struct json_writer *json) {
    json_write_array_end(json);
    json_write_object_end(json);
    json_write_end(json);
    return answer_json_stream(request, stream);
}

static enum MHD_Result answer_runs(struct serve_request *request) {
    const struct runs *runs = &request->serve->runs;
    struct memory_stream stream;
    struct json_writer json;
    if (!begin_list(&stream, &json, "runs"))
        return answer_problem(request, 503, "out of memory");
    for (size_t i = 0; i < runs->count; i++)
        run_write(&json, runs->items[i], true);
    return answer_list(request, &stream, &json);
}

/* Those that a run may name. */
static enum MHD_Result answer_hosts(struct serve_request *request) {
    const char *list = request->serve->limits.hosts != NULL ? request->serve->limits.hosts : "";
    char name[HOST_NAME_SIZE];
    struct memory_stream stream;
    struct json_writer json;
    if (!begin_list(&stream, &json, "hosts"))
        return answer_problem(request, 503, "out of memory");
    while (host_list_next(&list, name))
        json_write_string(&json, name);
    return answer_list(request, &stream, &json);
}

static int open_file(const struct serve_request *request, const char *name) {
    int run_fd = folder_open_run(&request->serve->folder, &request->id);
    if (run_fd < 0)
        return run_fd;
    int fd = folder_read(run_fd, name);
    close(run_fd);
    return fd;
}

static enum MHD_Result answer_report(struct serve_request *request, const struct run *run,
                                     const char *name, const char *type) {
    if (run->state != RUN_ENDED)
        return answer_problem(request, 409, "the run has not ended yet");
    int fd = open_file(request, name);
    if (fd < 0)
        return answer_problem(request, 404, "this run left no such report");
    return answer_file(request, type, fd, 0, UINT64_MAX);
}

/* Behind the lines of earlier seconds. */
static uint64_t offset_from(int fd, long long from) {
    int again = dup(fd);
    FILE *in = again < 0 ? NULL : fdopen(again, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    uint64_t offset = 0;
    while (in != NULL && from > 0 && (length = getline(&line, &room, in)) > 0) {
        struct event_line read = event_line_read(line, (size_t)length);
        if (read.kind == EVENT_LINE_END || read.second >= from)
            break;
        offset += (uint64_t)length;
    }
    free(line);
    if (in != NULL)
        fclose(in);
    else if (again >= 0)
        close(again);
    return offset;
}

static enum MHD_Result answer_timeline(struct serve_request *request, const struct run *run) {
    const char *text = answer_query(request, "from");
    char *end = NULL;
    long long from = text != NULL ? strtoll(text, &end, 10) : 0;
    int fd = open_file(request, FOLDER_TIMELINE);
    if (fd < 0)
        return answer_problem(request, 404, "this run has no timeline");
    uint64_t offset = end != NULL && *end == '\0' ? offset_from(fd, from) : 0;
    offset = offset < run->size ? offset : run->size;
    return answer_file(request, "application/jsonl", fd, offset, run->size - offset);
}

/* --- pictures --- */

static unsigned width_asked(const struct serve_request *request) {
    const char *text = answer_query(request, "width");
    long width = text != NULL ? strtol(text, NULL, 10) : PICTURE_WIDTH;
    return width < PICTURE_WIDTH_MIN   ? PICTURE_WIDTH_MIN
           : width > PICTURE_WIDTH_MAX ? PICTURE_WIDTH_MAX
                                       : (unsigned)width;
}

/* However many look, it is drawn once for each second. */
static const struct serve_picture *draw(struct serve *serve, const struct run *run,
                                        enum picture_what what, unsigned width) {
    struct serve_picture *picture = &serve->picture;
    uint64_t size = 2 * run->size + (run->state == RUN_ENDED);
    bool same = picture->text != NULL && strcmp(picture->run.text, run->id.text) == 0 &&
                picture->what == what && picture->width == width && picture->size == size;
    if (same)
        return picture;
    free(picture->text);
    *picture = (struct serve_picture){
        .run = run->id, .what = what, .width = width, .size = size, .text = NULL};
    picture->text = picture_draw(&serve->folder, &run->id, what, width, &picture->length);
    return picture->text != NULL ? picture : NULL;
}

static char *copy_of(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

static enum MHD_Result answer_picture(struct serve_request *request, const struct run *run,
                                      enum picture_what what) {
    const struct serve_picture *picture = draw(request->serve, run, what, width_asked(request));
    if (picture == NULL)
        return answer_problem(request, 409, "nothing is measured yet");
    return answer_text(request, MHD_HTTP_OK, "image/svg+xml",
                       copy_of(picture->text, picture->length), picture->length);
}

/* Against the run that ?with= names, the baseline. */
static enum MHD_Result answer_comparison(struct serve_request *request, const struct run *run) {
    const char *with = answer_query(request, "with");
    const struct run *baseline = with != NULL ? runs_find(&request->serve->runs, with) : NULL;
    size_t length = 0;
    if (baseline == NULL)
        return answer_problem(request, with == NULL ? 422 : 404,
                              "?with= names the run to compare with, the baseline");
    if (run->state != RUN_ENDED || baseline->state != RUN_ENDED)
        return answer_problem(request, 409, "both runs must have ended");
    char *text = picture_comparison(&request->serve->folder, &baseline->id, &run->id, &length);
    if (text == NULL)
        return answer_problem(request, 404, "one of the runs left no report");
    return answer_text(request, MHD_HTTP_OK, json_type, text, length);
}

static void write_own_metrics(FILE *out, const struct serve *serve) {
    static const char *const classes[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
    fprintf(out,
            "# HELP holdfast_serve_runs Runs that are kept.\n# TYPE holdfast_serve_runs gauge\n"
            "holdfast_serve_runs %zu\n"
            "# HELP holdfast_serve_run_active Whether a run goes on.\n"
            "# TYPE holdfast_serve_run_active gauge\nholdfast_serve_run_active %d\n"
            "# HELP holdfast_serve_listeners Listeners of events.\n"
            "# TYPE holdfast_serve_listeners gauge\nholdfast_serve_listeners %zu\n"
            "# HELP holdfast_serve_responses_total Answers of the API.\n"
            "# TYPE holdfast_serve_responses_total counter\n",
            serve->runs.count, serve->runs.current != NULL, listeners_count(serve));
    for (size_t i = 2; i < sizeof classes / sizeof *classes; i++)
        fprintf(out, "holdfast_serve_responses_total{code=\"%s\"} %llu\n", classes[i],
                (unsigned long long)serve->answered[i]);
}

/* Of the latest run, and of the server. */
static enum MHD_Result answer_metrics(struct serve_request *request) {
    struct serve *serve = request->serve;
    struct memory_stream stream;
    const struct serve_picture *run =
        serve->runs.count > 0 ? draw(serve, serve->runs.items[0], PICTURE_METRICS, 0) : NULL;
    size_t length = 0;
    char *alone = run == NULL ? picture_metrics_alone(&length) : NULL;
    if (!memory_stream_open(&stream)) {
        free(alone);
        return answer_problem(request, 503, "out of memory");
    }
    if (run != NULL)
        fwrite(run->text, 1, run->length, stream.out);
    else if (alone != NULL)
        fwrite(alone, 1, length, stream.out);
    free(alone);
    write_own_metrics(stream.out, serve);
    char *text = memory_stream_close(&stream) ? stream.text : NULL;
    return answer_text(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text,
                       stream.length);
}

/* --- POST --- */

/* The object of the body, the caller's to free; NULL: it is answered. An empty body is an empty
 * object where nothing need be said. */
static struct json_t *read_object(struct serve_request *request, enum MHD_Result *answered) {
    struct saved_value_fault fault;
    const char *text = request->length > 0 ? request->body : "{}";
    struct json_t *object = saved_value_parse(text, strlen(text), &fault);
    bool whole = request->length == 0 || strlen(text) == request->length;
    if (object != NULL && whole && saved_value_is_object(object))
        return object;
    *answered = answer_problem(request, object == NULL || !whole ? 400 : 422,
                               object == NULL || !whole ? "the body is no JSON"
                                                        : "a JSON object is accepted");
    if (object != NULL)
        saved_value_free(object);
    return NULL;
}

static enum MHD_Result accept_order(struct serve_request *request) {
    static const char text[] = "{\"status\":\"accepted\"}\n";
    return answer_with(request, MHD_HTTP_ACCEPTED, json_type,
                       MHD_create_response_from_buffer(sizeof text - 1, (void *)(uintptr_t)text,
                                                       MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result mark(struct serve_request *request, struct run *run,
                            const struct json_t *object) {
    const char *text = saved_value_string(saved_value_member(object, "text"));
    require(run != NULL); /* else it was 404 */
    if (saved_value_has(object, "text") && text == NULL)
        return answer_problem(request, 422, "\"text\": a text is accepted");
    if (run->state != RUN_GOES_ON)
        return answer_problem(request, 409, "the run is over");
    if (!runs_mark(run, text != NULL && text[0] != '\0' ? text : "mark"))
        return answer_problem(request, 503, "the run takes no more marks for now");
    return accept_order(request);
}

static enum MHD_Result post(struct serve_request *request, struct run *run) {
    enum MHD_Result answered = MHD_NO;
    struct json_t *object = read_object(request, &answered);
    if (object == NULL)
        return answered;
    switch (request->endpoint->name) {
    case ENDPOINT_checks: answered = starts_begin(request, START_CHECK, object); break;
    case ENDPOINT_runs: answered = starts_begin(request, START_RUN, object); break;
    case ENDPOINT_statistics: answered = starts_begin(request, START_STATISTICS, object); break;
    case ENDPOINT_marks: answered = mark(request, run, object); break;
    default: runs_stop(run); answered = accept_order(request);
    }
    saved_value_free(object);
    return answered;
}

/* --- routes --- */

static enum MHD_Result get_page(struct serve_request *request) {
    static const char health[] = "{\"status\":\"ok\"}\n";
    switch (request->endpoint->name) {
    case ENDPOINT_page:
        return answer_static(request, "text/html; charset=utf-8", page_html, page_html_length);
    case ENDPOINT_script:
        return answer_static(request, "text/javascript; charset=utf-8", page_js, page_js_length);
    case ENDPOINT_style:
        return answer_text(request, MHD_HTTP_OK, "text/css; charset=utf-8", page_style(),
                           page_style_length());
    case ENDPOINT_metrics: return answer_metrics(request);
    case ENDPOINT_hosts: return answer_hosts(request);
    case ENDPOINT_runs: return answer_runs(request);
    default: return answer_static(request, json_type, health, sizeof health - 1);
    }
}

static enum MHD_Result get_run(struct serve_request *request, const struct run *run) {
    switch (request->endpoint->name) {
    case ENDPOINT_run: return answer_run(request, run);
    case ENDPOINT_events: return listeners_add(request, run);
    case ENDPOINT_timeline: return answer_timeline(request, run);
    case ENDPOINT_report_json: return answer_report(request, run, FOLDER_JSON, json_type);
    case ENDPOINT_report_html:
        return answer_report(request, run, FOLDER_HTML, "text/html; charset=utf-8");
    case ENDPOINT_report_hgrm: return answer_report(request, run, FOLDER_HGRM, "text/plain");
    case ENDPOINT_junit: return answer_report(request, run, FOLDER_JUNIT, "application/xml");
    case ENDPOINT_live: return answer_picture(request, run, PICTURE_CHARTS);
    case ENDPOINT_comparison: return answer_comparison(request, run);
    default: break;
    }
    if (run->state != RUN_ENDED)
        return answer_problem(request, 409, "the run has not ended yet");
    return answer_picture(
        request, run, request->endpoint->name == ENDPOINT_times ? PICTURE_TIMES : PICTURE_CHARTS);
}

static enum MHD_Result route(struct serve_request *request, const char *method) {
    bool posted = endpoint_method_of(method) == ENDPOINT_POST;
    struct run *run =
        request->id.text[0] != '\0' ? runs_find(&request->serve->runs, request->id.text) : NULL;
    if (request->too_long && posted)
        return answer_problem(request, 413, "at most 64 KiB are accepted");
    if (request->endpoint == NULL || (request->id.text[0] != '\0' && run == NULL))
        return answer_problem(request, 404, "there is nothing here");
    if (posted)
        return post(request, run);
    return run != NULL ? get_run(request, run) : get_page(request);
}

/* --- called by libmicrohttpd --- */

static struct serve_request *begin(struct serve *serve, struct MHD_Connection *connection,
                                   void **state) {
    struct serve_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->serve = serve;
    request->connection = connection;
    *state = request;
    clients_note(serve, connection, false);
    return request;
}

/* For the head, for each part of the body, behind it, and again when it was suspended. */
enum MHD_Result api_handle(void *with, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *upload,
                           size_t *upload_size, void **state) {
    struct serve_request *request = *state;
    (void)version;
    if (request == NULL) {
        request = begin(with, connection, state);
        return request != NULL ? check(request, url, method) : MHD_NO;
    }
    if (*upload_size > 0)
        return read_body(request, upload, upload_size);
    if (request->answer != NULL)
        return answer_kept(request);
    clients_note(request->serve, connection, true);
    return route(request, method);
}

void api_completed(void *with, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code) {
    struct serve_request *request = *state;
    (void)with;
    if (request == NULL)
        return;
    starts_forget(request);
    if (request->answer != NULL)
        MHD_destroy_response(request->answer);
    free(request->body);
    if (code != MHD_REQUEST_TERMINATED_CLIENT_ABORT)
        clients_note(request->serve, connection, false);
    free(request);
    *state = NULL;
}
