/* Any bytes as the body of a POST: what is accepted is a command line of a run within the limits
 * that names no file, and what is not is one line. */
#include <string.h>

#include "fuzz.h"
#include "options/host_list.h"
#include "options/options_row.h"
#include "report/saved/saved_value.h"
#include "serve/config.h"
#include "serve/statistics.h"

static const struct config_limits limits = {10000, HOUR, "h1,h2", "ip netns exec {host}"};

/* A shell command is made of these two. */
static void require_hosts(const struct options *options) {
    const char *list = options->hosts;
    char name[HOST_NAME_SIZE];
    require(options->remote == NULL ||
            (list != NULL && strcmp(options->remote, limits.remote) == 0));
    while (list != NULL && host_list_next(&list, name))
        require(host_list_has(limits.hosts, name, strlen(name)));
}

static void require_within(const struct config_plan *config) {
    const struct options *options = &config->options;
    require(options->connections <= limits.connections);
    require(options->duration <= limits.time);
    require_hosts(options);
    require(config->plan.connect_host[0] != '\0');
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
        require(row->argument == NULL || strcmp(row->argument, "FILE") != 0 ||
                !option_is_given(options, row));
}

static void read_words(const struct words *words) {
    static struct config_plan config;
    char error[OPTIONS_ERROR_MAX] = "";
    if (config_read(&config, COMMAND_RUN, words, &limits,
                    (struct refuse_buffer){error, sizeof error}))
        require_within(&config);
    else
        require_line(error, sizeof error, "");
    config_free(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct saved_value_fault fault;
    char *text = fuzz_text(data, size), error[OPTIONS_ERROR_MAX] = "";
    struct json_t *object = saved_value_parse(text, size, &fault);
    struct refuse_buffer to = {error, sizeof error};
    for (int what = 0; object != NULL && saved_value_is_object(object) && what < 2; what++) {
        struct words words = {0};
        if (what == 0 ? config_words(&words, object, &limits, to)
                      : statistics_words(&words, object, &limits, to))
            read_words(&words);
        else
            require_line(error, sizeof error, "");
        words_free(&words);
    }
    if (object != NULL)
        saved_value_free(object);
    free(text);
    return 0;
}
