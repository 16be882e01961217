/* The file of --urls: lines of [WEIGHT] [METHOD] PATH. */
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/require.h"
#include "base/url.h"
#include "options/options_row.h"

static const char accepted[] = "[WEIGHT] [METHOD] PATH is accepted, such as 3 GET /a";
/* All requests are in memory, each whole. */
enum { REQUESTS_BYTES_MAX = 256 * 1024 * 1024, WORDS_MAX = 4 };

/* Cuts the line into its words; one more than is accepted is enough to know. */
static int split_words(char *line, char *words[WORDS_MAX]) {
    int count = 0;
    for (char *at = options_lines_skip_blanks(line); *at != '\0' && count < WORDS_MAX;) {
        words[count++] = at;
        at += strcspn(at, " \t");
        if (*at != '\0')
            *at++ = '\0';
        at = options_lines_skip_blanks(at);
    }
    return count;
}

/* Of a reader: where it stands. */
struct urls_place {
    const char *name;
    size_t number;
    struct refuse_buffer to;
};

static bool read_path(const struct urls_place *place, struct option_url_line *out,
                      const char *word) {
    out->path = word;
    if (word[0] != '/')
        return refuse(place->to, "%s:%zu: \"%s\" is no path, which begins with '/': %s",
                      place->name, place->number, url_quote(word).text, accepted);
    for (const char *at = word; *at != '\0'; at++)
        if (*at <= ' ' || *at >= 0x7f || *at == '#')
            return refuse(place->to,
                          "%s:%zu: byte 0x%02x in the path: visible ASCII without '#' is accepted, "
                          "the rest as %%%02X",
                          place->name, place->number, (unsigned char)*at, (unsigned char)*at);
    if (strlen(word) >= URL_PATH_MAX)
        return refuse(place->to, "%s:%zu: the path has %zu bytes: at most %d are accepted",
                      place->name, place->number, strlen(word), URL_PATH_MAX - 1);
    return true;
}

static bool read_method(const struct urls_place *place, struct option_url_line *out,
                        const char *word) {
    if (!ascii_is_token(word) || strlen(word) > option_rows[ROW_method].high)
        return refuse(place->to, "%s:%zu: \"%s\" is not a method: %s", place->name, place->number,
                      url_quote(word).text, accepted);
    char label[REFUSE_QUOTE_MAX + 24];
    snprintf(label, sizeof label, "%s:%zu", place->name, place->number);
    out->method = word;
    return option_check_method(word, label, place->to);
}

static bool is_number(const char *word) {
    return word[strspn(word, "0123456789")] == '\0';
}

/* Not what may be a weight alone: "-1" and "1.5" are tokens too, and nobody's method. */
static bool begins_number(const char *word) {
    return strchr("+-.0123456789", word[0]) != NULL;
}

static bool read_weight(const struct urls_place *place, struct option_url_line *out,
                        const char *word) {
    uint64_t weight;
    if (!is_number(word) || !units_parse_count(word, &weight) || weight < 1 ||
        weight > URL_WEIGHT_MAX)
        return refuse(place->to, "%s:%zu: \"%s\" is not a weight: 1..1M is accepted, before METHOD",
                      place->name, place->number, url_quote(word).text);
    out->weight = (uint32_t)weight;
    return true;
}

static bool read_line(const struct urls_place *place, struct option_url_line *out, char *line) {
    char *words[WORDS_MAX] = {NULL};
    int count = split_words(line, words);
    require(count > 0); /* options_lines_take() skips blank ones */
    if (count == WORDS_MAX)
        return refuse(place->to, "%s:%zu: more than three words: %s", place->name, place->number,
                      accepted);
    *out = (struct option_url_line){.weight = 1};
    bool weighs = count == 3 || (count == 2 && begins_number(words[0]));
    if (weighs && !read_weight(place, out, words[0]))
        return false;
    if (count - weighs == 2 && !read_method(place, out, words[weighs]))
        return false;
    return read_path(place, out, words[count - 1]);
}

static bool read_lines(struct options *options, const char *name, const char *text, size_t length,
                       struct refuse_buffer to) {
    struct option_url_line *items = (void *)options_room(options, URLS_MAX * sizeof *items);
    if (items == NULL)
        return refuse(to, "%s: out of memory", name);
    struct options_lines lines;
    options_lines_begin(&lines, options, name, text, length);
    uint32_t count = 0;
    enum options_lines_outcome outcome;
    for (char *line; (outcome = options_lines_take(&lines, &line, to)) == LINES_TAKEN; count++) {
        const struct urls_place place = {name, lines.number, to};
        if (count == URLS_MAX)
            return refuse(to, "%s:%zu: more than %d lines are not accepted", name, lines.number,
                          URLS_MAX);
        if (!read_line(&place, &items[count], line))
            return false;
    }
    if (outcome == LINES_END && count == 0)
        return refuse(to, "%s: there is no line to ask for: %s", name, accepted);
    options->listed = (struct option_url_list){items, count};
    return outcome == LINES_END;
}

bool options_read_urls(struct options *options, const char *name, const char *text, size_t length,
                       char error[static OPTIONS_ERROR_MAX]) {
    return read_lines(options, name, text, length,
                      (struct refuse_buffer){error, OPTIONS_ERROR_MAX});
}

/* Headers and bodies stand in each of them. */
static bool check_size(const struct options *options, const char *label, struct refuse_buffer to) {
    uint64_t each = 0, bytes = 0;
    for (size_t i = 0; i < options->header.count; i++)
        each += strlen(options->header.items[i]);
    for (uint32_t i = 0; i < options->listed.count; i++) {
        const struct option_url_line *line = &options->listed.items[i];
        bool body = line->method == NULL || options_sends_body(options, line->method);
        bytes += each + strlen(line->path) + (body ? options->content.length : 0);
    }
    return bytes <= REQUESTS_BYTES_MAX ||
           refuse(to,
                  "%s: with headers and bodies its requests would take %zu MiB: at most 256 are "
                  "accepted",
                  label, (size_t)(bytes >> 20));
}

bool options_load_urls(struct options *options, const char *label, struct refuse_buffer to) {
    char *text = NULL;
    size_t length = 0;
    if (!options->given.urls)
        return !options->given.urls_order ||
               refuse(to, "--urls-order: has no effect without --urls FILE");
    const struct refuse_quoted name = refuse_quote(options->urls);
    return options_slurp(options, label, options->urls, OPTIONS_FILE_MAX, &text, &length, to) &&
           read_lines(options, name.text, text, length, to) && check_size(options, label, to);
}
