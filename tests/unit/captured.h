/* What is printed to a standard stream meanwhile, kept for a look. */
#ifndef TEST_CAPTURED_H
#define TEST_CAPTURED_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/require.h"

struct captured {
    FILE *stream;
    int before, kept;
    char text[65536];
};

static inline void capture(struct captured *captured, FILE *stream) {
    fflush(stream);
    captured->stream = stream;
    captured->before = dup(fileno(stream));
    captured->kept = memfd_create("captured", 0);
    require(captured->before >= 0 && captured->kept >= 0);
    dup2(captured->kept, fileno(stream));
}

static inline void release(struct captured *captured) {
    fflush(captured->stream);
    dup2(captured->before, fileno(captured->stream));
    ssize_t length = pread(captured->kept, captured->text, sizeof captured->text - 1, 0);
    captured->text[length > 0 ? length : 0] = '\0';
    close(captured->before);
    close(captured->kept);
}

#endif
