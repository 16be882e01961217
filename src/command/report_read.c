/* Saved runs read back for `holdfast report`, with one line for what will not do. */
#include "command/report_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_code.h"
#include "base/refuse.h"
#include "report/saved/saved_value.h"

bool report_complain(const char *format, ...) {
    va_list arguments;
    fputs("holdfast report: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return false;
}

static void end_without_memory(void) {
    report_complain("out of memory");
    exit(EXIT_USAGE);
}

struct saved *report_read(const char *name) {
    char error[SAVED_ERROR_MAX];
    saved_value_end_without_memory(end_without_memory);
    FILE *in = fopen(name, "re");
    if (in == NULL) {
        report_complain("cannot open \"%s\": %s", refuse_quote(name).text, strerror(errno));
        return NULL;
    }
    struct saved *saved = saved_read(in, name, error);
    fclose(in);
    if (saved == NULL)
        report_complain("%s", error);
    return saved;
}
