/* Which command is meant. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/exit_code.h"
#include "base/inherited.h"
#include "base/refuse.h"
#include "base/stack.h"
#include "base/text.h"
#include "command/command.h"
#include "command/soak.h"
#include "report/format/log.h"
#include "serve/child.h"

/* A standard stream that came closed would give its number to a socket: it is opened on nothing,
 * and standard output so that what is written there fails as it would have. */
static void open_standard_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

/* A pipe that came with O_NONBLOCK would lose what a slow reader leaves no room for. The flag is of
 * all who share it, so the pipe is opened once more, for ourselves: without a reader that fails,
 * and so will what is written. */
static void wait_for_reader(int fd) {
    char path[32];
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK) == 0 || (flags & O_ACCMODE) == O_RDONLY)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = open(path, (flags & (O_ACCMODE | O_APPEND)) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own < 0)
        return;
    if (fcntl(own, F_SETFL, flags & O_APPEND) == 0)
        dup2(own, fd);
    close(own);
}

static const struct named_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *does; /* in the list of `holdfast help` */
} commands[] = {
#define COMMAND(name, part, does) {#name, command_##name, does},
#include "options/commands.def"
#undef COMMAND
    {SERVE_CHILD_COMMAND, command_serve_child, NULL}, /* a run of serve: in no list */
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct named_command *command_find(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

/* What other tools call the same, and nobody a host. */
static const char *const meanings[][2] = {
    {"attack", "run"},     {"bench", "run"},       {"benchmark", "run"},  {"loadtest", "run"},
    {"soak", "run"},       {"preflight", "check"}, {"compare", "report"}, {"merge", "report"},
    {"convert", "report"}, {"cap", "capacity"},    {"start", "run"},      {"stress", "run"},
};

static const struct named_command *command_meant(const char *word) {
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(word, meanings[i][0]) == 0)
            return command_find(meanings[i][1]);
    return NULL;
}

/* The command whose name a word resembles, or that it means; or NULL. */
static const struct named_command *command_guess(const char *word) {
    const struct named_command *best = command_meant(word);
    if (best != NULL)
        return best;
    size_t length = strlen(word), best_distance = length > 4 ? 3 : 2;
    if (word[0] == '-' || length < 2 || length > TEXT_DISTANCE_MAX ||
        strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != length)
        return NULL;
    for (size_t i = 0; i < COMMANDS && commands[i].does != NULL; i++) {
        size_t away =
            ascii_equal(word, commands[i].name) ? 1 : text_distance(word, commands[i].name);
        if (away > 0 && away < best_distance) {
            best = &commands[i];
            best_distance = away;
        }
    }
    return best;
}

static int unknown_command(const char *word) {
    const struct named_command *near = command_guess(word);
    struct refuse_quoted quoted = refuse_quote(word);
    if (near != NULL)
        fprintf(log_at(LOG_LEVEL_ERROR),
                "holdfast: unknown command \"%s\": did you mean \"%s\"? (a host of that name is "
                "http://%s/)\n",
                quoted.text, near->name, quoted.text);
    else
        fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: unknown command \"%s\" (see holdfast help)\n",
                quoted.text);
    return EXIT_USAGE;
}

static const char help_head[] =
    "holdfast opens keep-alive connections to a web server, holds them, and accounts\n"
    "for every one that ends.\n\n"
    "Usage: holdfast [COMMAND] [OPTION]... [URL]\n\n"
    "Commands:\n";
static const char help_tail[] = "\nExamples:\n"
                                "  holdfast demo\n"
                                "  holdfast check -c 10k http://127.0.0.1:8080/\n"
                                "  holdfast -c 1000 -d 30s http://127.0.0.1:8080/\n"
                                "  holdfast help run\n";

int command_help(int argc, char **argv) {
    if (argc > 2) {
        fprintf(log_at(LOG_LEVEL_ERROR), "holdfast: help: one command is accepted\n");
        return EXIT_USAGE;
    }
    const char *asked = argc > 1 ? argv[1] : "help";
    const struct named_command *command = command_find(asked);
    if (command == NULL && asked[0] != '-')
        return unknown_command(asked);
    if (command != NULL && command->run != command_help && command->run != command_version)
        return command->run(2, (char *[]){(char *)command->name, "--help", NULL});
    fputs(help_head, stdout);
    for (size_t i = 0; i < COMMANDS && commands[i].does != NULL; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].does);
    fputs(help_tail, stdout);
    return soak_flush_answer();
}

int command_version(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return soak_answer(OPTIONS_VERSION, COMMAND_RUN, "");
}

static int pick(int argc, char **argv) {
    open_standard_streams();
    wait_for_reader(STDOUT_FILENO);
    wait_for_reader(STDERR_FILENO);
    inherited_take();
    const struct named_command *command = argc > 1 ? command_find(argv[1]) : NULL;
    if (command != NULL)
        return command->run(argc - 1, argv + 1);
    if (argc > 1 && command_guess(argv[1]) != NULL)
        return unknown_command(argv[1]);
    return command_run(argc, argv);
}

int command_pick(int argc, char **argv) {
    return stack_run(pick, argc, argv);
}
