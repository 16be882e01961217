/* A stack that is large enough, whatever limit the program was started with. */
#ifndef BASE_STACK_H
#define BASE_STACK_H

/* Returns what run(argc, argv) does. RLIMIT_STACK bounds the stack that execve(2) made, and its
 * hard limit may be as small (`ulimit -s 64`): below 1 MiB, run is called on a stack of our own
 * with a guard page below it, which forked children inherit. The limit itself stays as it was, for
 * commands that are started. Once, before anything else. */
int stack_run(int (*run)(int argc, char **argv), int argc, char **argv);

#endif
