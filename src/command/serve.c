/* holdfast serve: the HTTP API, and the command of its children. */
#include "serve/serve.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/exit_code.h"
#include "command/command.h"
#include "command/soak.h"
#include "host/pins.h"
#include "report/format/log.h"
#include "run/orders.h"
#include "run/signals.h"
#include "serve/child.h"

static const duration LOG_TIMEOUT = 5 * SECOND;

static int serve(const struct options *options) {
    char error[OPTIONS_ERROR_MAX];
    int signals_fd = signals_open(); /* before anything is there that a signal would leave behind */
    struct serve *serve = serve_open(options, (struct refuse_buffer){error, sizeof error});
    if (serve == NULL || signals_fd < 0) {
        serve_close(serve);
        return soak_answer(OPTIONS_BAD, COMMAND_SERVE,
                           serve == NULL ? error : "cannot take signals");
    }
    printf("%s\n", serve_address(serve));
    fflush(stdout);
    int exit_code = serve_loop(serve, signals_fd);
    serve_close(serve);
    return exit_code;
}

int command_serve(int argc, char **argv) {
    struct options options;
    char error[OPTIONS_ERROR_MAX];
    log_open();
    enum options_outcome outcome = options_parse(&options, COMMAND_SERVE, argc, argv, error);
    int exit_code =
        outcome == OPTIONS_OK ? serve(&options) : soak_answer(outcome, COMMAND_SERVE, error);
    options_free(&options);
    (void)log_finish(LOG_TIMEOUT);
    log_close();
    return exit_code;
}

/* --- a child of it --- */

enum { WORDS_MAX = 512 };

/* The memory file's texts, whole; NULL: it is none of ours. */
static char *read_words(size_t *length) {
    struct stat status;
    if (fstat(SERVE_CHILD_WORDS_FD, &status) != 0 || status.st_size <= 0 ||
        fcntl(SERVE_CHILD_WORDS_FD, F_GET_SEALS) < 0)
        return NULL;
    *length = (size_t)status.st_size;
    char *text = malloc(*length);
    if (text != NULL && (pread(SERVE_CHILD_WORDS_FD, text, *length, 0) != (ssize_t)*length ||
                         text[*length - 1] != '\0')) {
        free(text);
        text = NULL;
    }
    close(SERVE_CHILD_WORDS_FD);
    return text;
}

/* "pin=NAME=ADDR:PORT" */
static bool take_pin(char *word) {
    struct address address;
    char *name = word + sizeof SERVE_CHILD_PIN - 1, *equals = strrchr(name, '=');
    if (equals == NULL)
        return false;
    *equals = '\0';
    return address_parse_endpoint(&address, equals + 1) && host_pin(name, &address);
}

/* The words behind the pins; -1: they are not as the server writes them. */
static int take_words(char *text, size_t length, char *words[static WORDS_MAX]) {
    static const size_t pin_length = sizeof SERVE_CHILD_PIN - 1;
    int count = 0;
    for (char *word = text, *next; word < text + length; word = next) {
        next = word + strlen(word) + 1; /* a pin is cut in two */
        bool pin = count == 0 && strncmp(word, SERVE_CHILD_PIN, pin_length) == 0;
        if (pin ? !take_pin(word) : count == WORDS_MAX - 1)
            return -1;
        if (!pin)
            words[count++] = word;
    }
    words[count] = NULL;
    return count;
}

int command_serve_child(int argc, char **argv) {
    static char *words[WORDS_MAX];
    size_t length = 0;
    char *text = read_words(&length);
    int count = text != NULL ? take_words(text, length, words) : -1;
    (void)argc, (void)argv;
    prctl(PR_SET_NAME, "holdfast"); /* execve(2) of /proc/self/exe calls it "exe" */
    if (count < 1) {
        fprintf(stderr, "holdfast: %s: it is started by holdfast serve alone\n",
                SERVE_CHILD_COMMAND);
        return EXIT_USAGE;
    }
    (void)fcntl(SERVE_CHILD_FOLDER_FD, F_SETFD, FD_CLOEXEC); /* its lock is no host's to hold */
    if (fcntl(SERVE_CHILD_ORDERS_FD, F_GETFD) >= 0)
        orders_take_from(SERVE_CHILD_ORDERS_FD);
    return strcmp(words[0], "check") == 0 ? command_check(count, words) : command_run(count, words);
}
