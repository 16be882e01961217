/* The voice of a run: a stream of whole lines into an outlet on standard error. */
#include "report/voice.h"

#include <unistd.h>

#include "report/outlet.h"

static struct {
    FILE *stream; /* NULL: not open */
    struct outlet out;
    int error; /* since the last voice_finish() */
} spoken;

/* All is taken in any case: a stream that failed once would take nothing more. */
static ssize_t take(void *cookie, const char *bytes, size_t length) {
    (void)cookie;
    int error = outlet_write(&spoken.out, bytes, length);
    if (error != 0)
        spoken.error = error;
    return (ssize_t)length;
}

void voice_open(void) {
    if (spoken.stream != NULL)
        return;
    spoken.stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take});
    if (spoken.stream == NULL)
        return;
    setvbuf(spoken.stream, NULL, _IOLBF, BUFSIZ);
    int terminal = outlet_terminal(STDERR_FILENO);
    outlet_open(&spoken.out, terminal >= 0 ? terminal : STDERR_FILENO);
}

FILE *voice(void) {
    return spoken.stream != NULL ? spoken.stream : stderr;
}

void voice_push(void) {
    if (spoken.stream != NULL && spoken.out.length > 0)
        (void)outlet_write(&spoken.out, NULL, 0);
}

int voice_finish(duration patience) {
    if (spoken.stream == NULL)
        return 0;
    fflush(spoken.stream);
    int error = outlet_finish(&spoken.out, patience);
    if (error == 0)
        error = spoken.error;
    spoken.error = 0;
    return error;
}

void voice_close(void) {
    if (spoken.stream == NULL)
        return;
    fclose(spoken.stream);
    spoken.stream = NULL;
    if (spoken.out.fd == STDERR_FILENO)
        spoken.out.fd = -1; /* it is not ours to close */
    outlet_close(&spoken.out);
}
