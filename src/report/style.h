/* Tints for text on a terminal; they never carry meaning alone. */
#ifndef REPORT_STYLE_H
#define REPORT_STYLE_H

#include "report/report.h"

enum tint { TINT_GOOD, TINT_BAD, TINT_WARN, TINT_DIM, TINT_STRONG };

/* The bytes before and behind tinted text; "" without colour. */
const char *style_start(struct style style, enum tint tint);
const char *style_stop(struct style style);

#endif
