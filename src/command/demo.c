/* holdfast demo: a target of our own, and a short soak of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/fork.h"
#include "command/command.h"
#include "command/soak.h"
#include "command/target_settings.h"
#include "host/host.h"
#include "options/options.h"
#include "report/format/log.h"
#include "run/engine_probe.h"
#include "target/target.h"
#include "wire/tls/tls_server.h"

/* Descriptors of the run beside its connections, with room to spare. */
enum { CONNECTIONS = 1000, OTHER_FILES = 64, WORDS_MAX = 32 };

/* The command line of the run. */
struct demo_words {
    int count;
    char *items[WORDS_MAX];
};

static void add(struct demo_words *words, const char *word) {
    words->items[words->count++] = (char *)word;
    words->items[words->count] = NULL;
}

static void add_pair(struct demo_words *words, const char *option, const char *value) {
    add(words, option);
    add(words, value);
}

/* Options of the run are passed on as they were typed; --tls is the target's. */
static void add_given(struct demo_words *words, int argc, char **argv) {
    for (int i = 1; i < argc && words->count < WORDS_MAX - 2; i++)
        if (strcmp(argv[i], "--tls") != 0)
            add(words, argv[i]);
}

static void show(FILE *out, const struct demo_words *words) {
    fputs("holdfast", out);
    for (int i = 0; i < words->count; i++)
        fprintf(out, " %s", words->items[i]);
    fputs("\n\n", out);
}

static unsigned connections_here(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max >= CONNECTIONS + OTHER_FILES)
        return CONNECTIONS;
    return files.rlim_max > 2 * OTHER_FILES ? (unsigned)files.rlim_max - OTHER_FILES
                                            : (unsigned)files.rlim_max / 2;
}

/* The target as a child: no signal ends it, for the run goes on until its own end in order; ours
 * does, and end_fd's. */
struct demo_target {
    pid_t pid;
    int end_fd;
};

static bool start_target(struct demo_target *target, const struct target_settings *settings,
                         struct target_listeners *listeners) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *target = (struct demo_target){.pid = fork_child(NULL), .end_fd = ends[1]};
    if (target->pid == 0) {
        close(ends[1]);
        _exit(target_serve(settings, listeners, ends[0]));
    }
    int error = errno;
    close(ends[0]);
    errno = error;
    return target->pid > 0;
}

/* 0, or the exit code of a failure, with a message. */
static int stop_target(const struct demo_target *target) {
    int status = 0;
    close(target->end_fd);
    while (waitpid(target->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    fprintf(stderr, "holdfast: demo: the target did not end well\n");
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INCONCLUSIVE;
}

static int soak(const struct target_settings *settings, int argc, char **argv) {
    char address[ADDRESS_TEXT_MAX], url[ADDRESS_TEXT_MAX + 16], status[ADDRESS_TEXT_MAX + 32];
    char count[16];
    struct demo_words words = {0};
    address_format(&settings->listen, address, sizeof address);
    bool tls = target_speaks_tls(settings);
    snprintf(url, sizeof url, "%s://%s/", tls ? "https" : "http", address);
    snprintf(status, sizeof status, "%s_target/status", url);
    snprintf(count, sizeof count, "%u", connections_here());
    add(&words, "run");
    add_pair(&words, "-c", count);
    add_pair(&words, "-d", "10s");
    add_pair(&words, "-i", "500ms..1500ms");
    add_pair(&words, "--server-status", status);
    if (tls) /* made at start, and signed by itself */
        add(&words, "--insecure");
    add_given(&words, argc, argv);
    add(&words, url);
    log_open(); /* closed by the run */
    fprintf(log_stream(), "holdfast target %s--listen %s &\n", tls ? "--tls " : "", address);
    show(log_stream(), &words);
    return command_run(words.count, words.items);
}

/* What is said of it is said by the run. */
static enum engine_kind engine_here(enum engine_kind asked) {
    struct engine_choice choice;
    struct host host;
    host_read(&host, "");
    engine_probe(&choice, asked, &host, 1);
    return choice.engine;
}

static int demonstrate(struct options *options, int argc, char **argv) {
    struct target_settings settings;
    struct target_listeners listeners;
    struct tls_server *tls;
    char error[OPTIONS_ERROR_MAX], *body = NULL;
    options->listen = "127.0.0.1:0";
    if (!target_settings_make(&settings, options, &body, &tls, error)) {
        fprintf(stderr, "holdfast: demo: %s\n", error);
        return EXIT_UNFIT;
    }
    settings.quiet = true;
    settings.engine = engine_here(options->engine);
    struct demo_target target;
    int failed = target_listen(&listeners, &settings);
    if (failed < 0 || !start_target(&target, &settings, &listeners)) {
        fprintf(stderr, "holdfast: demo: the target could not be started: %s\n",
                strerror(failed < 0 ? -failed : errno));
        tls_server_destroy(tls);
        return EXIT_UNFIT;
    }
    target_unlisten(&listeners);
    int exit_code = soak(&settings, argc, argv);
    failed = stop_target(&target);
    tls_server_destroy(tls);
    return exit_code == EXIT_HELD ? failed : exit_code;
}

int command_demo(int argc, char **argv) {
    struct options options;
    char error[OPTIONS_ERROR_MAX];
    enum options_outcome outcome = options_parse(&options, COMMAND_DEMO, argc, argv, error);
    int exit_code = outcome == OPTIONS_OK ? demonstrate(&options, argc, argv)
                                          : soak_answer(outcome, COMMAND_DEMO, error);
    options_free(&options);
    return exit_code;
}
