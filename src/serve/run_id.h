/* The id of a run, which is also the name of its folder. */
#ifndef SERVE_RUN_ID_H
#define SERVE_RUN_ID_H

#include <stdbool.h>
#include <stddef.h>

/* 26 characters of 0-9A-Z: the time of its beginning in front, so that ids sort as runs began. */
enum { RUN_ID_LENGTH = 26 };
struct run_id {
    char text[RUN_ID_LENGTH + 1];
};

/* Whether the text is one, and nothing else. */
bool run_id_is(const char *text);
/* How many of an id's characters it begins with, RUN_ID_LENGTH + 1 where it has more. */
size_t run_id_length(const char *text);

#endif
