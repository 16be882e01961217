/* How far a probe is, on standard error. */
#include "command/probe_view.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/format/log.h"
#include "report/format/style.h"
#include "report/terminal/probe.h"

static const duration EACH_ON_TERMINAL = 250 * MILLISECOND, EACH_LINE = 10 * SECOND;
enum { LINE_MAX_BYTES = 512 };

/* Where a line may be redrawn: not in the background, and not to a reader that takes nothing. */
static bool may_draw(void) {
    struct pollfd reader = {.fd = STDERR_FILENO, .events = POLLOUT};
    return tcgetpgrp(STDERR_FILENO) == getpgrp() && poll(&reader, 1, 0) == 1 &&
           (reader.revents & POLLOUT) != 0;
}

static void draw(struct probe_view *view, const struct probe_result *result,
                 const struct probe_facts *facts) {
    char text[LINE_MAX_BYTES] = "", line[LINE_MAX_BYTES + 16];
    FILE *out = fmemopen(text, sizeof text - 1, "w");
    if (out == NULL || !may_draw()) {
        if (out != NULL)
            fclose(out);
        return;
    }
    report_probe_progress(out, result, facts, view->most);
    fclose(out);
    int width = view->width > 1 && view->width < LINE_MAX_BYTES ? view->width - 1 : 79;
    int length = snprintf(line, sizeof line, "\r\x1b[K%.*s", width, text);
    view->shown = write(STDERR_FILENO, line, (size_t)length) > 0 || view->shown;
}

static void turn(void *owner, const struct probe_result *result, const struct probe_facts *facts,
                 instant now) {
    struct probe_view *view = owner;
    duration each = view->terminal ? EACH_ON_TERMINAL : EACH_LINE;
    if (view->quiet || (view->any && instant_since(now, view->last) < each))
        return;
    bool first = !view->any;
    view->last = now;
    view->any = true;
    if (view->terminal) {
        draw(view, result, facts);
    } else if (!first) {
        report_probe_line(log_stream(), result, facts);
        log_flush();
    }
}

void probe_view_begin(struct probe_view *view, const struct options *options, duration bound) {
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0 || getenv("CI") != NULL;
    *view = (struct probe_view){.watch = {.turn = turn, .owner = view},
                                .most = bound + 5 * SECOND,
                                .quiet = options->quiet,
                                .terminal = isatty(STDERR_FILENO) && !dumb,
                                .width = style_for(STDERR_FILENO, options->color).width};
}

void probe_view_end(struct probe_view *view) {
    static const char wipe[] = "\r\x1b[K";
    if (view->shown && may_draw())
        view->shown = write(STDERR_FILENO, wipe, sizeof wipe - 1) < 0;
}
