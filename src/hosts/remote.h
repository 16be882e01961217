/* A command on another host, by whatever the site reaches its hosts with: its standard streams are
 * ours. */
#ifndef HOSTS_REMOTE_H
#define HOSTS_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How a host is reached unless --remote says otherwise. */
#define REMOTE_SHELL "ssh -oBatchMode=yes {host}"

struct remote {
    pid_t pid; /* of the local command, which leads a process group; 0: none */
    int pidfd;
    int in;       /* what it reads */
    int out, err; /* what it prints, read without waiting */
};

/* The command line for a host: the remote command with each {host} replaced, then what is to be run
 * there. false: it does not fit. */
bool remote_command(char *line, size_t size, const char *remote, const char *host,
                    const char *command);

/* Starts it by /bin/sh: 0 or -errno. It is not killed when we die: the end of its input says so.
 * out_bytes: how much of what it prints waits for us, if the system lets it be so much. */
int remote_start(struct remote *remote, const char *line, int out_bytes);
/* true, with its wait status: it is over, or was within that time. */
bool remote_reap(struct remote *remote, int wait_ms, int *status);
/* What runs here of its process group, as far as it is ours to kill: sudo(8) is not. */
void remote_kill(const struct remote *remote);
/* Killed and waited for, and left alone when it is not over by then; what is open of it is closed.
 */
void remote_end(struct remote *remote, int wait_ms);

#endif
