/* What a server's socket needs beside sock.h, as net_serve.h stands beside net.h. */
#ifndef SOCK_SOCK_SERVE_H
#define SOCK_SOCK_SERVE_H

#include "sock/sock.h"

/* A socket of a connection that was accepted. */
struct sock sock_accepted(int fd, uint32_t generation);

/* As sock_arm(), for room to send. */
void sock_arm_output(struct sock_set *set, struct sock *sock, uint64_t tag);

#endif
