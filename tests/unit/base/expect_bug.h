/* Runs misuse in a child process and takes what require() says of it. */
#ifndef EXPECT_BUG_H
#define EXPECT_BUG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/exit_code.h"
#include "base/require.h"

/* Asserts that misuse() leaves its process with EXIT_BUG; `said` (may be NULL) takes the words. */
static inline void expect_bug(void (*misuse)(void), char *said, size_t size) {
    int pipes[2];
    char words[512] = "";
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(pipes[1], STDERR_FILENO);
        misuse();
        _exit(0);
    }
    close(pipes[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(pipes[0], words + used, sizeof words - 1 - used)) > 0;)
        used += (size_t)got;
    close(pipes[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_BUG);
    if (said != NULL)
        snprintf(said, size, "%s", words);
}

#endif
