/* From a body to a run: options are read, names resolved and checked, and a child is started. */
#include "serve/serve_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/exit_code.h"
#include "base/memory_stream.h"
#include "options/resolve_entry.h"
#include "report/saved/saved.h"
#include "report/saved/saved_value.h"
#include "serve/statistics.h"

enum { RESOLVE_SECONDS = 10, CHECK_SECONDS = 120, CHECK_READ = 64 * 1024 };

static void forget_names(struct serve_start *start) {
    for (size_t i = 0; i < start->name_count; i++) {
        host_resolve_end(start->names[i].asking);
        start->names[i].asking = NULL;
    }
    start->name_count = start->resolved = 0;
}

static void release(struct serve_start *start) {
    forget_names(start);
    words_free(&start->options);
    words_free(&start->pins);
    serve_child_end(&start->child);
    free(start->url);
    free(start->label);
    free(start->hosts);
    free(start->text);
    *start = (struct serve_start){.child = {0, -1, -1, -1, -1}};
}

void starts_forget(struct serve_request *request) {
    if (request->start != NULL)
        release(request->start);
    request->start = NULL;
}

/* The answer to the request that waits; its place is free then. */
static void refuse_start(struct serve_start *start, unsigned status, const char *detail) {
    (void)answer_problem(start->request, status, detail);
    start->request->start = NULL;
    release(start);
}

/* --- with every address known --- */

static void start_run(struct serve_start *start) {
    struct serve *serve = start->serve;
    int error;
    if (serve->runs.current != NULL) {
        refuse_start(start, 409, "a run goes on; one at a time is accepted");
        return;
    }
    struct run *run =
        runs_start(&serve->runs, &start->facts, &start->pins, &start->options, &error);
    if (run == NULL) {
        refuse_start(start, 503, "no process could be started for it");
        return;
    }
    serve->run_began = serve->load_began = serve->now;
    start->run = run->id;
    if (start->what == START_STATISTICS)
        return;
    (void)answer_created(start->request, &run->id);
    start->request->start = NULL;
    release(start);
}

static void start_check(struct serve_start *start) {
    struct words words = {0};
    char **pins = words_array(&start->pins, NULL), **options = words_array(&start->options, NULL);
    for (size_t i = 0; pins != NULL && i < start->pins.count; i++)
        words_add(&words, "%s", pins[i]);
    words_add(&words, "check");
    words_add(&words, "--json=-");
    words_add(&words, "--color=never");
    for (size_t i = 0; options != NULL && i < start->options.count; i++)
        words_add(&words, "%s", options[i]);
    bool whole = pins != NULL && options != NULL && !words.failed;
    int error = whole ? serve_child_start(&start->child, &words, -1) : -ENOMEM;
    words_free(&words);
    free(pins);
    free(options);
    start->asked_at = start->serve->now;
    if (error != 0)
        refuse_start(start, 503, "no process could be started for it");
}

static void go_on(struct serve_start *start) {
    if (start->what == START_CHECK)
        start_check(start);
    else
        start_run(start);
}

/* --- names --- */

static void refuse_name(struct serve_start *start, const struct serve_name *name, const char *why) {
    char detail[REFUSE_QUOTE_MAX + 128];
    snprintf(detail, sizeof detail, "cannot resolve \"%s\": %s", refuse_quote(name->host).text,
             why);
    refuse_start(start, 422, detail);
}

/* Whether all that is connected to under this name may be reached at that address: a name is pinned
 * for all ports. A HOST of --allow-target vouches for what the resolver says of it, and not for
 * what the run's own --resolve says. */
static bool allows(const struct serve_start *start, const struct serve_name *name,
                   const struct address *address) {
    const char *host = name->given_count > 0 ? "" : name->host;
    for (size_t i = 0; i < start->name_count; i++) {
        struct address there = *address;
        address_set_port(&there, start->names[i].port);
        if (ascii_equal(start->names[i].host, name->host) &&
            !targets_allow(&start->serve->targets, host, &there))
            return false;
    }
    return true;
}

