/* Without libmicrohttpd there is no API. */
#include "serve/serve.h"

#include <stddef.h>
#include <stdio.h>

#include "base/exit_code.h"

struct serve *serve_open(const struct options *options, struct refuse_buffer to) {
    (void)options;
    snprintf(to.text, to.size, "serve: not built in: libmicrohttpd was not found at build time");
    return NULL;
}

const char *serve_address(const struct serve *serve) {
    (void)serve;
    return "";
}

int serve_loop(struct serve *serve, int signals_fd) {
    (void)serve, (void)signals_fd;
    return EXIT_BUG;
}

void serve_close(struct serve *serve) {
    (void)serve;
}
