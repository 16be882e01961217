/* {config} of the API as a command line of `run`: one flat object of long option names. */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include "base/refuse.h"
#include "options/options.h"
#include "plan/plan.h"
#include "serve/words.h"

struct json_t;

/* The most that one run may be, and where. */
struct config_limits {
    uint64_t connections; /* --max-connections */
    duration time;        /* --max-duration, of ramp and hold together; 0: no bound */
    const char *hosts;    /* --hosts: a run may be spread over any of these; NULL: over none */
    const char *remote;   /* --remote, by which they are reached; NULL: as run does it */
};

/* Adds the words of the object: "--NAME=VALUE", then "--" and the URL. False, with the refusal:
 * what is no option of a run, what names a file or a command of this machine, a value that is
 * neither text, number nor true, a host that is none of the server's. With hosts the server's
 * --remote is added too. */
bool config_words(struct words *words, const struct json_t *object,
                  const struct config_limits *limits, struct refuse_buffer to);

/* Reads words as `command` does, rules included, and holds them against the limits. options and
 * plan are the caller's to look into until config_free(); array is what they point into. False,
 * with the option's own refusal. */
struct config_plan {
    char **array;
    struct options options;
    struct plan plan;
};
bool config_read(struct config_plan *config, enum option_command command, const struct words *words,
                 const struct config_limits *limits, struct refuse_buffer to);
void config_free(struct config_plan *config);

#endif