/* False: one is not allowed. */
static bool pin(struct serve_start *start, const struct serve_name *name,
                const struct address *addresses, size_t count) {
    char text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        if (!allows(start, name, &addresses[i]))
            return false;
        words_add(&start->pins, SERVE_CHILD_PIN "%s=%s", name->host,
                  address_format(&addresses[i], text, sizeof text));
    }
    return true;
}

static void take_name(void *owner) {
    struct serve_name *name = owner;
    struct serve_start *start = name->start;
    bool given = name->given_count > 0;
    struct address addresses[ADDRESSES_MAX];
    size_t count = 0, named = 0;
    if (name->asking == NULL) /* another name of it was refused in this turn */
        return;
    int gai = 0, result = host_resolve_read(name->asking, addresses, &count, &named, &gai);
    if (result == -EAGAIN)
        return;
    host_resolve_end(name->asking);
    name->asking = NULL;
    if (result != 0)
        refuse_name(start, name, gai_strerror(gai));
    else if (!pin(start, name, given ? name->given : addresses, given ? name->given_count : count))
        refuse_start(start, 403, "the target is not among those that --allow-target names");
    else if (++start->resolved == start->name_count)
        go_on(start);
}

/* The addresses of the name in the run's own --resolve, those of all its entries. */
static void take_given(struct serve_name *name, const struct options *options) {
    struct resolve_entry entry;
    for (size_t i = 0; i < options->resolve.count; i++)
        if (resolve_entry_parse(&entry, options->resolve.items[i]) && entry.port == name->port &&
            ascii_equal(entry.host, name->host))
            for (size_t j = 0; j < entry.count && name->given_count < ADDRESSES_MAX; j++)
                name->given[name->given_count++] = entry.addresses[j];
}

/* Given addresses come as the resolver's do, through its pipe: it is asked for a numeric host,
 * which it answers at once. */
static bool add_name(struct serve_start *start, const struct options *options, const char *host,
                     uint16_t port) {
    struct serve_name *name = &start->names[start->name_count];
    int error = 0;
    *name = (struct serve_name){.start = start, .port = port};
    snprintf(name->host, sizeof name->host, "%s", host);
    take_given(name, options);
    name->asking = host_resolve_start(name->given_count > 0 ? "127.0.0.1" : host, port, &error);
    start->name_count += name->asking != NULL;
    return name->asking != NULL;
}

static bool ask_names(struct serve_start *start, const struct config_plan *config) {
    const struct plan *plan = &config->plan;
    start->asked_at = start->serve->now;
    return add_name(start, &config->options, plan->connect_host, plan->connect_port) &&
           (plan->status.host[0] == '\0' ||
            add_name(start, &config->options, plan->status.host, plan->status.port));
}

/* --- from the body --- */

static struct serve_start *find_place(struct serve *serve) {
    for (size_t i = 0; i < SERVE_STARTS_MAX; i++)
        if (serve->starts[i].request == NULL)
            return &serve->starts[i];
    return NULL;
}

static enum option_command command_of(enum serve_start_what what) {
    return what == START_CHECK ? COMMAND_CHECK : COMMAND_RUN;
}

static bool read_words(struct serve_start *start, const struct json_t *object,
                       struct refuse_buffer to) {
    if (start->what == START_STATISTICS)
        return statistics_words(&start->options, object, &start->serve->limits, to);
    if (start->what == START_CHECK && saved_value_has(object, "hosts"))
        return refuse(to, "--hosts: refused in a check, which is of this machine alone: each host "
                          "checks its own share when the run begins");
    return config_words(&start->options, object, &start->serve->limits, to);
}

