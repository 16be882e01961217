/* The log of a run: standard error, whose reader cannot stall the run. */
#ifndef REPORT_FORMAT_LOG_H
#define REPORT_FORMAT_LOG_H

#include <stdio.h>

#include "base/units.h"

/* From now on a line is written as far as its reader takes it at once, and the rest is held:
 * up to LINE_WRITER_BUFFER_MAX, beyond that lines are left out whole. A second time changes
 * nothing. */
void log_open(void);

/* The stream to print to, in whole lines; before log_open() standard error itself. Printing never
 * fails: log_finish() reports the error. */
FILE *log_stream(void);

/* Writes the held lines as far as their reader takes them now. */
void log_flush(void);

/* Waits until the held lines were taken: 0, or -errno of line_writer_finish() or, since the last
 * log_finish(), of line_writer_write(). */
int log_finish(duration timeout);

/* Lines still held are lost. */
void log_close(void);

#endif
