/* The object is checked by name here; what values mean is the option reader's business. */
#include "serve/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "judge/rules/rules.h"
#include "options/host_list.h"
#include "options/options_row.h"
#include "report/saved/saved_value.h"
#include "run/tls_options.h"

/* Options that name a file, a command, a process or a port of this machine; whether or not this
 * build has them all. */
static const char *const of_this_machine[] = {
    "json", "html", "junit", "hgrm", "timeline", "metrics", "server-log", "server-pid", "exec-at",
    "body", "urls", "cert",  "key",  "cacert",   "config",  "shard",      "start-at"};
/* Of a terminal, which a run of the API has none of. */
static const char *const of_a_terminal[] = {"ui", "quiet", "color"};

static bool is_among(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The option's row, once it may be given by someone from outside; NULL with a refusal. */
static const struct option_row *row_of(const char *name, struct refuse_buffer to) {
    if (is_among(name, of_this_machine, sizeof of_this_machine / sizeof *of_this_machine)) {
        refuse(to, "--%s: refused here: it names a file, a process or a command of this machine",
               name);
        return NULL;
    }
    if (strcmp(name, "remote") == 0) {
        refuse(to,
               "--remote: refused here: it is an option of holdfast serve itself, at its start");
        return NULL;
    }
    if (is_among(name, of_a_terminal, sizeof of_a_terminal / sizeof *of_a_terminal)) {
        refuse(to, "--%s: refused here: there is no terminal", name);
        return NULL;
    }
    const struct option_row *row = option_find(name), *near = option_guess(name);
    if (row != NULL && (row->commands & COMMAND_RUN) != 0)
        return row;
    if (near != NULL && (near->commands & COMMAND_RUN) != 0)
        refuse(to, "unknown option \"%s\" (did you mean \"%s\"?)", refuse_quote(name).text,
               option_name(near).text);
    else
        refuse(to, "unknown option \"%s\": \"url\" and long options of holdfast run are accepted",
               refuse_quote(name).text);
    return NULL;
}

/* A line end or another control character would be none of the command line's. */
static bool is_plain(const char *text) {
    while ((unsigned char)*text >= 0x20 && *text != 0x7f)
        text++;
    return *text == '\0';
}

/* --- hosts --- */

/* The first of them, and how many more there are. */
static void list_hosts(char *text, size_t size, const char *hosts) {
    enum { NAMED = 8, END = sizeof " and 256 more" };
    size_t length = 0, named = 0, count = host_list_count(hosts);
    char name[HOST_NAME_SIZE];
    while (named < NAMED && host_list_next(&hosts, name) &&
           length + 2 + strlen(name) + END < size) {
        length +=
            (size_t)snprintf(text + length, size - length, "%s%s", named > 0 ? ", " : "", name);
        named++;
    }
    text[length] = '\0';
    if (named < count)
        snprintf(text + length, size - length, " and %zu more", count - named);
}

/* Those that serve was started with, and no others: each name is one of its operator's. */
static bool check_hosts(const char *list, const struct config_limits *limits,
                        struct refuse_buffer to) {
    char accepted[OPTIONS_ERROR_MAX / 2] = "";
    if (limits->hosts == NULL)
        return refuse(to,
                      "--hosts: refused here: holdfast serve was started without --hosts, which "
                      "names those that a run may be spread over");
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        if (!host_list_has(limits->hosts, at, length)) {
            list_hosts(accepted, sizeof accepted, limits->hosts);
            return refuse(to,
                          "--hosts: \"%s\" is none of the hosts of this server: %s: some of these "
                          "with commas between them are accepted",
                          refuse_quote_bytes(at, length).text, accepted);
        }
        at += length;
        if (*at == '\0')
            return true;
    }
}

/* --remote is the server's, and never the run's. */
static bool add_hosts(struct words *words, const char *list, const struct config_limits *limits,
                      struct refuse_buffer to) {
    if (!check_hosts(list, limits, to))
        return false;
    words_add(words, "--hosts=%s", list);
    if (limits->remote != NULL)
        words_add(words, "--remote=%s", limits->remote);
    return true;
}

/* --- words --- */

