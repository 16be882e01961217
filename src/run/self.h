/* The parent's own process, as /proc/self tells of it. */
#ifndef RUN_SELF_H
#define RUN_SELF_H

#include "report/exposition.h"

struct process_self self_measure(void);

#endif
