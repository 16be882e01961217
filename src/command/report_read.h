/* Saved runs read back for `holdfast report`, and the lines in which it complains. */
#ifndef COMMAND_REPORT_READ_H
#define COMMAND_REPORT_READ_H

#include <stdbool.h>

#include "options/options.h"
#include "report/saved/saved.h"

/* "holdfast report: " and a line on standard error; false. */
bool report_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The file read back, or NULL and a complaint. Freed with saved_free(). */
struct saved *report_read(const char *name);

#endif