static bool add_value(struct words *words, const struct option_row *row, const struct json_t *value,
                      const struct config_limits *limits, struct refuse_buffer to) {
    char buffer[32];
    const char *text = saved_value_written(value, buffer);
    const struct option_name name = option_name(row);
    if (text == NULL || !is_plain(text))
        return refuse(to, "--%s: a text of one line, a number or true is accepted", name.text);
    if (row->id == ROW_header && text[0] == '@')
        return refuse(to, "--header: refused here: it names a file of this machine");
    if (row->id == ROW_hosts)
        return add_hosts(words, text, limits, to);
    if (row->kind != KIND_flag) {
        words_add(words, "--%s=%s", name.text, text);
        return true;
    }
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return refuse(to, "--%s: true or false is accepted", name.text);
    if (text[0] == 't')
        words_add(words, "--%s", name.text);
    return true;
}

static bool add_member(struct words *words, const char *name, const struct json_t *value,
                       const struct config_limits *limits, struct refuse_buffer to) {
    const struct option_row *row = row_of(name, to);
    if (row == NULL)
        return false;
    if (!saved_value_is_list(value))
        return add_value(words, row, value, limits, to);
    if (!option_is_list(row))
        return refuse(to, "--%s: a list is refused: it is given once", option_name(row).text);
    for (size_t i = 0; i < saved_value_size(value); i++)
        if (!add_value(words, row, saved_value_at(value, i), limits, to))
            return false;
    return true;
}

bool config_words(struct words *words, const struct json_t *object,
                  const struct config_limits *limits, struct refuse_buffer to) {
    const char *url = saved_value_string(saved_value_member(object, "url"));
    struct saved_value_step step = {0};
    if (url == NULL || !is_plain(url))
        return refuse(to, "\"url\": a text is needed, such as \"http://127.0.0.1:8080/\"");
    while (saved_value_next(object, &step))
        if (strcmp(step.name, "url") != 0 && !add_member(words, step.name, step.value, limits, to))
            return false;
    words_add(words, "--");
    words_add(words, "%s", url);
    return !words->failed || refuse(to, "out of memory");
}

/* --- the same words as the child will read them --- */

static double ramp_time(const struct options *options) {
    return (double)options->connections / (double)options->ramp.count * (double)options->ramp.per;
}

static bool is_within(const struct options *options, const struct config_limits *limits,
                      struct refuse_buffer to) {
    char text[64];
    if (options->keepalive == 0)
        return refuse(to, "--keepalive: auto is refused here: no limit of a run bounds its probe");
    if (options->connections > limits->connections)
        return refuse(to, "--connections: at most %llu are accepted here (--max-connections)",
                      (unsigned long long)limits->connections);
    if (limits->time == 0 || ramp_time(options) + (double)options->duration <= (double)limits->time)
        return true;
    return refuse(to, "--duration: with the ramp at most %s is accepted here (--max-duration)",
                  units_format_duration(text, sizeof text, limits->time));
}

static bool make_plan(struct config_plan *config, struct refuse_buffer to) {
    char error[PLAN_ERROR_MAX];
    struct host host;
    struct rules *rules = malloc(sizeof *rules);
    host_read(&host, "");
    bool made = rules != NULL || refuse(to, "out of memory");
    if (made && !plan_make(&config->plan, &config->options, &host, error))
        made = refuse(to, "%s", error);
    made = made && rules_read(rules, &config->plan, to);
    free(rules);
    return made;
}

bool config_read(struct config_plan *config, enum option_command command, const struct words *words,
                 const struct config_limits *limits, struct refuse_buffer to) {
    char error[OPTIONS_ERROR_MAX];
    static char program[] = "holdfast";
    *config = (struct config_plan){.array = words_array(words, program)};
    if (config->array == NULL)
        return refuse(to, "out of memory");
    switch (options_parse(&config->options, command, (int)words->count + 1, config->array, error)) {
    case OPTIONS_OK: break;
    case OPTIONS_BAD: return refuse(to, "%s", error);
    case OPTIONS_HELP:
    case OPTIONS_VERSION: return refuse(to, "\"url\": help and version are no options of a run");
    }
    return is_within(&config->options, limits, to) && make_plan(config, to) &&
           tls_options_check(&config->options, to);
}

void config_free(struct config_plan *config) {
    options_free(&config->options);
    free(config->array);
    config->array = NULL;
}
