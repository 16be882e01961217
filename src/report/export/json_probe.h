/* What a probe learned, as JSON. */
#ifndef REPORT_EXPORT_JSON_PROBE_H
#define REPORT_EXPORT_JSON_PROBE_H

#include <stdio.h>

#include "judge/probe/probe_conclude.h"
#include "plan/plan.h"
#include "plan/setup.h"

/* "holdfast-probe/1"; 0 or -errno of writing. preflight: what it found, which is written of a probe
 * that could not ask. */
int report_probe_json(FILE *out, const struct plan *plan, const struct setup *setup,
                      const struct probe_report *report, const struct findings *preflight);
/* Its JSON Schema. */
void report_probe_schema(FILE *out);

#endif
