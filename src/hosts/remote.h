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

/* Starts it by /bin/sh: 0 or -errno. It is not killed when we die: the end of its input says so. */
int remote_start(struct remote *remote, const char *line);
/* The end of what it reads. */
void remote_close_in(struct remote *remote);
/* Its wait status, once it is over. */
int remote_reap(struct remote *remote);
/* Closes what is open of it; what still runs here of its process group is killed and waited for. */
void remote_end(struct remote *remote);

#endif
