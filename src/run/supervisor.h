/* The process between us and a command of --exec-at: whatever the command starts, in whatever group
 * or session, becomes a child of the supervisor's once its own parent is gone, and ends with it. */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

/* The message of the supervisor about its command. */
struct supervisor_message {
    int error;  /* errno: the command could not be started; 0 */
    int status; /* else its wait status */
};

/* In a child by fork_child(): runs the command by /bin/sh, with its standard output and error on
 * output_fd, and everything else as we were given it; sends a struct supervisor_message to
 * control_fd (a socket) once it has ended, and lives on until the other end of control_fd is shut
 * down, or its parent is gone. Then it kills what is still there. Takes no lock: there may have
 * been a thread. */
_Noreturn void supervisor_process(int control_fd, int output_fd, const char *command);

#endif
