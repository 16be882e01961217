/* holdfast target: a small keep-alive server of our own. */
#include "target/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/soak.h"
#include "command/target_settings.h"
#include "host/host.h"
#include "net/net.h"
#include "plan/refuse.h"

static int cannot_listen(const struct target_settings *settings, int error) {
    char address[ADDRESS_TEXT_MAX];
    struct host_port_holder holder;
    fprintf(stderr, "holdfast: target: cannot listen on %s: %s",
            address_format(&settings->listen, address, sizeof address), strerror(-error));
    if (error == -EADDRINUSE && host_port_holder(&holder, address_port(&settings->listen)))
        fprintf(stderr, " (by %s, process %d)", shown_text(holder.name).text, holder.pid);
    fputs(error == -EADDRINUSE ? "; --listen ADDR:0 takes a free port\n" : "\n", stderr);
    return EXIT_UNFIT;
}

/* Said before anything listens: a worker that had none would only end. */
static bool has_ring(void) {
    struct net *net = NULL;
    int error = net_create(&net, &(struct net_config){.entries = 64});
    if (error == 0)
        net_destroy(net);
    else
        fprintf(stderr,
                "holdfast: target: no io_uring here: %s (holdfast check URL says why, and what to "
                "do)\n",
                strerror(-error));
    return error == 0;
}

static int serve(struct target_settings *settings) {
    struct target_listeners listeners;
    if (!has_ring())
        return EXIT_UNFIT;
    int error = target_listen(&listeners, settings);
    return error < 0 ? cannot_listen(settings, error) : target_serve(settings, &listeners);
}

int command_target(int argc, char **argv) {
    struct options options;
    struct target_settings settings;
    char error[OPTIONS_ERROR_MAX], *body = NULL;
    enum options_outcome outcome = options_parse(&options, COMMAND_TARGET, argc, argv, error);
    if (outcome == OPTIONS_OK && !target_settings_make(&settings, &options, &body, error))
        outcome = OPTIONS_BAD;
    int exit_code =
        outcome == OPTIONS_OK ? serve(&settings) : soak_answer(outcome, COMMAND_TARGET, error);
    free(body);
    options_free(&options);
    return exit_code;
}
