/* What run, check and capacity share. */
#include "command/soak.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/require.h"
#include "base/version.h"
#include "report/outlet.h"
#include "report/voice.h"
#include "run/scrape.h"
#include "run/signals.h"

/* A reader that takes nothing ends no run: a program is waited for this long after it, what stands
 * above its summary not as long. A reader may be a pager, whose reader reads. */
static const duration PATIENCE = 60 * SECOND, VOICE_PATIENCE = 5 * SECOND;

static void complain(const char *line) {
    fprintf(voice(), "holdfast: %s\n", line);
}

/* Help and version are answers; anything else that is not a set of options is an error. */
int soak_answer(enum options_outcome outcome, enum command command, const char *error) {
    switch (outcome) {
    case OPTIONS_HELP: options_print_help(stdout, command); break;
    case OPTIONS_VERSION:
        printf("holdfast %s (%s)\noptional parts built in: %s\n", holdfast_version, holdfast_commit,
               scrape_part() != NULL ? scrape_part() : "none");
        break;
    case OPTIONS_OK:
    case OPTIONS_BAD: complain(error); return EXIT_USAGE;
    }
    if (fflush(stdout) == 0)
        return 0;
    fprintf(voice(), "holdfast: standard output: %s\n", strerror(errno));
    return EXIT_INCONCLUSIVE;
}

static bool open_timeline(struct soak *soak) {
    const char *path = soak->options.timeline;
    if (path == NULL)
        return true;
    soak->timeline.judgement = &soak->judgement;
    int error = timeline_file_open(&soak->timeline.file, path);
    if (error != 0)
        fprintf(voice(), "holdfast: --timeline: cannot write to \"%s\": %s\n", path,
                outlet_error(error));
    else
        session_complain(&soak->timeline.file,
                         timeline_file_header(&soak->timeline.file, &soak->plan));
    return error == 0;
}

/* Before the load: a port that is taken is said now. */
static bool open_scrape(struct soak *soak) {
    const struct options *options = &soak->options;
    char error[OPTIONS_ERROR_MAX];
    if (options->metrics == NULL)
        return true;
    soak->scrape = scrape_open(options->metrics, (struct refusal){error, sizeof error});
    if (soak->scrape == NULL)
        complain(error);
    else
        fprintf(voice(), "holdfast: metrics at %s\n", scrape_url(soak->scrape));
    return soak->scrape != NULL;
}

static bool open_signals(struct soak *soak) {
    soak->signals_fd = signals_open();
    if (soak->signals_fd < 0)
        fprintf(voice(), "holdfast: cannot take signals: %s\n", strerror(-soak->signals_fd));
    return soak->signals_fd >= 0;
}

static void ask_outputs(struct soak *soak) {
    const struct options *options = &soak->options;
    soak->inputs[0] = options->config;
    soak->inputs[1] = options->body;
    soak->inputs[2] = options->urls;
    soak->inputs[3] = options->server_log;
    soak->outputs = (struct outputs){
        .said_by = "holdfast",
        .patience = PATIENCE,
        .inputs = soak->inputs,
        .input_count = sizeof soak->inputs / sizeof soak->inputs[0],
    };
    outputs_ask(&soak->outputs, options);
}

/* From the command line to a plan. True when there is one; else *exit_code is decided, and said. */
static bool begin(struct soak *soak, enum command command, int argc, char **argv, int *exit_code) {
    char error[OPTIONS_ERROR_MAX];
    static_assert((int)PLAN_ERROR_MAX <= (int)OPTIONS_ERROR_MAX, "one buffer for both");
    soak->signals_fd = soak->timeline.file.out.fd = -1;
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
    if (!plan_make(&soak->plan, &soak->options, command, &host, error) ||
        !rules_read(&rules, &soak->plan, (struct refusal){error, sizeof error})) {
        complain(error);
        return false;
    }
    require_context(soak->plan.seed, NULL);
    ask_outputs(soak);
    if (!outputs_open(&soak->outputs) || !open_timeline(soak) || !open_scrape(soak))
        return false;
    *exit_code = EXIT_UNFIT;
    return open_signals(soak);
}

/* 0, or an earlier or present -errno; said when it failed. */
static int write_timeline_end(struct soak *soak, const struct record *record) {
    struct timeline_file *file = &soak->timeline.file;
    session_complain(file, timeline_file_end(file, &soak->plan, record, &soak->judgement));
    return file->left_out > 0 ? -EAGAIN : file->error;
}

struct session_timeline *soak_timeline(struct soak *soak) {
    return soak->timeline.file.out.fd >= 0 ? &soak->timeline : NULL;
}

static bool is_voice(int fd) {
    struct stat file, heard;
    return fstat(fd, &file) == 0 && fstat(STDERR_FILENO, &heard) == 0 &&
           file.st_dev == heard.st_dev && file.st_ino == heard.st_ino;
}

/* Below what was said before it, which goes first. */
static int print_below(struct soak *soak, soak_page *draw, const struct record *record) {
    (void)voice_finish(VOICE_PATIENCE);
    draw(voice(), style_for(STDERR_FILENO, soak->options.color), soak, record);
    return voice_finish(PATIENCE);
}

static int print_alone(struct soak *soak, soak_page *draw, const struct record *record) {
    struct report_file file;
    int error = report_file_open(&file, "-");
    if (error != 0)
        return error;
    draw(file.stream, style_for(STDOUT_FILENO, soak->options.color), soak, record);
    return report_file_commit(&file, PATIENCE);
}

bool soak_print(struct soak *soak, const char *what, soak_page *draw, const struct record *record) {
    bool below = outputs_to_stdout(&soak->outputs) || is_voice(STDOUT_FILENO);
    int error = below ? print_below(soak, draw, record) : print_alone(soak, draw, record);
    if (error != 0)
        fprintf(voice(), "holdfast: the %s could not be written: %s\n", what, outlet_error(error));
    return error == 0;
}

bool soak_misused(const struct soak *soak) {
    if (soak->judgement.exit_code != EXIT_USAGE)
        return false;
    complain(soak->judgement.reasons[0]);
    return true;
}

void soak_say_sheet(const struct soak *soak, const struct plan *plan,
                    const struct findings *findings) {
    if (!soak->options.no_check)
        report_sheet(voice(), style_for(STDERR_FILENO, soak->options.color), plan, findings,
                     soak->options.quiet);
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
    return !written && exit_code == 0 ? EXIT_INCONCLUSIVE : exit_code;
}

static void end(struct soak *soak) {
    outputs_discard(&soak->outputs);
    scrape_close(soak->scrape);
    if (soak->plan.server_log.open)
        close(soak->plan.server_log.fd);
    timeline_file_close(&soak->timeline.file);
    if (soak->signals_fd >= 0)
        close(soak->signals_fd);
    options_free(&soak->options);
    free(soak);
    (void)voice_finish(VOICE_PATIENCE);
    voice_close();
}

int soak_command(enum command command, int argc, char **argv, int (*carry_out)(struct soak *soak)) {
    struct soak *soak = calloc(1, sizeof *soak);
    voice_open();
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
