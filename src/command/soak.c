/* The steps that run, check and capacity share. */
#include "command/soak.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/inherited.h"
#include "base/require.h"
#include "base/version.h"
#include "command/keepalive_auto.h"
#include "host/host.h"
#include "host/pins.h"
#include "options/resolve_entry.h"
#include "options/secrets.h"
#include "report/format/line_writer.h"
#include "report/format/log.h"
#include "report/terminal/preflight_table.h"
#include "report/terminal/summary.h"
#include "run/scrape.h"
#include "run/signals.h"
#include "run/tls_options.h"
#include "wire/tls/tls_context.h"

/* A reader that takes nothing ends no run: a program is waited for this long after it, what stands
 * above its summary not as long. A reader may be a pager, whose reader reads. */
static const duration TIMEOUT = 60 * SECOND, LOG_TIMEOUT = 5 * SECOND;

static void complain(const char *line) {
    fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: %s\n", line);
}

/* Help and version are answers; anything else that is not a set of options is an error. */
int soak_answer(enum options_outcome outcome, enum option_command command, const char *error) {
    switch (outcome) {
    case OPTIONS_HELP: options_print_help(stdout, command); break;
    case OPTIONS_VERSION:
        printf("holdfast %s (%s)\noptional parts built in: %s\n", version_string, version_commit,
               scrape_part() != NULL ? scrape_part() : "none");
        break;
    case OPTIONS_OK:
    case OPTIONS_BAD: complain(error); return EXIT_USAGE;
    }
    return soak_flush_answer();
}

int soak_flush_answer(void) {
    if (fflush(stdout) == 0)
        return EXIT_HELD;
    fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: standard output: %s\n", line_writer_error(-errno));
    return EXIT_INCONCLUSIVE;
}

static bool open_timeline(struct soak *soak) {
    const char *path = soak->options.timeline;
    if (path == NULL)
        return true;
    soak->timeline.judgement = &soak->judgement;
    mode_t before = outputs_mask(&soak->outputs);
    int error = timeline_file_open(&soak->timeline.file, path);
    umask(before);
    if (error != 0)
        fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: --timeline: cannot write to \"%s\": %s\n", path,
                line_writer_error(error));
    return error == 0;
}

/* What was asked: once -k auto is a number. */
static void begin_timeline(struct soak *soak) {
    struct timeline_file *file = &soak->timeline.file;
    if (file->out.fd >= 0)
        session_complain(file, timeline_file_header(file, &soak->plan, &soak->setup));
}

/* Before the load: a port that is taken is refused now. */
static bool open_scrape(struct soak *soak) {
    const struct options *options = &soak->options;
    char error[OPTIONS_ERROR_MAX];
    if (options->metrics == NULL)
        return true;
    soak->scrape = scrape_open(options->metrics, (struct refuse_buffer){error, sizeof error});
    if (soak->scrape == NULL)
        complain(error);
    else
        fprintf(log_stream(), "holdfast: metrics at %s\n", scrape_url(soak->scrape));
    return soak->scrape != NULL;
}

static bool open_signals(struct soak *soak) {
    soak->signals_fd = signals_open();
    if (soak->signals_fd < 0)
        fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: cannot take signals: %s\n",
                strerror(-soak->signals_fd));
    return soak->signals_fd >= 0;
}

static void ask_outputs(struct soak *soak) {
    const struct options *options = &soak->options;
    soak->inputs[0] = options->config;
    soak->inputs[1] = options->body;
    soak->inputs[2] = options->urls;
    soak->inputs[3] = options->server_log;
    soak->inputs[4] = options->cacert;
    soak->inputs[5] = options->cert;
    soak->inputs[6] = options->key;
    soak->outputs = (struct outputs){
        .program_name = "holdfast",
        .timeout = TIMEOUT,
        .inputs = soak->inputs,
        .input_count = sizeof soak->inputs / sizeof soak->inputs[0],
        .secret = secrets_any(soak->plan.options, soak->plan.target.url),
    };
    outputs_ask(&soak->outputs, options);
}

