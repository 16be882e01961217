/* The log of a run: standard error, whose reader cannot stall the run. */
#ifndef REPORT_FORMAT_LOG_H
#define REPORT_FORMAT_LOG_H

#include <stdio.h>

#include "base/units.h"

/* What a line is, as syslog(3) numbers it. */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTE = 5,
    LOG_LEVEL_INFO = 6
};

/* From now on a line is written as far as its reader takes it at once, and the rest is held:
 * up to LINE_WRITER_BUFFER_MAX, beyond that lines are left out whole. A second time changes
 * nothing. */
void log_open(void);

/* The stream to print to, in whole lines, which are of LOG_LEVEL_INFO; before log_open() standard
 * error itself. Printing never fails: log_finish() reports the error. */
FILE *log_stream(void);

/* The same; whole lines until the next call of either are of that level. The journal is told it in
 * front of each (sd-daemon(3)), where standard error leads there (JOURNAL_STREAM of
 * systemd.exec(5)); others see nothing of it. */
FILE *log_at(enum log_level level);

/* Writes the held lines as far as their reader takes them now. */
void log_flush(void);

/* Waits until the held lines were taken: 0, or -errno of line_writer_finish() or, since the last
 * log_finish(), of line_writer_write(). */
int log_finish(duration timeout);

/* Lines still held are lost. */
void log_close(void);

#endif
