/* The body of --body: read once, and its length against the headers. */
#include <string.h>

#include "base/ascii.h"
#include "options/options_row.h"

static const char name[] = "Content-Length";

static bool is_length(const char *header) {
    return ascii_equal_bytes(header, strcspn(header, ":"), name);
}

static bool is_expectation(const char *header) {
    return ascii_equal_bytes(header, strcspn(header, ":"), "Expect");
}

/* A Content-Length that is not the body's would leave the server waiting, or reading a second
 * request where there is none. */
static bool check_length(const struct options *options, struct refuse_buffer to) {
    for (size_t i = 0; i < options->header.count; i++) {
        const char *header = options->header.items[i];
        uint64_t length;
        if (!is_length(header))
            continue;
        if (!units_parse_count(header + sizeof "Content-Length: " - 1, &length) ||
            length != options->content.length)
            return refuse(to, "--header: \"%s\" is refused: the request's body has %zu bytes%s",
                          refuse_quote(header).text, options->content.length,
                          options->given.body ? "" : " (--body FILE gives it one)");
    }
    return true;
}

/* RFC 9110 9.3.8 and 10.1.1. */
static bool check_content(const struct options *options, const char *label,
                          struct refuse_buffer to) {
    if (options->given.body && strcmp(options->method, "TRACE") == 0)
        return refuse(to, "%s: refused with the method TRACE, whose request has no body", label);
    for (size_t i = 0; i < options->header.count; i++)
        if (is_expectation(options->header.items[i]) && !options->given.body)
            return refuse(to,
                          "--header: \"%s\" is refused: the request has no body that could wait "
                          "(--body FILE gives it one)",
                          refuse_quote(options->header.items[i]).text);
    return true;
}

bool options_load_body(struct options *options, const char *label, struct refuse_buffer to) {
    char *bytes = NULL;
    size_t length = 0;
    if (options->given.body) {
        if (!options_slurp(options, label, options->body, BODY_MAX, &bytes, &length, to))
            return false;
        options->content = (struct options_request_body){bytes, length};
    }
    return check_length(options, to) && check_content(options, label, to);
}

const struct options_request_body *options_body(const struct options *options) {
    return options->given.body ? &options->content : NULL;
}

bool options_sends_body(const struct options *options, const char *method) {
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0 || strcmp(method, options->method) == 0;
}

void options_drop_length(struct option_text_list *headers) {
    size_t kept = 0;
    for (size_t i = 0; i < headers->count; i++)
        if (!is_length(headers->items[i]) && !is_expectation(headers->items[i]))
            headers->items[kept++] = headers->items[i];
    headers->count = kept;
}
