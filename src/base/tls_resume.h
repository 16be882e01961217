/* When a TLS session is resumed: what a user can ask for (--tls-resume). */
#ifndef BASE_TLS_RESUME_H
#define BASE_TLS_RESUME_H

enum tls_resume {
    TLS_RESUME_NEVER,
    TLS_RESUME_RECONNECT, /* a connection by what the one before it in its slot was given */
    TLS_RESUME_ALWAYS,    /* by what any connection of the process was given */
};

#endif
