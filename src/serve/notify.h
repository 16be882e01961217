/* Word to a service manager: sd_notify(3) without its library. */
#ifndef SERVE_NOTIFY_H
#define SERVE_NOTIFY_H

/* "READY=1", to the socket that $NOTIFY_SOCKET names; without one, and where it fails, nothing. */
void notify_service(const char *state);

#endif
