/* The few directives of an nginx configuration that bound the connections it holds. */
#ifndef HOST_NGINX_CONFIG_H
#define HOST_NGINX_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NGINX_INCLUDES_MAX = 32,
    NGINX_PATH_MAX = 256,
    NGINX_WORD_MAX = 512,
    NGINX_DEPTH_MAX = 64,
};

enum nginx_context { NGINX_MAIN, NGINX_EVENTS };

/* A file (or a pattern of files) that is to be read in the context it was included in. */
struct nginx_include {
    enum nginx_context context;
    char pattern[NGINX_PATH_MAX];
};

struct nginx_config {
    bool clear; /* all was understood so far */
    bool has_events;
    int64_t worker_connections;   /* -1: not set (nginx: 512) */
    int64_t worker_processes;     /* -1: not set (nginx: 1); 0: auto */
    int64_t worker_rlimit_nofile; /* -1: not set */
    size_t include_count;
    struct nginx_include includes[NGINX_INCLUDES_MAX];
};

void nginx_config_init(struct nginx_config *config);

/* Takes the whole text of one file, read in a context. What it includes there is added to
 * config->includes, for the caller to read in turn; what lies in other blocks (http, stream) is
 * passed over. A text that nginx would not take, or that is not plain (a bound is exceeded, a
 * number is not one), leaves config->clear false. Syntax: ngx_conf_file.c. */
void nginx_config_take(struct nginx_config *config, enum nginx_context context, const char *text,
                       size_t length);

#endif