static void keep_facts(struct serve_start *start, const struct config_plan *config) {
    start->url = strdup(config->plan.target.url);
    start->label = config->options.label != NULL ? strdup(config->options.label) : NULL;
    start->hosts = config->options.hosts != NULL ? strdup(config->options.hosts) : NULL;
    start->facts = (struct run_facts){.url = start->url,
                                      .label = start->label,
                                      .connections = config->plan.connections,
                                      .hold_seconds = duration_seconds(config->plan.hold),
                                      .hosts = start->hosts,
                                      .of_statistics = start->what == START_STATISTICS};
}

/* 0, or the status to refuse it with. */
static unsigned prepare(struct serve_start *start, const struct json_t *object, char *error) {
    struct refuse_buffer to = {error, OPTIONS_ERROR_MAX};
    struct config_plan *config = calloc(1, sizeof *config);
    unsigned status = config == NULL ? 503 : 422;
    snprintf(error, OPTIONS_ERROR_MAX, "out of memory");
    if (config != NULL && read_words(start, object, to) &&
        config_read(config, command_of(start->what), &start->options, &start->serve->limits, to)) {
        keep_facts(start, config);
        status = ask_names(start, config) ? 0 : 503;
        snprintf(error, OPTIONS_ERROR_MAX, "no process could be had to resolve a name");
    }
    if (config != NULL)
        config_free(config);
    free(config);
    return status;
}

enum MHD_Result starts_begin(struct serve_request *request, enum serve_start_what what,
                             const struct json_t *object) {
    struct serve *serve = request->serve;
    struct serve_start *start = find_place(serve);
    char error[OPTIONS_ERROR_MAX];
    if (start == NULL)
        return answer_problem(request, 503, "too many checks at once");
    *start = (struct serve_start){.serve = serve, .child = {0, -1, -1, -1, -1}};
    start->what = what;
    unsigned status = prepare(start, object, error);
    if (status == 0 && what != START_CHECK && serve->runs.current != NULL) {
        status = 409;
        snprintf(error, sizeof error, "a run goes on; one at a time is accepted");
    }
    if (status != 0) {
        release(start);
        return answer_problem(request, status, error);
    }
    start->request = request;
    request->start = start;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

/* --- checks --- */

/* {findings[], exit_code} of a report. */
static char *check_answer(const struct serve_start *start, size_t *length) {
    struct saved_value_fault fault;
    struct memory_stream stream;
    struct json_t *report = saved_value_parse(start->text, start->length, &fault);
    const struct json_t *verdict = saved_value_member(report, "verdict");
    char *findings = saved_value_text(saved_value_member(report, "findings"));
    char *reasons = saved_value_text(saved_value_member(verdict, "reasons"));
    char *code = saved_value_text(saved_value_member(verdict, "exit_code"));
    bool whole = findings != NULL && reasons != NULL && code != NULL;
    bool open = whole && memory_stream_open(&stream);
    if (open)
        fprintf(stream.out, "{\"findings\":%s,\"exit_code\":%s,\"reasons\":%s}\n", findings, code,
                reasons);
    free(findings);
    free(reasons);
    free(code);
    if (report != NULL)
        saved_value_free(report);
    if (!open || !memory_stream_close(&stream))
        return NULL;
    *length = stream.length;
    return stream.text;
}

/* "holdfast: --require: ...\n" as the refusal it is. */
static const char *own_words(char *message) {
    static const char name[] = "holdfast: ";
    message[strcspn(message, "\n")] = '\0';
    return strncmp(message, name, sizeof name - 1) == 0 ? message + sizeof name - 1 : message;
}

static void end_check(void *owner) {
    struct serve_start *start = owner;
    int status = serve_child_reap(&start->child);
    size_t length = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE) {
        refuse_start(start, 422, own_words(start->message));
        return;
    }
    char *text = start->length > 0 ? check_answer(start, &length) : NULL;
    if (text == NULL) {
        refuse_start(start, 503, "the check ended without a report");
        return;
    }
    (void)answer_text(start->request, MHD_HTTP_OK, "application/json", text, length);
    start->request->start = NULL;
    release(start);
}

