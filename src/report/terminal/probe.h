/* What a probe learned, as people read it; and how far it is. */
#ifndef REPORT_TERMINAL_PROBE_H
#define REPORT_TERMINAL_PROBE_H

#include <stdio.h>

#include "judge/probe/probe_conclude.h"
#include "plan/plan.h"
#include "report/format/style.h"

/* reason: why there is nothing to tell, where nothing was asked. */
void report_probe(FILE *out, struct style style, const struct plan *plan,
                  const struct probe_report *report, const char *reason);

/* How far it is, for people, in one line without its end; and for programs: "time=... phase=probe
 * ...". most: how long it may take. */
void report_probe_progress(FILE *out, const struct probe_result *result,
                           const struct probe_facts *facts, duration most);
void report_probe_line(FILE *out, const struct probe_result *result,
                       const struct probe_facts *facts);

/* "5.00 s, found: 7 connections agree", "at least 90.0 s"; how sure stands behind the value. */
void report_probe_value(FILE *out, const struct probe_value *value, bool counts);

#endif