/* --resolve: each was judged when it was read. */
static void give_addresses(const struct options *options) {
    struct resolve_entry entry;
    for (size_t i = 0; i < options->resolve.count; i++) {
        require(resolve_entry_parse(&entry, options->resolve.items[i]));
        for (size_t j = 0; j < entry.count; j++)
            (void)host_resolve_as(entry.host, &entry.addresses[j]); /* 240 of a name, as of any */
    }
}

/* Files and ciphers are judged before anything is sent, also where the plan speaks no TLS. */
static bool make_tls(struct soak *soak) {
    char error[OPTIONS_ERROR_MAX] = "";
    const struct refuse_buffer to = {error, sizeof error};
    bool needed = soak->plan.target.tls || soak->plan.status.tls;
    if (needed)
        inherited_leave_no_core();
    if (!(needed ? tls_options_make(&soak->setup.tls, &soak->options, to)
                 : tls_options_check(&soak->options, to))) {
        complain(error);
        return false;
    }
    const char *key_log = needed ? tls_context_key_log(soak->setup.tls) : NULL;
    if (key_log != NULL)
        fprintf(log_at(LOG_LEVEL_NOTE),
                "holdfast: note: TLS secrets are written to %s (SSLKEYLOGFILE)\n",
                refuse_quote(key_log).text);
    return true;
}

/* From the command line to a plan. True when there is one; else *exit_code is decided, with a
 * message. */
static bool begin(struct soak *soak, enum option_command command, int argc, char **argv,
                  int *exit_code) {
    char error[OPTIONS_ERROR_MAX];
    static_assert((int)PLAN_ERROR_MAX <= (int)OPTIONS_ERROR_MAX, "one buffer for both");
    soak->signals_fd = soak->timeline.file.out.fd = -1;
    soak->judgement.setup = &soak->setup;
    enum options_outcome outcome = options_parse(&soak->options, command, argc, argv, error);
    if (outcome != OPTIONS_OK) {
        *exit_code = soak_answer(outcome, command, error);
        return false;
    }
    struct host host;
    host_read(&host, "");
    (void)host_raise_nofile(); /* what that gives is the hard limit, which the plan counts with */
    *exit_code = EXIT_USAGE;
    struct rules rules; /* judged anew when there is a run: here for their refusal */
    if (!plan_make(&soak->plan, &soak->options, &host, error) ||
        !rules_read(&rules, &soak->plan, (struct refuse_buffer){error, sizeof error})) {
        complain(error);
        return false;
    }
    require_context(soak->plan.seed, NULL);
    give_addresses(&soak->options);
    ask_outputs(soak);
    if (!make_tls(soak))
        return false;
    if (!outputs_open(&soak->outputs))
        return false;
    *exit_code = EXIT_UNFIT;
    if (!open_signals(soak))
        return false;
    *exit_code = EXIT_USAGE;
    if (!open_timeline(soak) || !open_scrape(soak) || !keepalive_auto(soak, &host))
        return false;
    begin_timeline(soak);
    return true;
}

/* 0, or an earlier or present -errno, with a message. */
static int write_timeline_end(struct soak *soak, const struct record *record) {
    struct timeline_file *file = &soak->timeline.file;
    session_complain(file, timeline_file_end(file, &soak->plan, record, &soak->judgement));
    char where[PATH_MAX];
    if (timeline_file_keep(file, &soak->plan, record, &soak->judgement, where)) {
        fprintf(log_at(LOG_LEVEL_ERROR),
                "holdfast: --timeline: \"%s\" has not all of it; its beginning and end are left as "
                "\"%s\"\n",
                file->path, where);
        return -EIO;
    }
    return file->left_out > 0 ? -EAGAIN : file->error;
}

struct session_timeline *soak_timeline(struct soak *soak) {
    return soak->timeline.file.out.fd >= 0 ? &soak->timeline : NULL;
}

static bool is_log(int fd) {
    struct stat file, error_file;
    return line_writer_is_writable(fd) && fstat(fd, &file) == 0 &&
           fstat(STDERR_FILENO, &error_file) == 0 && file.st_dev == error_file.st_dev &&
           file.st_ino == error_file.st_ino;
}

