/* The log of a run: a stream of whole lines into a line_writer on standard error. */
#include "report/format/log.h"

#include <unistd.h>

#include "report/format/line_writer.h"

static struct {
    FILE *stream; /* NULL: not open */
    struct line_writer out;
    int error; /* since the last log_finish() */
} logger;

/* All is taken in any case: a stream that failed once would take nothing more. */
static ssize_t take(void *cookie, const char *bytes, size_t length) {
    (void)cookie;
    int error = line_writer_write(&logger.out, bytes, length);
    if (error != 0)
        logger.error = error;
    return (ssize_t)length;
}

void log_open(void) {
    if (logger.stream != NULL)
        return;
    logger.stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take});
    if (logger.stream == NULL)
        return;
    setvbuf(logger.stream, NULL, _IOLBF, BUFSIZ);
    int terminal = line_writer_terminal(STDERR_FILENO);
    line_writer_open(&logger.out, terminal >= 0 ? terminal : STDERR_FILENO);
}

FILE *log_stream(void) {
    return logger.stream != NULL ? logger.stream : stderr;
}

void log_flush(void) {
    if (logger.stream != NULL && logger.out.length > 0)
        (void)line_writer_write(&logger.out, NULL, 0);
}

int log_finish(duration timeout) {
    if (logger.stream == NULL)
        return 0;
    fflush(logger.stream);
    int error = line_writer_finish(&logger.out, timeout);
    if (error == 0)
        error = logger.error;
    logger.error = 0;
    return error;
}

void log_close(void) {
    if (logger.stream == NULL)
        return;
    fclose(logger.stream);
    logger.stream = NULL;
    if (logger.out.fd == STDERR_FILENO)
        logger.out.fd = -1; /* standard error stays open */
    line_writer_close(&logger.out);
}
