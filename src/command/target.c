/* holdfast target: a small keep-alive server of our own. */
#include "target/target.h"
#include "base/exit_code.h"
#include "options/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/refuse.h"
#include "command/command.h"
#include "command/soak.h"
#include "command/target_settings.h"
#include "host/host.h"
#include "run/engine_probe.h"
#include "wire/tls/tls_server.h"

static int cannot_listen(const struct target_settings *settings, int error) {
    char address[ADDRESS_TEXT_MAX];
    struct host_port_owner owner;
    fprintf(stderr, "holdfast: target: cannot listen on %s: %s",
            address_format(&settings->listen, address, sizeof address), strerror(-error));
    if (error == -EADDRINUSE && host_port_owner(&owner, address_port(&settings->listen)))
        fprintf(stderr, " (by %s, process %d)", refuse_quote(owner.name).text, owner.pid);
    fputs(error == -EADDRINUSE ? "; --listen ADDR:0 takes a free port\n" : "\n", stderr);
    return EXIT_UNFIT;
}

static void print_refusal(const struct engine_refusal *refusal) {
    fprintf(stderr, "holdfast: target: io_uring: %s\n", refusal->reason);
    for (size_t i = 0; i < ENGINE_REMEDIES_MAX && refusal->remedies[i][0] != '\0'; i++)
        fprintf(stderr, "  do: %s\n", refusal->remedies[i]);
    fprintf(stderr, "  do: --engine auto   (epoll carries the connections)\n");
}

/* Before anything listens: a worker that had none would only end. */
static bool choose_engine(struct target_settings *settings, enum engine_kind asked) {
    struct engine_choice choice;
    struct host host;
    host_read(&host, "");
    engine_probe(&choice, asked, &host, settings->workers);
    settings->engine = choice.engine;
    if (choice.engine == ENGINE_EPOLL)
        fprintf(stderr, "holdfast: target: note: engine epoll: %s\n", choice.reason);
    else if (choice.refusal.error < 0)
        print_refusal(&choice.refusal);
    return choice.engine == ENGINE_EPOLL || choice.refusal.error == 0;
}

static int serve(struct target_settings *settings, enum engine_kind asked) {
    struct target_listeners listeners;
    if (!choose_engine(settings, asked))
        return EXIT_UNFIT;
    int error = target_listen(&listeners, settings);
    return error < 0 ? cannot_listen(settings, error) : target_serve(settings, &listeners, -1);
}

int command_target(int argc, char **argv) {
    struct options options;
    struct target_settings settings;
    struct tls_server *tls = NULL;
    char error[OPTIONS_ERROR_MAX], *body = NULL;
    enum options_outcome outcome = options_parse(&options, COMMAND_TARGET, argc, argv, error);
    if (outcome == OPTIONS_OK && !target_settings_make(&settings, &options, &body, &tls, error))
        outcome = OPTIONS_BAD;
    int exit_code = outcome == OPTIONS_OK ? serve(&settings, options.engine)
                                          : soak_answer(outcome, COMMAND_TARGET, error);
    tls_server_destroy(tls);
    free(body);
    options_free(&options);
    return exit_code;
}
