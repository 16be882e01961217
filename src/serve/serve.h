/* holdfast serve: the HTTP API, and its page.
 *
 * An optional part: serve_microhttpd.c where libmicrohttpd is found, else serve_absent.c. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdbool.h>

#include "base/refuse.h"
#include "options/options.h"

struct serve;

/* Reads what was asked for, listens and finds the runs of servers before. NULL, with a message,
 * when that cannot be; options must outlive it. */
struct serve *serve_open(const struct options *options, struct refuse_buffer to);
/* Where it is, with the token where that is ours: the first line to print. */
const char *serve_address(const struct serve *serve);
/* Answers until SIGINT, SIGTERM or SIGHUP (signals_fd: run/signals.h), then ends the run that goes
 * on in order; again: at once. The exit code. */
int serve_loop(struct serve *serve, int signals_fd);
void serve_close(struct serve *serve);

#endif
