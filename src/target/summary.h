/* What the target did, on one screen. */
#ifndef TARGET_SUMMARY_H
#define TARGET_SUMMARY_H

#include <stdio.h>

#include "target/counters.h"

void target_summary(FILE *out, const struct counters *sum, const struct target_settings *settings);

#endif
