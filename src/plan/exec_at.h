/* --exec-at: a command and when it is run. */
#ifndef PLAN_EXEC_AT_H
#define PLAN_EXEC_AT_H

#include <stdbool.h>

#include "base/instant.h"

enum { EXECS_MAX = 20 };

struct exec_at {
    duration at; /* since the run's start, 0..365d */
    const char *command;
};

/* "60s=nginx -s reload". The command is where it stands in text. */
bool exec_at_parse(struct exec_at *out, const char *text);

#endif
