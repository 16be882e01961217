/* Settings of the target: addresses, bodies, rules and workers, decided once. */
#include "command/target_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/inherited.h"
#include "base/refuse.h"
#include "host/host.h"
#include "options/options.h"
#include "target/target.h"
#include "wire/http/http_exchange.h"
#include "wire/tls/tls_server.h"

/* One set of options on its way. */
struct making {
    struct target_settings *settings;
    const struct options *options;
    struct refuse_buffer to;
};

static const char default_body[] = "held\n";

static bool set_listen(struct making *making) {
    const char *text = making->options->listen;
    return address_parse_listen(&making->settings->listen, text) ||
           refuse(making->to,
                  "--listen: \"%s\" is not ADDR:PORT with a numeric address, nor a port: "
                  "127.0.0.1:8080, 0.0.0.0:80, [::1]:0, 8080 are accepted",
                  refuse_quote(text).text);
}

static bool take_file(struct making *making, char **body, FILE *file) {
    const char *path = making->options->body;
    struct stat status;
    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
        return refuse(making->to, "--body: \"%s\" is not a plain file", refuse_quote(path).text);
    if (status.st_size > TARGET_BODY_MAX)
        return refuse(making->to, "--body: \"%s\" has %lld bytes: at most 64 MiB are accepted",
                      refuse_quote(path).text, (long long)status.st_size);
    *body = malloc((size_t)status.st_size + 1);
    if (*body == NULL)
        return refuse(making->to, "--body: no memory for \"%s\"", refuse_quote(path).text);
    making->settings->body = *body;
    making->settings->body_length = (uint32_t)fread(*body, 1, (size_t)status.st_size,
                                                    file); /* it may have been cut meanwhile */
    return !ferror(file) || refuse(making->to, "--body: \"%s\" cannot be read: %s",
                                   refuse_quote(path).text, strerror(errno));
}

/* So many letters, in lines. */
static bool make_body(struct making *making, char **body, uint64_t size) {
    if (size > TARGET_BODY_MAX)
        return refuse(making->to, "--body: %s is above 64 MiB, the most that is accepted",
                      refuse_quote(making->options->body).text);
    *body = malloc(size + 1);
    if (*body == NULL)
        return refuse(making->to, "--body: no memory for %llu bytes", (unsigned long long)size);
    for (uint64_t i = 0; i < size; i++)
        (*body)[i] = i % 64 == 63 || i + 1 == size ? '\n' : (char)('a' + i % 26);
    making->settings->body = *body;
    making->settings->body_length = (uint32_t)size;
    return true;
}

static bool set_body(struct making *making, char **body) {
    const char *text = making->options->body;
    uint64_t size;
    making->settings->body = default_body;
    making->settings->body_length = sizeof default_body - 1;
    if (text == NULL)
        return true;
    if (units_parse_count(text, &size))
        return make_body(making, body, size);
    FILE *file = fopen(text, "re");
    if (file == NULL)
        return refuse(making->to,
                      "--body: cannot open \"%s\": %s (a size is accepted too: 512, 64k)",
                      refuse_quote(text).text, strerror(errno));
    bool taken = take_file(making, body, file);
    fclose(file);
    return taken;
}

static bool add_fault(struct making *making, const char *option, const char *text) {
    struct target_settings *settings = making->settings;
    struct fault *fault = &settings->faults[settings->fault_count];
    char why[OPTIONS_ERROR_MAX - 64];
    if (!fault_parse(fault, text, why, sizeof why))
        return refuse(making->to, "%s: %s", option, why);
    if (fault_is_of_tls(fault->kind) && !making->options->tls)
        return refuse(making->to, "%s: \"%s\" needs --tls", option, refuse_quote(text).text);
    settings->fault_count++;
    return true;
}

/* An option that is short for a rule: "stall-after=3". */
static bool add_short(struct making *making, bool given, const char *option, const char *rule,
                      uint64_t count) {
    char text[FAULT_TEXT_MAX];
    snprintf(text, sizeof text, "%s=%llu", rule, (unsigned long long)count);
    return !given || add_fault(making, option, text);
}

