/* One suite of JUnit XML: its cases, what is known of all of them, and the words of the summary. */
#ifndef REPORT_JUNIT_JUNIT_SUITE_H
#define REPORT_JUNIT_JUNIT_SUITE_H

#include <stdio.h>
#include <time.h>

/* How a case ended. */
enum junit_state { JUNIT_PASSED, JUNIT_FAILED, JUNIT_ERROR, JUNIT_SKIPPED, JUNIT_STATES };

struct junit_case {
    const char *name;
    enum junit_state state;
    const char *message; /* the rest is of a case that did not pass */
    const char *type;
    const char *detail; /* lines: the cause, and where to look; NULL: none */
};

struct junit_suite;
typedef void junit_taker(const struct junit_suite *suite, const struct junit_case *one, void *with);

/* Each function gets `of`. */
struct junit_suite {
    FILE *out;
    const char *name;       /* what was tested */
    const char *class_name; /* of its cases: "holdfast" */
    double seconds;         /* of all of them; below 0: not known */
    time_t began;           /* since 1970; 0: not known */
    const void *of;
    void (*each_case)(const struct junit_suite *suite, junit_taker *take, void *with);
    void (*properties)(const struct junit_suite *suite); /* by junit_property() */
    void (*summary)(const struct junit_suite *suite, FILE *out);
};

/* All of it. 0 or -errno. */
int junit_write(const struct junit_suite *suite);
void junit_property(const struct junit_suite *suite, const char *name, const char *value);
void junit_property_count(const struct junit_suite *suite, const char *name, long long value);

#endif
