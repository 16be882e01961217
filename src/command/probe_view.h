/* How far a probe is, on standard error: one line that is redrawn on a terminal, else a plain line
 * now and then. */
#ifndef COMMAND_PROBE_VIEW_H
#define COMMAND_PROBE_VIEW_H

#include "options/options.h"
#include "run/probe_run.h"

struct probe_view {
    struct probe_watch watch;
    duration most; /* that it may take, without a restart */
    bool quiet, terminal;
    bool shown; /* a line stands on the terminal */
    int width;
    instant last; /* when it was shown last */
    bool any;
};

void probe_view_begin(struct probe_view *view, const struct options *options, duration bound);
/* Wipes the line on the terminal. */
void probe_view_end(struct probe_view *view);

#endif
