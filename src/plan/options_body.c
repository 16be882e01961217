/* The body of --body: read once, and its length against the headers. */
#include <string.h>
#include <strings.h>

#include "plan/options_row.h"

static const char name[] = "Content-Length:";

static bool is_length(const char *header) {
    return strncasecmp(header, name, sizeof name - 1) == 0;
}

/* A Content-Length that is not the body's would leave the server waiting, or reading a second
 * request where there is none. */
static bool check_length(const struct options *options, struct refusal to) {
    for (size_t i = 0; i < options->header.count; i++) {
        const char *header = options->header.items[i];
        uint64_t length;
        if (!is_length(header))
            continue;
        if (!units_parse_count(header + strlen(name) + 1, &length) ||
            length != options->content.length)
            return refuse(to, "--header: \"%s\" is refused: the request's body has %zu bytes%s",
                          shown_text(header).text, options->content.length,
                          options->given.body ? "" : " (--body FILE gives it one)");
    }
    return true;
}

bool options_load_body(struct options *options, const char *label, struct refusal to) {
    char *bytes = NULL;
    size_t length = 0;
    if (options->given.body) {
        if (!options_slurp(options, label, options->body, BODY_MAX, &bytes, &length, to))
            return false;
        options->content = (struct body){bytes, length};
    }
    return check_length(options, to);
}

const struct body *options_body(const struct options *options) {
    return options->given.body ? &options->content : NULL;
}

bool options_sends_body(const struct options *options, const char *method) {
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0 || strcmp(method, options->method) == 0;
}

void options_drop_length(struct text_list *headers) {
    size_t kept = 0;
    for (size_t i = 0; i < headers->count; i++)
        if (!is_length(headers->items[i]))
            headers->items[kept++] = headers->items[i];
    headers->count = kept;
}
