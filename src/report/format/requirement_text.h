/* A rule in words. */
#ifndef REPORT_FORMAT_REQUIREMENT_TEXT_H
#define REPORT_FORMAT_REQUIREMENT_TEXT_H

#include "judge/rules/rules.h"
#include "report/format/format.h"

/* In the unit of the rule; NAN: "not measured". */
struct format_text requirement_text_value(const struct rule *rule, double value);
struct format_text
requirement_text_measured(const struct rule_requirement *requirement); /* "3.10 ms" */
struct format_text
requirement_text_bound(const struct rule_requirement *requirement); /* "at most 50 ms" */

#endif