static bool read_text(struct serve_start *start) {
    char *more = realloc(start->text, start->length + CHECK_READ);
    if (more == NULL)
        return false;
    start->text = more;
    ssize_t got = read(start->child.out, start->text + start->length, CHECK_READ);
    if (got > 0)
        start->length += (size_t)got;
    return got > 0 && start->length < SAVED_REPORT_MAX;
}

static void read_check(void *owner) {
    struct serve_start *start = owner;
    if (start->child.out < 0)
        return;
    errno = 0;
    while (read_text(start))
        ;
    if (errno == EAGAIN)
        return;
    close(start->child.out);
    start->child.out = -1;
}

static void read_message(void *owner) {
    struct serve_start *start = owner;
    if (start->child.err < 0)
        return;
    size_t length = strlen(start->message);
    char rest[256];
    bool full = length + 1 >= sizeof start->message;
    ssize_t got =
        full ? read(start->child.err, rest, sizeof rest)
             : read(start->child.err, start->message + length, sizeof start->message - 1 - length);
    if (got > 0 && !full)
        start->message[length + (size_t)got] = '\0';
    if (got != 0)
        return;
    close(start->child.err);
    start->child.err = -1;
}

static void check_over(void *owner) {
    struct serve_start *start = owner;
    if (start->child.pid == 0)
        return;
    read_check(start);
    read_message(start);
    end_check(start);
}

/* --- from the loop --- */

void starts_watch(struct serve *serve, struct watch *watch) {
    for (size_t i = 0; i < SERVE_STARTS_MAX; i++) {
        struct serve_start *start = &serve->starts[i];
        if (start->request == NULL)
            continue;
        for (size_t j = 0; j < start->name_count; j++)
            if (start->names[j].asking != NULL)
                watch_add(watch, host_resolve_fd(start->names[j].asking), take_name,
                          &start->names[j]);
        if (start->child.pid == 0)
            continue;
        watch_add(watch, start->child.out, read_check, start);
        watch_add(watch, start->child.err, read_message, start);
        watch_add(watch, start->child.pidfd, check_over, start);
    }
}

void starts_tick(struct serve *serve) {
    for (size_t i = 0; i < SERVE_STARTS_MAX; i++) {
        struct serve_start *start = &serve->starts[i];
        if (start->request == NULL || start->run.text[0] != '\0')
            continue;
        int most = start->child.pid > 0 ? CHECK_SECONDS : RESOLVE_SECONDS;
        if (instant_since(serve->now, start->asked_at) > most * SECOND)
            refuse_start(start, 503,
                         most == CHECK_SECONDS ? "the check took too long"
                                               : "the name could not be resolved in time");
    }
}

void starts_run_over(struct serve *serve, const struct run *run) {
    for (size_t i = 0; i < SERVE_STARTS_MAX; i++) {
        struct serve_start *start = &serve->starts[i];
        if (start->request == NULL || strcmp(start->run.text, run->id.text) != 0)
            continue;
        size_t report_length = 0, length = 0;
        int run_fd = folder_open_run(&serve->folder, &run->id);
        char *report =
            run_fd >= 0 ? folder_text(run_fd, FOLDER_JSON, SAVED_REPORT_MAX, &report_length) : NULL;
        char *text = statistics_answer(report, report_length, &run->id, run->message, &length);
        if (run_fd >= 0)
            close(run_fd);
        free(report);
        (void)answer_text(start->request, MHD_HTTP_OK, "application/json", text, length);
        start->request->start = NULL;
        release(start);
    }
}

void starts_end(struct serve *serve) {
    for (size_t i = 0; i < SERVE_STARTS_MAX; i++)
        if (serve->starts[i].request != NULL)
            refuse_start(&serve->starts[i], 503, "the server ends");
}