static bool add_delay(struct making *making) {
    char text[FAULT_TEXT_MAX], span[FAULT_TEXT_MAX - sizeof "delay="];
    if (!making->options->given.delay)
        return true;
    snprintf(text, sizeof text, "delay=%s",
             units_format_span(span, sizeof span, making->options->delay));
    return add_fault(making, "--delay", text);
}

/* Rules for a share come before the options that hold for all: the first that speaks decides. */
static bool set_faults(struct making *making) {
    const struct options *options = making->options;
    for (size_t i = 0; i < options->fault.count; i++)
        if (!add_fault(making, "--fault", options->fault.items[i]))
            return false;
    return add_short(making, options->given.close_announced, "--close-announced", "close-announced",
                     options->close_announced) &&
           add_short(making, options->given.reset_after, "--reset-after", "reset-after",
                     options->reset_after) &&
           add_short(making, options->given.stall, "--stall", "stall-after", options->stall) &&
           add_delay(making);
}

static bool set_workers(struct making *making) {
    struct target_settings *settings = making->settings;
    struct rlimit files;
    (void)host_raise_nofile();
    uint64_t most = 1 << 20;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < most)
        most = files.rlim_cur;
    if (most <= TARGET_OTHER_FILES)
        return refuse(making->to, "the descriptor limit of %llu leaves none for connections",
                      (unsigned long long)most);
    settings->capacity = (uint32_t)most - TARGET_OTHER_FILES;
    uint64_t needed = 1 + (settings->max_connections > 0 ? settings->max_connections - 1 : 0) /
                              settings->capacity;
    uint64_t workers = making->options->given.workers ? making->options->workers : needed;
    if (workers > TARGET_WORKERS_MAX)
        return refuse(making->to, "--workers: at most %d are accepted of a target",
                      TARGET_WORKERS_MAX);
    if (settings->max_connections > 0 && workers > settings->max_connections)
        return refuse(making->to, "--workers: %llu are more than --max-connections %llu",
                      (unsigned long long)workers, (unsigned long long)settings->max_connections);
    if (workers < needed)
        return refuse(making->to,
                      "--max-connections: %llu workers hold %llu connections here (descriptors): "
                      "--workers %llu would do",
                      (unsigned long long)workers,
                      (unsigned long long)(workers * settings->capacity),
                      (unsigned long long)needed);
    settings->workers = (uint32_t)workers;
    return true;
}

static bool set_tls(struct making *making, struct tls_server **server) {
    const struct options *options = making->options;
    const char *needs = options->given.cert          ? "--cert"
                        : options->given.key         ? "--key"
                        : options->given.tls_tickets ? "--tls-tickets"
                                                     : NULL;
    *server = NULL;
    if (!options->tls)
        return needs == NULL || refuse(making->to, "%s: needs --tls", needs);
    if (options->given.key && !options->given.cert)
        return refuse(making->to, "--key: needs --cert, whose key it is");
    struct tls_server_settings settings = {options->cert, options->key,
                                           (unsigned)options->tls_tickets};
    inherited_leave_no_core();
    if (!tls_server_create(server, &settings, making->to))
        return false;
    making->settings->transport = tls_server_transport(*server);
    return true;
}

static uint64_t draw_seed(void) {
    uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof seed, 0);
    return seed & INT64_MAX;
}

bool target_settings_make(struct target_settings *settings, const struct options *options,
                          char **body, struct tls_server **tls,
                          char error[static OPTIONS_ERROR_MAX]) {
    *settings = (struct target_settings){
        .exchange = &http_exchange,
        .status = (uint16_t)options->status,
        .keepalive_timeout = options->keepalive_timeout,
        .keepalive_requests = options->keepalive_requests,
        .max_age = options->max_age,
        .accept_rate = options->accept_rate,
        .max_connections = options->max_connections,
        .seed = options->given.seed ? options->seed : draw_seed(),
    };
    struct making making = {settings, options, {error, OPTIONS_ERROR_MAX}};
    *body = NULL;
    *tls = NULL;
    return set_listen(&making) && set_workers(&making) && set_body(&making, body) &&
           set_faults(&making) && set_tls(&making, tls);
}
