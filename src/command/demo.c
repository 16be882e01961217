/* holdfast demo: a target of our own, and a short soak of it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/command.h"
#include "command/soak.h"
#include "command/target_settings.h"
#include "report/voice.h"
#include "target/target.h"

/* Descriptors of the run beside its connections, with room to spare. */
enum { CONNECTIONS = 1000, OTHER_FILES = 64, WORDS_MAX = 32 };

/* The command line of the run. */
struct words {
    int count;
    char *items[WORDS_MAX];
};

static void add(struct words *words, const char *word) {
    words->items[words->count++] = (char *)word;
    words->items[words->count] = NULL;
}

static void add_pair(struct words *words, const char *option, const char *value) {
    add(words, option);
    add(words, value);
}

/* What was given for the run goes on to it as it was typed. */
static void add_given(struct words *words, int argc, char **argv) {
    for (int i = 1; i < argc && words->count < WORDS_MAX - 2; i++)
        add(words, argv[i]);
}

static void show(FILE *out, const struct words *words) {
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

/* The target, apart from the terminal: ^C ends the run, and the run's end the target. */
static pid_t start_target(const struct target_settings *settings,
                          struct target_listeners *listeners) {
    pid_t parent = getpid(), pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    setpgid(0, 0);
    _exit(target_serve(settings, listeners));
}

/* 0, or why it did not end well, said. */
static int stop_target(pid_t pid) {
    int status = 0;
    kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    fprintf(stderr, "holdfast: demo: the target did not end well\n");
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INCONCLUSIVE;
}

static int soak(const struct target_settings *settings, int argc, char **argv) {
    char address[ADDRESS_TEXT_MAX], url[ADDRESS_TEXT_MAX + 16], status[ADDRESS_TEXT_MAX + 32];
    char count[16];
    struct words words = {0};
    address_format(&settings->listen, address, sizeof address);
    snprintf(url, sizeof url, "http://%s/", address);
    snprintf(status, sizeof status, "%s_target/status", url);
    snprintf(count, sizeof count, "%u", connections_here());
    add(&words, "run");
    add_pair(&words, "-c", count);
    add_pair(&words, "-d", "10s");
    add_pair(&words, "-i", "500ms..1500ms");
    add_pair(&words, "--server-status", status);
    add_given(&words, argc, argv);
    add(&words, url);
    voice_open(); /* closed by the run */
    fprintf(voice(), "holdfast target --listen %s &\n", address);
    show(voice(), &words);
    return command_run(words.count, words.items);
}

static int demonstrate(struct options *options, int argc, char **argv) {
    struct target_settings settings;
    struct target_listeners listeners;
    char error[OPTIONS_ERROR_MAX], *body = NULL;
    options->listen = "127.0.0.1:0";
    if (!target_settings_make(&settings, options, &body, error)) {
        fprintf(stderr, "holdfast: demo: %s\n", error);
        return EXIT_UNFIT;
    }
    settings.quiet = true;
    int failed = target_listen(&listeners, &settings);
    pid_t pid = failed == 0 ? start_target(&settings, &listeners) : -1;
    if (pid < 0) {
        fprintf(stderr, "holdfast: demo: the target could not be started: %s\n",
                strerror(failed < 0 ? -failed : errno));
        return EXIT_UNFIT;
    }
    target_unlisten(&listeners);
    int exit_code = soak(&settings, argc, argv);
    failed = stop_target(pid);
    return exit_code == 0 ? failed : exit_code;
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
