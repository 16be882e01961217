/* The exit codes of the contract: of every command, and of the processes it starts. */
#ifndef BASE_EXIT_CODE_H
#define BASE_EXIT_CODE_H

enum {
    EXIT_HELD = 0,  /* and of a comparison: no worse */
    EXIT_BROKE = 1, /* and of a comparison: worse */
    EXIT_USAGE = 2,
    EXIT_UNFIT = 3, /* this machine cannot run the plan; a target could not be started */
    EXIT_INCONCLUSIVE = 4,
    EXIT_WORKER_LOST = EXIT_INCONCLUSIVE, /* of a target */
    EXIT_NO_TARGET = 5,
    EXIT_BUG = 70, /* a bug of ours (sysexits.h EX_SOFTWARE) */
    EXIT_SECOND_SIGNAL = 130
};

#endif
