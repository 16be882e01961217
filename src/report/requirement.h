/* A rule in words. */
#ifndef REPORT_REQUIREMENT_H
#define REPORT_REQUIREMENT_H

#include "judge/judge.h"
#include "report/words.h"

/* In the unit of the rule; NAN: "not measured". */
struct words requirement_value(const struct rule *rule, double value);
struct words requirement_measured(const struct requirement *requirement); /* "3.10 ms" */
struct words requirement_bound(const struct requirement *requirement);    /* "at most 50 ms" */

#endif
