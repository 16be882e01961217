/* --exec-at: a command and when it is run. */
#ifndef OPTIONS_EXEC_AT_H
#define OPTIONS_EXEC_AT_H

#include <stdbool.h>

#include "base/instant.h"

enum { EXECS_MAX = 20, EXEC_SHOWN_MAX = 128 };

struct exec_at {
    duration at; /* since the run's start, 0..365d */
    const char *command;
    char shown[EXEC_SHOWN_MAX]; /* the command as it is shown: cut, secrets hidden */
};

/* "60s=nginx -s reload". The command is where it stands in text. */
bool exec_at_parse(struct exec_at *out, const char *text);

#endif
