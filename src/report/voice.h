/* The voice of a run: standard error, whose reader keeps nobody waiting while the run goes on. */
#ifndef REPORT_VOICE_H
#define REPORT_VOICE_H

#include <stdio.h>

#include "base/units.h"

/* From now on what is said is written as far as its reader takes it at once, and the rest is held:
 * up to OUTLET_HELD_MAX, beyond that lines are left out whole. A second time changes nothing. */
void voice_open(void);

/* What to print to, in whole lines. Before voice_open() it is standard error itself. It never
 * fails: voice_finish() knows. */
FILE *voice(void);

/* Writes what is held as far as its reader takes it now. */
void voice_push(void);

/* Waits until what is held was taken: 0, or -errno of outlet_finish() or, since the last
 * voice_finish(), of outlet_write(). */
int voice_finish(duration patience);

/* What is still held is lost. */
void voice_close(void);

#endif
