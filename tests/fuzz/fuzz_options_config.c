/* Any bytes as a config file: refused in one clean line that names the file, or read into options
 * that are within their bounds and, written as a config file again, read back as the same. */
#include <stdio.h>

#include "fuzz.h"
#include "options/options_row.h"

static void set_defaults(struct options *options) {
    char error[OPTIONS_ERROR_MAX], *argv[] = {"fuzz", "e", NULL};
    require(options_parse(options, COMMAND_RUN, 2, argv, error) == OPTIONS_OK);
}

static bool within(duration value, duration low, duration high) {
    return value >= low && value <= high;
}

static void require_bounds(const struct options *options) {
    require(options->connections >= 1 && options->connections <= 10000000);
    require(options->ramp.count >= 1 && options->ramp.count <= 1000000);
    require(within(options->ramp.per, MILLISECOND, HOUR));
    require(within(options->duration, 0, 365 * DAY));
    require(within(options->keepalive, 100 * MILLISECOND, 24 * HOUR));
    require(within(options->interval.span.low, 0, options->interval.span.high));
    const struct units_interval *interval = &options->interval;
    require(within(interval->mean > 0 ? interval->mean : interval->span.high, 0, 24 * HOUR));
    require(options->rate <= 10000000 * FREQUENCY_ONE && within(options->warmup, 0, 24 * HOUR));
    require(within(options->timeout, MILLISECOND, 24 * HOUR));
    require(within(options->connect_timeout, MILLISECOND, 24 * HOUR));
    require(options->workers <= 4096 && options->seed <= INT64_MAX);
    require(options->header.count <= HEADERS_MAX);
    require(!options->quiet || options->ui == UI_NONE);
    for (size_t i = 0; i < options->header.count; i++)
        require(strpbrk(options->header.items[i], "\r\n") == NULL);
}

static char *write_report(const struct options *options) {
    char *text = NULL;
    size_t size = 0;
    struct json_writer json;
    FILE *out = open_memstream(&text, &size);
    require(out != NULL);
    json_write_begin(&json, out, false);
    json_write_object(&json);
    options_write_json(&json, options);
    json_write_object_end(&json);
    json_write_end(&json);
    fclose(out);
    return text;
}

static void write_list(FILE *out, const struct options *options, const struct option_row *row) {
    const void *field = (const char *)options + row->offset;
    const struct option_text_list *texts = field;
    const struct option_rule_list *rules = field;
    bool listed = row->kind == KIND_headers || row->kind == KIND_list;
    for (size_t i = 0; listed && i < texts->count; i++)
        fprintf(out, "%s = %s\n", option_name(row).text, texts->items[i]);
    for (size_t i = 0; row->kind == KIND_rules && i < rules->count; i++)
        fprintf(out, "%s = %s\n", option_name(row).text, rules->items[i].text);
}

static char *write_config(const struct options *options, size_t *size) {
    char *text = NULL, buffer[OPTION_VALUE_MAX];
    FILE *out = open_memstream(&text, size);
    require(out != NULL);
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const char *value = option_value(options, &option_rows[i], buffer);
        if (value != NULL && option_is_given(options, &option_rows[i]))
            fprintf(out, "%s = %s\n", option_name(&option_rows[i]).text, value);
    }
    for (size_t i = 0; i < OPTION_ROWS; i++)
        write_list(out, options, &option_rows[i]);
    fclose(out);
    return text;
}

/* A header of a 64 KiB line is too long for one with "header = " before it. */
static bool is_long(const struct options *options) {
    for (size_t i = 0; i < options->header.count; i++)
        if (strlen(options->header.items[i]) > OPTIONS_LINE_MAX / 2)
            return true;
    return false;
}

static void require_same_again(const struct options *options) {
    struct options again;
    char error[OPTIONS_ERROR_MAX];
    size_t size = 0;
    char *config = write_config(options, &size);
    set_defaults(&again);
    require(options_read_config(&again, COMMAND_RUN, "fuzz.conf", config, size, error));
    char *one = write_report(options), *two = write_report(&again);
    require(strcmp(one, two) == 0);
    free(one);
    free(two);
    free(config);
    options_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct options options;
    char error[OPTIONS_ERROR_MAX];
    if (size > 0 && memchr(data, '@', size) != NULL)
        return 0; /* no file of this machine is an input */
    set_defaults(&options);
    if (options_read_config(&options, COMMAND_RUN, "fuzz.conf", (const char *)data, size, error)) {
        require_bounds(&options);
        if (!is_long(&options))
            require_same_again(&options);
    } else {
        require_line(error, sizeof error, "fuzz.conf");
    }
    options_free(&options);
    return 0;
}