static enum log_level level_of(int code) {
    return code == EXIT_HELD           ? LOG_LEVEL_INFO
           : code == EXIT_INCONCLUSIVE ? LOG_LEVEL_WARNING
                                       : LOG_LEVEL_ERROR;
}

/* Below what was logged before, which is written first. */
static int print_below(struct soak *soak, soak_page *draw, const struct record *record) {
    (void)log_finish(LOG_TIMEOUT);
    draw(log_at(level_of(soak->judgement.exit_code)), style_for(STDERR_FILENO, soak->options.color),
         soak, record);
    return log_finish(TIMEOUT);
}

static int print_alone(struct soak *soak, soak_page *draw, const struct record *record) {
    struct report_file file;
    int error = report_file_open(&file, "-");
    if (error != 0)
        return error;
    draw(file.text.out, style_for(STDOUT_FILENO, soak->options.color), soak, record);
    error = report_file_commit(&file, TIMEOUT);
    report_file_discard(&file);
    return error;
}

bool soak_print(struct soak *soak, const char *what, soak_page *draw, const struct record *record) {
    bool below = outputs_to_stdout(&soak->outputs) || is_log(STDOUT_FILENO);
    int error = below ? print_below(soak, draw, record) : print_alone(soak, draw, record);
    if (error != 0)
        fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: the %s could not be written: %s\n", what,
                line_writer_error(error));
    return error == 0;
}

bool soak_misused(const struct soak *soak) {
    if (soak->judgement.exit_code != EXIT_USAGE)
        return false;
    complain(soak->judgement.reasons[0]);
    return true;
}

void soak_note_engine(const struct setup *setup) {
    if (setup->choice.engine == ENGINE_EPOLL)
        fprintf(log_at(LOG_LEVEL_NOTE), "holdfast: note: engine epoll: %s\n", setup->choice.reason);
}

/* Once: a disk that is full stays so, and the run goes on. */
static void note_key_log(const struct soak *soak) {
    int error = soak->setup.tls != NULL ? tls_context_take_key_log_error(soak->setup.tls) : 0;
    if (error != 0)
        fprintf(log_at(LOG_LEVEL_NOTE),
                "holdfast: note: TLS secrets could not be written to %s: %s (SSLKEYLOGFILE)\n",
                refuse_quote(tls_context_key_log(soak->setup.tls)).text, strerror(error));
}

void soak_print_preflight(const struct soak *soak, const struct plan *plan,
                          const struct findings *findings) {
    note_key_log(soak);
    if (!soak->options.no_check)
        preflight_table_print(log_stream(), style_for(STDERR_FILENO, soak->options.color), plan,
                              findings, soak->options.quiet);
}

static void draw_summary(FILE *out, struct style style, const struct soak *soak,
                         const struct record *record) {
    report_summary(out, style, &soak->plan, record, &soak->judgement);
}

int soak_report(struct soak *soak, const struct record *record, bool with_summary) {
    bool written = outputs_write(&soak->outputs, &soak->plan, record, &soak->judgement);
    written &= write_timeline_end(soak, record) == 0;
    if (with_summary)
        written &= soak_print(soak, "summary", draw_summary, record);
    int exit_code = soak->judgement.exit_code;
    return !written && exit_code == EXIT_HELD ? EXIT_INCONCLUSIVE : exit_code;
}

static void end(struct soak *soak) {
    outputs_discard(&soak->outputs);
    scrape_close(soak->scrape);
    note_key_log(soak);
    tls_context_destroy(soak->setup.tls);
    setup_free(&soak->setup);
    timeline_file_close(&soak->timeline.file);
    if (soak->signals_fd >= 0)
        close(soak->signals_fd);
    options_free(&soak->options);
    free(soak);
    (void)log_finish(LOG_TIMEOUT);
    log_close();
}

int soak_command(enum option_command command, int argc, char **argv,
                 int (*carry_out)(struct soak *soak)) {
    struct soak *soak = calloc(1, sizeof *soak);
    log_open();
    if (soak == NULL) {
        complain("out of memory");
        return EXIT_UNFIT;
    }
    int exit_code;
    if (begin(soak, command, argc, argv, &exit_code))
        exit_code = carry_out(soak);
    end(soak);
    return exit_code;
}
