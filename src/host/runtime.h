/* The container runtime that this process is in, and what it does to io_uring. */
#ifndef HOST_RUNTIME_H
#define HOST_RUNTIME_H

#include <stdbool.h>

struct host_runtime {
    const char *name;   /* "Docker" */
    const char *habit;  /* what it does by default, to follow a colon */
    const char *remedy; /* what to ask of it */
    bool own_kernel;    /* its kernel is not the host's: no filter is needed for a refusal */
};

/* NULL: none that can be told. root: of /proc, /run and the rest, "" for the real one; kubernetes:
 * the value of KUBERNETES_SERVICE_HOST, NULL when it is not set. */
const struct host_runtime *host_runtime(const char *root, const char *kubernetes);

#endif
